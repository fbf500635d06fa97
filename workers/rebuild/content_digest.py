"""
What a generation holds, as one digest: the same rows give the same digest, wherever and in how many segments they lie.
"""

from collections.abc import Callable

from adapters.postgres.store.generations import Generation, Generations
from projections.engine.digest import ContentDigest, row_digest
from projections.engine.merge import merged

TELL_EVERY = 1_000  # rows


async def content_of(
    generations: Generations, generation: Generation, advance: Callable[[int], None] = lambda _: None
) -> ContentDigest:
    """The content of a generation, as readers see it."""
    content = ContentDigest()
    async with generations.store(generation).snapshot() as (_, rows):
        for key, row in merged(rows):
            content.add(key, row_digest(row))
            if content.rows % TELL_EVERY == 0:
                advance(TELL_EVERY)
    return content
