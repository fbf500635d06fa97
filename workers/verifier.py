"""
Verifies read models against the log while everything runs: what is live is read at one moment, then the log is folded
up to exactly there, in pages, for all read models at once.
"""

from collections.abc import Callable, Sequence

import psycopg
from redis.asyncio import Redis

from adapters.postgres.connection import connect
from adapters.postgres.generations import live
from adapters.postgres.pages import read_facts
from adapters.postgres.parking import waiting
from adapters.postgres.read_models import PostgresStore
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from adapters.valkey.read_models import ValkeyStore
from projections.base import Projection, RowKey, key_values
from projections.memory import row_digest
from projections.verify import Digests, Live, Verdict, Verification

PAGE = 10_000  # facts


class NotBuilt(Exception):
    """A read model that no projector has ever worked on."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the read model {name} has not been built yet: is a projector running?")


async def verify(
    settings: Settings,
    projections: Sequence[Projection],
    *,
    folded: Callable[[int], None] | None = None,
) -> list[Verdict]:
    """
    Compare each of *projections* with a fresh fold of the log.

    Args:
        folded: called with the number of facts folded since.

    Raises:
        NotBuilt: one of them does not exist yet.
    """
    valkey = connect_valkey(settings)
    schemas = f"{settings.schema_name},{settings.read_schema}"
    try:
        async with await connect(settings, application="verify", search_path=schemas) as connection:
            states = [await snapshot(connection, valkey, settings, projection) for projection in projections]
            verifications = [Verification(*each) for each in zip(projections, states, strict=True)]
            head = max(state.position for state in states)
            for after in range(0, head, PAGE):
                facts = await read_facts(connection, after, min(after + PAGE, head))
                for verification in verifications:
                    await verification.fold(facts)
                if folded:
                    folded(len(facts))
            return [verification.verdict() for verification in verifications]
    finally:
        await valkey.aclose()


async def snapshot(
    connection: psycopg.AsyncConnection, valkey: Redis, settings: Settings, projection: Projection
) -> Live:
    """What is live at one moment."""
    generation = await live(connection, projection.name)
    if generation is None:
        raise NotBuilt(projection.name)
    if projection.store == "postgres":
        rows = PostgresStore(connection, projection, generation.number)
        async with rows.snapshot() as (position, found):
            digests = {key: row_digest(row) async for key, row in found}
            return Live(position, digests, await waiting(connection, projection.name, generation.number))
    store = ValkeyStore(valkey, settings, projection, generation.number)
    while True:  # documents and parked keys are on two servers: look until nothing was parked or healed meanwhile
        before = await waiting(connection, projection.name, generation.number)
        position, digests = await _documents(store)
        if before == await waiting(connection, projection.name, generation.number):
            return Live(position, digests, before)


async def _documents(store: ValkeyStore) -> tuple[int, Digests]:
    position, rows = await store.snapshot()
    return position, {RowKey(table, key_values(table, row)): row_digest(row) for table, row in rows}
