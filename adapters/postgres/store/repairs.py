"""Repairs: keys (a learner, or a stream that is its own key) whose rows the projector recomputes from the log."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from psycopg.rows import class_row

from adapters.postgres.connection import Connection
from adapters.postgres.store.generations import live
from projections.engine.distribution import partitioned_tables
from projections.engine.projection import Projection

COLUMNS = "id, projection, generation, key, requested_at, done_at, outcome"
REQUEST = """
INSERT INTO repairs (projection, generation, key)
SELECT name, generation, %s FROM projections WHERE name = %s AND status = 'live' RETURNING id
"""
ONE = f"SELECT {COLUMNS} FROM repairs WHERE id = %s"
DUE = f"SELECT {COLUMNS} FROM repairs WHERE projection = %s AND generation = %s AND done_at IS NULL ORDER BY id"
DONE = """
WITH forgotten AS (DELETE FROM audit_findings WHERE projection = %(projection)s AND generation = %(generation)s
                                                AND learner = %(key)s AND %(made)s)
UPDATE repairs SET done_at = now(), outcome = %(outcome)s WHERE id = %(id)s
"""


class CannotRepair(Exception):
    """Rows that cannot be recomputed for one key, as a sentence."""


class Repair(msgspec.Struct):
    """
    A key whose rows are, or were, to be recomputed.

    Attributes:
        key: the id of a learner, or of a stream that is its own key.
        done_at: None until a projector has done it.
        outcome: the result, as a sentence.
    """

    id: int
    projection: str
    generation: int
    key: str
    requested_at: datetime
    done_at: datetime | None = None
    outcome: str | None = None


async def must_be_repairable(connection: Connection, projection: Projection) -> None:
    """Raise CannotRepair where `request_repair` would."""
    name = projection.name
    if not partitioned_tables(projection):
        raise CannotRepair(
            f"no table of {name} has rows of single keys: `campus projections rebuild {name}` recomputes all rows"
        )
    if await live(connection, name) is None:
        raise _not_built(name)


async def request_repair(connection: Connection, projection: Projection, key: str) -> int:
    """
    Have the projector recompute the rows of a key from the log; returns the id of the request.

    Raises:
        CannotRepair: the projection has no rows of single keys, or no live generation.
    """
    await must_be_repairable(connection, projection)
    row = await (await connection.execute(REQUEST, (key, projection.name))).fetchone()
    if row is None:
        raise _not_built(projection.name)
    return int(row[0])


def _not_built(name: str) -> CannotRepair:
    return CannotRepair(f"the read model {name} has not been built yet: is a projector running?")


async def repair_of(connection: Connection, number: int) -> Repair | None:
    """One request."""
    return next(iter(await _found(connection, ONE, (number,))), None)


async def due(connection: Connection, projection: str, generation: int) -> list[Repair]:
    """The open requests, in the order in which they were made."""
    return await _found(connection, DUE, (projection, generation))


async def note_done(connection: Connection, repair: Repair, outcome: str, *, made: bool) -> None:
    """Note the *outcome* of a repair; if rows were *made*, also delete the auditor's findings about this key."""
    await connection.execute(DONE, {**msgspec.structs.asdict(repair), "outcome": outcome, "made": made})


async def _found(connection: Connection, query: str, parameters: Sequence[object]) -> list[Repair]:
    async with connection.cursor(row_factory=class_row(Repair)) as cursor:
        await cursor.execute(query.encode(), parameters)
        return await cursor.fetchall()
