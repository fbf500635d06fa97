"""
Notifications by mail: one that is planned is sent, bounces, goes into a digest, or is suppressed with a reason.

What it says is read from its cause, to whom from the account, in the moment in which the mail is written. What can wait
waits for the end of the quiet hours of the person, or goes into the next digest.
"""

from datetime import datetime
from email.message import EmailMessage
from itertools import islice
from typing import Any, TypeVar

from adapters.auth.links import UNSUBSCRIBE, link_token
from adapters.command_bus.replay import replayed
from adapters.mail.handover import Handover, Refused, Taken
from adapters.mail.messages import with_head
from adapters.mail.recipients import Recipient, recipient_of
from adapters.mail.return_address import return_address
from adapters.mail.writing import Content, Letter, letter
from adapters.notified import About, about_of, names_of, page_of
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.procrastinate.queue import NotYetDue
from adapters.settings import Settings
from commands.notification import NoteBounced, NoteSent, NoteSuppressed
from commands.notification.digests import GatherNotification, NoteDigestBounced
from commands.notification.mailboxes import SuppressMailbox
from domain.catalog import Course, Run, course_stream, run_stream
from domain.fact import Fact
from domain.forum import Thread, thread_stream
from domain.notification import (
    LASTS,
    REQUIRED,
    TEMPLATES,
    Channel,
    DigestRule,
    Failure,
    SuppressedBy,
    quiet_until,
    windows,
)
from projections.engine.rows import Unreadable

Outcome = NoteSent | NoteBounced | NoteSuppressed | GatherNotification | list[Any]
Command = TypeVar("Command", NoteBounced, NoteDigestBounced)
OVERFLOW = DigestRule("day", "08:00")
"""The digest into which goes what is too much for a person who wants none."""
MOST_WINDOWS = 3
"""Of digests, into which a mail may go: the next one may be closed by a rule or a zone of before."""


