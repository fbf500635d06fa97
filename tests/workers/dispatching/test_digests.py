"""Digests by real dispatchers: two of them, begun again, with jobs that were lost, and a clock that goes on."""

from datetime import datetime, timedelta

from adapters.postgres.connection import connect
from adapters.procrastinate.derived import unfinished
from adapters.settings import Settings
from commands.notification import PlanNotifications
from commands.notification.digests import ScheduleMails
from commands.user import ChangeProfile
from domain.fact import Fact
from domain.notification import DigestRule, QuietHours
from tests.support.appends import query
from tests.support.clock import SharedClock
from tests.support.polling import until
from tests.workers.dispatching.test_notifications import Campus, campus_of


async def facts_of(campus: Campus, *types: str) -> list[Fact]:
    """The facts of these types about the person."""
    return [each for each in await campus.log.history("ann") if each.type in types]


async def until_there(campus: Campus, number: int, *types: str) -> list[Fact]:
    """The same, once there are so many."""

    async def are_there() -> bool:
        return len(await facts_of(campus, *types)) >= number

    await until(are_there)
    return await facts_of(campus, *types)


async def result(campus: Campus, run: str) -> None:
    """Something that can wait happens to the person: a result."""
    await campus.do(ChangeProfile("ann", {"display_name": run}))
    (cause,) = (await campus.log.stream("user-ann"))[-1:]
    await campus.do(PlanNotifications("ann", "outcome_decided", cause.meta.event_id, cause.position))


async def test_a_digest_goes_out_once(settings: Settings) -> None:
    """Two dispatchers gather, close and send; what comes after it goes into the next; lost jobs are derived again."""
    async with campus_of(SharedClock.of(settings)) as campus:
        await campus.do(ScheduleMails("ann", None, DigestRule("day", "08:00")))
        async with campus.dispatching(2):
            await result(campus, "one")
            await result(campus, "two")
            await until_there(campus, 2, "notification.gathered")
            (opened,) = await facts_of(campus, "digest.opened")
            assert await facts_of(campus, "digest.closed") == []
        await campus.lose_jobs()
        closes_at = datetime.fromisoformat(opened.data["closes_at"])
        campus.clock.move(closes_at - campus.clock.now() + timedelta(seconds=1))
        await campus.resync()
        async with campus.dispatching(2):
            (sent,) = await until_there(campus, 1, "digest.sent")
            await result(campus, "three")
            await until_there(campus, 3, "notification.gathered")
        assert sent.data == {"items": 2, "attempts": 1, "doubtful": False}
        assert len({each.id("day") for each in await facts_of(campus, "digest.opened")}) == 2
        assert [mail.subject for mail in campus.inbox.mails if "Benachrichtigung" in mail.subject] == [
            "Neu für Sie: 2 Benachrichtigungen"
        ]


async def test_a_mail_leaves_when_the_quiet_hours_are_over(settings: Settings) -> None:
    """Its job is put back to their end, and a job that was lost meanwhile is derived again from the log."""
    async with campus_of(SharedClock.of(settings)) as campus:
        now = campus.clock.now()
        noon = now.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
        campus.clock.move(noon - now)
        await campus.do(
            ChangeProfile("ann", {"time_zone": "UTC"}), ScheduleMails("ann", QuietHours("11:00", "13:00"), None)
        )
        async with campus.dispatching():
            await result(campus, "one")
            await until_put_back(campus)
        async with await connect(campus.settings, application="test") as connection:
            assert await unfinished(connection) == 0  # `campus payments settle` does not wait for the morning
        await campus.lose_jobs()
        campus.clock.move(timedelta(hours=1))
        await campus.resync()
        async with campus.dispatching():
            (sent,) = await campus.until_settled()
        assert sent.data == {"attempts": 1, "doubtful": False}


async def until_put_back(campus: Campus) -> None:
    """Wait until the job of the mail was looked at and waits."""

    async def is_put_back() -> bool:
        rows = await query(
            campus.settings,
            "SELECT status::text, attempts FROM procrastinate_jobs WHERE task_name = 'send_notification'",
        )
        return rows == [("todo", 1)]

    await until(is_put_back)
