"""Analysts read the views, all of them, and nothing else; the views follow the generations that are served."""

import asyncio
import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.postgres.analytics import VIEWS, View, analyst_url, refresh
from adapters.postgres.analytics.views import HIDDEN_FIELDS
from adapters.postgres.connection import connect
from adapters.postgres.log.append import Append
from adapters.postgres.ops.migrate import migrate
from adapters.settings import Settings
from commands.catalog import OpenRun, ScheduleRun
from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.progress import DecideOutcome, RecordActivity
from commands.quiz import GradeAttempt, PublishQuiz, SubmitAttempt
from domain.quiz import Item
from domain.registry import FACTS
from projections.registry import PROJECTIONS
from tests.conftest import beside
from tests.support.analysts import ask
from tests.support.appends import new_event, opened, query
from tests.support.buses import START, Process, give_course
from tests.support.servers import Servers
from tests.support.workers import caught_up, projecting

DOCUMENT = (Path(__file__).parents[4] / "docs" / "analytics.md").read_text()
NAMES = [view.name for view in VIEWS]
ITEMS = [Item("one", "1 + 1?", ["1", "2"]), Item("two", "2 + 2?", ["4", "5"])]
SHOWN_FIELDS = {
    *("access_from", "access_until", "amount", "attempts_allowed", "banked", "by", "capacity", "completion_rule"),
    *("course_id", "course_version", "due_at", "ends_at", "entitlement_id", "grade_bp", "grading_policy", "items"),
    *("kind", "language", "late_by", "learner_id", "mode", "outcome", "pacing", "pass_bp", "passed", "policy", "rule"),
    *("run_id", "score_bp", "source", "starts_at", "structure_hash", "summary", "through_position", "time_limit"),
    *("courses", "course_title", "from_run", "from_version", "to_run", "to_version"),
    *("anyway", "back", "from_scratch", "job_id", "parked"),
    *("address", "text", "cause_event_id", "cause_position", "channel", "dedupe_key", "not_before", "template"),
    *("accepts_until", "client_seq", "closes_at", "deadline_at", "extra_attempts", "extra_seconds", "item_id"),
    *("old_closes_at", "old_deadline_at", "old_extra_attempts", "old_extra_seconds", "questions", "quiz_version"),
    *("sections", "started_at"),
    *("activity", "completes", "given", "grading", "maximum", "item", "scored_at", "terms", "tool_id"),  # of tools
    *("appeal_no", "change_no", "claim_no", "granted", "moved", "refund_ids"),
    *("anonymous", "by_staff", "depth", "new_post_no", "old_post_no", "parent_no", "post_no", "value"),  # of posts
    *("cohort_id", "new_description", "new_topic_id", "new_who_posts", "old_description", "old_topic_id"),  # of topics
    *("into", "new_into", "new_run_id", "old_into", "old_run_id", "old_who_posts", "other_id", "topic_id", "who_posts"),
    *("action", "added", "case_no", "decision", "lists", "note_no", "removed", "report_no", "upheld"),
    *("new_minutes", "new_posts", "new_standing", "new_until", "old_minutes", "old_posts", "old_standing"),
    "old_until",
    *("new_unit_id", "old_unit_id", "template_version", "doubtful", "status"),
    *("address_version", "digest", "every", "new_at", "new_begins", "new_ends", "new_every", "new_weekday"),  # mails
    *("notification_id", "old_at", "old_begins", "old_ends", "old_every", "old_weekday", "requested"),
    *("planned", "addressees", "send_at", "texts", "titles"),  # of rounds and messages
    *("begins_at", "new_begins_at", "new_cohort", "new_name", "old_begins_at", "old_cohort", "old_name"),
    *("ended_at", "position_ms", "seconds", "segments"),
    *("affected", "attempts", "based_on", "changed", "done", "finished", "last"),
    *("comment", "earned", "final", "grader", "levels", "marks", "regrade_no", "step"),  # a comment is sealed
    *("seat_offer_hours", "title", "unit_id", "units", "until", "version"),
    *("hint_no", "letter", "new_letter", "old_letter"),
    *("formula", "groups", "new", "new_grade_bp", "old", "old_grade_bp", "points", "possible", "time_zone"),
    *("waitlist_limit", "old_bp", "old_points", "old_possible", "reason", "unit_points", "unit_possible", "counted"),
    *("access_days", "arrived_on", "at", "at_once", "attempt", "available_on", "balance_id", "cause", "charge_id"),
    *("country", "coupon_id", "created", "currency", "discount", "dispute_id", "due_by", "event_type", "expires_at"),
    *("fee", "grace_days", "grace_until", "intent_id", "interval", "interval_count", "issued_at", "limit"),
    *("limit_per_learner", "line", "lines", "livemode", "net", "new_product_id", "number", "object_id"),
    *("object_type", "old_product_id", "on_dispute", "order_id", "original_id", "payment_id", "percent_bp"),
    *("period", "period_end"),
    *("period_start", "product_id", "products", "proration", "provider", "provider_event_id", "provider_id"),
    *("refund_id", "runs", "since", "status", "stream", "subscription_id", "subtotal", "tax", "total"),
    *("invoice_id", "known_at", "origin", "paid_amount", "paid_currency", "recurring", "valid_at", "what"),
    *("changed", "codes_id", "count", "display_name", "email", "factor_id", "field", "left", "method"),
    *("identity_id", "issuer", "label", "old_question", "question", "ground", "credential_id", "public_key", "name"),
    *("password_id", "purpose", "role", "scope", "scopes"),
    *("appended", "before", "continues", "file", "found", "irregular_by_rule", "parts", "plan", "rows", "sha256"),
    *("size", "tables", "generation", "position", "code", "source_hash"),
    *("answered_rows", "format", "shared"),
    *("address", "description", "first", "last", "others_until", "secret_id", "text", "types"),
    *("digest", "done", "ground", "name", "refused", "unchanged", "undoes"),
    *(
        *("cloned_from", "late", "new_due", "old_due", "registration_closes_at", "registration_opens_at"),
        "base_version",
        "excess",
        "letters",
        "new_place",
        "new_section",
        "old_place",
        "old_section",
        "place",
        "prerequisites",
    ),
    *("section_id", "sections", "structure", "unit"),
    *("at_least_bp", "evidence"),
    *("days_late", "due", "due_from", "given_points", "given_possible", "old_days_late", "old_late_by"),
    *("transactions", "trial_days", "trial_until", "valid_from", "valid_until", "whole"),
}


