"""Rows of a fold over the whole log, written in bulk: they read back as they were, however often it takes."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
import psycopg
import pytest
import redis

from adapters.postgres.bulk import write
from adapters.postgres.bulk.write import write_segment
from adapters.postgres.connection import connect
from adapters.postgres.store.row_tables import create_table, index_table, physical_name
from adapters.settings import Settings
from adapters.valkey import bulk_write as in_valkey
from adapters.valkey import client
from adapters.valkey.keys import hash_key
from adapters.valkey.valkey_store import ValkeyStore
from projections.engine.bulk.fold import Task
from projections.engine.live import Batch, FactCounts, Fenced, RowRejected
from projections.engine.projection import Projection, RowKey, Table, key_values
from projections.engine.words import Lexemes, lexemes
from projections.registry import PROJECTIONS
from tests.support.bulk_pages import digest_of, in_bulk
from tests.support.facts import History, day
from tests.support.workers import InValkey, Tally, Total

GENERATION = 7
EPOCH = 3
SEGMENTS = range(4)


class Colour(StrEnum):
    """An enumeration of texts."""

    RED = "red"


class Anything(msgspec.Struct):
    """A row with a field of every kind."""

    name: str
    number: int
    colour: str = Colour.RED
    yes: bool = True
    ratio: float = 0.5
    at: datetime | None = None
    note: str | None = None
    bag: dict[str, Any] = {}
    counts: dict[str, int] = {}
    words: Lexemes = Lexemes("")


ANYTHING = Table("anything", Anything, ("name", "number"), indexes=(("at",),), searched=("words", "note"))
ROWS = [
    Anything("", -(2**63)),
    Anything("a\tb\n\\N", 2**63 - 1, "ü\U0001f600", False, 1e308, datetime(1, 1, 1, tzinfo=UTC), "", {}),
    Anything(
        "x" * 100_000, 0, at=datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), bag={"a": [1, None, "\\u0000"]}
    ),
    Anything(
        "words", 1, words=lexemes([("Zoë écrit C++ ab b zb", "A"), ("Algèbre 線形代数 " * 40, "D"), ("ab ü", "B")])
    ),
]


@pytest.fixture
async def connection(settings: Settings) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection in the role of the API."""
    async with await connect(settings, application="test") as connection:
        yield connection


@pytest.fixture
async def valkey(settings: Settings) -> AsyncIterator[Any]:
    """A client of the test's campus."""
    async with client.connect(settings) as valkey:
        yield valkey


async def make(connection: psycopg.AsyncConnection, settings: Settings, *tables: Table) -> None:
    """Make tables without indexes."""
    for table in tables:
        await connection.execute(create_table(table, settings.read_schema, GENERATION).encode())


async def stored(connection: psycopg.AsyncConnection, table: Table, segment: int) -> list[tuple[RowKey, Any]]:
    """The rows of a segment, as PostgreSQL puts them into JSON."""
    query = f"SELECT to_jsonb(r)::text FROM {physical_name(table, GENERATION)} AS r WHERE segment = %s"
    rows = [
        msgspec.json.decode(text, type=table.row)
        for (text,) in await (await connection.execute(query.encode(), [segment])).fetchall()
    ]
    return [(RowKey(table, key_values(table, row)), row) for row in rows]


def history() -> History:
    """Some learners with something in every table."""
    history = History().course().add("quiz-tma1", "quiz.published", **QUIZ)
    for number in range(20):
        learner = str(number)
        history.enrolled(learner, at=day(number)).clicked(learner, 3, day(number)).submitted(
            learner, "tma1", responses=[0]
        )
        history.graded(learner, "tma1", 7_000, day(20)).progress(
            learner, "unit_completed", unit_id="tma1", score_bp=7_000
        )
        history.progress(learner, "course_outcome_decided", outcome="pass")
        history.add(f"user-{learner}", "user.registered", email="s1.1.email.AA", language="AA", time_zone="AA")
        fields = {"role": "instructor", "scope": "run:AAA-1", "reason": "teaches"}
        history.add(f"role-{learner}", "role.granted", day(20), until=None, **fields)
        talked(history, learner)
        reported(history, learner)
    return history


