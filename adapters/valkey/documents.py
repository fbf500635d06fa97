"""
What readers see of a read model in Valkey: the documents of its live generation.
"""

from typing import Any

import msgspec
from redis.asyncio import Redis

from adapters.settings import Settings
from adapters.valkey.valkey_store import Served, ValkeyStore, live_key
from projections.engine.merge import merged
from projections.engine.projection import Projection, Table


async def is_served(client: Redis, settings: Settings, projection: Projection) -> bool:
    """Whether there is a live generation."""
    return await client.get(live_key(settings, projection.name)) is not None


async def read_documents(
    client: Redis, settings: Settings, projection: Projection, table: Table
) -> list[msgspec.Struct]:
    """Every document of a table, those of each segment as they are at one moment; none where nothing is served."""
    live: Any = await client.get(live_key(settings, projection.name))
    served = Served.parsed(live)
    if served is None:
        return []
    store = ValkeyStore(client, settings, projection, served.generation, served.segments)
    async with store.snapshot() as (_, rows):
        return [row for key, row in merged(rows) if key.table.name == table.name]
