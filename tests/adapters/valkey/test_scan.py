"""Documents are read segment by segment, some at a time, and yet each segment is as it was at one moment."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio.client import Pipeline

from adapters.settings import Settings
from adapters.valkey import client, scan
from adapters.valkey.keys import POSITION
from adapters.valkey.valkey_store import ValkeyStore
from projections.engine.live import Batch, FactCounts
from projections.engine.projection import RowKey, Rows
from tests.support.workers import InValkey, Tally, Total

LEARNERS = 300
SCANNED = 100  # documents in one answer, about: as many answers as 3,000 learners take
SEGMENTS = 4
LATE = 6  # answers after which the first segment has been read, and some of the second


@pytest.fixture
async def valkey(settings: Settings) -> AsyncIterator[Any]:
    """A client of the test's campus."""
    async with client.connect(settings) as valkey:
        yield valkey


@pytest.fixture
async def store(settings: Settings, valkey: Any, monkeypatch: pytest.MonkeyPatch) -> ValkeyStore:
    """A generation with many learners in each segment, all of whom have the amount 1."""
    monkeypatch.setattr(scan, "SCANNED", SCANNED)
    store = ValkeyStore(valkey, settings, InValkey(), 1, SEGMENTS)
    for segment in range(SEGMENTS):
        await store.claim(segment, 1)
    await paid(store, 0, 1)
    return store


async def paid(store: ValkeyStore, before: int, after: int, amount: int = 0) -> None:
    """Every learner has the amount *after*, if not another, in one step of each segment; the sum says so, too."""
    for segment in range(SEGMENTS):
        await store.save(Batch({segment: everybody(amount or after)}, before, after, {segment: FactCounts()}))


def everybody(amount: int) -> Rows:
    """All learners of a segment, and their sum."""
    rows = Rows({RowKey(InValkey.tally, (name,)): Tally(name, amount=amount) for name in map(str, range(LEARNERS))})
    rows.rows[RowKey(InValkey.total, ("all",))] = Total("all", amount * LEARNERS)
    rows.changed.update(rows.rows)
    return rows


async def amounts(store: ValkeyStore) -> dict[int, tuple[int, frozenset[int]]]:
    """Of each segment the checkpoint, and the amounts of its learners; every learner and the sum must be there once."""
    async with store.snapshot() as (positions, rows):
        found: dict[int, list[Any]] = {segment: [] for segment in positions}
        for segment, _, row in rows:
            found[segment].append(row)
    for of in found.values():
        tallies = [row for row in of if isinstance(row, Tally)]
        assert len({tally.learner_id for tally in tallies}) == len(tallies) == LEARNERS
        assert [row.amount for row in of if isinstance(row, Total)] == [sum(tally.amount for tally in tallies)]
    return {
        segment: (position, frozenset(row.amount for row in found[segment] if isinstance(row, Tally)))
        for segment, position in positions.items()
    }


class Watched:
    """Pipelines: the commands that were sent, and what is to be done before every one that scans a hash."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.meanwhile: Callable[[int], Awaitable[None]] = _nothing

    async def note(self, stack: list[Any]) -> None:
        """Before some commands are sent."""
        names = [command[0][0] for command in stack]
        if "HSCAN" in names:
            await self.meanwhile(self.sent.count("HSCAN"))
        self.sent += names


async def _nothing(_: int) -> None:
    """Do nothing."""


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """All pipelines of this test."""
    watched = Watched()
    execute = Pipeline.execute

    async def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        await watched.note(self.command_stack)
        return await execute(self, *args, **kwargs)

    monkeypatch.setattr(Pipeline, "execute", noting)
    return watched


async def test_nobody_waits_for_a_whole_read_model(store: ValkeyStore, watched: Watched) -> None:
    """Without a writer, documents come some at a time, each once."""
    assert await amounts(store) == dict.fromkeys(range(SEGMENTS), (1, frozenset({1})))
    assert "HGETALL" not in watched.sent
    assert watched.sent.count("HSCAN") >= SEGMENTS * LEARNERS / scan.SCANNED


async def test_a_segment_that_is_written_meanwhile_is_read_again(store: ValkeyStore, watched: Watched) -> None:
    """So it is never half of before and half of after; segments that were read already stay as they were."""

    async def pay(scanned: int) -> None:
        if scanned == LATE:
            await paid(store, 1, 2)

    watched.meanwhile = pay
    found = await amounts(store)
    assert set(found.values()) == {(1, frozenset({1})), (2, frozenset({2}))}
    assert "HGETALL" not in watched.sent


async def test_rows_that_change_under_the_same_checkpoint_are_read_again(store: ValkeyStore, watched: Watched) -> None:
    """As those of a key that is made good, or of a learner that is repaired."""

    async def repair(scanned: int) -> None:
        if scanned == LATE:
            await paid(store, 1, 1, amount=5)

    watched.meanwhile = repair
    found = await amounts(store)
    assert set(found.values()) == {(1, frozenset({1})), (1, frozenset({5}))}


async def test_a_segment_that_is_always_written_is_taken_at_once(store: ValkeyStore, watched: Watched) -> None:
    """A scan does not wait for ever for a pause of the writer."""
    head = 1

    async def pay(_: int) -> None:
        nonlocal head
        head += 1
        await paid(store, head - 1, head)

    watched.meanwhile = pay
    for position, seen in (await amounts(store)).values():
        assert seen == {position}
    assert watched.sent.count("HGETALL") == 2 * SEGMENTS


async def test_what_has_no_checkpoint_is_taken_at_once(store: ValkeyStore, watched: Watched, valkey: Any) -> None:
    """Older code may keep it elsewhere, and then nothing would say that documents have changed."""
    for hashes in store.hashes_of(InValkey.tally):
        await valkey.hdel(hashes, POSITION)
    assert await amounts(store) == dict.fromkeys(range(SEGMENTS), (0, frozenset({1})))
    assert "HSCAN" not in watched.sent
