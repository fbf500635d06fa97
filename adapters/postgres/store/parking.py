"""
Parked keys: learners, or other keys, whose facts wait because a read model failed at one of them.

A key is parked before the checkpoint passes the fact that failed, and forgotten in the step that makes it good, so a
crash in between neither loses a fact nor doubles one. A fact that no code will ever fold can be skipped, with a reason.

The stream of a reference aggregate (a course, a run, a quiz) is not healed in place: rows of other keys have been
folded without its facts. It waits until a rebuild.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from adapters.postgres.log.history import history_of
from adapters.postgres.log.postgres_log import END
from domain.fact import Fact
from domain.streams import is_reference
from projections.engine.live import Exclusions, Fenced, Poison

NEEDS_REBUILD = "rows of other keys may depend on it: rebuild"  # why a reference stream is not tried again

ALL = "SELECT segment, key, first_position FROM parked WHERE projection = %s AND generation = %s"
PLACES = "SELECT segment, key FROM parked WHERE id = ANY(%s)"
SKIPPED = "SELECT position FROM skipped WHERE projection = %s AND version = %s"

PARK = """
INSERT INTO parked (projection, generation, segment, key, first_position, failed_position, type, version, error, trace)
SELECT %(projection)s, %(generation)s, %(segment)s, %(key)s, %(position)s, %(position)s, %(type)s, %(version)s,
       %(error)s, %(trace)s
  FROM segments
 WHERE projection = %(projection)s AND generation = %(generation)s AND segment = %(segment)s AND epoch = %(epoch)s
   FOR SHARE
ON CONFLICT (projection, generation, segment, key) DO UPDATE
   SET first_position = least(parked.first_position, excluded.first_position),
       failed_position = excluded.failed_position, type = excluded.type,
       error = excluded.error, trace = excluded.trace, version = excluded.version
"""

# xmin tells whether a row is still as it was read: who asks for another try meanwhile, or skips, is heard.
DUE = """
SELECT parked.id, segment, key, first_position, parked.xmin::text, stream_id FROM parked
  LEFT JOIN events ON events.position = first_position
 WHERE projection = %s AND generation = %s AND segment = ANY(%s) AND requested
 ORDER BY first_position
"""

ANSWER = "UPDATE parked SET requested = requested AND xmin::text <> %s WHERE id = %s"

FAILED_AGAIN = """
UPDATE parked
   SET attempts = attempts + 1, requested = requested AND xmin::text <> %s, version = %s,
       failed_position = %s, type = %s, error = %s, trace = %s, tried_at = now()
 WHERE id = %s
"""

CLEAR = "DELETE FROM parked WHERE projection = %s AND generation = %s AND segment = %s"
FORGET = "DELETE FROM parked WHERE id = ANY(%s) AND projection = %s AND generation = %s"

LIST = """
SELECT projection, generation, segment, key, first_position, failed_position, parked.type, version, error, trace,
       attempts, requested, parked_at, tried_at, stream_id AS stream
  FROM parked LEFT JOIN events ON events.position = first_position
 WHERE projection = ANY(%s) ORDER BY projection, generation, first_position, segment
"""

# Segments that have counted facts as waiting although nothing waits in them.
LOST = """
SELECT s.projection, s.segment
  FROM segments AS s JOIN projections AS p ON p.name = s.projection AND p.generation = s.generation
 WHERE p.status = 'live' AND s.parked > 0
   AND NOT EXISTS (SELECT FROM parked WHERE parked.projection = s.projection AND parked.generation = s.generation
                      AND parked.segment = s.segment)
"""

REQUEST = "UPDATE parked SET requested = true WHERE projection = ANY(%s) AND (%s::text IS NULL OR key = %s)"
REQUESTED = """
SELECT count(*) FROM parked JOIN projections AS p ON p.name = parked.projection AND p.generation = parked.generation
 WHERE p.status = 'live' AND parked.requested AND parked.projection = ANY(%s) AND (%s::text IS NULL OR parked.key = %s)