def reported(history: History, learner: str) -> None:
    """A post of the learner is reported, and decided about."""
    case: dict[str, Any] = {"run_id": "AAA-1", "case_no": 1, "ground": "rude"}
    of_author: dict[str, Any] = {**case, "author_id": learner}
    history.add(f"moderation-{learner}:1", "moderation.reported", day(1), **of_author, report_no=1)
    history.add(f"report-{learner}:{learner}:1", "report.filed", day(1), **case, report_no=1, words="W")
    warned = {"decision": "warned", "decided_by": "eva"}
    history.add(f"moderation-{learner}:1", "moderation.decided", day(2), **of_author, **warned)
    history.add(f"notice-{learner}:{learner}:1", "notice.given", day(2), **case, decision="warned", words="W")


def talked(history: History, learner: str) -> None:
    """A thread of the learner with a vote, read by the same person, and a notification."""
    by: dict[str, Any] = {"run_id": "AAA-1", "learner_id": learner, "anonymous": False, "by_staff": False}
    topic: dict[str, Any] = {"name": "T", "description": "", "who_posts": "all", "cohort_id": None}
    history.add(f"topics-{learner}", "topic.created", topic_id="t", **topic)
    history.add(f"thread-{learner}", "thread.created", run_id="AAA-1", topic_id="t", unit_id=None, kind="question")
    history.add(f"post-{learner}:1", "opening.posted", **by)
    history.add(f"text-{learner}:{learner}:1", "text.written", title="T", text="Q")
    history.add(f"vote-{learner}:{learner}:1", "vote.cast", old=0, new=1)
    history.add(f"reading-{learner}:{learner}", "reading.advanced", old_post_no=0, new_post_no=1)
    history.add(f"notification-{learner}:n1", "notification.planned", **PLANNED)
    history.add(f"inbox-{learner}", "inbox.read_through", old=0, new=5)


PLANNED: dict[str, Any] = {
    "cause_event_id": "event-0",
    "cause_position": 0,
    "channel": "page",
    "template": "enrolled",
    "template_version": 1,
    "dedupe_key": "event-0:page:enrolled",
    "not_before": None,
}
QUIZ: dict[str, Any] = {
    "version": 1,
    "run_id": "AAA-1",
    "unit_id": "tma1",
    "kind": "tma",
    "title": "Essay",
    "items": [{"item_id": "i1", "text": "Why?", "options": ["so", "not so"]}],
    "key": [0],
    "time_limit": None,
    "attempts_allowed": 2,
    "due_at": "2013-11-01T00:00:00Z",
    "pass_bp": 4_000,
}


@pytest.mark.parametrize(
    "projection",
    [p for p in PROJECTIONS if p.store == "postgres" and p.name not in {"orders", "ledger"}],  # nothing is bought there
    ids=lambda projection: str(projection.name),
)
async def test_rows_of_every_table_read_back(
    settings: Settings, connection: psycopg.AsyncConnection, projection: Projection
) -> None:
    """Whatever a read model holds in PostgreSQL comes back the same, written once or twice, and can be indexed."""
    fold = in_bulk([Task(projection, tuple(range(projection.segments)))], history().facts)
    await make(connection, settings, *projection.tables)
    filled = set()
    for segment in range(projection.segments):
        rows = list(fold.rows(projection.name, segment))
        for _ in range(2):
            assert await write_segment(connection, projection.tables, GENERATION, segment, rows) == len(rows)
        found = [row for table in projection.tables for row in await stored(connection, table, segment)]
        assert len(found) == len(rows)
        assert digest_of(found) == digest_of(rows)
        filled |= {key.table.name for key, _ in found}
    assert filled == {table.name for table in projection.tables}
    for table in projection.tables:
        for statement in index_table(table, settings.read_schema, GENERATION):
            await connection.execute(statement.encode())


