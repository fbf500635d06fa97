"""
A store that remembers the rows of the last batches, so that live facts need not read what was just written.

Sound because the checkpoint fences the rows: whoever else wrote them has moved it, and then nothing is saved and
nothing is remembered. A batch takes the rows that it loads out of the memory, and only a successful save puts them
back; a batch that fails leaves nothing half changed behind.
"""

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from projections.base import RowKey, Rows
from projections.fold import Loaded, Store


class CachedStore:
    """Another *store*, and its *size* rows that were used last."""

    def __init__(self, store: Store, size: int) -> None:
        self._store = store
        self._size = size
        self._rows: OrderedDict[RowKey, msgspec.Struct] = OrderedDict()

    async def position(self) -> int:
        """The checkpoint."""
        return await self._store.position()

    async def load(self, keys: Iterable[RowKey]) -> Loaded:
        """Those of the rows that exist."""
        loaded: Loaded = {}
        missing = []
        for key in keys:
            row = self._rows.pop(key, None)
            if row is None:
                missing.append(key)
            else:
                loaded[key] = row
        if missing:
            loaded.update(await self._store.load(missing))
        return loaded

    async def save(self, rows: Rows, *, before: int, after: int, healed: int | None = None) -> None:
        """Write the changed rows and move the checkpoint; what was written is remembered."""
        try:
            await self._store.save(rows, before=before, after=after, healed=healed)
        except BaseException:
            self._rows.clear()
            raise
        self._rows.update(rows.rows)
        while len(self._rows) > self._size:
            self._rows.popitem(last=False)
