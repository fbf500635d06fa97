"""Mailboxes from which mails come back, and that answer again."""

from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.user import address_version
from domain.notification import (
    Digest,
    Failure,
    Mailbox,
    Notification,
    digest_stream,
    mailbox_stream,
    notification_stream,
)


@dataclass(frozen=True)
class SuppressMailbox:
    """
    Mails to a person come back for good, or are complained of.

    Attributes:
        address_version: of the account, since which it has the address; another one by now is not meant.
    """

    learner_id: str
    cause: Failure
    status: str
    address_version: int


async def suppress_mailbox(command: SuppressMailbox, log: Log) -> Position:
    mailbox = await log.load(Mailbox, mailbox_stream(command.learner_id))
    mailbox.suppress(command.cause, command.status, command.address_version)
    return await log.save(mailbox)


@dataclass(frozen=True)
class NoteReturned:
    """A mail that was taken by the mail server came back; *notification_id* is None for a digest, which has *day*."""

    learner_id: str
    status: str
    notification_id: str | None = None
    day: str | None = None


async def note_returned(command: NoteReturned, log: Log) -> Position:
    if command.day is not None:
        digest = await log.load(Digest, digest_stream(command.learner_id, command.day))
        digest.note_returned(command.status)
        return await log.save(digest)
    notification = await log.load(Notification, notification_stream(command.learner_id, command.notification_id or ""))
    notification.note_returned(command.status)
    return await log.save(notification)


@dataclass(frozen=True)
class RequestMailboxConfirmation:
    """A person says that mails arrive."""

    learner_id: str


async def request_mailbox_confirmation(command: RequestMailboxConfirmation, log: Log) -> Position:
    mailbox = await log.load(Mailbox, mailbox_stream(command.learner_id))
    mailbox.request_confirmation(await address_version(log, command.learner_id))
    return await log.save(mailbox)


@dataclass(frozen=True)
class RestoreMailbox:
    """The mailbox has answered the mail that followed from the fact of this version."""

    learner_id: str
    requested: int


async def restore_mailbox(command: RestoreMailbox, log: Log) -> Position:
    mailbox = await log.load(Mailbox, mailbox_stream(command.learner_id))
    mailbox.restore(command.requested)
    return await log.save(mailbox)
