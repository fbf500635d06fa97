"""The digest of a generation's content: the same rows give the same digest in any store and any number of segments."""

from collections.abc import Callable

from adapters.postgres.store.generations import Generation, Generations
from projections.engine.digest import ContentDigest, row_digest
from projections.engine.merge import merged

REPORT_EVERY = 1_000  # rows


async def content_of(
    generations: Generations, generation: Generation, advance: Callable[[int], None] = lambda _: None
) -> ContentDigest:
    """Digest all rows of a generation, as readers see them."""
    content = ContentDigest()
    async with generations.store(generation).snapshot() as (_, rows):
        for key, row in merged(rows):
            content.add(key, row_digest(row))
            if content.rows % REPORT_EVERY == 0:
                advance(REPORT_EVERY)
    return content
