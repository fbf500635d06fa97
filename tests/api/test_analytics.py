"""SQL over HTTP: what is asked is answered within limits, recorded, and reads nothing but the views of analysts."""

import asyncio
import io
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.postgres.analytics import answer as answering
from adapters.postgres.analytics import refresh, table
from adapters.postgres.connection import connect
from adapters.settings import Settings
from api.analytics import ARROW, PARQUET
from api.http.csv_text import CSV
from tests.support.api import Campus
from tests.support.polling import until


@pytest.fixture(autouse=True)
async def _views(lively: Settings, campus: Campus) -> None:
    """The views are there, all of them, and an analyst."""
    campus.who_analyses(lively)
    async with await connect(lively, application="test") as connection:

        async def are_made() -> bool:
            return await refresh(connection, lively) == []

        await until(are_made)


async def ask(campus: Campus, sql: str, user: str = "mei", accept: str = "application/json", **more: Any) -> Any:
    """The answer to a statement."""
    headers = await campus.as_user(user, accept=accept)
    return await campus.client.post("/v1/analytics/question", json={"sql": sql, **more}, headers=headers)


async def refused(campus: Campus, sql: str, code: str = "bad_statement") -> dict[str, Any]:
    """The problem with which a statement is refused."""
    answer: httpx.Response = await ask(campus, sql)
    found: dict[str, Any] = answer.json()
    assert (answer.status_code, found["code"]) == (422, code), (sql, answer.text)
    return found


async def asked(campus: Campus) -> list[dict[str, Any]]:
    """The facts about what analysts have asked, the newest first, with their statements."""
    acts = (await campus.get("/audit", user="auditor", action="analysis.asked")).json()["items"]
    return [(await campus.get(f"/facts/{each['position']}", user="auditor")).json()["data"] for each in acts]


async def test_an_answer_has_typed_columns_and_is_cut_where_it_is_long(campus: Campus) -> None:
    """Numbers are numbers, times are texts; what follows is asked for by leaving out what was seen."""
    sql = """SELECT n, n / 2.0 AS half, n > 1 AS more, 'a;b' AS text, date '2026-03-02' AS day, NULL AS nothing,
        timestamptz '2026-03-02 09:00+01' AS at, jsonb_build_object('n', n) AS json, ARRAY[n] AS list,
        1 AS twice, 2 AS twice
        FROM generate_series(1, 3) AS n ORDER BY n DESC -- the end
        ;"""
    found = (await ask(campus, sql, rows=2)).json()
    assert [(each["name"], each["kind"]) for each in found["columns"]] == [
        ("n", "integer"), ("half", "number"), ("more", "boolean"), ("text", "text"), ("day", "date"),
        ("nothing", "text"), ("at", "time"), ("json", "json"), ("list", "text"), ("twice", "integer"),
        ("twice", "integer"),
    ]  # fmt: skip
    first = [3, 1.5, True, "a;b", "2026-03-02", None, "2026-03-02T08:00:00Z", {"n": 3}, [3], 1, 2]
    assert (found["rows"][0], len(found["rows"]), found["more"]) == (first, 2, True)
    rest = (await ask(campus, sql, rows=2, skip=2)).json()
    assert ([row[0] for row in rest["rows"]], rest["more"]) == ([1], False)
    empty = (await ask(campus, "SELECT run_id FROM runs WHERE false")).json()
    assert (empty["rows"], empty["columns"][0]["name"]) == ([], "run_id")
    for query in ("TABLE read_models", "VALUES (1)", "WITH a AS (SELECT 1) SELECT * FROM a", "SELECT 1 -- 100 %s"):
        assert (await ask(campus, query)).status_code == 200, query


async def test_an_error_says_where_it_is(campus: Campus) -> None:
    """By line and column of what was typed, whatever we put around it."""
    found = await refused(campus, "\n\nSELECT run_id,\n   no_such FROM runs")
    assert (found["line"], found["column"], found["sqlstate"]) == (4, 4, "42703")
    assert "no_such" in found["detail"]
    end = await refused(campus, "SELECT 1 FROM")
    assert (end["line"], end["column"]) == (1, 14)
    assert (await refused(campus, "SELEC 1"))["column"] == 1
    assert (await refused(campus, "SELECT 1 / 0"))["line"] is None
    unknown = await refused(campus, "SELECT learner FROM enrollments")
    assert unknown["hint"] is not None
    assert (await refused(campus, "SELECT 'infinity'::timestamptz AS at"))["sqlstate"] == ""