async def fill(settings: Settings) -> None:
    """Something of everything that the views show, seen by every read model."""
    async with opened(settings) as log:
        process = Process(log)
        await give_course(process, learners=["ada", "ben"])
        await process.do(
            PublishQuiz("quiz-1", "algebra-1", "test", "First", items=ITEMS, key=[1, 0], due_at=START),
            RecordActivity("ada", "algebra-1", "page", "click", 7),
            SubmitAttempt("ada", "quiz-1", 1, [1, 0]),
            GradeAttempt("ada", "quiz-1"),
            DecideOutcome("ada", "algebra-1", through_position=1, outcome="pass"),
            WithdrawEnrollment("ben", "algebra-1", "I was ill"),
            ScheduleRun("algebra-0", "algebra", 1, START - timedelta(days=60), START),
            OpenRun("algebra-0"),
        )
        head = await process.do(RequestEnrollment("cid", "algebra-0"), at=START - timedelta(days=1))
        late = b'{"unit_id":"page","irregular":"after_unregistration"}'
        opened_late = new_event("progress-dan:algebra-0", 1, type="progress.unit_opened", data=late)
        head = (await log.append(Append([opened_late]))).last
    async with projecting(settings, PROJECTIONS):
        await caught_up(settings, head, PROJECTIONS)
    async with await connect(settings, application="test") as connection:
        assert await refresh(connection, settings) == []


@pytest.fixture(scope="module")
def filled(servers: Servers) -> Settings:
    """A campus that the tests only read."""
    settings = beside(servers)
    asyncio.run(fill(settings))
    return settings


@pytest.mark.parametrize("view", VIEWS, ids=NAMES)
def test_the_role_reads_every_view(filled: Settings, view: View) -> None:
    """Under its plain name, with the columns that are documented, in their order."""
    with psycopg.connect(analyst_url(filled)) as connection:
        cursor = connection.execute(f"SELECT * FROM {view.name}".encode())
        assert cursor.description is not None
        assert [column.name for column in cursor.description] == [column.name for column in view.columns]
        assert cursor.fetchone() is not None


