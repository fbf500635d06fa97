"""
Whole tables of read models as of a moment, for answers whose rows are those of many keys.

They come from the snapshot of just that moment. If there is none, one is folded (workers/as_of).
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from adapters.postgres.as_of import kept
from adapters.postgres.as_of.folder import KeyRows
from adapters.postgres.as_of.parts import FoldedTables
from adapters.postgres.as_of.turns import Turns
from adapters.postgres.as_of.waiting import FoldWaiter
from adapters.postgres.connection import Connection, Link, Unavailable
from projections.engine.moment import Moment
from projections.engine.projection import Projection, RowKey, Table

BY_RUN = "run_id"


class WholeTables:
    """The whole tables of these read models; reading them gives way by *turns*."""

    def __init__(self, link: Link, projections: Sequence[Projection], turns: Turns, waiter: FoldWaiter) -> None:
        self._link = link
        self._waiter = waiter
        self._turns = turns
        self._owner = {table: each for each in projections for table in each.tables}

    async def at(self, moment: Moment, tables: Sequence[Table], run_id: str | None = None) -> FoldedTables:
        """
        The rows of some tables.

        Args:
            run_id: of tables whose key begins with a run, those of this run only.

        Raises:
            StillFolding: a fold takes longer than a query waits.
            Unavailable: it has failed, or too many wait.
        """
        if moment.position == 0:
            return [(table, KeyRows({}, [])) for table in tables]
        projections = list(dict.fromkeys(self._owner[table] for table in tables))
        snapshots = await self._link.run(lambda connection: self._find(connection, projections, moment))
        if None in snapshots:
            await self._waiter.done(projections, moment)
            snapshots = await self._link.run(lambda connection: self._find(connection, projections, moment))
        folded: FoldedTables = []
        for projection, snapshot in zip(projections, snapshots, strict=True):
            if snapshot is None:
                raise Unavailable(
                    f"the rows of {projection.name} are not there: the auditor that has folded them runs other code"
                    " than this process, or they were deleted since: ask again"
                )
            async with self._turns.take():
                folded += await self._read(projection, snapshot, [t for t in tables if t in projection.tables], run_id)
        return folded

    async def _find(
        self, connection: Connection, projections: Iterable[Projection], moment: Moment
    ) -> list[int | None]:
        return [await kept.find(connection, each, moment.position, moment.valid_at) for each in projections]

    async def _read(
        self, projection: Projection, snapshot: int, tables: Sequence[Table], run_id: str | None
    ) -> FoldedTables:
        of_run = [table for table in tables if run_id is not None and table.key[0] == BY_RUN]
        others = [table for table in tables if table not in of_run]
        folded: FoldedTables = []
        for some, first in ((of_run, run_id), (others, None)):
            chunks = await self._link.run(
                lambda connection, some=some, first=first: kept.chunks_of(connection, snapshot, some, first)  # type: ignore[misc]
            )
            rows = await asyncio.to_thread(kept.rows_of, projection, chunks)
            if first is not None:
                rows = {key: row for key, row in rows.items() if key.key[0] == first}
            folded += [(table, _of(rows, table)) for table in some]
        return folded


def _of(rows: Mapping[RowKey, msgspec.Struct], table: Table) -> KeyRows:
    return KeyRows({key: row for key, row in rows.items() if key.table == table}, [])
