"""
How much of an import the log has already: for each stream, the number of the import's own facts and of others.

Other facts follow when a learner goes on with an imported course. An import appends its own facts in the order of its
plan, so their number says which fact is next.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

import psycopg

from adapters.oulad.archive import Advance

PAGE = 200_000  # positions

COUNTS = """
SELECT stream_id, count(*) FILTER (WHERE position(%(source)s::bytea IN meta) > 0), count(*) FROM events
"""

OF_PAGE = (
    COUNTS
    + """
 WHERE events.position > %(after)s AND events.position <= %(until)s AND split_part(stream_id, ':', 2) = ANY(%(ids)s)
 GROUP BY stream_id
"""
)

OF_STREAMS = COUNTS + " WHERE stream_id = ANY(%(streams)s) GROUP BY stream_id"


class Stored(NamedTuple):
    """How many facts of a stream are the import's own, and how many are not."""

    own: int
    others: int


def mark(source: str) -> bytes:
    """The bytes that name *source* in a fact's meta."""
    return f'"source":"{source}"'.encode()


async def stored_between(
    connection: psycopg.AsyncConnection,
    source: str,
    ids: Collection[str],
    *,
    after: int,
    until: int,
    advance: Advance = lambda _: None,
) -> dict[str, Stored]:
    """
    Count the stored facts of the streams whose second id, a run's or a quiz's, is one of *ids*.

    Args:
        after: position before the first fact of the import; *until* is that of the last fact to read.
        advance: called with the number of positions that were read since.
    """
    found: dict[str, Stored] = {}
    for start in range(after, until, PAGE):
        end = min(start + PAGE, until)
        page = {"source": mark(source), "ids": list(ids), "after": start, "until": end}
        for stream, own, whole in await (await connection.execute(OF_PAGE, page)).fetchall():
            before = found.get(stream, Stored(0, 0))
            found[stream] = Stored(before.own + own, before.others + whole - own)
        advance(end - start)
    return found


async def stored_in(connection: psycopg.AsyncConnection, source: str, streams: Iterable[str]) -> dict[str, Stored]:
    """Count the stored facts of these *streams*."""
    cursor = await connection.execute(OF_STREAMS, {"source": mark(source), "streams": list(streams)})
    return {stream: Stored(own, whole - own) for stream, own, whole in await cursor.fetchall()}
