"""
The documents of a rebuilt read model on their way into Valkey, by pipelines of HSET.

Documents of one segment are written at a time. What there is of the segment, its checkpoint included, is deleted first,
so it can be done again from the beginning, wherever it was cut off. While it is written, its checkpoint is BEGUN: if
Valkey loses its data in between, that is gone too, and whoever then sets the checkpoint finds out.
"""

from collections.abc import Iterable
from itertools import groupby, islice
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from adapters.settings import Settings
from adapters.valkey.read_models import POSITION, field_of, hash_key
from projections.base import Projection, RowKey
from projections.fold import Refused

DOCUMENTS_AT_ONCE = 500  # in one command
COMMANDS_AT_ONCE = 4  # in one pipeline
BEGUN = -1  # checkpoint of a segment that is not complete

_encode = msgspec.json.Encoder().encode


async def write_segment(
    client: Redis,
    settings: Settings,
    projection: Projection,
    *,
    generation: int,
    segment: int,
    rows: Iterable[tuple[RowKey, msgspec.Struct]],
) -> int:
    """
    Write all documents of a segment, and return how many these were.

    Args:
        rows: table by table.

    Raises:
        Refused: Valkey does not take them, as when its memory is full.
    """
    names = {table: hash_key(settings, projection.name, generation, segment, table.name) for table in projection.tables}
    written = 0
    try:
        await client.unlink(*names.values())
        await client.hset(names[projection.tables[0]], POSITION, str(BEGUN))
        for table, of_table in groupby(rows, key=lambda item: item[0].table):
            documents = ((field_of(key.key), _encode(row)) for key, row in of_table)
            while fields := [some for _ in range(COMMANDS_AT_ONCE) if (some := _flat(documents))]:
                async with client.pipeline(transaction=False) as pipeline:
                    for some in fields:
                        pipeline.hset(names[table], items=some)
                    await pipeline.execute()
                written += sum(map(len, fields)) // 2
    except ResponseError as error:
        raise Refused(f"{projection.name}, segment {segment}: {error}") from error
    return written


def _flat(documents: Iterable[tuple[str, bytes]]) -> list[Any]:
    return [part for document in islice(documents, DOCUMENTS_AT_ONCE) for part in document]
