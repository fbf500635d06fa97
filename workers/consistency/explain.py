"""
Why a row is not what the log says: the first event at which the two went apart, found by folding the facts on which the
row depends.

For the row of one key these are few. A sum over all keys depends on all facts that its projection reads; it is
explained where there are not too many of them.
"""

from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.fact_counts import counts_until
from adapters.postgres.log.postgres_log import PAGE_OF_TYPES
from adapters.postgres.log.reference_facts import ReferenceFacts
from adapters.postgres.store.generations import Generation, Generations
from domain.fact import Fact
from domain.registry import REFERENCE_FACTS
from domain.streams import is_reference
from projections.engine.diff.divergence import Divergence, first_divergence
from projections.engine.distribution import key_of_row, partitioned_tables, segment_of
from projections.engine.live import Exclusions
from projections.engine.merge import merged
from projections.engine.projection import RowKey, Table
from projections.engine.verification import Difference, RowDivergence
from workers.consistency.row_check import RowChecker

MOST_FACTS = 20_000  # that are folded one by one for one row


class DivergenceFinder:
    """Explains rows of one generation, as they are now."""

    def __init__(self, connection: Connection, generations: Generations, generation: Generation) -> None:
        self._connection = connection
        self._projection = generations.projection
        self._looking = RowChecker(connection, generations, generation, ReferenceFacts(generations.projection))

    async def cause(self, difference: Difference) -> RowDivergence:
        """Why a row is not as it should be."""
        table = next(table for table in self._projection.tables if table.name == difference.table)
        key = RowKey(table, difference.key)
        columns = partitioned_tables(self._projection).get(table)
        owner = key_of_row(columns, table, key.key) if columns else None
        if owner is not None:
            found = await self._of_key(key, owner)
        else:
            found = await self._of_all(key)
        if isinstance(found, str):
            return RowDivergence(table.name, key.key, None, found)
        position = found.fact.position if found.fact else None
        return RowDivergence(table.name, key.key, position, found.reason)

    async def _of_key(self, key: RowKey, owner: str) -> Divergence | str:
        for wrong in await self._looking.check(owner, key):
            if wrong.key == key:
                return wrong.divergence
        return "the row is what the log says by now"

    async def _of_all(self, key: RowKey) -> Divergence | str:
        """Why a row that depends on facts of many is not as it should be."""
        segments = range(self._looking.generation.segments)
        look = await self._looking.look({segment: {key} for segment in segments})
        positions = look.seen.positions
        types = self._types(key.table)
        counts = await counts_until(self._connection, max(positions.values()))
        number = sum(events for (_, name), events in counts.items() if name in types)
        if number > MOST_FACTS:
            return f"the row depends on {number:,} facts, too many to be folded one by one in search of the first"
        facts = await self._facts(types, positions, look.held)
        parts = ((segment, key, row) for segment, rows in look.seen.rows.items() for row in rows.values())
        live = dict(merged(parts)).get(key)
        waiting = {name: first for (_, name), first in sorted(look.held.waiting.items(), reverse=True)}
        return first_divergence(self._projection, key, facts, live, waiting)

    def _types(self, table: Table) -> set[str]:
        """The types of facts on which the rows of a table depend."""
        types = set(self._projection.handlers)
        return types & REFERENCE_FACTS if table.distribution == "replicated" else types

    async def _facts(self, types: set[str], positions: dict[int, int], held: Exclusions) -> list[Fact]:
        """The facts of some types that are in the rows which readers see, in log order."""
        parameters = (0, max(positions.values()), sorted(types))
        rows = await (await self._connection.execute(PAGE_OF_TYPES, parameters, binary=True)).fetchall()
        facts = map(fact_of, rows)
        return [fact for fact in facts if fact.position not in held.skipped and _is_in(fact, positions)]


def _is_in(fact: Fact, positions: dict[int, int]) -> bool:
    """Whether a fact is in the rows that readers see; of replicated rows they see those of the first segment."""
    segment = 0 if is_reference(fact.stream_id) else segment_of(fact.partition, len(positions))
    return fact.position <= positions[segment]