HOSTILE = (
    "SELECT * FROM {schema}.events",
    "SELECT * FROM {schema}_read.gradebook",
    "SELECT {schema}.json_or_null('7')",
    "SELECT * FROM pg_authid",
    "SELECT pg_read_file('postgresql.auto.conf')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_sleep(30)",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
    "SELECT query FROM pg_stat_activity",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_notify('a', 'b')",
    "SELECT query_to_xml('SELECT * FROM {schema}.events', true, false, '')",
    "SELECT query_to_xml('SELECT pg_sleep(1)', true, false, '')",
    "COPY facts TO PROGRAM 'true'",
    "COPY (SELECT 1) TO STDOUT",
    "INSERT INTO facts (position) VALUES (1)",
    "WITH gone AS (DELETE FROM facts RETURNING 1) SELECT * FROM gone",
    "SELECT 1 INTO mine",
    "SELECT * FROM runs FOR UPDATE",
    "SELECT 1; SELECT 2",
    "SELECT 1) SELECT 1; COMMIT; SET ROLE campus_app; SELECT (1",
    "SELECT 1) SELECT repeat('x', 1000000) UNION ALL SELECT * FROM (SELECT '1'",
    "SELECT 1) SELECT repeat('x', 1000000) --",
    "SELECT 1) SELECT repeat('x', 1000000) /*",
    "SELECT 1) SELECT 'x",
    "SELECT $$",
    "SET ROLE campus_app",
    "RESET ALL",
    "SHOW data_directory",
    "EXPLAIN ANALYZE SELECT 1",
    "DO $$ BEGIN END $$",
    "CREATE TEMPORARY TABLE mine (a int)",
    "DECLARE mine CURSOR FOR SELECT 1",
    "LISTEN anything",
    "VACUUM",
    "BEGIN",
    "ALTER ROLE campus_analyst SUPERUSER",
    "",
    "   ;",
    "-- nothing",
)  # fmt: skip


async def test_nothing_but_a_query_of_the_views_is_answered(campus: Campus, lively: Settings) -> None:
    """Neither other schemas, files and sessions, nor statements that do more than ask, nor two of them."""
    for sql in HOSTILE:
        answer = await ask(campus, sql.replace("{schema}", lively.schema_name))
        assert answer.status_code == 422, (sql, answer.text)
        assert answer.json()["code"] in ("bad_statement", "invalid_request"), (sql, answer.text)
    assert (await ask(campus, "SELECT count(*) FROM facts")).status_code == 200


