"""
Dossiers that were asked for over HTTP: a table of those that wait, are being made, or are there, for some days.

The same dossier, asked for again by the same person, is the same request. The process that makes one gives a sign of
life; where it gives none any more, another one begins again.
"""

import secrets
from datetime import datetime

import msgspec
from psycopg.rows import class_row

from adapters.postgres.connection import Connection
from domain.errors import Conflict, NotFound

MOST_WAITING = 20  # requests that are not done
MOST_KEPT = 50  # dossiers that are done
KEPT_DAYS = 7
SILENT_AFTER = 30  # seconds without a sign of life after which another process begins again
MOST_TRIES = 3
LARGEST_FILE = 64 << 20  # bytes

COLUMNS = (
    "id, learner_id, position, asked_by, asked_at, taken_at IS NOT NULL AS is_taken, steps, done_at, failure_code,"
    " failure, length(file) AS bytes"
)
SAME = f"SELECT {COLUMNS} FROM dossiers WHERE learner_id = %s AND position = %s AND asked_by = %s AND failure IS NULL"
ASK = f"""
INSERT INTO dossiers (id, learner_id, position, asked_by)
SELECT %s, %s, %s, %s WHERE (SELECT count(*) FROM dossiers WHERE done_at IS NULL) < %s
ON CONFLICT DO NOTHING RETURNING {COLUMNS}
"""
FORGET = """
DELETE FROM dossiers WHERE asked_at < clock_timestamp() - make_interval(days => %s) OR id IN (
    SELECT id FROM dossiers WHERE done_at IS NOT NULL ORDER BY done_at DESC OFFSET %s)
"""
ONE = f"SELECT {COLUMNS} FROM dossiers WHERE id = %s AND learner_id = %s"
FILE = "SELECT file FROM dossiers WHERE id = %s AND learner_id = %s AND file IS NOT NULL"
TAKE = f"""
UPDATE dossiers SET taken_at = clock_timestamp(), tries = tries + 1, steps = 0
 WHERE id = (SELECT id FROM dossiers
              WHERE done_at IS NULL AND (taken_at IS NULL OR taken_at < clock_timestamp() - make_interval(secs => %s))
              ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {COLUMNS}, tries
"""
TELL = "UPDATE dossiers SET taken_at = clock_timestamp(), steps = %s WHERE id = %s AND done_at IS NULL"
KEEP = "UPDATE dossiers SET file = %s, steps = %s, done_at = clock_timestamp() WHERE id = %s AND done_at IS NULL"
FAIL = (
    "UPDATE dossiers SET failure_code = %s, failure = %s, done_at = clock_timestamp() WHERE id = %s AND done_at IS NULL"
)


class TooManyDossiers(Conflict):
    """More dossiers wait than are made soon."""

    code = "too_many_dossiers"
    template = "{most} dossiers wait to be made: ask again when some of them are there"


class DossierNotFound(NotFound):
    """No dossier of this id was asked for about this learner, or it was forgotten."""

    code = "dossier_not_found"
    template = "there is no dossier {dossier_id} of learner {learner_id}: it was forgotten, or never asked for"


class DossierNotReady(NotFound):
    """The dossier is not there yet, or could not be made."""

    code = "dossier_not_ready"
    template = "the file of dossier {dossier_id} is not there: ask how the dossier stands"


class DossierRequest(msgspec.Struct, kw_only=True):
    """
    A dossier that was asked for.

    Attributes:
        is_taken: a process is making it, or has made it.
        steps: how many steps are done.
        failure: why there is none.
        bytes: how long its file is.
    """

    id: str
    learner_id: str
    position: int
    asked_by: str
    asked_at: datetime
    is_taken: bool
    steps: int
    done_at: datetime | None
    failure_code: str | None
    failure: str | None
    bytes: int | None
    tries: int = 0


async def ask_for(connection: Connection, learner_id: str, position: int, asked_by: str) -> DossierRequest:
    """
    Ask for a dossier, or for the one that the same person has asked for already.

    Raises:
        TooManyDossiers: too many wait.
    """
    same = [learner_id, position, asked_by]
    await connection.execute(FORGET, [KEPT_DAYS, MOST_KEPT])
    async with connection.cursor(row_factory=class_row(DossierRequest)) as cursor:
        for query, values in ((SAME, same), (ASK, [secrets.token_hex(16), *same, MOST_WAITING]), (SAME, same)):
            await cursor.execute(query.encode(), values)
            if (found := await cursor.fetchone()) is not None:
                return found
    raise TooManyDossiers(most=MOST_WAITING)


async def dossier_at(connection: Connection, dossier_id: str, learner_id: str) -> DossierRequest:
    """How a dossier stands; raises DossierNotFound."""
    async with connection.cursor(row_factory=class_row(DossierRequest)) as cursor:
        await cursor.execute(ONE, [dossier_id, learner_id])
        if (found := await cursor.fetchone()) is None:
            raise DossierNotFound(dossier_id=dossier_id, learner_id=learner_id)
        return found


async def file_of(connection: Connection, dossier_id: str, learner_id: str) -> bytes:
    """The file of a dossier; raises DossierNotFound, DossierNotReady."""
    row = await (await connection.execute(FILE, [dossier_id, learner_id], binary=True)).fetchone()
    if row is None:
        await dossier_at(connection, dossier_id, learner_id)
        raise DossierNotReady(dossier_id=dossier_id)
    file: bytes = row[0]
    return file


async def take(connection: Connection) -> DossierRequest | None:
    """The next dossier that is to be made, or made again; None if there is none."""
    async with connection.cursor(row_factory=class_row(DossierRequest)) as cursor:
        await cursor.execute(TAKE, [SILENT_AFTER])
        return await cursor.fetchone()


async def tell(connection: Connection, dossier_id: str, steps: int) -> None:
    """Give a sign of life: so many steps are done."""
    await connection.execute(TELL, [steps, dossier_id])


async def keep(connection: Connection, dossier_id: str, steps: int, file: bytes) -> None:
    """Keep the file of a dossier that is made."""
    await connection.execute(KEEP, [file, steps, dossier_id])


async def give_up(connection: Connection, dossier_id: str, code: str, sentence: str) -> None:
    """Note that a dossier cannot be made, and why."""
    await connection.execute(FAIL, [code, sentence, dossier_id])
