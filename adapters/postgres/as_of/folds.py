"""
Folds of whole read models for a moment: each has a row, which those who ask wait for, and workers/as_of carries it out.

All who ask for the same moment of the same read models by the same code wait for the same fold. Its result is a
snapshot of each read model (snapshots.py). At most MOST_WAITING folds wait: one more is refused.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Literal, NamedTuple

import msgspec
import psycopg

from adapters.postgres.as_of.snapshots import ANCHOR
from projections.engine.fingerprint import code_digest
from projections.engine.moment import Moment
from projections.engine.projection import Projection

MOST_WAITING = 64  # folds; each takes seconds
AGAIN_AFTER = 10  # seconds after which a fold that has failed is begun again by the next who asks

Status = Literal["waiting", "folding", "done", "failed"]
COLUMNS = "fold_id, projections, position, valid_at, status, done, total, error, number, askers"
Number = tuple[str, str, str]
"""View, key and field of a number whose parts are asked for."""
ASK = f"""
WITH room AS (SELECT count(*) < {MOST_WAITING} AS is_left FROM folds_as_of WHERE status = 'waiting'),
asked AS (
    INSERT INTO folds_as_of AS f (fold_id, projections, position, valid_at, number)
    SELECT %(id)s, %(projections)s, %(position)s, %(valid_at)s, %(number)s FROM room
     WHERE is_left OR EXISTS (SELECT FROM folds_as_of WHERE fold_id = %(id)s)
        ON CONFLICT (fold_id) DO UPDATE
       SET status = 'waiting', done = 0, error = NULL, ended_at = NULL, asked_at = clock_timestamp()
     WHERE f.status = 'done' AND f.found IS NULL
        OR f.status = 'failed' AND f.ended_at < clock_timestamp() - interval '{AGAIN_AFTER} s'
    RETURNING 1)
SELECT is_left, EXISTS (SELECT FROM asked) FROM room
"""
LOOK = f"SELECT {COLUMNS} FROM folds_as_of WHERE fold_id = %s"
ANCHOR_AT = f"SELECT {ANCHOR.format('%s')}"
RESTART = "UPDATE folds_as_of SET status = 'waiting', done = 0 WHERE status = 'folding'"
TAKE = f"""
UPDATE folds_as_of SET status = 'folding', done = 0 WHERE fold_id = (
    SELECT fold_id FROM folds_as_of WHERE status = 'waiting' ORDER BY asked_at, fold_id LIMIT 1)
RETURNING {COLUMNS}
"""
NOTE_ASKER = """
UPDATE folds_as_of SET askers = array_append(askers, %(user)s) WHERE fold_id = %(id)s AND NOT %(user)s = ANY(askers)
"""
NOTE = "UPDATE folds_as_of SET done = %s, total = %s WHERE fold_id = %s"
END = """
UPDATE folds_as_of SET status = %s, error = %s, found = %s, ended_at = clock_timestamp(),
       done = CASE WHEN %s::text IS NULL THEN total ELSE done END
 WHERE fold_id = %s
"""
FOUND = "SELECT found FROM folds_as_of WHERE fold_id = %s"


class Fold(NamedTuple):
    """
    One fold.

    Attributes:
        done, total: facts; *total* is 0 as long as it is not known.
        error: why it has failed.
        number: whose parts are asked for; None where whole rows are.
        askers: users who wait for it.
    """

    id: str
    projections: list[str]
    position: int
    valid_at: datetime | None
    status: Status
    done: int
    total: int
    error: str | None
    number: list[str] | None
    askers: list[str]


class TooManyFolds(Exception):
    """As many folds wait as may."""


async def ask(
    connection: psycopg.AsyncConnection,
    projections: Sequence[Projection],
    moment: Moment,
    number: Number | None = None,
) -> Fold:
    """
    Ask for a fold, which others may have asked for; one whose rows were deleted since they were there is begun again.

    Args:
        number: whose parts are wanted, instead of rows.

    Raises:
        TooManyFolds: there is no room for another one.
    """
    fold_id = await _id(connection, projections, moment, number)
    names = [each.name for each in projections]
    parameters = {"id": fold_id, "projections": names, "position": moment.position, "valid_at": moment.valid_at}
    parameters["number"] = None if number is None else list(number)
    await connection.execute(ASK, parameters)
    found = await look(connection, fold_id)
    if found is None:
        raise TooManyFolds(f"{MOST_WAITING} moments wait to be folded, which is the most: ask again later")
    return found


async def look(connection: psycopg.AsyncConnection, fold_id: str) -> Fold | None:
    """How a fold stands; None if there is none of this id, or no more."""
    row = await (await connection.execute(LOOK, [fold_id])).fetchone()
    return None if row is None else Fold(*row)


async def note_asker(connection: psycopg.AsyncConnection, fold_id: str, user: str) -> None:
    """Note that a user waits for a fold, and may look how far it is."""
    await connection.execute(NOTE_ASKER, {"id": fold_id, "user": user})


async def restart(connection: psycopg.AsyncConnection) -> None:
    """Let the folds of a process that has ended wait again."""
    await connection.execute(RESTART)


async def take(connection: psycopg.AsyncConnection) -> Fold | None:
    """The fold that has waited longest, from now on in hand."""
    row = await (await connection.execute(TAKE)).fetchone()
    return None if row is None else Fold(*row)


async def note(connection: psycopg.AsyncConnection, fold: Fold, done: int, total: int) -> None:
    """Note how far a fold is."""
    await connection.execute(NOTE, (done, total, fold.id))


async def end(
    connection: psycopg.AsyncConnection, fold: Fold, error: str | None = None, found: bytes | None = None
) -> None:
    """Note that a fold is done, with what was *found* of a number, or why it has failed."""
    await connection.execute(END, ("done" if error is None else "failed", error, found, error, fold.id))


async def found_by(connection: psycopg.AsyncConnection, fold: Fold) -> bytes | None:
    """What a fold has found of a number; None if it was deleted since."""
    row = await (await connection.execute(FOUND, [fold.id])).fetchone()
    return None if row is None or row[0] is None else bytes(row[0])


async def _id(
    connection: psycopg.AsyncConnection, projections: Sequence[Projection], moment: Moment, number: Number | None
) -> str:
    row = await (await connection.execute(ANCHOR_AT, [moment.position])).fetchone()
    named = [[each.name, code_digest(each)] for each in projections]
    anchor = (row[0] if row else None) or b""
    of_number = [] if number is None else [number]
    text = msgspec.json.encode([named, moment.position, moment.valid_at, anchor.hex(), *of_number])
    return blake2b(text, digest_size=16).hexdigest()
