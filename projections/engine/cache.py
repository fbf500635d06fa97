"""
A store with a cache of the rows used last, so that the projector does not read what it has just written.

The checkpoint keeps the cache valid: another writer would have moved it, and then the save fails and the cache is
emptied. A batch takes the rows that it loads out of the cache, and only a successful save puts them back; so a batch
that fails leaves no changed row in the cache.
"""

from collections import OrderedDict

import msgspec

from projections.engine.live import Batch, LoadedRows, Needed, Store
from projections.engine.projection import RowKey


class CachedStore:
    """A *store* with a cache of its *size* rows used last."""

    def __init__(self, store: Store, size: int) -> None:
        self._store = store
        self._size = size
        self._rows: OrderedDict[tuple[int, RowKey], msgspec.Struct] = OrderedDict()

    async def load(self, keys: Needed) -> LoadedRows:
        """The rows that exist."""
        loaded: LoadedRows = {segment: {} for segment in keys}
        missing: Needed = {}
        for segment, wanted in keys.items():
            for key in wanted:
                row = self._rows.pop((segment, key), None)
                if row is None:
                    missing.setdefault(segment, set()).add(key)
                else:
                    loaded[segment][key] = row
        if missing:
            for segment, rows in (await self._store.load(missing)).items():
                loaded[segment].update(rows)
        return loaded

    async def save(self, batch: Batch) -> None:
        """Write the changed rows and move the checkpoints; the rows are cached."""
        try:
            await self._store.save(batch)
        except BaseException:
            self._rows.clear()
            raise
        for segment, rows in batch.rows.items():
            self._rows.update(((segment, key), row) for key, row in rows.rows.items())
        for segment, keys in batch.deleted.items():
            for key in keys:
                self._rows.pop((segment, key), None)
        while len(self._rows) > self._size:
            self._rows.popitem(last=False)

    def forget(self) -> None:
        """Empty the cache: another owner may have written meanwhile."""
        self._rows.clear()
