"""Bringing a generation that is not served up to a position of the log."""

import asyncio

from adapters.postgres.connection import Connection
from adapters.postgres.log.pages import read_facts
from adapters.postgres.store.generations import Generation, Generations
from adapters.settings import Settings
from workers.projecting.generation_writer import GenerationWriter
from workers.rebuild.lock import RebuildError
from workers.support.progress import Advance, silent

PAGE = 10_000  # facts
TAKE_PATIENCE = 10.0  # seconds to wait for another process to give a segment up
TAKE_PAUSE = 0.05  # seconds between attempts


async def take_over(
    connection: Connection, settings: Settings, generations: Generations, generation: Generation
) -> GenerationWriter:
    """
    Own all segments of a generation that is not served.

    Raises:
        RebuildError: another process owns one of them for longer than TAKE_PATIENCE.
    """
    writer = GenerationWriter(connection, settings, generations, generation)
    try:
        async with asyncio.timeout(TAKE_PATIENCE):
            while len(writer.positions) < generation.segments:
                await writer.take(generation.segments)
                await asyncio.sleep(TAKE_PAUSE)
    except TimeoutError:
        which = f"generation {generation.number} of {generations.projection.name}"
        raise RebuildError(
            f"another process writes segments of {which}: see `campus projections status"
            f" {generations.projection.name}`, and retry when it has ended"
        ) from None
    return writer


async def catch_up(connection: Connection, writer: GenerationWriter, until: int, advance: Advance = silent) -> None:
    """Fold the facts up to the position *until* into the segments that *writer* owns."""
    while (behind := writer.next_batch_range()).position < until:
        end = min(behind.position + PAGE, until)
        facts = behind.cut(await read_facts(connection, behind.position, end))
        if not facts:
            raise RebuildError(f"the log has no facts after position {behind.position}: run `campus log verify`")
        await writer.step(behind.segments, facts)
        advance(len(facts))
