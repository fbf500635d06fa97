"""A process that appends, for tests of several."""

import asyncio
import random

from adapters.postgres.log.append import VersionConflict
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from tests.support.appends import opened, unit

WRITERS = 24  # at the same time in one process


def write(settings: Settings, name: str, events: int) -> int:
    """Append *events* events to the process's own streams and, against all others, to one that is shared."""
    return asyncio.run(_write(settings, name, events))


async def _write(settings: Settings, name: str, events: int) -> int:
    async with opened(settings) as log:
        share = events // WRITERS
        counts = [share + (number < events % WRITERS) for number in range(WRITERS)]
        await asyncio.gather(*(_one(log, f"{name}.{number}", count) for number, count in enumerate(counts)))
    return events


async def _one(log: PostgresLog, stream: str, events: int) -> None:
    chance, version, shared, left = random.Random(stream), 0, 0, events
    while left:
        if chance.random() < 0.02:
            try:
                await log.append(unit("shared", shared + 1))
            except VersionConflict as conflict:
                shared = conflict.actual_version
                continue
            shared, left = shared + 1, left - 1
        else:
            count = min(left, chance.randint(1, 3))
            await log.append(unit(stream, version + 1, count))
            version, left = version + count, left - count