class NotificationMail:
    """Writes notifications to the persons of one campus."""

    def __init__(self, log: PostgresLog, settings: Settings) -> None:
        self._log = log
        self._settings = settings
        self.handover = Handover(log, settings)

    async def send(self, planned: Fact, key: str) -> Outcome:
        """
        Send what is planned; what has become of it, for the log. *key* is that of the job.

        Raises:
            MailServerAway: it is to be tried again.
            NotYetDue: it is to be tried again after the quiet hours.
        """
        ids = planned.id("learner_id"), planned.id("notification_id")
        recipient, now = await recipient_of(self._log, ids[0]), self._log.clock.now()
        if (reason := _unwanted(planned, recipient, now)) is not None:
            return NoteSuppressed(*ids, reason)
        if (into := await self._later(planned, recipient, key, now)) is not None:
            return into
        written = letter(await self.content(planned), recipient.reader)
        head = with_head(self._settings.mail_from, recipient.address, written.subject, key, recipient.reader.language)
        mail = with_letter(head, written, self._unsubscribe(planned))
        outcome = await self.handover.hand_over(mail, key, ids[0], self.return_address(planned, recipient))
        if isinstance(outcome, Taken):
            return NoteSent(*ids, *outcome)
        if isinstance(outcome, Refused):
            return with_mailbox(NoteBounced(*ids, outcome.status, outcome.doubtful), outcome, recipient)
        return NoteSuppressed(*ids, SuppressedBy.DOUBTFUL)

    def return_address(self, fact: Fact, recipient: Recipient) -> str | None:
        """Where the mail of a fact comes back to."""
        settings = self._settings
        return return_address(settings.bounce_address, fact, recipient.address_version, settings.token_secret)

    async def content(self, planned: Fact) -> Content:
        """What the mail says."""
        return self._content(planned, await self._about(planned))

    async def _later(self, planned: Fact, recipient: Recipient, key: str, now: datetime) -> GatherNotification | None:
        """Into which digest a mail goes that can wait; raises NotYetDue in quiet hours."""
        rule, quiet = recipient.settings.digest, recipient.settings.quiet
        if TEMPLATES[planned.data["template"]].kind in REQUIRED or await self.handover.was_begun(key):
            return None
        if rule is None and await self.handover.is_full_for(recipient.learner_id):
            rule = OVERFLOW
        if rule is not None:
            found = tuple(islice(windows(now, rule, recipient.zone), MOST_WINDOWS))
            return GatherNotification(recipient.learner_id, planned.id("notification_id"), rule.every, found)
        if (until := quiet_until(now, quiet, recipient.zone)) is not None:
            raise NotYetDue(self._log.clock.on_machine(until))
        return None

    async def _about(self, planned: Fact) -> About:
        """What it is about, with the titles of now; without details where the log has its cause no more."""
        found = [
            each
            for each in await self._log.at([planned.data["cause_position"]])
            if not isinstance(each, Unreadable) and planned.data["cause_event_id"] in names_of(each)
        ]
        if not found:
            return About()
        about = about_of(found[0])
        if about.thread_id and not about.run_id:
            about.run_id = (await replayed(self._log, Thread, thread_stream(about.thread_id))).run_id
        run = await replayed(self._log, Run, run_stream(about.run_id)) if about.run_id else None
        if run is None or not run.exists:
            return about
        course = await replayed(self._log, Course, course_stream(run.course_id))
        units = {unit.unit_id: unit.title for version in course.versions.values() for unit in version}
        about.course_title, about.unit_title = course.title, units.get(about.unit_id or "")
        return about

    def _content(self, planned: Fact, about: About) -> Content:
        template, campus = planned.data["template"], self._settings.web_url
        values = {
            "campus": campus,
            "course": about.course_title or about.run_id or "",
            "unit": about.unit_title or about.unit_id or "",
            "role": about.role or "",
            "scope": about.scope or "",
            "outcome": about.outcome or "",
            "method": about.method or "",
            "ground": about.ground or "",
        }
        page = f"{campus}{page_of(template, about)}"
        return Content(
            template, planned.data["template_version"], values, about.until, page, self._unsubscribe(planned)
        )

    def _unsubscribe(self, planned: Fact) -> str | None:
        """The address that stops mails of this kind; None for what is required."""
        kind = TEMPLATES[planned.data["template"]].kind
        if kind in REQUIRED:
            return None
        return unsubscribe_address(self._settings, planned.id("learner_id"), kind.value, self._log.clock.now())


def unsubscribe_address(settings: Settings, learner_id: str, what: str, now: datetime) -> str:
    """The address that stops mails of a kind, or the digests of a person."""
    token = link_token(learner_id, UNSUBSCRIBE, settings.token_secret, now=now, state=what)
    return f"{settings.web_url}{UNSUBSCRIBE.page}/{token}"


def with_letter(mail: EmailMessage, written: Letter, unsubscribe: str | None) -> EmailMessage:
    """A mail with what it says, and with what stops such mails by one click (RFC 8058)."""
    if unsubscribe is not None:
        mail["List-Unsubscribe"] = f"<{unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(written.text)
    mail.add_alternative(written.html, subtype="html")
    return mail


def _unwanted(planned: Fact, recipient: Recipient, now: datetime) -> SuppressedBy | None:
    """Why it is not to be sent any more; None if it is."""
    kind = TEMPLATES[planned.data["template"]].kind
    if (reason := recipient.cannot_be_reached(required=kind in REQUIRED)) is not None:
        return reason
    if now > planned.occurred_at + LASTS:
        return SuppressedBy.STALE
    return SuppressedBy.MUTED if recipient.settings.chosen(kind, Channel.EMAIL) is False else None


def with_mailbox(bounced: Command, refused: Refused, recipient: Recipient) -> Command | list[Any]:
    """What is to be recorded of a mail that bounced: also that no mails go to an address without a mailbox."""
    if not refused.has_no_mailbox:
        return bounced
    stop = SuppressMailbox(recipient.learner_id, Failure.BOUNCED, str(refused.status), recipient.address_version)
    return [stop, bounced]
