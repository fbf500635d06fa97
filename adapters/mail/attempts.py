"""
Which mails were handed to the mail server, and what it has said: the table `mail_attempts` beside the log.

An attempt is noted before the mail leaves, and the answer after it has come. A process that dies in between leaves an
attempt without an answer: the mail may have gone out. It is sent once more at the most, and then no more.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from adapters.postgres.connection import Connection

MOST_DOUBTFUL = 2
"""After so many attempts without an answer a mail is not sent again."""
KEPT = timedelta(days=60)
"""No job asks for longer."""
FORGOTTEN_AT_ONCE = 10_000  # rows

BEGIN = """
INSERT INTO mail_attempts AS mail (key, attempt_id, attempts, doubtful, answer, begun_at, learner_id)
VALUES (%(key)s, %(attempt)s, 1, 0, NULL, %(now)s, %(learner)s)
ON CONFLICT (key) DO UPDATE SET
    attempt_id = excluded.attempt_id, attempts = mail.attempts + 1, answer = NULL, begun_at = excluded.begun_at,
    doubtful = mail.doubtful + CASE WHEN mail.answer IS NULL THEN 1 ELSE 0 END
 WHERE mail.answer IS DISTINCT FROM 'taken' AND mail.attempt_id <> excluded.attempt_id
   AND mail.doubtful + CASE WHEN mail.answer IS NULL THEN 1 ELSE 0 END < %(most)s
RETURNING attempts, doubtful
"""
FIND = "SELECT attempt_id, attempts, doubtful, answer FROM mail_attempts WHERE key = %s"
TO_PERSON = "SELECT count(*) FROM mail_attempts WHERE learner_id = %s AND begun_at > %s AND attempts > 0"
OF_CAMPUS = "SELECT count(*) FROM mail_attempts WHERE begun_at > %s AND attempts > 0"
BEGUN = "SELECT attempts > 0 FROM mail_attempts WHERE key = %s"
ANSWER = "UPDATE mail_attempts SET answer = %s WHERE key = %s RETURNING attempts, doubtful"
FORGET = """
DELETE FROM mail_attempts
 WHERE key IN (SELECT key FROM mail_attempts WHERE begun_at < %s ORDER BY begun_at LIMIT %s)
"""


class Answer(StrEnum):
    """What the mail server has said to the latest attempt."""

    TAKEN = "taken"
    NOT_TAKEN = "not_taken"


class Attempt(NamedTuple):
    """
    How a mail stands.

    Attributes:
        number: how often it was handed to the server, with the attempt that begins.
        doubtful: attempts before that one whose answer is not known.
        answer: TAKEN where that was noted before: it is not to be sent.
    """

    number: int
    doubtful: int
    answer: Answer | None = None

    @property
    def is_over(self) -> bool:
        """Whether too many are in doubt: it is not to be sent either."""
        return self.doubtful >= MOST_DOUBTFUL


async def begin(connection: Connection, key: str, attempt_id: str, now: datetime, learner_id: str) -> Attempt:
    """Note that a mail is about to be handed over, if it is to be; the same attempt once more changes nothing."""
    asked = {"key": key, "attempt": attempt_id, "now": now, "learner": learner_id, "most": MOST_DOUBTFUL}
    begun = await (await connection.execute(BEGIN, asked)).fetchone()  # one statement: jobs share the connection
    if begun is not None:
        return Attempt(*begun)
    ((latest, number, doubtful, answer),) = await (await connection.execute(FIND, [key])).fetchall()
    if answer == Answer.TAKEN:
        return Attempt(number, doubtful, Answer(answer))
    return Attempt(number, doubtful if latest == attempt_id else doubtful + (answer is None))


async def number_since(connection: Connection, since: datetime, learner_id: str | None = None) -> int:
    """How many mails were handed over since a time, to a person or to all; each counts once, however often it was."""
    asked = (OF_CAMPUS, (since,)) if learner_id is None else (TO_PERSON, (learner_id, since))
    ((number,),) = await (await connection.execute(*asked)).fetchall()
    return int(number)


async def was_begun(connection: Connection, key: str) -> bool:
    """Whether a mail was handed over before, whatever has become of it."""
    rows = await (await connection.execute(BEGUN, [key])).fetchall()
    return rows == [(True,)]


async def answered(connection: Connection, key: str, answer: Answer) -> Attempt:
    """Note what the server has said; how the mail stands, also by attempts of other processes meanwhile."""
    ((number, doubtful),) = await (await connection.execute(ANSWER, (answer.value, key))).fetchall()
    return Attempt(number, doubtful, answer)


async def forget_old(connection: Connection, now: datetime) -> None:
    """Forget mails of long ago, as many as are deleted at once."""
    await connection.execute(FORGET, (now - KEPT, FORGOTTEN_AT_ONCE))