async def test_a_statement_has_limits(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of rows that are large, of time, of what a file has, and of how many are answered at once."""
    await refused(campus, "SELECT repeat('x', 300000) AS x", "answer_too_large")
    beside = await ask(campus, "SELECT 1), b AS (SELECT repeat('x', 1000000)")
    assert beside.json()["rows"] == [[1]], "what stands beside our query is not answered"
    monkeypatch.setattr(table, "MOST_BYTES", 100_000)
    found = (await ask(campus, "SELECT repeat('x', 1000) AS x FROM generate_series(1, 9000)", rows=10_000)).json()
    assert found["more"]
    assert 0 < len(found["rows"]) < 200
    monkeypatch.setattr(table, "MOST_FILE_ROWS", 10)
    many = await ask(campus, "SELECT generate_series(1, 11)", accept=CSV)
    assert (many.status_code, many.json()["code"]) == (422, "answer_too_large")
    monkeypatch.setattr(answering, "STATEMENT_TIMEOUT", 200)
    await refused(campus, "SELECT count(*) FROM generate_series(1, 1000000000)", "statement_too_slow")
    monkeypatch.setattr(answering, "STATEMENT_TIMEOUT", 2_000)
    slow = "SELECT count(*) FROM generate_series(1, 1000000000) AS n WHERE n <> {}"
    answers = await asyncio.gather(*(ask(campus, slow.format(number)) for number in range(4)))
    assert sorted(each.status_code for each in answers) == [422, 422, 429, 429]
    assert "retry-after" in next(each.headers for each in answers if each.status_code == 429)


async def test_an_answer_is_a_file_for_spreadsheets_and_notebooks(campus: Campus) -> None:
    """With the types of its columns; in CSV no cell is taken for a formula."""
    sql = (
        "SELECT n, n / 4.0 AS part, timestamptz '2026-03-02 09:00Z' AS at, date '2026-03-02' AS day,"
        " '=1+1' AS text, jsonb_build_object('n', n) AS json FROM generate_series(1, 7000) AS n"
    )
    csv = await ask(campus, sql, accept=CSV)
    assert csv.headers["content-disposition"] == 'attachment; filename="answer.csv"'
    lines = csv.text.split("\r\n")
    assert (lines[0], len(lines)) == ('"n","part","at","day","text","json"', 7_002)
    assert lines[1] == '1,0.25,"2026-03-02T09:00:00+00:00","2026-03-02","\'=1+1","{""n"":1}"'
    parquet = pq.read_table(io.BytesIO((await ask(campus, sql, accept=PARQUET)).content))
    arrow = pa.ipc.open_stream((await ask(campus, sql, accept=ARROW)).content).read_all()
    assert parquet.equals(arrow)
    assert [str(each) for each in parquet.schema.types] == [
        *("int64", "double", "timestamp[us, tz=UTC]", "date32[day]", "string", "string")
    ]
    assert (parquet.num_rows, parquet["n"][6_999].as_py(), parquet["json"][0].as_py()) == (7_000, 7_000, '{"n":1}')
    assert (
        pq.read_table(io.BytesIO((await ask(campus, "SELECT 1 AS a WHERE false", accept=PARQUET)).content)).num_rows
        == 0
    )
    assert (await ask(campus, "SELECT 1 AS a, 2 AS a", accept=CSV)).json()["code"] == "bad_statement"


async def test_who_asks_what_is_recorded(campus: Campus) -> None:
    """Once in an hour, also what is refused; sealed, and open to auditors; what is about one learner is a look."""
    await campus.open_run()
    await campus.enroll()
    sql = f"SELECT DISTINCT learner_id FROM facts WHERE learner_id = '{campus.learner}'"
    for _ in range(2):
        assert (await ask(campus, sql)).status_code == 200
    await ask(campus, sql, accept=CSV)
    await refused(campus, f"SELECT no_such FROM facts -- {campus.tag}")
    mine = [
        each for each in await asked(campus) if campus.learner in each["statement"] or campus.tag in each["statement"]
    ]
    assert [(each["format"], each["answered_rows"], each["refused"]) for each in mine] == [
        ("json", None, "bad_statement"), ("csv", 1, None), ("json", 1, None),
    ]  # fmt: skip
    looks = (await campus.get(f"/learners/{campus.learner}/looks", user="auditor")).json()["items"]
    assert [(each["by"], each["what"]) for each in looks] == [("mei", "/v1/analytics/question")]
    seen = (await ask(campus, "SELECT data::text FROM facts WHERE type = 'analysis.asked'")).json()["rows"]
    assert not [text for (text,) in seen if "SELECT" in text or '"statement"' in text]


async def test_the_desk_says_what_there_is(campus: Campus) -> None:
    """Every view with the types of its columns and what they mean; auditors read it, and ask nothing."""
    found = (await campus.get("/analytics/views", user="mei")).json()["items"]
    facts = next(each for each in found if each["name"] == "facts")
    assert facts["columns"][0]["type"] == "bigint"
    assert "without gaps" in facts["columns"][0]["meaning"]
    for user, status in (("auditor", 200), ("instructor", 403), (campus.learner, 403)):
        assert (await campus.get("/analytics/views", user=user)).status_code == status, user
        assert (await ask(campus, "SELECT 1", user=user)).status_code == 403, user
