"""Facts as analysts get them: one by one, for Polars and for Arrow, from a campus and from an export."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest

from adapters.embedded.secrets import free_port
from adapters.postgres.bulk.page_reader import open_connection
from adapters.postgres.connection import Unavailable, connect
from adapters.settings import Settings, SettingsError
from campuslog import BadTime, Campus, NotThere, UnknownType
from campuslog.positions import Moment
from campuslog.source import reading
from domain.fact import Fact
from projections.engine.rows import Unreadable
from tests.campuslog.conftest import announce
from tests.support.polling import until
from tests.support.workers import writer

COLUMNS = ["position", "type", "stream_id", "learner_id", "run_id", "quiz_id", "course_id"]
COLUMNS += ["occurred_at", "recorded_at", "source", "data"]
GRADED: dict[str, Any] = {"types": "attempt.graded"}
QUESTIONS: tuple[dict[str, Any], ...] = (
    {},
    GRADED,
    {"types": ["enrollment.*", "progress.course_outcome_decided"]},
    {"learner": "11"},
    {"learner": "1"},
    {"since": 20, "until": 30},
    {"since": date(2013, 10, 5), "until": datetime(2013, 10, 20, tzinfo=UTC)},
    {"types": "quiz.published", "until": 0},
)


def test_every_fact_in_the_order_of_the_log(campus: Campus) -> None:
    """To iterate over all events gives every position once, in order."""
    facts = list(campus.events())
    assert all(isinstance(fact, Fact) for fact in facts)
    assert [fact.position for fact in facts] == list(range(1, campus.head + 1))


def test_facts_of_all_types_have_the_same_columns(campus: Campus) -> None:
    """A table of mixed facts says of each what, who, where, when and whence; its own fields are JSON."""
    frame = campus.events().polars()
    assert frame.columns == COLUMNS
    assert frame.height == campus.head
    found = frame.row(by_predicate=(pl.col("type") == "attempt.submitted") & (pl.col("learner_id") == "12"), named=True)
    assert (found["stream_id"], found["run_id"], found["source"]) == ("attempt-12:1:1", "AAA-2013J", "import:oulad")
    assert found["occurred_at"] == datetime(2013, 10, 14, tzinfo=UTC)
    assert json.loads(found["data"])["late_by"] == 3 * 86_400


def test_fields_of_one_type_are_columns(campus: Campus) -> None:
    """When one type was asked for, its fields are columns of their own types, with the reason of irregular facts."""
    frame = campus.events("attempt.submitted").polars()
    assert frame.columns == [
        *COLUMNS,
        "unit_id",
        "by",
        "late_by",
        "responses",
        "banked",
        "quiz_version",
        "started_at",
        "days_late",
        "irregular",
    ]
    assert frame.schema["late_by"] == pl.Int64
    assert frame.filter(pl.col("irregular").is_not_null())["learner_id"].to_list() == ["12"]
    quizzes = campus.events("quiz.published").polars()
    assert quizzes.filter(stream_id="quiz-1")["due_at"].to_list() == [datetime(2013, 10, 11, tzinfo=UTC)]


def test_a_field_that_is_called_as_a_column_gives_way(campus: Campus) -> None:
    """`source` of a request for a place is not the source of the fact."""
    frame = campus.events("enrollment.requested").polars()
    assert frame.columns == [*COLUMNS, "mode", "source_", "irregular"]


def test_nested_fields_can_be_exploded(campus: Campus) -> None:
    """The units of a course come as a list of structs."""
    units = campus.events("course.version_published").polars().explode("units").unnest("units")
    assert units.filter(pl.col("weight") > 0)["unit_id"].sort().to_list() == ["1", "2", "3", "4"]


def test_positions_bound_what_is_read(campus: Campus) -> None:
    """Reading begins after `since` and ends with `until`, so that one can go on where one has stopped."""
    assert [fact.position for fact in campus.events(since=3, until=5)] == [4, 5]


def test_times_are_those_at_which_things_happened(campus: Campus) -> None:
    """A time bounds `occurred_at`: from `since` on, and up to and with `until`; a day counts as a whole in both."""
    first, last = datetime(2013, 10, 10, tzinfo=UTC), datetime(2013, 10, 14, tzinfo=UTC)
    moments: list[Moment] = [last, "2013-10-14"]
    for end in moments:
        frame = campus.events(since=date(2013, 10, 10), until=end).polars()
        assert (frame["occurred_at"].min(), frame["occurred_at"].max()) == (first, last)
    frame = campus.events(since=first, until=last - timedelta(microseconds=1)).polars()
    assert frame["occurred_at"].max() == datetime(2013, 10, 13, tzinfo=UTC)


def test_what_was_known_at_a_time(campus: Campus) -> None:
    """`position_at` counts what was recorded by then, which for an import is all of it today, and nothing in 2013."""
    assert campus.position_at(datetime(2013, 10, 10, tzinfo=UTC)) == 0
    assert campus.position_at(date(2100, 1, 1)) == campus.head


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        pytest.param(datetime(2013, 10, 1), "^time=2013-10-01 00:00:00 has no time zone", id="naive"),  # noqa: DTZ001
        pytest.param(7, r"^time=7 is no time \(datetime, date or ISO 8601 text\)$", id="position"),
        pytest.param("yesterday", "^time='yesterday' is no time: write 2014-03-01 or 2014-03-01T09:00:00Z", id="text"),
        pytest.param("2013-10-32", "^time='2013-10-32' is no time: ", id="no such day"),
        pytest.param(
            "2013-10-01T09:00", r"has no time zone: .* or write 2014-03-01T09:00:00Z$", id="text without zone"
        ),
    ],
)
def test_what_was_known_when_nobody_knows(campus: Campus, exported: Campus, moment: Any, message: str) -> None:
    """What is no time is refused, and not taken for one at which nothing was known."""
    for source in (campus, exported):
        with pytest.raises(BadTime, match=message):
            source.position_at(moment)


def test_one_learner(campus: Campus) -> None:
    """A learner's facts are those of the learner's own streams; an id that is the beginning of another has none."""
    assert set(campus.events(learner="11").polars()["learner_id"]) == {"11"}
    assert campus.events(learner="1").polars().height == 0


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("attempt.grade", "attempt.graded"),
        ("enrollmnt.withdrawn", "enrollment.withdrawn"),
        ("enrollmnt.*", "enrollment.*"),
        ("atempt*", "attempt.*"),
    ],
)
def test_a_type_that_does_not_exist(campus: Campus, asked: str, meant: str) -> None:
    """A typo is answered with the nearest name, also where it stands for several."""
    with pytest.raises(UnknownType, match=f"^{re.escape(f'no fact is called {asked}: did you mean {meant}?')}$"):
        campus.events(asked)


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        pytest.param(datetime(2013, 10, 1), "has no time zone", id="naive"),  # noqa: DTZ001 - that is the point
        pytest.param(-1, "is no position", id="negative"),
        pytest.param("yesterday", "is no time: write 2014-03-01 or", id="text"),
    ],
)
def test_a_moment_that_means_nothing(campus: Campus, moment: Any, message: str) -> None:
    """A moment that could be misunderstood is refused."""
    with pytest.raises(BadTime, match=message):
        campus.events(since=moment)


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_an_export_answers_as_the_campus_does(campus: Campus, exported: Campus, question: dict[str, Any]) -> None:
    """The same question brings the same table, value by value."""
    assert exported.events(**question).polars().equals(campus.events(**question).polars(), null_equal=True)


def test_an_export_knows_when_facts_were_recorded(campus: Campus, exported: Campus) -> None:
    """`head` and `position_at` are those of the campus."""
    half = next(iter(campus.events(since=campus.head // 2))).recorded_at
    assert exported.head == campus.head
    assert exported.position_at(half) == campus.position_at(half)


def test_an_export_has_no_read_models(exported: Campus) -> None:
    """What an export does not hold is said in one sentence."""
    with pytest.raises(NotThere, match="an export holds facts, and no read models"):
        _ = exported.views


def test_the_same_for_arrow(campus: Campus) -> None:
    """A table of Arrow has the same columns and values."""
    table = campus.events(**GRADED).arrow()
    assert pl.DataFrame(table).equals(campus.events(**GRADED).polars())


async def test_in_a_running_loop(campus: Campus) -> None:
    """A cell of a notebook runs inside an event loop, and needs no `await` all the same."""
    assert campus.events(**GRADED).polars().height == 3


async def test_a_fact_that_this_code_cannot_read(own: Campus, settings: Settings) -> None:
    """It stands in its place, without fields; the others are there as ever."""
    async with writer(settings) as write:
        await write.record(("ada", "click", 1))
        await write.record_from_the_future("ada")
        await write.record(("bob", "click", 2))
    assert [type(fact) is Unreadable for fact in own.events()] == [False, True, False]
    assert own.events("progress.activity_recorded").polars()["amount"].to_list() == [1, None, 2]


async def test_an_iteration_that_is_given_up_leaves_nothing_open(own: Campus, settings: Settings) -> None:
    """Who takes the first fact only holds no connection afterwards."""
    async with writer(settings) as write:
        await write.record(("ada", "click", 1), ("bob", "click", 1))
    for fact in own.events():
        assert fact.position == 1
        break
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'campus:sdk'"
    async with await connect(settings, application="test") as connection:

        async def closed() -> bool:
            row = await (await connection.execute(query)).fetchone()
            return row == (0,)

        await until(closed)


async def test_connections_can_change_nothing(settings: Settings) -> None:
    """Both kinds of connection that the SDK opens refuse to write."""
    write = "DELETE FROM snapshots"
    async with await reading(settings) as connection:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await connection.execute(write)
    with open_connection(settings) as other, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        other.execute(write)


def test_no_campus(tmp_path: Path) -> None:
    """Where nothing runs, the sentence says what to do."""
    with pytest.raises(SettingsError, match="start one with `campus up`"):
        Campus(tmp_path)


def test_a_campus_that_has_stopped(filled: Settings, tmp_path: Path) -> None:
    """A server that is away is named by its campus."""
    away = f"postgresql://absent@127.0.0.1:{free_port()}/postgres"
    stopped = Campus(announce(filled.model_copy(update={"postgres_url": away}), tmp_path))
    with pytest.raises(Unavailable, match=f"the campus {filled.name} does not answer"):
        _ = stopped.head
