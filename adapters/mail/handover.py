"""
A mail is handed to the mail server: each attempt is noted before it leaves, and the answer when it has come.

What becomes of it is one of three; a server that is away, or has not answered, has the job tried again
(decisions/0432).
"""

from datetime import timedelta
from email.message import EmailMessage
from hashlib import blake2b
from typing import NamedTuple
from uuid import uuid4

from adapters.mail import attempts
from adapters.mail.attempts import Answer, Attempt
from adapters.mail.smtp import MailInDoubt, MailRefused, MailServerAway, Post
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.procrastinate.queue import NotYetDue
from adapters.settings import Settings

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MOST_OF_PERSON = 10
"""Mails that can wait to one person within an hour; what is above goes into the digest."""


class Taken(NamedTuple):
    """The mail server has taken it, after so many attempts; in doubt if one of them had no answer."""

    attempts: int
    doubtful: bool


class Refused(NamedTuple):
    """The mail server takes it at no time; in doubt if an attempt before that had no answer."""

    status: int
    doubtful: bool
    has_no_mailbox: bool


class TooDoubtful(NamedTuple):
    """It was handed over twice, each time without an answer."""


class Handover:
    """Hands mails of one campus over."""

    def __init__(self, log: PostgresLog, settings: Settings) -> None:
        self._log = log
        self.post = Post(settings)
        self._most = settings.mails_per_minute

    async def was_begun(self, key: str) -> bool:
        """Whether the mail of a job was handed over before: then it is not to go another way."""
        return await self._log.link.run(lambda connection: attempts.was_begun(connection, key))

    async def is_full_for(self, learner_id: str) -> bool:
        """Whether a person has got as many mails within an hour as may come at most."""
        since = self._log.clock.now() - HOUR
        number = await self._log.link.run(lambda connection: attempts.number_since(connection, since, learner_id))
        return number >= MOST_OF_PERSON

    async def hand_over(
        self, mail: EmailMessage, key: str, learner_id: str, return_address: str | None = None
    ) -> Taken | Refused | TooDoubtful:
        """
        Hand over the mail of a job to a person, unless it was taken before or is in doubt too often.

        Raises:
            MailServerAway: it is to be tried again.
            NotYetDue: the same a little later, as the campus has handed over as many as it may in a minute.
        """
        await self._wait_for_turn(key)
        attempt_id, now = uuid4().hex, self._log.clock.now()
        begun = await self._log.link.run(
            lambda connection: attempts.begin(connection, key, attempt_id, now, learner_id)
        )
        if begun.answer is Answer.TAKEN:
            return _taken(begun)
        if begun.is_over:
            return TooDoubtful()
        try:
            await self.post.send(mail, return_address)
        except MailRefused as refused:
            answered = await self._answered(key, Answer.NOT_TAKEN)
            return Refused(refused.status, answered.doubtful > 0, refused.has_no_mailbox)
        except MailInDoubt:
            raise
        except MailServerAway:
            await self._answered(key, Answer.NOT_TAKEN)
            raise
        return _taken(await self._answered(key, Answer.TAKEN))

    async def _wait_for_turn(self, key: str) -> None:
        """Not more mails in a minute than the operator has set; they come again at times of their own."""
        now = self._log.clock.now()
        if not self._most:
            return
        number = await self._log.link.run(lambda connection: attempts.number_since(connection, now - MINUTE))
        if number >= self._most:
            share = int.from_bytes(blake2b(key.encode(), digest_size=2).digest()) / 2**16
            raise NotYetDue(self._log.clock.on_machine(now + MINUTE * (0.5 + share)))

    async def _answered(self, key: str, answer: Answer) -> Attempt:
        return await self._log.link.run(lambda connection: attempts.answered(connection, key, answer))


def _taken(attempt: Attempt) -> Taken:
    return Taken(attempt.number, attempt.doubtful > 0)
