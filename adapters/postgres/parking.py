"""
Parked keys: learners and streams whose facts wait because a read model failed at one of them.

A key is parked before the checkpoint passes the fact that failed, and forgotten in the step that makes it good, so a
crash in between neither loses a fact nor doubles one.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from adapters.postgres.log import END, HISTORY, STREAM
from adapters.postgres.pages import fact_of
from domain.fact import Fact
from projections.fold import Poison

ALL = "SELECT key, first_position FROM parked WHERE projection = %s AND generation = %s"

PARK = """
INSERT INTO parked (projection, generation, key, first_position, type, version, error, trace)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (projection, generation, key) DO UPDATE
   SET first_position = least(parked.first_position, excluded.first_position),
       error = excluded.error, trace = excluded.trace, version = excluded.version
"""

DUE = """
SELECT id, key, first_position FROM parked WHERE projection = %s AND generation = %s AND requested
 ORDER BY first_position
"""

FAILED_AGAIN = """
UPDATE parked
   SET attempts = attempts + 1, requested = false, version = %s, error = %s, trace = %s, tried_at = now()
 WHERE id = %s
"""

FORGET = "DELETE FROM parked WHERE id = %s AND projection = %s AND generation = %s"


LIST = """
SELECT projection, generation, key, first_position, type, version, error, trace, attempts, requested,
       parked_at, tried_at
  FROM parked WHERE projection = ANY(%s) ORDER BY projection, first_position
"""

REQUEST = "UPDATE parked SET requested = true WHERE projection = ANY(%s) AND (%s::text IS NULL OR key = %s)"


class Due(NamedTuple):
    """A parked key that is to be tried again."""

    id: int
    key: str
    first_position: int


class Parking:
    """The parked keys of one generation of a projection; *version* is that of the code at work."""

    def __init__(self, connection: psycopg.AsyncConnection, projection: str, generation: int, version: int) -> None:
        self._connection = connection
        self._who = (projection, generation)
        self._version = version

    async def waiting(self) -> dict[str, int]:
        """Every parked key, and from which position on its facts wait."""
        return await waiting(self._connection, *self._who)

    async def history(self, key: str) -> list[Fact]:
        """Every fact of a key, in the order of the log; `Unreadable` what this code cannot decode."""
        of_learner = await self._connection.execute(HISTORY, {"learner": key, "until": END}, binary=True)
        of_stream = await self._connection.execute(STREAM, (key, 0), binary=True)
        rows = [*await of_learner.fetchall(), *await of_stream.fetchall()]
        return sorted(map(fact_of, rows), key=attrgetter("position"))

    async def park(self, poison: Poison) -> None:
        """Let the key of a poison fact wait."""
        await self._connection.execute(
            PARK,
            (*self._who, _storable(poison.key), poison.position, poison.type, self._version,
             _storable(poison.error), _storable(poison.trace)),
        )  # fmt: skip

    async def due(self) -> list[Due]:
        """The keys that are to be tried again, in the order of their facts."""
        cursor = await self._connection.execute(DUE, self._who)
        return [Due(*row) for row in await cursor.fetchall()]

    async def failed_again(self, due: Due, poison: Poison) -> None:
        """Remember that another try has failed, and how."""
        parameters = (self._version, _storable(poison.error), _storable(poison.trace), due.id)
        await self._connection.execute(FAILED_AGAIN, parameters)

    async def forget(self, parked_id: int) -> None:
        """Take a key that was made good off the list."""
        await self._connection.execute(FORGET, (parked_id, *self._who))


async def waiting(connection: psycopg.AsyncConnection, projection: str, generation: int) -> dict[str, int]:
    """Every parked key of a generation, and from which position on its facts wait."""
    return dict(await (await connection.execute(ALL, (projection, generation))).fetchall())


async def parked_of(connection: psycopg.AsyncConnection, projections: Sequence[str]) -> list[dict[str, Any]]:
    """All that is known of the parked keys of some projections."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(LIST, [list(projections)])
        return await cursor.fetchall()


async def request_retry(connection: psycopg.AsyncConnection, projections: Sequence[str], key: str | None) -> None:
    """Ask the projector to try one parked key, or all, again."""
    await connection.execute(REQUEST, (list(projections), key, key))


def _storable(text: str) -> str:
    """Text that PostgreSQL takes: it knows no NUL, and the error may well be about one."""
    return text.replace("\0", "\\0")
