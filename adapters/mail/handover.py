"""
A mail is handed to the mail server: each attempt is noted before it leaves, and the answer when it has come.

What becomes of it is one of three; a server that is away, or has not answered, has the job tried again
(decisions/0432).
"""

from email.message import EmailMessage
from typing import NamedTuple
from uuid import uuid4

from adapters.mail import attempts
from adapters.mail.attempts import Answer, Attempt
from adapters.mail.smtp import MailInDoubt, MailRefused, MailServerAway, Post
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings


class Taken(NamedTuple):
    """The mail server has taken it, after so many attempts; in doubt if one of them had no answer."""

    attempts: int
    doubtful: bool


class Refused(NamedTuple):
    """The mail server takes it at no time; in doubt if an attempt before that had no answer."""

    status: int
    doubtful: bool


class TooDoubtful(NamedTuple):
    """It was handed over twice, each time without an answer."""


class Handover:
    """Hands mails of one campus over."""

    def __init__(self, log: PostgresLog, settings: Settings) -> None:
        self._log = log
        self.post = Post(settings)

    async def was_begun(self, key: str) -> bool:
        """Whether the mail of a job was handed over before: then it is not to go another way."""
        return await self._log.link.run(lambda connection: attempts.was_begun(connection, key))

    async def hand_over(self, mail: EmailMessage, key: str) -> Taken | Refused | TooDoubtful:
        """
        Hand over the mail of a job, unless it was taken before or is in doubt too often.

        Raises:
            MailServerAway: it is to be tried again.
        """
        attempt_id, now = uuid4().hex, self._log.clock.now()
        begun = await self._log.link.run(lambda connection: attempts.begin(connection, key, attempt_id, now))
        if begun.answer is Answer.TAKEN:
            return _taken(begun)
        if begun.is_over:
            return TooDoubtful()
        try:
            await self.post.send(mail)
        except MailRefused as refused:
            answered = await self._answered(key, Answer.NOT_TAKEN)
            return Refused(refused.status, answered.doubtful > 0)
        except MailInDoubt:
            raise
        except MailServerAway:
            await self._answered(key, Answer.NOT_TAKEN)
            raise
        return _taken(await self._answered(key, Answer.TAKEN))

    async def _answered(self, key: str, answer: Answer) -> Attempt:
        return await self._log.link.run(lambda connection: attempts.answered(connection, key, answer))


def _taken(attempt: Attempt) -> Taken:
    return Taken(attempt.number, attempt.doubtful > 0)
