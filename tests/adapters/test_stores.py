"""The two stores keep every type of value, fence off the second writer, and refuse what they cannot hold."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar

import msgspec
import pytest

from adapters.postgres.connection import connect
from adapters.postgres.queries.reader import Reader
from adapters.postgres.store.generations import Generations
from adapters.postgres.store.row_tables import check_row
from adapters.settings import Settings
from adapters.stores.protocol import GenerationStore
from adapters.valkey.client import connect as connect_valkey
from projections.engine.live import Batch, FactCounts, Fenced, LoadedRows, Needed, RowRejected
from projections.engine.projection import Projection, RowKey, Rows, Table


class Mood(StrEnum):
    FINE = "fine"


class Item(msgspec.Struct):
    title: str
    at: datetime | None = None


class Everything(msgspec.Struct):
    learner_id: str
    number: int
    text: str = ""
    maybe_text: str | None = None
    mood: Mood = Mood.FINE
    big: int = 0
    maybe_int: int | None = None
    flag: bool = False
    ratio: float = 0.5
    at: datetime | None = None
    items: list[Item] = []
    by_name: dict[str, Item] = {}
    item: Item | None = None


class OnlyKey(msgspec.Struct):
    name: str


THINGS = Table("things", Everything, ("learner_id", "number"), indexes=(("at", "number"),))
NAMES = Table("names", OnlyKey, ("name",))
AT = datetime(2013, 10, 1, 12, 30, 15, 123456, tzinfo=UTC)


class InPostgres(Projection):
    name = "everything"
    version = 1
    store = "postgres"
    tables = (THINGS, NAMES)
    handlers: ClassVar = {}


class InValkey(InPostgres):
    name = "everything_documents"
    store = "valkey"


@asynccontextmanager
async def opened(settings: Settings, projection: Projection) -> AsyncIterator[GenerationStore]:
    schemas = f"{settings.schema_name},{settings.read_schema}"
    async with connect_valkey(settings) as valkey, await connect(settings, application="t", search_path=schemas) as c:
        generations = Generations(c, valkey, settings, projection)
        store = generations.store(await generations.served())
        await store.claim(0, 0)
        yield store


@pytest.fixture(params=[InPostgres, InValkey])
async def store(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[GenerationStore]:
    async with opened(settings, request.param()) as store:
        yield store


def full(learner: str = "ann", number: int = 7) -> Everything:
    return Everything(
        learner_id=learner,
        number=number,
        text="“ünïcode” \\ \" ' % \n",
        maybe_text="x",
        big=2**62,
        maybe_int=-1,
        flag=True,
        ratio=0.1,
        at=AT,
        items=[Item("one", AT), Item("two")],
        by_name={"b": Item("b"), "a": Item("a")},
        item=Item("three"),
    )


def rows_of(*things: Everything, names: tuple[str, ...] = ()) -> Rows:
    rows = Rows({RowKey(THINGS, (thing.learner_id, thing.number)): thing for thing in things})
    for name in names:
        rows.edit(NAMES, OnlyKey, name)
    rows.changed.update(rows.rows)
    return rows


async def save(store: GenerationStore, rows: Rows, before: int, after: int) -> None:
    await store.save(Batch({0: rows}, before, after, {0: FactCounts()}))


def needed(keys: Iterable[RowKey]) -> Needed:
    return {0: set(keys)}


def loaded(rows: dict[RowKey, msgspec.Struct]) -> LoadedRows:
    return {0: rows}


async def test_every_type_of_value_comes_back_as_it_was(store: GenerationStore) -> None:
    """Values and defaults, in two tables at once, made and changed."""
    plain = Everything("bob", 1)
    await save(store, rows_of(full(), plain, names=("x", "y")), 0, 5)
    keys = [RowKey(THINGS, key) for key in (("ann", 7), ("bob", 1), ("nobody", 1))]
    found = await store.load(needed([*keys, RowKey(NAMES, ("x",)), RowKey(NAMES, ("z",))]))
    assert found == loaded({keys[0]: full(), keys[1]: plain, RowKey(NAMES, ("x",)): OnlyKey("x")})
    changed = full()
    changed.items, changed.maybe_text = [], None
    await save(store, rows_of(changed, names=("x",)), 5, 6)
    assert await store.load(needed(keys[:1])) == loaded({keys[0]: changed})
    assert await store.positions() == {0: 6}


async def test_whoever_comes_second_writes_nothing(store: GenerationStore) -> None:
    """The checkpoint fences: of two writers who begin at the same position one is stopped."""
    await save(store, rows_of(full()), 0, 5)
    with pytest.raises(Fenced):
        await save(store, rows_of(full("eve")), 0, 5)
    assert await store.load(needed([RowKey(THINGS, ("eve", 7))])) == loaded({})
    assert await store.positions() == {0: 5}


async def test_a_checkpoint_moves_without_rows(store: GenerationStore) -> None:
    """Facts that change nothing are passed over for good."""
    await save(store, Rows(), 0, 9)
    assert await store.positions() == {0: 9}


async def test_a_segment_that_is_forgotten_begins_again(store: GenerationStore) -> None:
    """Rows and checkpoint are gone, and the next owner of the segment writes it from position 0."""
    await save(store, rows_of(full(), names=("x",)), 0, 5)
    await store.forget(0)
    assert await store.claim(0, store.epochs[0]) == 0
    assert await store.load(needed([RowKey(THINGS, ("ann", 7)), RowKey(NAMES, ("x",))])) == loaded({})
    await save(store, rows_of(full("eve")), 0, 5)
    assert await store.positions() == {0: 5}


@pytest.mark.parametrize("bad", [{"big": 2**63}, {"text": "nul \0"}, {"items": [Item("nul \0")]}])
async def test_what_postgres_cannot_hold_is_refused_whole(settings: Settings, bad: dict[str, object]) -> None:
    """Nothing of the batch is written, and the connection goes on."""
    async with opened(settings, InPostgres()) as store:
        with pytest.raises(RowRejected):
            await save(store, rows_of(full(), msgspec.structs.replace(full("eve"), **bad)), 0, 5)
        assert await store.positions() == {0: 0}
        assert await store.load(needed([RowKey(THINGS, ("ann", 7))])) == loaded({})


@pytest.mark.parametrize("bad", [{"text": "\ud800"}, {"items": ["no item"]}, {"learner_id": "eva"}])
async def test_what_could_not_be_read_back_is_refused_whole(store: GenerationStore, bad: dict[str, object]) -> None:
    """Neither store takes a row that could not be read back, or that a rule has moved to another's key."""
    rows = rows_of(full(), full("eve"))
    for name, value in bad.items():
        setattr(rows.rows[RowKey(THINGS, ("eve", 7))], name, value)
    with pytest.raises(RowRejected, match=r"things, row .*eve"):
        await save(store, rows, 0, 5)
    assert await store.positions() == {0: 0}
    assert await store.load(needed([RowKey(THINGS, ("ann", 7))])) == loaded({})


