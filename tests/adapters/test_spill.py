"""The spill store for rows that do not fit into memory, and how full memory is."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import psutil
import pytest

from adapters import spill
from adapters.spill import ResidentMemory, Spool, SqliteSpill
from projections.engine.bulk.rows import BulkRows, MemoryBudget
from projections.engine.projection import KeyValues, RowKey, Table
from projections.engine.spill import SpillFailed


class Thing(msgspec.Struct):
    """A row."""

    name: str
    number: int
    at: datetime | None = None
    of: dict[int, str] = {}


THINGS = Table("things", Thing, ("name", "number"))
NOW = datetime(2020, 1, 1, tzinfo=UTC)
ONE: tuple[KeyValues, Thing] = (("a:ü", 1), Thing("a:ü", 1, NOW, {1: "one"}))
TWO: tuple[KeyValues, Thing] = (("a", 2**62), Thing("a", 2**62))


def test_rows_come_back_as_fresh_copies() -> None:
    """What was put last under a key comes back, equal but not the same; other tables do not have it."""
    spill_store = SqliteSpill()
    spill_store.put(3, [ONE, TWO])
    spill_store.put(3, [(TWO[0], Thing("a", 2**62, of={2: "two"}))])
    assert spill_store.get(3, ONE[0], Thing) == ONE[1]
    assert spill_store.get(3, TWO[0], Thing) == Thing("a", 2**62, of={2: "two"})
    assert spill_store.get(4, ONE[0], Thing) is None
    assert {key for key, _ in spill_store.items(3, Thing)} == {ONE[0], TWO[0]}
    spill_store.clear()
    assert list(spill_store.items(3, Thing)) == []
    spill_store.close()


@pytest.mark.parametrize("wrong", ["\ud800", 7, None, object()], ids=["no-unicode", "number", "none", "object"])
def test_a_row_that_would_not_come_back_is_kept(wrong: Any) -> None:
    """A value that its class does not allow stays in memory, so that what writes the row can name it."""
    spill_store = SqliteSpill()
    rows = BulkRows([THINGS], spill_store)
    rows.put_back(RowKey(THINGS, ("a", 1)), Thing("a", 1, of={1: wrong}))
    rows.put_back(RowKey(THINGS, ("b", 2)), Thing("b", 2))
    rows.spill(spill_store)
    rows.spill(spill_store)
    rows.spill(spill_store)
    assert {key.key for key, _ in rows.items()} == {("a", 1), ("b", 2)}
    assert [key for key, _ in spill_store.items(0, Thing)] == [("b", 2)]
    spill_store.close()


def test_a_spill_store_that_fails_says_so() -> None:
    """No handler is blamed for a full disk."""
    spill_store = SqliteSpill()
    spill_store.close()
    with pytest.raises(SpillFailed):
        spill_store.put(1, [ONE])
    with pytest.raises(SpillFailed):
        spill_store.get(1, ONE[0], Thing)
    with pytest.raises(SpillFailed):
        list(spill_store.items(1, Thing))


@pytest.mark.parametrize("statm", ["/proc/self/statm", "/nowhere"])
def test_resident_memory_is_what_psutil_says(statm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known with and without a /proc."""
    monkeypatch.setattr(spill, "STATM", statm)
    memory = ResidentMemory()
    assert memory() == pytest.approx(psutil.Process().memory_info().rss, rel=0.05)
    memory.close()


class Memory:
    """Memory that is as full as the test says."""

    used = 100

    def __call__(self) -> int:
        """Bytes."""
        return self.used


def test_what_fits_is_learned_once() -> None:
    """When memory runs out the older rows go; from then on no more rows are kept than fitted, with no more alarms."""
    spill_store, memory = SqliteSpill(), Memory()
    rows = BulkRows([THINGS], spill_store)
    budget = MemoryBudget(spill_store, memory, budget=1_000)
    for number in range(1_000):
        rows.edit(THINGS, Thing, "a", number)
    budget.enforce([rows])
    assert rows.sizes() == (1_000, 0)
    memory.used = 1_001
    budget.enforce([rows])
    assert sum(rows.sizes()) == 500
    for number in range(5_000):
        rows.edit(THINGS, Thing, "a", number % 1_500).of[number] = "seen"
        if number % 100 == 0:
            budget.enforce([rows])
            assert sum(rows.sizes()) <= 1_000
    found = [row for _, row in rows.items() if isinstance(row, Thing)]
    assert len(found) == 1_500
    assert all(sorted(row.of) == list(range(row.number, 5_000, 1_500)) for row in found)
    spill_store.close()


def test_documents_come_back_in_their_order_without_what_was_cut() -> None:
    """What came after a mark is thrown away, written or not; later documents follow what was kept."""
    with Spool() as spool:
        spool.add(0, 1, b"one")
        mark = spool.mark()
        for _ in range(2 * spill.BUNCH):
            spool.add(1, 0, b"lost")
        spool.cut(mark)
        spool.add(3, 2, b"")
        assert list(spool.documents()) == [(0, 1, b"one"), (3, 2, b"")]
