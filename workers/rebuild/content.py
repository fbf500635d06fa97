"""
What a generation holds, as one digest: the same rows give the same digest, wherever and in how many segments they lie.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import msgspec

from adapters.postgres.generations import Generation, Generations
from projections.base import RowKey
from projections.memory import ContentDigest, row_digest
from projections.merge import merged

TELL_EVERY = 1_000  # rows

Row = tuple[int, RowKey, msgspec.Struct]
"""A row or a part of one, with its segment."""


@asynccontextmanager
async def all_rows(
    generations: Generations, generation: Generation
) -> AsyncIterator[tuple[dict[int, int], AsyncIterator[Row]]]:
    """
    The checkpoints and all rows of a generation; those of a segment are as they are at the moment of its checkpoint.

    That is enough for whoever compares them with the log, for a row or its part is made of facts of one segment: each
    is folded up to its own checkpoint. One position for all is there only where nobody writes.
    """
    async with generations.store(generation).snapshot() as (positions, rows):
        yield positions, _each(rows)


async def _each(rows: Iterable[Row]) -> AsyncIterator[Row]:
    for row in rows:
        yield row


async def visible(rows: AsyncIterator[Row]) -> AsyncIterator[tuple[RowKey, msgspec.Struct]]:
    """The rows as readers see them; only those that have to be added up are kept in memory."""
    parts: list[Row] = []
    async for segment, key, row in rows:
        if key.table.spread == "summed":
            parts.append((segment, key, row))
        elif key.table.spread == "keyed" or segment == 0:
            yield key, row
    for summed in merged(parts):
        yield summed


async def content_of(
    generations: Generations, generation: Generation, advance: Callable[[int], None] = lambda _: None
) -> ContentDigest:
    """The content of a generation."""
    content = ContentDigest()
    async with all_rows(generations, generation) as (_, rows):
        async for key, row in visible(rows):
            content.add(key, row_digest(row))
            if content.rows % TELL_EVERY == 0:
                advance(TELL_EVERY)
    return content
