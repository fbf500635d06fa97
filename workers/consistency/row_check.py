"""
Rows of a read model and what the log says of them, for the same moment, while everything runs.

Rows and parked keys may be on two servers: one looks until nothing was parked or healed meanwhile.
"""

from typing import NamedTuple

import msgspec

from adapters.postgres.connection import Connection
from adapters.postgres.log.history import history_of
from adapters.postgres.log.postgres_log import END
from adapters.postgres.log.reference_facts import ReferenceFacts
from adapters.postgres.store.generations import Generation, Generations
from adapters.postgres.store.parking import held, without
from projections.engine.diff.compare import plain_fields
from projections.engine.diff.divergence import Divergence, first_divergence
from projections.engine.diff.lineage import needs_of
from projections.engine.diff.replay import differing
from projections.engine.distribution import partitioned_tables, segment_of_key
from projections.engine.live import Exclusions, Needed, RowSnapshot
from projections.engine.projection import Projection, RowKey
from workers.consistency.recompute import RecomputedRows, own_rows, recompute_rows, waiting_in


class WrongRow(NamedTuple):
    """A row that is not what the log says, and what is live of it; None if it is missing."""

    key: RowKey
    live: msgspec.Struct | None
    divergence: Divergence


class KeySnapshot(NamedTuple):
    """Rows, checkpoints and parked keys of one moment."""

    seen: RowSnapshot
    held: Exclusions


class RowChecker:
    """
    Looks at one generation.

    Args:
        connection: in autocommit mode, of this object alone.
    """

    def __init__(
        self,
        connection: Connection,
        generations: Generations,
        generation: Generation,
        reference: ReferenceFacts,
    ) -> None:
        self.projection: Projection = generations.projection
        self.generation = generation
        self._connection = connection
        self._store = generations.store(generation)
        self._reference = reference

    async def look(self, keys: Needed) -> KeySnapshot:
        """Some rows, by segment."""
        place = self.projection.name, self.generation.number, self.generation.version
        while True:
            before = await held(self._connection, *place)
            seen = await self._store.look(keys)
            if before == await held(self._connection, *place):
                return KeySnapshot(seen, await without(self._connection, before, seen.healed))

    async def check(self, owner: str, *keys: RowKey) -> list[WrongRow]:
        """The rows of the key *owner* that are not what the log says; *keys* are further ones to look for."""
        segment = segment_of_key(owner, self.generation.segments)
        tables = partitioned_tables(self.projection)
        needs = [needs_of(self.projection, fact) for fact in await history_of(self._connection, owner, END)]
        asked = (
            {key for each in needs for key in each if key.table in tables} | own_rows(self.projection, owner) | {*keys}
        )
        while True:
            look = await self.look({segment: asked})
            until = look.seen.positions[segment]
            made = await recompute_rows(self._connection, self._reference, owner, until, look.held)
            if made.keys <= asked:
                break
            asked |= made.keys  # facts have come meanwhile
        live = look.seen.rows[segment]
        wrong = sorted((key for key in asked if _differ(key, made, live)), key=lambda key: (key.table.name, key.key))
        return [self._wrong(key, made, live, look.held, segment) for key in wrong]

    def _wrong(
        self, key: RowKey, made: RecomputedRows, live: dict[RowKey, msgspec.Struct], parked: Exclusions, segment: int
    ) -> WrongRow:
        row = live.get(key)
        return WrongRow(key, row, first_divergence(self.projection, key, made.facts, row, waiting_in(parked, segment)))


def _differ(key: RowKey, made: RecomputedRows, live: dict[RowKey, msgspec.Struct]) -> bool:
    one, other = made.rows.get(key), live.get(key)
    if one is None or other is None:
        return one is not other
    return bool(differing(plain_fields(key.table, one), plain_fields(key.table, other)))
