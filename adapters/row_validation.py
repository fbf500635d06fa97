"""Would the store of a read model take these rows? Asked of a rule that is only tried, before anything is written."""

from collections.abc import Iterable, Iterator

import msgspec

from adapters.postgres.bulk.write import Packer
from projections.engine.live import encoded
from projections.engine.projection import Projection, RowKey

Row = tuple[RowKey, msgspec.Struct]


def validated(projection: Projection, rows: Iterable[Row]) -> Iterator[Row]:
    """
    The *rows* of a projection, each looked at in passing.

    Raises:
        Refused: its store would not take a row; the message names the table, the row and what is wrong with it.
    """
    packers = {table: Packer(table) for table in projection.tables} if projection.store == "postgres" else {}
    for key, row in rows:
        if packers:
            packers[key.table].pack(row)
        else:
            encoded(key, row)
        yield key, row
