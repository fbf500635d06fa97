"""
A store in memory: for recomputing the rows of one key, and for tests.

Rows are stored as JSON, as in the servers: a row that is read is a fresh copy, and a hundred thousand rows take little
memory.
"""

from collections.abc import Iterator

import msgspec

from projections.engine.live import UNDIVIDED, Batch, Fenced, LoadedRows, Needed, OwnedSegments
from projections.engine.merge import merged
from projections.engine.projection import RowKey, Table

_encode = msgspec.json.Encoder().encode


class MemoryStore:
    """Rows and checkpoints of some segments, in memory."""

    def __init__(self, share: OwnedSegments = UNDIVIDED) -> None:
        self._positions = dict.fromkeys(share.owned, 0)
        self._rows: dict[int, dict[RowKey, bytes]] = {segment: {} for segment in share.owned}

    async def positions(self) -> dict[int, int]:
        """The checkpoint of each segment."""
        return dict(self._positions)

    async def load(self, keys: Needed) -> LoadedRows:
        """The rows that exist."""
        return {
            segment: {key: _row(key, found) for key in wanted if (found := self._rows[segment].get(key)) is not None}
            for segment, wanted in keys.items()
        }

    async def save(self, batch: Batch) -> None:
        """Store the changed rows and move the checkpoints."""
        if any(self._positions[segment] != batch.before for segment in batch.accounts):
            raise Fenced
        for segment, rows in batch.rows.items():
            for key in rows.changed:
                self._rows[segment][key] = _encode(rows.rows[key])
        for segment, keys in batch.deleted.items():
            for key in keys:
                self._rows[segment].pop(key, None)
        self._positions.update(dict.fromkeys(batch.accounts, batch.after))

    def rows(self) -> Iterator[tuple[RowKey, msgspec.Struct]]:
        """All rows, as readers see them."""
        return merged(
            (segment, key, _row(key, stored)) for segment, of in self._rows.items() for key, stored in of.items()
        )

    def row(self, table: Table, *key: str | int) -> msgspec.Struct | None:
        """One row of a read model that is not divided, or None."""
        row_key = RowKey(table, key)
        stored = self._rows[0].get(row_key)
        return None if stored is None else _row(row_key, stored)


def _row(key: RowKey, stored: bytes) -> msgspec.Struct:
    return msgspec.json.decode(stored, type=key.table.row)