def test_the_views_show_what_has_happened(filled: Settings) -> None:
    """Columns mean what they say, where they are more than a column of a read model."""
    assert ask(filled, "SELECT number, unit_id, kind, weight_bp FROM units ORDER BY number") == [
        (1, "page", "page", 0),
        (2, "test", "quiz", 10_000),
    ]
    assert ask(filled, "SELECT quiz_id, questions FROM assessments") == [("quiz-1", 2)]
    assert ask(filled, "SELECT learner_id, status, outcome, active_weeks FROM enrollments ORDER BY 1") == [
        ("ada", "active", "pass", 1),
        ("ben", "withdrawn", None, 0),
        ("cid", "ended", None, 0),
    ]
    today = datetime.now(UTC).date()
    ((learner, week),) = ask(filled, "SELECT learner_id, week FROM learner_weeks")
    assert (learner, week.weekday()) == ("ada", 0)
    assert 0 <= (today - week).days <= 7
    assert ask(filled, "SELECT week, activities, amount, learners FROM activity_weeks") == [(week, 1, 7, 1)]
    assert ask(filled, "SELECT sum(active), sum(withdrawn) FROM enrollment_days WHERE run_id = 'algebra-1'") == [(1, 1)]
    assert ask(filled, "SELECT learner_id, item_id, earned, possible, total, answered FROM item_marks ORDER BY 2") == [
        ("ada", "one", 1.0, 1.0, 2.0, True),
        ("ada", "two", 1.0, 1.0, 2.0, True),
    ]
    assert ask(filled, "SELECT outcome, learners FROM outcomes WHERE run_id = 'algebra-1' ORDER BY 1") == [
        ("pass", 1),
        (None, 1),
    ]
    assert ask(filled, "SELECT run_id, people, withdrawals FROM run_counts ORDER BY 1") == [
        ("algebra-0", 1, 0),
        ("algebra-1", 2, 1),
    ]
    (head,) = ask(filled, "SELECT max(position) FROM facts")[0]
    assert ask(filled, "SELECT DISTINCT generation, position, behind, parked_keys FROM read_models") == [
        (1, head, 0, 0)
    ]
    assert {name for (name,) in ask(filled, "SELECT name FROM read_models")} == {each.name for each in PROJECTIONS}


def test_facts_say_what_they_are_about(filled: Settings) -> None:
    """The ids come from the stream, the run of an attempt from the fact."""
    rows = ask(filled, "SELECT DISTINCT split_part(stream_id, '-', 1), learner_id, run_id, quiz_id, source FROM facts")
    assert sorted(row for row in rows if row[1] != "ben" and row[2] != "algebra-0") == [
        ("attempt", "ada", "algebra-1", "quiz-1", "api"),
        ("course", None, None, None, "api"),
        ("enrollment", "ada", "algebra-1", None, "api"),
        ("progress", "ada", "algebra-1", None, "api"),
        ("quiz", None, "algebra-1", "quiz-1", "api"),
        ("run", None, "algebra-1", None, "api"),
    ]


def test_irregular_facts_say_which_rule(filled: Settings) -> None:
    """The one fact that breaks a rule, and no other."""
    assert ask(filled, "SELECT irregular, type, learner_id, run_id FROM irregular_facts") == [
        ("after_unregistration", "progress.unit_opened", "dan", "algebra-0")
    ]


def test_facts_give_no_secret_away(filled: Settings) -> None:
    """Neither the key, nor answers that equal it, nor what learners have said about themselves."""
    types = ("quiz.published", "attempt.submitted", "enrollment.withdrawn")
    rows = ask(filled, f"SELECT data FROM facts WHERE type IN {types}")
    assert len(rows) == len(types)
    assert not set(HIDDEN_FIELDS) & {name for (data,) in rows for name in data}
    assert "ill" not in str(ask(filled, "SELECT f::text FROM facts AS f"))


def test_every_field_of_a_fact_was_thought_about() -> None:
    """A new field is either hidden from analysts or shown to them, on purpose."""
    known = {field.name for fact in FACTS.values() for field in fields(fact)}  # type: ignore[arg-type]
    assert known - {"originator_id", "originator_version", "timestamp"} == SHOWN_FIELDS | set(HIDDEN_FIELDS)


async def test_bytes_that_are_no_json_harm_nobody(settings: Settings) -> None:
    """Their fact is there, without data."""
    async with opened(settings) as log, await connect(settings, application="test") as connection:
        for version, data in enumerate([b"\xff\xfe", b"{", b'{"amount": 1}'], 1):
            await log.append(Append([new_event("progress-7:AAA", version, data=data)]))
        await refresh(connection, settings)
    assert ask(settings, "SELECT data FROM facts ORDER BY position") == [(None,), (None,), ({"amount": 1},)]


