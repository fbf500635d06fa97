"""Quiet hours and digests: each mail that can wait goes out once, by itself or in one digest, whatever happens."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as Hypothesis  # noqa: N812 - `settings` is a fixture here
from hypothesis import strategies as st

from adapters.mail.digests import DigestMail
from adapters.mail.notifications import NotificationMail
from adapters.mail.smtp import MailServerAway
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.procrastinate.queue import NotYetDue
from adapters.settings import Settings
from commands.notification import ChangeNotificationSettings, NoteSent, PlanNotifications, ReadInbox
from commands.notification.digests import CloseDigest, GatherNotification, NoteDigestSuppressed, ScheduleMails
from commands.user import ChangeProfile
from domain.fact import Fact
from domain.notification import (
    DigestRule,
    QuietHours,
    Setting,
    SuppressedBy,
    Switch,
    dedupe_key,
    notification_id,
    notification_stream,
)
from tests.adapters.mail.test_notifications import NUMBERS, Killed
from tests.adapters.mail.test_notifications import Campus as Mails
from tests.support.clock import SharedClock

DAILY = DigestRule("day", "08:00")


class Campus(Mails):
    """Persons with accounts, and their digests."""

    async def at(self, moment: str) -> None:
        """Move the clock to a time of UTC."""
        self.log.clock.move(datetime.fromisoformat(moment).replace(tzinfo=UTC) - self.log.clock.now())

    async def planned(self, name: str, template: str = "role_granted") -> Fact:
        """A mail that is planned for a person because of a fact of its own."""
        position = await self.give(ChangeProfile(name, {"display_name": f"Name {next(NUMBERS)}"}))
        (cause,) = await self.log.at([position])
        await self.give(PlanNotifications(name, template, cause.meta.event_id, position))
        key = dedupe_key(cause.meta.event_id, "email", template)
        return (await self.log.stream(notification_stream(name, notification_id(key))))[0]

    async def gather(self, planned: Fact) -> GatherNotification:
        """One try of a mail, which goes into a digest."""
        found = await self.send(planned)
        assert isinstance(found, GatherNotification)
        await self.give(found)
        return found

    async def digests(self, name: str, type_name: str = "digest.opened") -> list[Fact]:
        """The facts of this type about digests of a person."""
        return [each for each in await self.log.history(name) if each.type == type_name]

    async def close(self, name: str) -> None:
        """The timers of all digests of a person whose time has come."""
        for opened in await self.digests(name):
            if datetime.fromisoformat(opened.data["closes_at"]) <= self.log.clock.now():
                await self.give(CloseDigest(name, opened.id("day")))

    async def send_digest(self, closed: Fact) -> object:
        """One try by a process that knows nothing of others."""
        mail = NotificationMail(self.log, self.settings)
        mail.handover.post = self.office  # type: ignore[assignment]
        return await DigestMail(self.log, self.settings, mail).send(closed, f"digest:{closed.meta.event_id}")


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """A campus whose clock is moved."""
    shared = SharedClock.of(settings.model_copy(update={"public_url": "https://campus.test"}))
    log = await PostgresLog.open(shared)
    yield Campus(log, shared)
    await log.close()


async def test_a_mail_waits_for_the_end_of_quiet_hours(campus: Campus) -> None:
    """In the zone of the person, as it is then; what is required does not wait, and what was begun is ended."""
    await campus.at("2026-10-24T21:30:00")
    name = await campus.settle()
    await campus.give(ScheduleMails(name, QuietHours("22:00", "07:00"), None))
    planned = await campus.planned(name, "outcome_decided")
    with pytest.raises(NotYetDue) as waits:
        await campus.send(planned)
    assert waits.value.at == campus.log.clock.on_machine(datetime(2026, 10, 25, 6, tzinfo=UTC))
    assert isinstance(await campus.send(await campus.planned(name)), NoteSent)
    await campus.give(ChangeProfile(name, {"time_zone": "America/New_York"}))
    assert isinstance(await campus.send(planned), NoteSent)
    assert len(campus.office.taken) == 2


async def test_a_digest_says_what_has_happened(campus: Campus) -> None:
    """Each thing once with its number, without what was muted since, with one way to stop it."""
    await campus.at("2026-03-28T12:00:00")
    name = await campus.settle("de")
    await campus.give(ScheduleMails(name, QuietHours("22:00", "09:00"), DAILY))
    for template in ("outcome_decided", "outcome_decided", "attempt_graded", "seat_offered"):
        found = await campus.gather(await campus.planned(name, template))
        assert found.windows[0] == ("2026-03-29", datetime(2026, 3, 29, 6, tzinfo=UTC))
    assert isinstance(await campus.send(await campus.planned(name)), NoteSent)
    await campus.give(ChangeNotificationSettings(name, (Setting(Switch("places"), on=False),)))
    await campus.at("2026-03-29T06:00:00")
    await campus.close(name)
    (closed,) = await campus.digests(name, "digest.closed")
    await campus.give(await campus.send_digest(closed))
    (sent,) = await campus.digests(name, "digest.sent")
    assert sent.data == {"items": 3, "attempts": 1, "doubtful": False}
    mail = campus.office.taken[-1]
    assert mail["Subject"] == "Neu für Sie: 3 Benachrichtigungen"
    plain = mail.get_body(("plain",))
    assert plain is not None
    lines = [line for line in plain.get_content().splitlines() if line.startswith("- ")]
    assert [line.endswith("(2)") for line in lines] == [True, False]
    assert mail["List-Unsubscribe"].startswith("<https://campus.test/unsubscribe/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_a_digest_of_what_was_seen_is_not_sent(campus: Campus) -> None:
    """All of it was read on the pages."""
    name = await campus.settle()
    await campus.give(ScheduleMails(name, None, DAILY))
    planned = await campus.planned(name, "outcome_decided")
    await campus.gather(planned)
    await campus.give(ReadInbox(name, await campus.log.head()))
    campus.log.clock.move(timedelta(days=1))
    await campus.close(name)
    (closed,) = await campus.digests(name, "digest.closed")
    assert await campus.send_digest(closed) == NoteDigestSuppressed(name, closed.id("day"), SuppressedBy.EMPTY)
    assert campus.office.taken == []


async def test_what_was_handed_over_goes_into_no_digest(campus: Campus) -> None:
    """Though the person wants digests by the time of the second try."""
    name = await campus.settle()
    planned = await campus.planned(name, "outcome_decided")
    campus.office.steps = ["silent, taken"]
    with pytest.raises(MailServerAway):
        await campus.send(planned)
    await campus.give(ScheduleMails(name, QuietHours("00:00", "23:59"), DAILY))
    campus.office.steps = []
    assert await campus.send(planned) == NoteSent(name, planned.id("notification_id"), 2, doubtful=True)


SCHEDULES = st.sampled_from(
    (
        (None, DAILY),
        (None, DigestRule("day", "20:00")),
        (None, DigestRule("week", "08:00", 3)),
        (QuietHours("22:00", "07:00"), None),
        (QuietHours("22:00", "07:00"), DAILY),
        (None, None),
    )
)
ZONES = st.sampled_from(("Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Asia/Kolkata"))
ACTS = st.lists(
    st.one_of(
        st.just(("plan", None)),
        st.tuples(st.just("wait"), st.integers(1, 30)),
        st.tuples(st.just("schedule"), SCHEDULES),
        st.tuples(st.just("zone"), ZONES),
        st.tuples(st.just("server"), st.sampled_from(("takes", "away", "silent, taken", "dies after", "dies before"))),
        st.just(("lose the outcome", None)),
    ),
    max_size=16,
)


class History:
    """What happens to the mails of one person; every job is tried, redelivered and in another order at each step."""

    def __init__(self, campus: Campus, name: str) -> None:
        self.campus, self.name = campus, name
        self.planned: list[Fact] = []
        self.outcome_is_lost = False

    async def act(self, act: str, value: object) -> None:
        """One step of it, then the dispatcher."""
        if act == "plan":
            self.planned.append(await self.campus.planned(self.name, "outcome_decided"))
        elif act == "wait":
            self.campus.log.clock.move(timedelta(hours=value))  # type: ignore[arg-type]
        elif act == "schedule":
            await self.campus.give(ScheduleMails(self.name, *value))  # type: ignore[misc]
        elif act == "zone":
            await self.campus.give(ChangeProfile(self.name, {"time_zone": str(value)}))
        elif act == "server":
            self.campus.office.steps = [str(value)]
        else:
            self.outcome_is_lost = True
        await self.dispatch()

    async def dispatch(self) -> None:
        """Every job once, the latest first, each of which may be one that was done before."""
        for planned in reversed(self.planned):
            await self._try(planned, self.campus.send)
        await self.campus.close(self.name)
        for closed in reversed(await self.campus.digests(self.name, "digest.closed")):
            await self._try(closed, self.campus.send_digest)

    async def _try(self, fact: Fact, send: object) -> None:
        later = await self.campus.log.since(fact.stream_id, fact.stream_version)
        if later:  # as the dispatcher, which does not begin what is settled
            return
        try:
            outcome = await send(fact)  # type: ignore[operator]
        except (MailServerAway, NotYetDue, Killed):
            return
        if self.outcome_is_lost:
            self.outcome_is_lost = False
        else:
            await self.campus.give(outcome)


@pytest.mark.thorough
@given(ACTS)
@Hypothesis(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_mail_goes_out_once_by_itself_or_in_one_digest(settings: Settings, acts: list[tuple[str, object]]) -> None:
    """
    None is lost and none is in two digests, whatever becomes of schedule, zone, server and processes.

    There are never two digests for one date, none of them is empty, and what went out more than once is in doubt.
    """

    async def run() -> None:
        shared = SharedClock.of(settings)
        log = await PostgresLog.open(shared)
        try:
            campus = Campus(log, shared)
            history = History(campus, await campus.settle())
            for act, value in acts:
                await history.act(act, value)
            campus.office.steps, history.outcome_is_lost = [], False
            for _ in range(5):  # in the end the server takes all, no process dies, and more than a week passes
                await history.dispatch()
                campus.log.clock.move(timedelta(days=2, hours=3))
            await holds(history)
        finally:
            await log.close()

    asyncio.run(run())


async def holds(history: History) -> None:
    """What has to be so in the end."""
    facts = await history.campus.log.history(history.name)
    added = [each.data["notification_id"] for each in facts if each.type == "digest.added"]
    gathered = [each.id("notification_id") for each in facts if each.type == "notification.gathered"]
    assert sorted(added) == sorted(gathered)
    assert len(set(added)) == len(added)
    for planned in history.planned:
        (outcome,) = await history.campus.outcomes(planned)
        assert outcome.type in ("notification.sent", "notification.gathered", "notification.suppressed")
        if outcome.type == "notification.suppressed":
            assert outcome.data["reason"] in ("doubtful", "stale")
    opened = [each for each in facts if each.type == "digest.opened"]
    assert len({each.id("day") for each in opened}) == len(opened)
    for each in opened:
        outcomes = [fact.type for fact in await history.campus.log.stream(each.stream_id)][-2:]
        assert outcomes in (["digest.closed", "digest.sent"], ["digest.closed", "digest.suppressed"])
    mails: dict[str, int] = {}
    for mail in history.campus.office.taken:
        mails[str(mail["Message-ID"])] = mails.get(str(mail["Message-ID"]), 0) + 1
    sent = [each for each in facts if each.type in ("notification.sent", "digest.sent", "digest.suppressed")]
    in_doubt = sum(1 for each in sent if each.data.get("doubtful") or each.data.get("reason") == "doubtful") + sum(
        1 for each in facts if each.type == "notification.suppressed" and each.data["reason"] == "doubtful"
    )
    assert max(mails.values(), default=0) <= 2
    assert sum(number - 1 for number in mails.values()) <= in_doubt
