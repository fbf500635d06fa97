"""
The rows of a fold over the whole log: all in memory while they fit, else the least used ones in the spill store.

What fits costs nothing but a look into a dict. Where memory runs out, rows live in two generations: those used since
the last spill, and those used before. A spill moves the older ones to the store and makes the younger ones older.
"""

import copy
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol

import msgspec

from projections.engine.projection import KeyValues, RowKey, Rows, RowT, Table

BUDGET = 700 << 20  # bytes of resident memory of the whole process
SMALLER = 0.8  # share of the rows that are kept when memory has run out (again)
GROWN = 1.02  # memory that was given back to the allocator stays with the process: only more than that has run out

RowsByKey = dict[KeyValues, msgspec.Struct]


class SpillStore(Protocol):
    """Holds rows outside of memory, each under the number of its table and its key; raises SpillFailed."""

    def clear(self) -> None:
        """Forget everything."""
        ...

    def put(self, table_no: int, rows: Iterable[tuple[KeyValues, msgspec.Struct]]) -> dict[KeyValues, msgspec.Struct]:
        """Keep rows, in place of those that it has under the same keys; returns those that would not come back."""
        ...

    def get(self, table_no: int, key: KeyValues, row: type[RowT]) -> RowT | None:
        """A fresh copy of one row."""
        ...

    def items(self, table_no: int, row: type[RowT]) -> Iterator[tuple[KeyValues, RowT]]:
        """Fresh copies of all rows of a table."""
        ...


class BulkRows(Rows):
    """The rows of one segment of one projection; what is changed is known by being here."""

    def __init__(self, tables: Collection[Table], spill_store: SpillStore | None, first_table_no: int = 0) -> None:
        self._live: dict[Table, RowsByKey] = {table: {} for table in tables}
        self._older: dict[Table, RowsByKey] = {}
        self._table_nos = {table: number for number, table in enumerate(tables, first_table_no)}
        self._spilled: set[Table] = set()
        self._spill_store = spill_store

    def put(self, rows: Iterable[tuple[RowKey, msgspec.Struct]]) -> None:
        """Take rows as they are."""
        for row_key, row in rows:
            self._live[row_key.table][row_key.key] = row

    def edit(self, table: Table, row: type[RowT], *key: str | int) -> RowT:
        """The row of *table* with this key, to be changed; made with its defaults if there is none yet."""
        try:
            return self._live[table][key]  # type: ignore[return-value]
        except KeyError:
            found = self._recall(table, key)
            if found is None:
                found = self._live[table][key] = row(*key)
            return found  # type: ignore[return-value]

    def read(self, table: Table, row: type[RowT], *key: str | int) -> RowT | None:  # noqa: ARG002 - it says the type
        """The row of *table* with this key, not to be changed; None if there is none."""
        found = self._live[table].get(key)
        if found is None and self._older:
            found = self._recall(table, key)
        return found  # type: ignore[return-value]

    def _recall(self, table: Table, key: KeyValues) -> msgspec.Struct | None:
        """A row that was not used lately, from now on among those that are."""
        if not self._older:
            return None
        found = self._older[table].pop(key, None)
        if found is None and table in self._spilled and self._spill_store is not None:
            found = self._spill_store.get(self._table_nos[table], key, table.row)
        if found is not None:
            self._live[table][key] = found
        return found

    def copy_of(self, key: RowKey) -> msgspec.Struct | None:
        """The row as it is now, for `put_back`."""
        return copy.deepcopy(self.read(key.table, key.table.row, *key.key))

    def put_back(self, key: RowKey, row: msgspec.Struct | None) -> None:
        """Restore a row as `copy_of` has found it."""
        if row is None:
            self._live[key.table].pop(key.key, None)
        else:
            self._live[key.table][key.key] = row

    def items(self) -> Iterator[tuple[RowKey, msgspec.Struct]]:
        """Every row."""
        for table, live in self._live.items():
            older = self._older.get(table, {})
            for in_memory in (live, older):
                for key, row in in_memory.items():
                    yield RowKey(table, key), row
            if table in self._spilled and self._spill_store is not None:
                for key, row in self._spill_store.items(self._table_nos[table], table.row):
                    if key not in live and key not in older:
                        yield RowKey(table, key), row

    def sizes(self) -> tuple[int, int]:
        """How many rows are in memory: those used lately, and older ones."""
        return sum(map(len, self._live.values())), sum(map(len, self._older.values()))

    def spill(self, spill_store: SpillStore) -> None:
        """
        Move the older half of the rows to the spill store.

        A row with a value that its class does not allow stays in memory: it is refused where it is written, by name.
        """
        for table, live in self._live.items():
            older = self._older.get(table)
            if older is None:  # the first time it is not known which were used lately: take those made first
                made_first = list(live)[: len(live) // 2]
                older = {key: live.pop(key) for key in made_first}
            kept: dict[KeyValues, msgspec.Struct] = {}
            if older:
                kept = spill_store.put(self._table_nos[table], older.items())
                self._spilled.add(table)
            self._older[table], self._live[table] = live, kept


class MemoryBudget:
    """
    Watches the memory of this process and spills rows when it runs low.

    How many rows fit is learned when memory runs out for the first time, and corrected when it does so again: rows
    that have grown take more budget than they did.

    Args:
        resident: resident memory of this process in bytes.
        budget: what it may be, in bytes.
    """

    def __init__(self, spill_store: SpillStore, resident: Callable[[], int], budget: int = BUDGET) -> None:
        self.spill_store = spill_store
        self._resident = resident
        self._most = budget
        self._fitting: float | None = None

    def enforce(self, all_rows: Collection[BulkRows]) -> None:
        """Spill rows if memory runs low; to be called every few thousand facts."""
        used = self._resident()
        if used <= self._most and self._fitting is None:
            return
        sizes = [rows.sizes() for rows in all_rows]
        live = sum(live for live, _ in sizes)
        total = live + sum(older for _, older in sizes)
        if used > self._most:
            self._fitting = SMALLER * min(total, self._fitting or total)
            self._most = int(used * GROWN)
        if self._fitting is not None and (live > self._fitting / 2 or total > self._fitting):
            for rows in all_rows:
                rows.spill(self.spill_store)
