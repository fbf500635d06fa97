"""Rows in PostgreSQL are read in pages if they have no writer, and in one short transaction if they have."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from adapters.postgres.connection import connect
from adapters.postgres.store import scan
from adapters.postgres.store.generations import Generation, GenerationStatus
from adapters.postgres.store.postgres_store import PostgresStore
from adapters.settings import Settings
from projections.engine.live import Batch, FactCounts, Fenced
from projections.engine.projection import RowKey, Rows
from tests.support.rebuilds import site
from tests.support.workers import InPostgres, Tally, Total

LEARNERS = 3_000
SEGMENTS = 4
PROJECTION = InPostgres()


@pytest.fixture
async def connections(settings: Settings) -> AsyncIterator[list[psycopg.AsyncConnection]]:
    """One to read with, and one to write with meanwhile."""
    path = f"{settings.schema_name},{settings.read_schema}"
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(await connect(settings, application="test", search_path=path))
            for _ in range(2)
        ]


async def made(
    settings: Settings, connections: list[psycopg.AsyncConnection], status: GenerationStatus
) -> list[PostgresStore]:
    """A generation, all of whose learners have the amount 1, for each connection."""
    async with site(settings, PROJECTION) as at:
        generation: Generation = await at.create(status)
        await at.store(generation).index()
    stores = [
        PostgresStore(connection, settings, PROJECTION, generation.number, generation.segments)
        for connection in connections
    ]
    for segment in range(SEGMENTS):
        await stores[1].claim(segment, 0)
    await paid(stores[1], 0, 1)
    return stores


async def paid(store: PostgresStore, before: int, after: int) -> None:
    """Every learner of every segment has the amount *after* in one step; the sum says so, too."""
    rows = {}
    for segment in range(SEGMENTS):
        names = [f"{segment} {number}" for number in range(LEARNERS // SEGMENTS)]
        of = Rows({RowKey(PROJECTION.tally, (name,)): Tally(name, amount=after) for name in names})
        of.rows[RowKey(PROJECTION.total, ("all",))] = Total("all", after * len(names))
        of.changed.update(of.rows)
        rows[segment] = of
    await store.save(Batch(rows, before, after, {segment: FactCounts() for segment in rows}))


async def amount(store: PostgresStore) -> int:
    """The amount of everybody, which is the checkpoint; every learner and every sum must be there once."""
    async with store.snapshot() as (positions, found):
        rows = [row for _, _, row in found]
    tallies = [row for row in rows if isinstance(row, Tally)]
    assert len({tally.learner_id for tally in tallies}) == len(tallies) == LEARNERS
    assert sum(row.amount for row in rows if isinstance(row, Total)) == sum(tally.amount for tally in tallies)
    (position,) = set(positions.values())
    assert {tally.amount for tally in tallies} == {position}
    return position


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> set[TransactionStatus]:
    """What the connection was in whenever a row was taken."""
    found = set()
    take = scan.GenerationScan._take

    def noting(self: scan.GenerationScan, table: int, row: Any) -> None:
        found.add(self._connection.info.transaction_status)
        take(self, table, row)

    monkeypatch.setattr(scan.GenerationScan, "_take", noting)
    monkeypatch.setattr(scan, "BLOCKS", 2)
    return found


async def test_no_snapshot_is_kept_where_nobody_writes(
    settings: Settings, connections: list[psycopg.AsyncConnection], states: set[TransactionStatus]
) -> None:
    """Every page is a statement of its own, and together they are all rows."""
    store, _ = await made(settings, connections, "ready")
    assert await amount(store) == 1
    assert states == {TransactionStatus.IDLE}


async def test_rows_of_what_is_served_are_taken_at_one_go(
    settings: Settings, connections: list[psycopg.AsyncConnection], states: set[TransactionStatus]
) -> None:
    """The transaction is over before anybody looks at them, and what changes then is not seen."""
    store, other = await made(settings, connections, "live")
    async with store.snapshot() as (positions, rows):
        assert states == {TransactionStatus.INTRANS}
        assert connections[0].info.transaction_status == TransactionStatus.IDLE
        await paid(other, 1, 2)
        assert {row.amount for _, key, row in rows if key.table is PROJECTION.tally} == {1}  # type: ignore[attr-defined]
        assert set(positions.values()) == {1}


async def test_a_generation_that_is_followed_after_all_is_read_again(
    settings: Settings,
    connections: list[psycopg.AsyncConnection],
    states: set[TransactionStatus],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows that were written between two pages are never mixed with those of before."""
    store, other = await made(settings, connections, "ready")
    execute = connections[0].execute

    async def writing(query: Any, *args: Any) -> Any:
        if query == scan.LENGTH and args[0] == ['"total_g1"']:
            await paid(other, 1, 2)
        return await execute(query, *args)

    monkeypatch.setattr(connections[0], "execute", writing)
    assert await amount(store) == 2
    assert states == {TransactionStatus.IDLE, TransactionStatus.INTRANS}


async def test_a_generation_that_is_dropped_meanwhile_is_no_accident(
    settings: Settings, connections: list[psycopg.AsyncConnection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader gets the error of a generation that never existed."""
    store, _ = await made(settings, connections, "ready")
    execute = connections[0].execute

    async def dropping(query: Any, *args: Any) -> Any:
        if query == scan.LENGTH:
            async with site(settings, PROJECTION) as at:
                for generation in await at.all():
                    await at.drop(generation)
        return await execute(query, *args)

    monkeypatch.setattr(connections[0], "execute", dropping)
    with pytest.raises(Fenced, match="dropped"):
        await amount(store)
