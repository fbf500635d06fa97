"""
Copies all rows of a generation in PostgreSQL into a temporary file.

Rows of a generation that is not live are read in pages, each in a statement of its own, so that no snapshot holds up
vacuum; its segments show afterwards whether a writer has changed it meanwhile. Rows of the live generation are read in
one transaction, which ends when they are copied, before the caller looks at them.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg.rows import dict_row, tuple_row

from adapters.postgres.connection import Connection
from adapters.postgres.store.row_tables import SEGMENT, physical_name, quoted
from adapters.spill import Spool
from projections.engine.live import Fenced
from projections.engine.projection import Table

BLOCKS = 64  # of a table, in one statement
FETCH = 2_000  # rows of a cursor at once
ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"

# All that changes when a generation is written; a new writer raises an epoch first.
STATE = """
SELECT segment, position, status = 'live', epoch, applied, ignored, parked, skipped
  FROM segments JOIN projections ON name = projection AND projections.generation = segments.generation
 WHERE projection = %s AND segments.generation = %s ORDER BY segment
"""
LENGTH = "SELECT pg_relation_size(%s::regclass) / current_setting('block_size')::int"
OF_BLOCKS = " WHERE ctid >= %s::tid AND ctid < %s::tid"

Found = list[tuple[Any, ...]]


class Form(NamedTuple):
    """
    How rows are read and stored in the file.

    Attributes:
        columns: of the row *r*.
        kept: makes segment and document from a row that was read.
    """

    columns: str
    factory: Any
    kept: Callable[[Any], tuple[int, bytes]]


def _kept_plain(row: dict[str, Any]) -> tuple[int, bytes]:
    return row.pop(SEGMENT), msgspec.msgpack.encode(row)


JSON = Form(f"{SEGMENT}, to_json(r)::text", tuple_row, lambda row: (row[0], row[1].encode()))
"""As JSON, for the code that has written the rows."""

PLAIN = Form("r.*", dict_row, _kept_plain)
"""As MessagePack of names and values, for rows of any code."""


class GenerationScan:
    """
    The scan of one generation.

    Args:
        tables: those that the generation has.
        spool: receives the rows, each with the number of its table.
    """

    def __init__(
        self,
        connection: Connection,
        place: tuple[str, int],
        tables: Sequence[Table],
        form: Form,
        spool: Spool,
    ) -> None:
        self._connection = connection
        self._place = place
        self._names = [quoted(physical_name(table, place[1])) for table in tables]
        self._form = form
        self._spool = spool

    async def run(self) -> dict[int, int]:
        """
        Copy all rows as they are at one moment; returns the checkpoint of each segment at that moment.

        Raises:
            Fenced: the generation was dropped.
        """
        try:
            before = await self._state()
            if not any(live for _, _, live, *_ in before):
                await self._by_pages()
                if await self._state() == before:
                    return _positions(before)
                self._spool.cut(0)
            return await self._at_one_moment()
        except psycopg.errors.UndefinedTable as error:
            raise Fenced("the generation was dropped") from error

    async def _state(self) -> Found:
        found = await (await self._connection.execute(STATE, self._place)).fetchall()
        if not found:
            raise Fenced("the generation was dropped")
        return found

    async def _by_pages(self) -> None:
        for number, name in enumerate(self._names):
            row = await (await self._connection.execute(LENGTH, [name])).fetchone()
            for block in range(0, row[0] if row else 0, BLOCKS):
                async with self._connection.cursor(row_factory=self._form.factory) as cursor:
                    await cursor.execute(self._query(name, OF_BLOCKS), (f"({block},0)", f"({block + BLOCKS},0)"))
                    for each in await cursor.fetchall():
                        self._take(number, each)

    async def _at_one_moment(self) -> dict[int, int]:
        async with self._connection.transaction():
            await self._connection.execute(ONE_MOMENT)
            found = await self._state()
            for number, name in enumerate(self._names):
                async with self._connection.cursor(name="scan", row_factory=self._form.factory) as cursor:
                    cursor.itersize = FETCH
                    await cursor.execute(self._query(name))
                    async for each in cursor:
                        self._take(number, each)
        return _positions(found)

    def _query(self, name: str, where: str = "") -> bytes:
        return f"SELECT {self._form.columns} FROM {name} AS r{where}".encode()

    def _take(self, table: int, row: Any) -> None:
        segment, document = self._form.kept(row)
        self._spool.add(segment, table, document)


def _positions(found: Found) -> dict[int, int]:
    return {segment: position for segment, position, *_ in found}
