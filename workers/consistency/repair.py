"""
Repairs: the projector that owns the rows of a key recomputes them from the log, in one step.

What is right stays as it is; what is wrong or missing is written, and what should not be there is deleted.
"""

from typing import NamedTuple

import msgspec

from adapters.postgres.connection import Connection
from adapters.postgres.log.reference_facts import ReferenceFacts
from adapters.postgres.store.repairs import Repair
from adapters.stores.protocol import GenerationStore
from domain.streams import is_reference
from projections.engine.distribution import columns_of, partitioned_tables
from projections.engine.live import Batch, Exclusions, FactCounts
from projections.engine.projection import Projection, RowKey, Rows
from workers.consistency.recompute import recompute_rows

NO_FACT = "there is no fact of"  # how the outcome begins if nothing is known of such a key


class Remedy(NamedTuple):
    """
    What makes the rows of a key right.

    Attributes:
        keys: the rows that it changes or deletes.
        outcome: what it does, as a sentence.
    """

    batch: Batch
    keys: list[RowKey]
    outcome: str


class RowRepairer:
    """Repairs rows of one generation, whose *rows* are in a store that caches none of them."""

    def __init__(self, connection: Connection, projection: Projection, rows: GenerationStore) -> None:
        self._connection = connection
        self._projection = projection
        self._rows = rows
        self._reference = ReferenceFacts(projection)

    async def remedy(self, repair: Repair, segment: int, position: int, held: Exclusions) -> Remedy:
        """What makes the rows of a key, which is in *segment*, what the log says up to *position*."""
        made = await recompute_rows(self._connection, self._reference, repair.key, position, held)
        keys = made.keys | await self._others(repair.key, segment)
        there = await self._there(segment, keys)
        rows = Rows()
        for key, row in made.rows.items():
            if there is None or there.get(key) != row:
                rows.rows[key] = row
                rows.changed.add(key)
        deleted = (keys if there is None else there.keys()) - made.rows.keys()
        batch = Batch({segment: rows}, position, position, {segment: FactCounts()}, deleted={segment: deleted})
        outcome = self._outcome(len(rows.changed), len(deleted))
        if not (made.facts or rows.changed or deleted):
            outcome = f"{NO_FACT} {repair.key} that {self._projection.name} has to read"
            if is_reference(repair.key):
                outcome += f": every segment folds it, so type `campus projections rebuild {self._projection.name}`"
        return Remedy(batch, [*rows.changed, *deleted], outcome)

    async def _others(self, key: str, segment: int) -> set[RowKey]:
        """Rows of the key that no fact may have made, as far as the store can search for them."""
        found: set[RowKey] = set()
        for table, columns in partitioned_tables(self._projection).items():
            if values := columns_of(key, columns):
                found |= await self._rows.keys_with(table, values, segment)
        return found

    async def _there(self, segment: int, keys: set[RowKey]) -> dict[RowKey, msgspec.Struct] | None:
        """What is stored; None if that cannot even be read."""
        try:
            return (await self._rows.load({segment: keys}))[segment]
        except msgspec.MsgspecError:
            return None

    def _outcome(self, written: int, deleted: int) -> str:
        what = f"{written} rows written, {deleted} deleted" if written or deleted else "all rows were right"
        partitioned = partitioned_tables(self._projection)
        others = [table.name for table in self._projection.tables if table not in partitioned]
        return f"{what}; only a rebuild recomputes {', '.join(others)}" if others else what
