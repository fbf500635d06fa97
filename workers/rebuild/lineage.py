"""
The facts that touch rows that differ: those of one key from the history of the key, the others from one pass over the
log.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from adapters.postgres.connection import Connection, connect
from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.history import history_of
from adapters.postgres.log.postgres_log import PAGE_OF_TYPES
from adapters.settings import Settings
from domain.fact import Fact
from projections.engine.diff.lineage import TouchCounter, TouchingFacts, facts_touching, needs_of
from projections.engine.diff.report import RowDiff
from projections.engine.distribution import key_of_row, partitioned_tables
from projections.engine.projection import Projection, RowKey
from workers.support.progress import ProgressReporter

PAGE = 10_000  # positions


class RowLineage:
    """Finds the facts up to the position *until* that a projection lets touch some rows."""

    def __init__(self, settings: Settings, projection: Projection, until: int) -> None:
        self._settings = settings
        self._projection = projection
        self._until = until
        self._tables = {table.name: table for table in projection.tables}

    async def facts_for(self, rows: Sequence[RowDiff], progress: ProgressReporter) -> dict[int, TouchingFacts]:
        """The facts that touch each row, by its number; none for a row of a table that the projection does not have."""
        found: dict[int, TouchingFacts] = {}
        others: dict[int, RowKey] = {}
        async with await connect(self._settings, application="diff") as connection:
            for row in rows:
                table = self._tables.get(row.table)
                if table is None:
                    continue
                key = RowKey(table, row.key)
                columns = partitioned_tables(self._projection).get(table)
                owner = key_of_row(columns, table, key.key) if columns else None
                if owner is None:
                    others[row.number] = key
                else:
                    history = await history_of(connection, owner, self._until)
                    found[row.number] = facts_touching(self._projection, key, history)
            if others:
                found |= await self._in_one_pass(connection, others, progress)
        return found

    async def _in_one_pass(
        self, connection: Connection, keys: dict[int, RowKey], progress: ProgressReporter
    ) -> dict[int, TouchingFacts]:
        rows: defaultdict[RowKey, TouchCounter] = defaultdict(TouchCounter)
        wanted = set(keys.values())
        types = sorted(self._projection.handlers)
        with progress("facts of the rows", total=self._until, unit="facts") as advance:
            for after in range(0, self._until, PAGE):
                end = min(after + PAGE, self._until)
                page = await connection.execute(PAGE_OF_TYPES, (after, end, types), prepare=True, binary=True)
                self._note(map(fact_of, await page.fetchall()), wanted, rows)
                advance(end - after)
        return {number: rows[key].result() for number, key in keys.items()}

    def _note(self, facts: Iterable[Fact], wanted: set[RowKey], rows: defaultdict[RowKey, TouchCounter]) -> None:
        for fact in facts:
            for key in needs_of(self._projection, fact) & wanted:
                rows[key].add(fact)