FORBIDDEN = {
    "log": "SELECT * FROM {schema}.events",
    "log-as-json": "SELECT * FROM {schema}.event_log",
    "read-model": "SELECT * FROM {schema}_read.gradebook",
    "table-of-a-generation": "SELECT * FROM {schema}_read.gradebook_g1",
    "checkpoints": "SELECT * FROM {schema}.projections",
    "stamps": "SELECT * FROM {schema}.analytics_views",
    "append": "SELECT {schema}.append_events(" + ", ".join(["NULL"] * 12) + ")",
    "function": "SELECT {schema}.json_or_null('7')",
    "other-campus": "SELECT * FROM {other}.facts",
    "passwords": "SELECT * FROM pg_authid",
    "file": "SELECT pg_read_file('postgresql.auto.conf')",
    "program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "insert": "INSERT INTO facts (position) VALUES (1)",
    "update": "UPDATE facts SET type = 'x'",
    "delete": "DELETE FROM facts",
    "lock": "LOCK TABLE runs IN SHARE MODE",
    "replace": "CREATE OR REPLACE VIEW facts AS SELECT 1",
    "comment": "COMMENT ON VIEW facts IS 'x'",
    "table": "CREATE TABLE mine (a integer)",
    "table-in-public": "CREATE TABLE public.mine (a integer)",
    "temporary-table": "CREATE TEMPORARY TABLE mine (a integer)",
    "schema": "CREATE SCHEMA mine",
    "large-object": "SELECT lo_create(0)",
    "large-object-from-bytes": "SELECT lo_from_bytea(0, 'x')",
    "message-in-the-wal": "SELECT pg_logical_emit_message(false, 'a', 'b')",
    "lease": "SELECT pg_try_advisory_lock(hashtextextended('{schema} projection overview', 0))",
    "lease-for-a-transaction": "SELECT pg_advisory_xact_lock(1)",
    "sleep": "SELECT pg_sleep(0)",
    "setting-within-a-query": "SELECT set_config('statement_timeout', '0', false)",
    "queries-of-others": "SELECT query FROM pg_stat_activity",
    "end-of-others": "SELECT pg_terminate_backend(1)",
    "message": "SELECT pg_notify('a', 'b')",
    "other-role": "SET ROLE campus_app",
    "superuser": "ALTER ROLE campus_analyst SUPERUSER",
    "more-connections": "ALTER ROLE campus_analyst CONNECTION LIMIT 1000",
    "temporary-files": "SET temp_file_limit = -1",
    "temporary-files-for-ever": "ALTER ROLE campus_analyst SET temp_file_limit = -1",
    "settings-of-others": "ALTER ROLE campus_app SET statement_timeout = 1",
    "settings-of-all": "ALTER ROLE ALL SET statement_timeout = 1",
    "settings-of-the-database": "ALTER DATABASE {database} SET statement_timeout = 1",
    "library": "ALTER ROLE campus_analyst SET session_preload_libraries = 'x'",
}


@pytest.fixture(scope="module")
def other(servers: Servers) -> Settings:
    """Another campus in the same database, whose analysts have a role of their own."""
    settings = migrated_for(servers, "another_analyst")

    async def make() -> None:
        async with await connect(settings, application="test") as connection:
            await refresh(connection, settings)

    asyncio.run(make())
    return settings


def migrated_for(servers: Servers, analyst: str) -> Settings:
    """Migrate a campus that lets another role in, which need not be there."""
    settings = servers.settings(analyst).model_copy(update={"postgres_analyst_url": f"postgresql://{analyst}@nowhere"})
    migrate(settings)
    return settings


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_everything_else_is_refused(filled: Settings, other: Settings, statement: str) -> None:
    """Also to a session that has made itself writable: it is rights that are missing."""
    names = {"schema": filled.schema_name, "other": other.analytics_schema}
    with psycopg.connect(analyst_url(filled), autocommit=True) as connection:
        names["database"] = connection.info.dbname
        connection.execute("SET default_transaction_read_only = off")
        with connection.transaction(), pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.format_map(names).encode())


KEPT = ("default_transaction_read_only = off", "statement_timeout = 0", "role = campus_app", "row_security = off")


