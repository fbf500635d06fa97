"""
Digests by mail: what has waited goes out as one, each kind of thing once with its number.

What a digest has taken in stands in its facts. What was muted or seen on the pages by the time it is sent is left out,
and a digest of nothing is not sent.
"""

from collections import Counter
from typing import Any

from adapters.command_bus.replay import replayed
from adapters.mail.handover import Refused, Taken
from adapters.mail.messages import with_head
from adapters.mail.notifications import NotificationMail, unsubscribe_address, with_letter, with_mailbox
from adapters.mail.recipients import Recipient, recipient_of
from adapters.mail.writing import Content, Line, digest_letter, line
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.notification.digests import NoteDigestBounced, NoteDigestSent, NoteDigestSuppressed
from domain.fact import Fact
from domain.notification import (
    LASTS,
    TEMPLATES,
    Channel,
    Digest,
    Inbox,
    Notification,
    SuppressedBy,
    dedupe_key,
    digest_stream,
    inbox_stream,
    notification_id,
    notification_stream,
)

DIGEST = "digest"
"""What stands in the address that stops digests, in the place of a kind."""
INBOX = "/notifications"
Outcome = NoteDigestSent | NoteDigestBounced | NoteDigestSuppressed | list[Any]


class DigestMail:
    """Writes the digests of one campus."""

    def __init__(self, log: PostgresLog, settings: Settings, mail: NotificationMail) -> None:
        self._log = log
        self._settings = settings
        self._mail = mail

    async def send(self, closed: Fact, key: str) -> Outcome:
        """
        Send a digest that is closed; what has become of it, for the log. *key* is that of the job.

        Raises:
            MailServerAway: it is to be tried again.
        """
        ids = closed.id("learner_id"), closed.id("day")
        recipient, now = await recipient_of(self._log, ids[0]), self._log.clock.now()
        reason = recipient.cannot_be_reached(required=False) or (
            SuppressedBy.STALE if now > closed.occurred_at + LASTS else None
        )
        if reason is not None:
            return NoteDigestSuppressed(*ids, reason)
        contents = await self._contents(await replayed(self._log, Digest, digest_stream(*ids)), recipient)
        if not contents:
            return NoteDigestSuppressed(*ids, SuppressedBy.EMPTY)
        unsubscribe = unsubscribe_address(self._settings, ids[0], DIGEST, now)
        written = digest_letter(
            _lines(contents, recipient),
            len(contents),
            recipient.reader,
            campus=self._settings.web_url,
            page=INBOX,
            unsubscribe=unsubscribe,
        )
        head = with_head(self._settings.mail_from, recipient.address, written.subject, key, recipient.reader.language)
        outcome = await self._mail.handover.hand_over(
            with_letter(head, written, unsubscribe), key, ids[0], self._mail.return_address(closed, recipient)
        )
        if isinstance(outcome, Taken):
            return NoteDigestSent(*ids, len(contents), *outcome)
        if isinstance(outcome, Refused):
            return with_mailbox(NoteDigestBounced(*ids, outcome.status, outcome.doubtful), outcome, recipient)
        return NoteDigestSuppressed(*ids, SuppressedBy.DOUBTFUL)

    async def _contents(self, digest: Digest, recipient: Recipient) -> list[Content]:
        """What it says, in the order in which it came."""
        through = (await replayed(self._log, Inbox, inbox_stream(recipient.learner_id))).through
        contents = []
        for each in digest.items:
            facts = await self._log.stream(notification_stream(recipient.learner_id, each))
            planned = facts[0]
            kind = TEMPLATES[planned.data["template"]].kind
            is_muted = recipient.settings.chosen(kind, Channel.EMAIL) is False
            if not is_muted and not await self._was_seen(planned, through):
                contents.append(await self._mail.content(planned))
        return contents

    async def _was_seen(self, mail: Fact, through: int) -> bool:
        """Whether the person has read or put away on the pages what a mail would say."""
        template = mail.data["template"]
        cause = mail.data["dedupe_key"].removesuffix(f":{Channel.EMAIL}:{template}")
        on_page = notification_id(dedupe_key(cause, Channel.PAGE, template))
        stream = notification_stream(mail.id("learner_id"), on_page)
        facts = await self._log.stream(stream)
        if not facts:
            return False
        notification = await replayed(self._log, Notification, stream)
        return notification.is_read or notification.is_archived or facts[0].position <= through


def _lines(contents: list[Content], recipient: Recipient) -> list[Line]:
    """What is about the same thing is one line with its number; in the order of the first of each."""
    numbers = Counter(_thing(each) for each in contents)
    latest = {_thing(each): each for each in contents}
    return [line(latest[key], number, recipient.reader) for key, number in numbers.items()]


def _thing(content: Content) -> tuple[str, str]:
    """What it is about: of posts the thread."""
    return content.template, content.link.partition("?post=")[0]
