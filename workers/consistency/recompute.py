"""
The rows of one key recomputed from the log: for the auditor, for repairs, and to explain what `verify` has found.

The rows of a key depend on its facts, on those reference facts whose rows they need, and on nothing else; so they cost
some milliseconds, and not a fold of the log.
"""

from typing import NamedTuple

import msgspec

from adapters.postgres.connection import Connection
from adapters.postgres.log.key_facts import facts_of_key
from adapters.postgres.log.reference_facts import ReferenceFacts
from domain.fact import Fact
from domain.streams import is_reference
from projections.engine.diff.lineage import needs_of
from projections.engine.distribution import columns_of, partitioned_tables, segment_of_key, whole_key
from projections.engine.live import Exclusions, OwnedSegments, fold_batch
from projections.engine.memory import MemoryStore
from projections.engine.projection import Projection, RowKey


class RecomputedRows(NamedTuple):
    """
    The rows of a key as the log has them.

    Attributes:
        rows: of the partitioned tables.
        keys: of these tables, all rows that the facts of the key could have made.
        facts: on which all this rests, in log order, without those that operators have skipped.
    """

    rows: dict[RowKey, msgspec.Struct]
    keys: set[RowKey]
    facts: list[Fact]


async def recompute_rows(
    connection: Connection, reference: ReferenceFacts, key: str, until: int, held: Exclusions
) -> RecomputedRows:
    """The rows of a key up to the position *until*; facts that are parked or skipped are left out."""
    projection = reference.projection
    facts = await facts_of_key(connection, reference, key, until)
    needs = {need for fact in facts if not is_reference(fact.stream_id) for need in needs_of(projection, fact)}
    segment = segment_of_key(key, projection.segments)
    share = OwnedSegments(projection.segments, (segment,))
    folded = await fold_batch(projection, facts, held, MemoryStore(share), share)
    rows = folded.rows[segment]
    tables = partitioned_tables(projection)
    return RecomputedRows(
        {row: rows.rows[row] for row in rows.changed if row.table in tables},
        {row for row in needs if row.table in tables} | own_rows(projection, key),
        [fact for fact in facts if fact.position not in held.skipped],
    )


def own_rows(projection: Projection, key: str) -> set[RowKey]:
    """The rows whose whole key follows from *key*, so that they can be looked for even if no fact has made them."""
    found = set()
    for table, columns in partitioned_tables(projection).items():
        values = columns_of(key, columns)
        if values is not None and (whole := whole_key(table, values)) is not None:
            found.add(RowKey(table, whole))
    return found


def waiting_in(held: Exclusions, segment: int) -> dict[str, int]:
    """The keys that are parked in a segment, and the position of the first fact of each that waits."""
    return {key: first for (of, key), first in held.waiting.items() if of == segment}