"""
REQUEST_SEGMENTS = "UPDATE parked SET requested = true WHERE projection = %s AND generation = %s AND segment = ANY(%s)"

FAILING = """
SELECT generations.version, p.failed_position
  FROM parked AS p JOIN projections AS generations
       ON generations.name = p.projection AND generations.generation = p.generation
 WHERE p.projection = %(projection)s AND p.key = %(key)s
   AND CASE WHEN %(generation)s::int IS NULL THEN generations.status = 'live'
            ELSE p.generation = %(generation)s END
 ORDER BY p.segment
   FOR UPDATE OF p
"""

SKIP = """
INSERT INTO skipped (projection, version, position, key, reason, skipped_by)
VALUES (%(projection)s, %(version)s, %(position)s, %(key)s, %(reason)s, %(by)s)
ON CONFLICT DO NOTHING
"""

LIST_SKIPPED = """
SELECT projection, version, position, key, reason, skipped_by, skipped_at
  FROM skipped WHERE projection = ANY(%s) ORDER BY projection, version, position
"""


class FailsElsewhere(Exception):
    """A parked key does not fail, or not only, at the fact that somebody would do without."""


class Due(NamedTuple):
    """
    A parked key that is to be tried again.

    Attributes:
        state: another one as soon as somebody asks for that again.
        stream: of the first fact that waits; None if the log has no such position any more.
    """

    id: int
    segment: int
    key: str
    first_position: int
    state: str
    stream: str | None

    @property
    def needs_rebuild(self) -> bool:
        """Whether it is a reference stream, which only a rebuild heals."""
        return _needs_rebuild(self.stream)


class Parking:
    """The parked keys of one generation of a projection; *version* is that of the code at work."""

    def __init__(self, connection: psycopg.AsyncConnection, projection: str, generation: int, version: int) -> None:
        self._connection = connection
        self._projection = projection
        self._generation = generation
        self._version = version

    async def held(self) -> Exclusions:
        """Every parked key, from which position on its facts wait, and the facts to do without."""
        return await held(self._connection, self._projection, self._generation, self._version)

    async def history(self, key: str) -> list[Fact]:
        """Every fact of a key, in the order of the log; `Unreadable` what this code cannot decode."""
        return await history_of(self._connection, key, END)

    async def park(self, poison: Poison, epoch: int) -> None:
        """
        Let the key of a poison fact wait, in this epoch of its segment.

        Raises:
            Fenced: the segment belongs to somebody else by now, who has to decide for itself.
        """
        parked = await self._connection.execute(
            PARK,
            {
                "projection": self._projection,
                "generation": self._generation,
                "segment": poison.segment,
                "key": _storable(poison.key),
                "position": poison.position,
                "type": poison.type,
                "version": self._version,
                "error": _storable(poison.error),
                "trace": _storable(poison.trace),
                "epoch": epoch,
            },
        )
        if not parked.rowcount:
            raise Fenced

    async def due(self, segments: Sequence[int]) -> list[Due]:
        """The keys of some segments that are to be tried again, in the order of their facts."""
        cursor = await self._connection.execute(DUE, (self._projection, self._generation, list(segments)))
        return [Due(*row) for row in await cursor.fetchall()]

    async def request(self, segments: Sequence[int]) -> None:
        """Have what is parked in some segments tried again."""
        await self._connection.execute(REQUEST_SEGMENTS, (self._projection, self._generation, list(segments)))

    async def failed_again(self, due: Due, poison: Poison) -> None:
        """Remember that another try has failed, and how."""
        error, trace = _storable(poison.error), _storable(poison.trace)
        parameters = (due.state, self._version, poison.position, poison.type, error, trace, due.id)
        await self._connection.execute(FAILED_AGAIN, parameters)

    async def leave(self, due: Due) -> None:
        """Answer whoever has asked for another try with none."""
        await self._connection.execute(ANSWER, (due.state, due.id))

    async def clear(self, segment: int) -> None:
        """Forget all that is parked in a segment, which begins anew."""
        await self._connection.execute(CLEAR, (self._projection, self._generation, segment))

    async def forget(self, *parked_ids: int) -> None:
        """Take keys that were made good off the list."""
        await self._connection.execute(FORGET, (list(parked_ids), self._projection, self._generation))


async def held(connection: psycopg.AsyncConnection, projection: str, generation: int, version: int) -> Exclusions:
    """Every parked key of a generation, and the facts that code of this version does without."""
    waiting = await (await connection.execute(ALL, (projection, generation))).fetchall()
    skipped = await (await connection.execute(SKIPPED, (projection, version))).fetchall()
    return Exclusions({(segment, key): first for segment, key, first in waiting}, frozenset(row[0] for row in skipped))


async def without(connection: psycopg.AsyncConnection, held: Exclusions, parked_ids: Sequence[int]) -> Exclusions:
    """*held*, without the keys that have been made good and are only not forgotten yet."""
    if not parked_ids:
        return held
    rows = await (await connection.execute(PLACES, [list(parked_ids)])).fetchall()
    healed = set(rows)
    return Exclusions({place: first for place, first in held.waiting.items() if place not in healed}, held.skipped)


async def parked_of(connection: psycopg.AsyncConnection, projections: Sequence[str]) -> list[dict[str, Any]]:
    """All that is known of the parked keys of some projections; `needs_rebuild` is whether only a rebuild heals one."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(LIST, [list(projections)])
        found = await cursor.fetchall()
    for row in found:
        row["needs_rebuild"] = _needs_rebuild(row.pop("stream"))
    return found