def test_what_a_role_keeps_for_itself_gives_it_no_right(filled: Settings) -> None:
    """It may keep settings for its sessions to come, and send messages; it still is who it is, and reads no more."""
    role = "ALTER ROLE campus_analyst IN DATABASE"
    with psycopg.connect(analyst_url(filled), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        try:
            for setting in KEPT:
                connection.execute(f"{role} {connection.info.dbname} SET {setting}".encode())
            with psycopg.connect(analyst_url(filled), autocommit=True) as another:
                assert another.execute("SHOW transaction_read_only").fetchone() == ("off",)
                assert another.execute("SELECT session_user, current_user").fetchone() == ("campus_analyst",) * 2
                another.execute("NOTIFY anybody, 'hello'")
                for statement in (FORBIDDEN["log"], FORBIDDEN["read-model"], FORBIDDEN["insert"], FORBIDDEN["table"]):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        another.execute(statement.format(schema=filled.schema_name).encode())
        finally:
            connection.execute(f"{role} {connection.info.dbname} RESET ALL".encode())


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_other_databases_are_closed(filled: Settings, database: str) -> None:
    """There, PostgreSQL would let anybody make temporary tables and large objects."""
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(filled.postgres_analyst_url, dbname=database)


def test_sessions_begin_with_limits(filled: Settings) -> None:
    """Read-only, and with an end to whatever is forgotten."""
    limits = {"transaction_read_only": "on", "statement_timeout": "5min", "idle_in_transaction_session_timeout": "1min"}
    for name, value in {**limits, "work_mem": "32MB", "temp_file_limit": "4GB", "timezone": "UTC"}.items():
        assert ask(filled, f"SHOW {name}") == [(value,)], name


async def test_a_role_that_is_missing_stops_nothing(other: Settings) -> None:
    """Views are there for the day on which it comes."""
    assert await query(other, f"SELECT count(*) FROM {other.analytics_schema}.facts") == [(0,)]


async def test_the_database_says_what_columns_mean(filled: Settings) -> None:
    """Views, columns and comments are those of the definitions, all of them."""
    rows = await query(
        filled,
        """
        SELECT relname::text, coalesce(attname::text, ''), description
          FROM pg_class JOIN pg_description ON objoid = pg_class.oid AND classoid = 'pg_class'::regclass
          LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid AND objsubid > 0
         WHERE relnamespace = %s::regnamespace ORDER BY relname, objsubid
        """,
        filled.analytics_schema,
    )
    wanted = [
        row
        for view in sorted(VIEWS, key=lambda view: view.name)
        for row in ((view.name, "", view.meaning), *((view.name, c.name, c.meaning) for c in view.columns))
    ]
    assert rows == wanted


def test_the_document_says_what_columns_mean() -> None:
    """docs/analytics.md has every view with every column, and none that does not exist."""
    documented = [
        (heading, meaning.strip(), re.findall(r"^\| `(\w+)` \| (.+) \|$", rest, re.MULTILINE))
        for heading, meaning, rest in re.findall(
            r"^### (\w+)\n\n(.+)\n\n((?:\|.*\n?)+)", DOCUMENT.partition("## The views")[2], re.MULTILINE
        )
    ]
    assert documented == [(v.name, v.meaning, [(c.name, c.meaning) for c in v.columns]) for v in VIEWS]


def test_the_python_in_the_document_runs(filled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view becomes a table of Polars."""
    (example,) = re.findall(r"```python\n(.+?)```", DOCUMENT, re.DOTALL)
    monkeypatch.setenv("ANALYST_URL", analyst_url(filled))
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102 - our own document
    assert sorted(names["frame"]["learner_id"]) == ["ada", "ben", "cid"]


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("position > 3", "events_pkey"),
        ("position > 3 AND type = 'progress.unit_completed'", "events_pkey"),
        ("stream_id = 'progress-7:AAA'", "events_stream_id_stream_version_key"),
        ("stream_id LIKE 'progress-7:%'", "events_stream_id_stream_version_key"),
    ],
)
async def test_facts_are_found_by_index(filled: Settings, condition: str, index: str) -> None:
    """The view stands in no index's way, and nothing is decoded that was not asked for."""
    statement = f"EXPLAIN (VERBOSE) SELECT type, learner_id FROM {filled.analytics_schema}.facts WHERE {condition}"
    async with await connect(filled, application="test", enable_seqscan="off", enable_bitmapscan="off") as connection:
        plan = "\n".join(row[0] for row in await (await connection.execute(statement.encode())).fetchall())
    assert f"using {index}" in plan
    assert "json_or_null" not in plan