async def test_values_at_their_limits(
    settings: Settings, connection: psycopg.AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest, the smallest and the oddest values of every kind come back, over many blocks and transactions."""
    monkeypatch.setattr(write, "ROWS_AT_ONCE", 2)
    await make(connection, settings, ANYTHING)
    rows = [(RowKey(ANYTHING, key_values(ANYTHING, row)), row) for row in ROWS]
    for _ in range(2):
        assert await write_segment(connection, [ANYTHING], GENERATION, 3, rows) == len(rows)
    columns = ", ".join(Anything.__struct_fields__).replace("words", "words::text")
    query = f"SELECT {columns} FROM anything_g{GENERATION} WHERE segment = 3 ORDER BY number"
    found = await (await connection.execute(query.encode(), binary=True)).fetchall()
    assert found == [msgspec.structs.astuple(row) for row in sorted(ROWS, key=lambda row: row.number)]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "NUL": ({"note": "a\0b"}, "note = .* does not fit a text: .* NUL"),
    "NUL inside": ({"bag": {"a": ["\\\0"]}}, "bag = .* does not fit a jsonb: .* NUL"),
    "too large": ({"number": 2**63}, "number = .* does not fit a bigint: "),
    "too small": ({"number": -(2**63) - 1}, "number = "),
    "bool for int": ({"number": True}, "number = True does not fit a bigint: it is a bool"),
    "int for bool": ({"yes": 1}, "yes = 1 does not fit a boolean: it is not a bool"),
    "bool for float": ({"ratio": False}, "ratio = False does not fit a double precision: it is a bool"),
    "no float": ({"ratio": 10**400}, "ratio = 1000.* does not fit a double precision: "),
    "no text": ({"note": "\ud800"}, "note = "),
    "another type": ({"colour": 5}, "colour = 5 does not fit a text"),
    "another type inside": ({"counts": {"a": "b"}}, "counts = .* does not fit a jsonb: Expected `int`"),
    "no number": ({"ratio": float("inf")}, "ratio = inf does not fit a double precision: JSON has no such number"),
    "nothing": ({"ratio": None}, "ratio = None does not fit"),
    "no zone": ({"at": datetime(2020, 1, 1)}, "at = .* does not fit a timestamptz: "),  # noqa: DTZ001 - the point
    "no JSON": ({"bag": {"a": {1j}}}, "bag = "),
}


@pytest.mark.parametrize(("fields", "complaint"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_does_not_fit_is_named(
    settings: Settings, connection: psycopg.AsyncConnection, fields: dict[str, Any], complaint: str
) -> None:
    """The error names table, key and field of a value that PostgreSQL cannot hold; the transaction leaves nothing."""
    await make(connection, settings, ANYTHING)
    bad = Anything("mine", 0)
    for name, value in fields.items():
        setattr(bad, name, value)
    rows = [(RowKey(ANYTHING, ("fine", 1)), Anything("fine", 1)), (RowKey(ANYTHING, ("mine", 0)), bad)]
    with pytest.raises(RowRejected, match=f"anything, row 'mine', (-?[0-9]+|True): {complaint}"):
        await write_segment(connection, [ANYTHING], GENERATION, 0, rows)
    assert await stored(connection, ANYTHING, 0) == []


async def test_what_was_cut_off_is_done_again(
    settings: Settings, connection: psycopg.AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that dies has left whole transactions; the next one starts again, and no row is missing or twice."""
    monkeypatch.setattr(write, "ROWS_AT_ONCE", 10)
    await make(connection, settings, ANYTHING)
    rows = [(RowKey(ANYTHING, ("a", number)), Anything("a", number)) for number in range(45)]

    def dies() -> Iterator[tuple[RowKey, msgspec.Struct]]:
        yield from rows[:25]
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await write_segment(connection, [ANYTHING], GENERATION, 2, dies())
    assert len(await stored(connection, ANYTHING, 2)) == 20
    assert await write_segment(connection, [ANYTHING], GENERATION, 2, rows) == 45
    assert digest_of(await stored(connection, ANYTHING, 2)) == digest_of(rows)


async def test_segments_do_not_touch_each_other(settings: Settings, connection: psycopg.AsyncConnection) -> None:
    """Writing a segment again deletes what there was of it and of no other."""
    await make(connection, settings, ANYTHING)
    rows = [(RowKey(ANYTHING, ("a", number)), Anything("a", number)) for number in range(5)]
    for segment in SEGMENTS:
        await write_segment(connection, [ANYTHING], GENERATION, segment, rows)
    assert await write_segment(connection, [ANYTHING], GENERATION, 1, rows[:2]) == 2
    assert [len(await stored(connection, ANYTHING, segment)) for segment in SEGMENTS] == [5, 2, 5, 5]


@pytest.mark.parametrize("projection", [p for p in PROJECTIONS if p.store == "valkey"], ids=lambda p: str(p.name))
async def test_documents_read_back(
    settings: Settings, valkey: Any, projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a read model holds in Valkey comes back the same, and what a first attempt has left is gone."""
    monkeypatch.setattr(in_valkey, "DOCUMENTS_AT_ONCE", 2)
    fold = in_bulk([Task(projection, tuple(range(projection.segments)))], history().facts)
    for segment in range(projection.segments):
        names = {t: hash_key(settings, projection.name, GENERATION, segment, t.name) for t in projection.tables}
        for name in names.values():
            await valkey.hset(name, "left", "over")
        rows = list(fold.rows(projection.name, segment))
        for _ in range(2):
            given = await write_documents(valkey, settings, projection, segment, rows)
            assert given == len(rows)
        found = [
            (RowKey(table, key_values(table, row)), row)
            for table, name in names.items()
            for field, document in (await valkey.hgetall(name)).items()
            if not field.startswith(b"@")  # notes of the writer, not documents
            for row in [msgspec.json.decode(document, type=table.row)]
        ]
        assert digest_of(found) == digest_of(rows)


async def write_documents(
    valkey: Any, settings: Settings, projection: Projection, segment: int, rows: Iterable[tuple[RowKey, msgspec.Struct]]
) -> int:
    """Claim a segment, and write its documents."""
    await ValkeyStore(valkey, settings, projection, GENERATION, projection.segments).claim(segment, EPOCH)
    return await in_valkey.write_segment(
        valkey, settings, projection, generation=GENERATION, segment=segment, epoch=EPOCH, rows=rows
    )


async def test_a_valkey_without_room_refuses(settings: Settings, valkey: Any) -> None:
    """Documents that Valkey does not take are no success."""
    projection = InValkey()
    other = hash_key(settings, projection.name, GENERATION, 0, projection.total.name)

    def rows() -> Iterator[tuple[RowKey, msgspec.Struct]]:
        yield RowKey(projection.tally, ("ann",)), Tally("ann")
        with redis.Redis.from_url(settings.valkey_url) as client:
            client.set(other, "no hash")
        yield RowKey(projection.total, ("all",)), Total("all")

    with pytest.raises(RowRejected, match=r"tally_documents, segment 0: .*WRONGTYPE"):
        await write_documents(valkey, settings, projection, 0, rows())


def tallies(amount: int, number: int = 5_000) -> list[tuple[RowKey, msgspec.Struct]]:
    """Rows of some learners."""
    names = [f"learner-{each}" for each in range(number)]
    return [(RowKey(InValkey.tally, (name,)), Tally(name, amount=amount)) for name in names]


async def test_a_late_writer_changes_nothing(settings: Settings, valkey: Any) -> None:
    """Who comes back when another owner has completed the segment is refused before it deletes anything."""
    projection = InValkey()
    store = ValkeyStore(valkey, settings, projection, GENERATION, projection.segments)
    await store.claim(0, EPOCH)
    await store.claim(0, EPOCH + 1)
    place = {"generation": GENERATION, "segment": 0}
    await in_valkey.write_segment(valkey, settings, projection, **place, epoch=EPOCH + 1, rows=tallies(2))
    await store.save(Batch({}, in_valkey.BEGUN, 9, {0: FactCounts()}))
    before = await dumped(valkey, settings)
    with pytest.raises(Fenced):
        await in_valkey.write_segment(valkey, settings, projection, **place, epoch=EPOCH, rows=tallies(1))
    assert await dumped(valkey, settings) == before
    assert (await store.positions())[0] == 9


async def test_a_writer_that_is_overtaken_midway_stops(settings: Settings, valkey: Any) -> None:
    """What it still has changes nothing of what the next owner has written in between."""
    projection = InValkey()
    store = ValkeyStore(valkey, settings, projection, GENERATION, projection.segments)
    found = []

    async def overtake() -> None:
        async with client.connect(settings) as other:
            place = {"generation": GENERATION, "segment": 0, "epoch": EPOCH + 1}
            await ValkeyStore(other, settings, projection, GENERATION, projection.segments).claim(0, EPOCH + 1)
            await in_valkey.write_segment(other, settings, projection, **place, rows=tallies(2))
            found.append(await dumped(other, settings))

    def rows() -> Iterator[tuple[RowKey, msgspec.Struct]]:
        for number, row in enumerate(tallies(1)):
            if number == 4_000:
                with ThreadPoolExecutor() as threads:
                    threads.submit(asyncio.run, overtake()).result()
            yield row

    await store.claim(0, EPOCH)
    with pytest.raises(Fenced):
        await write_documents(valkey, settings, projection, 0, rows())
    assert [await dumped(valkey, settings)] == found


async def dumped(valkey: Any, settings: Settings) -> dict[bytes, dict[bytes, bytes]]:
    """All that Valkey has of a campus."""
    return {name: await valkey.hgetall(name) for name in await valkey.keys(f"{settings.name}:*")}