async def lost_of(connection: psycopg.AsyncConnection) -> set[tuple[str, int]]:
    """
    Read models and segments of what is served in which facts wait of which nobody knows any more.

    So it is after a power cut that has taken back what Valkey wrote when a key was made good, but not that this key was
    forgotten. So it also looks for a moment whenever one is made good: look again.
    """
    return set(await (await connection.execute(LOST)).fetchall())


async def request_retry(connection: psycopg.AsyncConnection, projections: Sequence[str], key: str | None) -> None:
    """Ask the projector to try one parked key, or all, again."""
    await connection.execute(REQUEST, (list(projections), key, key))


async def requested(connection: psycopg.AsyncConnection, projections: Sequence[str], key: str | None) -> int:
    """How many keys of what is served are still to be tried again."""
    row = await (await connection.execute(REQUESTED, (list(projections), key, key))).fetchone()
    return int(row[0]) if row else 0


async def skip(
    connection: psycopg.AsyncConnection,
    projection: str,
    key: str,
    *,
    reason: str,
    by: str,
    position: int | None = None,
    generation: int | None = None,
) -> int | None:
    """
    Do without the fact at which a parked key fails, and have the projector go on with the facts behind it.

    Args:
        position: at which the key fails, as far as the one who asks has seen.
        generation: in which it does; the one that is served when left out.

    Returns:
        The position that is skipped from now on, by all code of the version that failed; None if nothing is parked.

    Raises:
        FailsElsewhere: the key fails at another position by now, or at more than one.
    """
    place = {"projection": projection, "key": key, "generation": generation}
    async with connection.transaction():
        found = set(await (await connection.execute(FAILING, place)).fetchall())
        if not found:
            return None
        failing = sorted(at for _, at in found)
        if (len(found) > 1 and position is None) or position not in {None, *failing}:
            raise FailsElsewhere(f"{key} fails at position {', '.join(f'{at:,}' for at in failing)} of {projection}")
        version, at = next(each for each in found if position in {None, each[1]})
        await connection.execute(SKIP, {**place, "version": version, "position": at, "reason": reason, "by": by})
        await request_retry(connection, [projection], key)
    return int(at)


async def skipped_of(connection: psycopg.AsyncConnection, projections: Sequence[str]) -> list[dict[str, Any]]:
    """The facts that some projections do without: why, and who has decided that."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(LIST_SKIPPED, [list(projections)])
        return await cursor.fetchall()


def _needs_rebuild(stream: str | None) -> bool:
    return stream is not None and is_reference(stream)


def _storable(text: str) -> str:
    """Text that PostgreSQL takes: it knows no NUL, and the error may well be about one."""
    return text.replace("\0", "\\0")
