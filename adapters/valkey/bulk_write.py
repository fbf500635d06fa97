"""
Bulk write of a rebuilt segment into Valkey.

The segment is deleted first, with its checkpoint, so a write that was cut off can be repeated from the start. Until all
documents are written, the checkpoint is BEGUN.

Every step checks the epoch and changes nothing if it is another: a later owner has raised it, or Valkey has lost its
data and with it the epoch. The epoch is watched (WATCH) while documents are sent, since a script would have to hold
all of them in its own memory first.
"""

from collections.abc import Iterable
from itertools import groupby, islice
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError, WatchError

from adapters.settings import Settings
from adapters.valkey.client import is_about_data
from adapters.valkey.keys import BESIDE, EPOCH, field_of, hash_key
from adapters.valkey.scripts import BEGIN
from projections.engine.live import Fenced, RowRejected, encoded
from projections.engine.projection import Projection, RowKey

DOCUMENTS_AT_ONCE = 1_000  # in one transaction
BEGUN = -1  # checkpoint of a segment that is not completely written


async def write_segment(
    client: Redis,
    settings: Settings,
    projection: Projection,
    *,
    generation: int,
    segment: int,
    epoch: int,
    rows: Iterable[tuple[RowKey, msgspec.Struct]],
) -> int:
    """
    Replace all documents of a segment; returns their number.

    Args:
        epoch: in which the segment was claimed.
        rows: table by table.

    Raises:
        Fenced: the segment is in another epoch, or was lost.
        RowRejected: a row could not be read back, or Valkey does not take it.
    """
    names = {table: hash_key(settings, projection.name, generation, segment, table.name) for table in projection.tables}
    first = names[projection.tables[0]]
    written = beside = 0
    try:
        if not await client.register_script(BEGIN)(keys=list(names.values()), args=[epoch, BEGUN]):
            raise Fenced
        for table, of_table in groupby(rows, key=lambda item: item[0].table):
            documents = ((field_of(key.key), encoded(key, row)) for key, row in of_table)
            while some := _flat(documents):
                await _write(client, names[table], some, first, epoch)
                written += len(some) // 2
                if table in projection.beside:
                    beside += len(some) // 2
        if beside:
            await _write(client, first, [BESIDE, beside], first, epoch)
    except ResponseError as error:
        if not is_about_data(error):
            raise  # the server cannot do its work, as when its memory is full
        raise RowRejected(f"{projection.name}, segment {segment}: {error}") from error
    return written


async def _write(client: Any, name: str, documents: list[Any], first: str, epoch: int) -> None:
    """Write documents into hash *name* if the segment, whose first hash is *first*, is in this epoch; raises Fenced."""
    async with client.pipeline(transaction=True) as pipeline:
        await pipeline.watch(first)
        if await pipeline.hget(first, EPOCH) != str(epoch).encode():
            raise Fenced
        pipeline.multi()
        pipeline.hset(name, items=documents)
        try:
            await pipeline.execute()
        except WatchError as error:
            raise Fenced from error


def _flat(documents: Iterable[tuple[str, bytes]]) -> list[Any]:
    return [part for document in islice(documents, DOCUMENTS_AT_ONCE) for part in document]
