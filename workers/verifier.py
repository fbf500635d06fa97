"""
Verifies read models against the log while everything runs: what is live is read at one moment, then the log is folded
up to exactly there, in pages, for all read models at once.
"""

from collections.abc import Callable, Sequence

import psycopg
from redis.asyncio import Redis

from adapters.postgres.connection import connect
from adapters.postgres.generations import Generation, Generations, live
from adapters.postgres.pages import read_facts
from adapters.postgres.parking import held
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from projections.base import Projection
from projections.memory import row_digest
from projections.verify import Live, Verdict, Verification
from workers.rebuild.content import all_rows, visible

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
            head = max(max(state.positions.values()) for state in states)
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
    return await snapshot_of(Generations(connection, valkey, settings, projection), generation, connection)


async def snapshot_of(generations: Generations, generation: Generation, connection: psycopg.AsyncConnection) -> Live:
    """What a generation holds at one moment."""
    place = generations.projection.name, generation.number, generation.version
    while True:  # rows and parked keys may be on two servers: look until nothing was parked or healed meanwhile
        before = await held(connection, *place)
        async with all_rows(generations, generation) as (positions, rows):
            digests = {key: row_digest(row) async for key, row in visible(rows)}
        if before == await held(connection, *place):
            return Live(positions, digests, before)
