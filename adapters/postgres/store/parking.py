"""
Parked keys: learners, or other keys, whose facts wait because a read model failed at one of them.

The projector parks a key before the checkpoint passes the fact that failed, and deletes the entry in the step that
heals the key, so a crash in between neither loses a fact nor applies one twice. A fact that no code can fold is skipped
by an operator, with a reason.

The stream of a reference aggregate (a course, a run, a quiz) is not healed in place: rows of other keys have been
folded without its facts. It waits for a rebuild.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg.rows import dict_row

from adapters.postgres.connection import Connection
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

# xmin shows whether a row has changed since it was read, so that a request or a skip meanwhile is not lost.
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

# Segments that count parked facts but have no parked key.
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
    """The position given to `parked skip` is not the only one at which the key fails."""


class Due(NamedTuple):
    """
    A parked key for which a retry is requested.

    Attributes:
        state: changes with every new request.
        stream: of the first fact that waits; None if the log no longer has its position.
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
    """The parked keys of one generation of a projection; *version* is that of the running code."""

    def __init__(self, connection: Connection, projection: str, generation: int, version: int) -> None:
        self._connection = connection
        self._projection = projection
        self._generation = generation
        self._version = version

    async def held(self) -> Exclusions:
        """Every parked key with the position from which its facts wait, and the skipped facts."""
        return await held(self._connection, self._projection, self._generation, self._version)

    async def history(self, key: str) -> list[Fact]:
        """Every fact of a key in log order; `Unreadable` for those that this code cannot decode."""
        return await history_of(self._connection, key, END)

    async def park(self, poison: Poison, epoch: int) -> None:
        """
        Park the key of a poison fact, in this epoch of its segment.

        Raises:
            Fenced: the segment has another owner by now.
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
        """The keys of some segments for which a retry is requested, in the order of their first facts."""
        cursor = await self._connection.execute(DUE, (self._projection, self._generation, list(segments)))
        return [Due(*row) for row in await cursor.fetchall()]

    async def request(self, segments: Sequence[int]) -> None:
        """Request a retry of all keys that are parked in some segments."""
        await self._connection.execute(REQUEST_SEGMENTS, (self._projection, self._generation, list(segments)))

    async def failed_again(self, due: Due, poison: Poison) -> None:
        """Record that a retry has failed, and how."""
        error, trace = _storable(poison.error), _storable(poison.trace)
        parameters = (due.state, self._version, poison.position, poison.type, error, trace, due.id)
        await self._connection.execute(FAILED_AGAIN, parameters)

    async def leave(self, due: Due) -> None:
        """Withdraw the request without a retry."""
        await self._connection.execute(ANSWER, (due.state, due.id))

    async def clear(self, segment: int) -> None:
        """Delete all parked keys of a segment that is folded from the start."""
        await self._connection.execute(CLEAR, (self._projection, self._generation, segment))

    async def forget(self, *parked_ids: int) -> None:
        """Delete healed keys from the list."""
        await self._connection.execute(FORGET, (list(parked_ids), self._projection, self._generation))


async def held(connection: Connection, projection: str, generation: int, version: int) -> Exclusions:
    """Every parked key of a generation, and the facts that code of this version skips."""
    waiting = await (await connection.execute(ALL, (projection, generation))).fetchall()
    skipped = await (await connection.execute(SKIPPED, (projection, version))).fetchall()
    return Exclusions({(segment, key): first for segment, key, first in waiting}, frozenset(row[0] for row in skipped))


async def without(connection: Connection, held: Exclusions, parked_ids: Sequence[int]) -> Exclusions:
    """*held*, without the keys that are healed and not yet deleted from the list."""
    if not parked_ids:
        return held
    rows = await (await connection.execute(PLACES, [list(parked_ids)])).fetchall()
    healed = set(rows)
    return Exclusions({place: first for place, first in held.waiting.items() if place not in healed}, held.skipped)


async def parked_of(connection: Connection, projections: Sequence[str]) -> list[dict[str, Any]]:
    """The parked keys of some projections, with all columns; `needs_rebuild` is whether only a rebuild heals one."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(LIST, [list(projections)])
        found = await cursor.fetchall()
    for row in found:
        row["needs_rebuild"] = _needs_rebuild(row.pop("stream"))
    return found


async def lost_of(connection: Connection) -> set[tuple[str, int]]:
    """
    Read models and segments of live generations that count parked facts but have no parked key.

    This happens after a power cut that took back what Valkey wrote when a key healed, but not the deletion of that key
    in PostgreSQL. It also shows for a moment whenever a key heals: check twice.
    """
    return set(await (await connection.execute(LOST)).fetchall())


async def request_retry(connection: Connection, projections: Sequence[str], key: str | None) -> None:
    """Request a retry of one parked key, or of all."""
    await connection.execute(REQUEST, (list(projections), key, key))


async def requested(connection: Connection, projections: Sequence[str], key: str | None) -> int:
    """The number of keys of live generations whose retry is still to be done."""
    row = await (await connection.execute(REQUESTED, (list(projections), key, key))).fetchone()
    return int(row[0]) if row else 0


async def failing(
    connection: Connection, projection: str, key: str, generation: int | None = None
) -> set[tuple[int, int]]:
    """Versions of the rule and positions at which a parked key fails, in a generation or in what is served."""
    place = {"projection": projection, "key": key, "generation": generation}
    return set(await (await connection.execute(FAILING, place)).fetchall())


async def skip(
    connection: Connection,
    projection: str,
    key: str,
    *,
    reason: str,
    by: str,
    position: int | None = None,
    generation: int | None = None,
) -> int | None:
    """
    Skip the fact at which a parked key fails, and request a retry of the facts after it.

    Args:
        position: at which the key fails, as the operator has seen it.
        generation: in which it fails; the live one when left out.

    Returns:
        The position that is skipped from now on, by all code of the version that failed; None if nothing is parked.

    Raises:
        FailsElsewhere: the key fails at another position by now, or at more than one.
    """
    place = {"projection": projection, "key": key, "generation": generation}
    async with connection.transaction():
        found = await failing(connection, projection, key, generation)
        if not found:
            return None
        positions = sorted(at for _, at in found)
        if (len(found) > 1 and position is None) or position not in {None, *positions}:
            raise FailsElsewhere(f"{key} fails at position {', '.join(f'{at:,}' for at in positions)} of {projection}")
        version, at = next(each for each in found if position in {None, each[1]})
        await connection.execute(SKIP, {**place, "version": version, "position": at, "reason": reason, "by": by})
        await request_retry(connection, [projection], key)
    return int(at)


async def skipped_of(connection: Connection, projections: Sequence[str]) -> list[dict[str, Any]]:
    """The skipped facts of some projections, with reason and operator."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(LIST_SKIPPED, [list(projections)])
        return await cursor.fetchall()


def _needs_rebuild(stream: str | None) -> bool:
    return stream is not None and is_reference(stream)


def _storable(text: str) -> str:
    """Text without NUL, which PostgreSQL does not store; the error may be about one."""
    return text.replace("\0", "\\0")