async def test_many_documents_at_once(store: GenerationStore) -> None:
    """A bulk of rows goes in one step."""
    things = [full(f"learner-{number}") for number in range(5_000)]
    await save(store, rows_of(*things), 0, 5)
    keys = [RowKey(THINGS, (thing.learner_id, 7)) for thing in things]
    found = (await store.load(needed(keys)))[0]
    assert list(found.values()).count(full("learner-4999")) == 1
    assert len(found) == 5_000


def test_a_row_type_whose_fields_may_be_left_out_is_no_table() -> None:
    """A column must be there for every field."""

    class Sparse(msgspec.Struct, omit_defaults=True):
        name: str

    with pytest.raises(TypeError, match="plain structs"):
        check_row(Table("sparse", Sparse, ("name",)))


async def test_a_projector_that_begins_anew_takes_nothing_away(settings: Settings) -> None:
    """Queries are answered while the live generation is served once more."""
    reader = Reader(settings)
    await reader.open()
    async with connect_valkey(settings) as valkey, await connect(settings, application="test") as connection:
        generations = Generations(connection, valkey, settings, InPostgres())
        await generations.served()

        async def begin_anew() -> None:
            for _ in range(100):
                await generations.served()

        beginning = asyncio.create_task(begin_anew())
        while not beginning.done():
            assert await reader.rows("SELECT name FROM names", {}) == []
        await beginning
    await reader.close()


async def test_keys_with_every_sign_are_found(store: GenerationStore) -> None:
    """Quotes, backslashes, commas, braces and the word NULL are parts of a key like any other."""
    strange = ['"', "\\", '\\"', "a,b", "{a}", "NULL", "", " ", "ü", "'; --"]
    things = [Everything(learner, number) for number, learner in enumerate(strange)]
    await save(store, rows_of(*things), 0, 5)
    keys = [RowKey(THINGS, (thing.learner_id, thing.number)) for thing in things]
    assert await store.load(needed(keys)) == loaded(dict(zip(keys, things, strict=True)))
