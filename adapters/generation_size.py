"""How much room a generation of a read model takes: on disk in PostgreSQL, in memory in Valkey."""

import psycopg
from redis.asyncio import Redis

from adapters.postgres.store.generations import Generation
from adapters.postgres.store.row_tables import physical_name, quoted
from adapters.settings import Settings
from adapters.valkey.valkey_store import hash_key
from projections.engine.projection import Projection

SAMPLES = 100  # documents of a hash that Valkey looks at to estimate its size

SIZE = "SELECT coalesce(sum(pg_total_relation_size(to_regclass(name))), 0)::bigint FROM unnest(%s::text[]) AS name"


async def generation_size(
    connection: psycopg.AsyncConnection,
    valkey: Redis,
    settings: Settings,
    projection: Projection,
    generation: Generation,
) -> int:
    """Bytes of all rows of a generation, with their indexes; in Valkey an estimate."""
    if projection.store == "postgres":
        schema = quoted(settings.read_schema)
        tables = [f"{schema}.{quoted(physical_name(table, generation.number))}" for table in projection.tables]
        row = await (await connection.execute(SIZE, [tables])).fetchone()
        return int(row[0]) if row else 0
    sizes = [
        await valkey.memory_usage(hash_key(settings, projection.name, generation.number, segment, table.name), SAMPLES)
        for segment in range(generation.segments)
        for table in projection.tables
    ]
    return sum(size or 0 for size in sizes)
