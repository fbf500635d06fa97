"""
Notifications by mail: one that is planned is sent, bounces, or is suppressed with a reason.

What it says is read from its cause, to whom from the account, in the moment in which the mail is written. Each attempt
is noted before the mail leaves (adapters/mail/attempts.py), so that what is in doubt is known.
"""

from email.message import EmailMessage
from uuid import uuid4

from adapters.auth.links import UNSUBSCRIBE, link_token
from adapters.command_bus.replay import replayed
from adapters.mail import attempts
from adapters.mail.attempts import Answer, Attempt
from adapters.mail.messages import with_head
from adapters.mail.smtp import MailInDoubt, MailRefused, MailServerAway, Post
from adapters.mail.writing import Content, Letter, Reader, letter, reader_of
from adapters.notified import About, about_of, page_of
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.notification import NoteBounced, NoteSent, NoteSuppressed
from domain.catalog import Course, Run, course_stream, run_stream
from domain.fact import Fact
from domain.notification import (
    LASTS,
    REQUIRED,
    TEMPLATES,
    Channel,
    NotificationSettings,
    SuppressedBy,
    settings_stream,
)
from domain.user import LANGUAGE, NOTIFICATION_ADDRESS, TIME_ZONE, AccountStatus, User, user_stream
from projections.engine.rows import Unreadable

Outcome = NoteSent | NoteBounced | NoteSuppressed


class NotificationMail:
    """Writes notifications to the persons of one campus."""

    def __init__(self, log: PostgresLog, settings: Settings) -> None:
        self._log = log
        self._settings = settings
        self._post = Post(settings)

    async def send(self, planned: Fact, key: str) -> Outcome:
        """
        Send what is planned; what has become of it, for the log. *key* is that of the job.

        Raises:
            MailServerAway: it is to be tried again.
        """
        ids = planned.id("learner_id"), planned.id("notification_id")
        user = await replayed(self._log, User, user_stream(ids[0]))
        recipient = await self._recipient(user)
        if (reason := await self._unwanted(planned, user, recipient)) is not None:
            return NoteSuppressed(*ids, reason)
        about = await self._about(planned)
        reader = await self._reader(user)
        written = letter(self._content(planned, about), reader)
        head = with_head(self._settings.mail_from, recipient, written.subject, key, reader.language)
        mail = self._with_content(planned, head, written)
        attempt_id, now = uuid4().hex, self._log.clock.now()
        begun = await self._log.link.run(lambda connection: attempts.begin(connection, key, attempt_id, now))
        if begun.answer is Answer.TAKEN:
            return _sent(ids, begun)
        if begun.is_over:
            return NoteSuppressed(*ids, SuppressedBy.DOUBTFUL)
        try:
            await self._post.send(mail)
        except MailRefused as refused:
            answered = await self._answered(key, Answer.NOT_TAKEN)
            return NoteBounced(*ids, refused.status, answered.doubtful > 0)
        except MailInDoubt:
            raise
        except MailServerAway:
            await self._answered(key, Answer.NOT_TAKEN)
            raise
        return _sent(ids, await self._answered(key, Answer.TAKEN))

    async def _answered(self, key: str, answer: Answer) -> Attempt:
        return await self._log.link.run(lambda connection: attempts.answered(connection, key, answer))

    async def _recipient(self, user: User) -> str:
        key = await self._log.keys.reading(user.id)
        return key.open(user.profile.get(NOTIFICATION_ADDRESS)) or key.open(user.email) or ""

    async def _reader(self, user: User) -> Reader:
        key = await self._log.keys.reading(user.id)
        return reader_of(key.open(user.profile.get(LANGUAGE)), key.open(user.profile.get(TIME_ZONE)))

    async def _unwanted(self, planned: Fact, user: User, recipient: str) -> SuppressedBy | None:
        """Why it is not to be sent any more; None if it is."""
        if user.status is not AccountStatus.ACTIVE:
            return SuppressedBy.NO_ACCOUNT
        if not recipient:
            return SuppressedBy.NO_ADDRESS
        if self._log.clock.now() > planned.occurred_at + LASTS:
            return SuppressedBy.STALE
        settings = await replayed(self._log, NotificationSettings, settings_stream(user.learner_id))
        kind = TEMPLATES[planned.data["template"]].kind
        return SuppressedBy.MUTED if settings.chosen(kind, Channel.EMAIL) is False else None

    async def _about(self, planned: Fact) -> About:
        """What it is about, with the titles of now; without details where the log has its cause no more."""
        found = [
            each
            for each in await self._log.at([planned.data["cause_position"]])
            if not isinstance(each, Unreadable) and each.meta.event_id == planned.data["cause_event_id"]
        ]
        if not found:
            return About()
        about = about_of(found[0])
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
        secret, now = self._settings.token_secret, self._log.clock.now()
        token = link_token(planned.id("learner_id"), UNSUBSCRIBE, secret, now=now, state=kind.value)
        return f"{self._settings.web_url}{UNSUBSCRIBE.page}/{token}"

    def _with_content(self, planned: Fact, mail: EmailMessage, written: Letter) -> EmailMessage:
        address = self._unsubscribe(planned)
        if address is not None:
            mail["List-Unsubscribe"] = f"<{address}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(written.text)
        mail.add_alternative(written.html, subtype="html")
        return mail


def _sent(ids: tuple[str, str], attempt: Attempt) -> NoteSent:
    return NoteSent(*ids, attempt.number, attempt.doubtful > 0)
