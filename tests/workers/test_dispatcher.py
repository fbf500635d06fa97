"""What is due later because of a fact happens, once, whatever the dispatchers go through."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from psycopg import DataError, OperationalError

from adapters.payments.stripe_provider import StripeProvider
from adapters.postgres.connection import connect
from adapters.procrastinate.derived import retry
from adapters.procrastinate.queue import JobRun
from adapters.settings import Settings
from commands.enrollment import AcceptSeat, WithdrawEnrollment
from domain.fact import Fact
from tests.support.appends import query
from tests.support.dispatchers import HOUR, RUN, Campus, campus_with_one_seat
from tests.support.polling import until
from workers.dispatching.carry_out import Carrier
from workers.reactions import JOBS, Job
from workers.reactions.job import Outside

BEN, CID = f"enrollment-ben:{RUN}", f"enrollment-cid:{RUN}"
EXPIRE, _REMIND = JOBS["enrollment.seat_offered"]


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """A run with one seat, which is offered for an hour."""
    async with campus_with_one_seat(settings) as campus:
        yield campus


async def test_an_offer_lapses_and_the_seat_goes_on(campus: Campus) -> None:
    """At its time the offer expires, and the next in line has an hour, counted from then."""
    async with campus.dispatching(), campus.reacting():
        await campus.offer("ann", "ben", "cid")
        await campus.until_jobs((BEN, "todo"))
        campus.clock.move(HOUR)
        await campus.until_last("ben", "seat_offer_expired")
        await campus.until_last("cid", "seat_offered")
    (offered, expired) = (await campus.facts("ben"))[-2:]
    assert expired.data == {"until": offered.data["until"]}
    assert (expired.meta.causation_id, expired.meta.source) == (offered.meta.event_id, "dispatcher:expire_seat_offer")
    assert expired.occurred_at >= datetime.fromisoformat(offered.data["until"])


WAITING = "SELECT due_at - scheduled_at, scheduled_at > now() FROM queued_jobs WHERE status = 'todo'"


async def test_nothing_happens_before_its_time(campus: Campus) -> None:
    """A minute before, the offer stands; the job waits in the queue."""
    async with campus.dispatching():
        await campus.offer("ann", "ben")
        campus.clock.move(HOUR * 59 / 60)
        await campus.seen()

        async def waits_by_the_moved_clock() -> bool:  # the clock may move between a look at it and a job
            found = await query(campus.settings, WAITING)
            return found == [(HOUR * 59 / 60, True)]

        await until(waits_by_the_moved_clock)
        await campus.do(AcceptSeat("ben", RUN))
    assert (await campus.types("ben"))[-1] == "activated"


@pytest.mark.parametrize("ending", [AcceptSeat("ben", RUN), WithdrawEnrollment("ben", RUN)])
async def test_what_is_settled_is_cancelled(campus: Campus, ending: object) -> None:
    """Who accepts or declines ends the job."""
    async with campus.dispatching():
        await campus.offer("ann", "ben")
        await campus.until_jobs((BEN, "todo"))
        await campus.do(ending)
        await campus.until_jobs((BEN, "cancelled"))


async def test_a_fact_is_seen_again_and_nothing_is_doubled(campus: Campus) -> None:
    """A dispatcher that has lost its position derives no job twice, neither one that waits nor one that is done."""
    await campus.offer("ann", "ben", "cid")
    async with campus.dispatching(), campus.reacting():
        campus.clock.move(HOUR)
        await campus.until_last("cid", "seat_offered")
        await campus.until_jobs((CID, "todo"))
    head = await campus.log.head()
    await query(campus.settings, "DELETE FROM reactors WHERE name = 'dispatcher'")
    async with campus.dispatching():
        await campus.seen()
        await campus.until_jobs((CID, "todo"))
    assert await campus.log.head() == head


async def test_imported_offers_cause_nothing(campus: Campus) -> None:
    """History has its own consequences."""
    await campus.offer("ann", "ben", source="import:test")
    async with campus.dispatching():
        await campus.seen()
        assert await campus.jobs() == []


async def test_two_dispatchers_do_a_job_once(campus: Campus) -> None:
    """One derives, both carry out, and when the first ends the other takes over."""
    done: list[str] = []

    async def effect(fact: Fact, _: Outside) -> None:
        done.append(fact.stream_id)

    jobs = {"enrollment.seat_offered": (EXPIRE._replace(effect=effect),)}
    async with campus.reacting(), campus.dispatching(1, jobs):
        async with campus.dispatching(1, jobs):
            await campus.offer("ann", "ben", "cid")
            await campus.until_jobs((BEN, "todo"))
            campus.clock.move(HOUR)
            await campus.until_last("cid", "seat_offered")
        campus.clock.move(HOUR)
        await campus.until_last("cid", "seat_offer_expired")
    assert done == [BEN, CID]


async def test_what_is_owed_comes_back_from_the_log(campus: Campus) -> None:
    """After the job tables were emptied, `--resync` derives what no fact has ended, and nothing else."""
    async with campus.dispatching(), campus.reacting():
        await campus.offer("ann", "ben", "cid")
        await campus.until_jobs((BEN, "todo"))
        campus.clock.move(HOUR)
        await campus.until_last("cid", "seat_offered")
        await campus.until_jobs((CID, "todo"))
        await campus.lose_jobs()
        assert await campus.resync() == (1, 1)
        assert await campus.resync() == (1, 0)
        await campus.until_jobs((CID, "todo"))
        campus.clock.move(HOUR)
        await campus.until_last("cid", "seat_offer_expired")
    assert await campus.resync() == (0, 0)


async def test_only_the_queue_was_lost(campus: Campus) -> None:
    """Without the queue's own tables, but with what was derived, the job comes back too, whatever ids begin again."""
    async with campus.dispatching():
        await campus.offer("ann", "ben")
        await campus.until_jobs((BEN, "todo"))
    await query(
        campus.settings,
        "TRUNCATE procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers RESTART IDENTITY",
        owner=True,
    )
    assert await campus.jobs() == []
    assert await campus.resync() == (1, 1)
    assert await campus.jobs() == [(BEN, "todo")]


async def test_a_job_that_fails_for_good_is_listed_and_retried(campus: Campus) -> None:
    """The cause is kept; a retry that succeeds takes it off the list."""
    is_broken = asyncio.Event()
    is_broken.set()

    async def effect(_fact: Fact, _: Outside) -> None:
        if is_broken.is_set():
            raise ConnectionRefusedError("the mail server does not answer")

    jobs = {"enrollment.seat_offered": (EXPIRE._replace(effect=effect, tries=2),)}
    async with campus.dispatching(1, jobs):
        await campus.offer("ann", "ben")
        await campus.until_jobs((BEN, "todo"))
        campus.clock.move(HOUR)
        await campus.until_jobs((BEN, "failed"))
        (failed,) = await campus.failed()
        assert (failed.name, failed.stream_id, failed.attempts) == ("expire_seat_offer", BEN, 2)
        assert failed.cause == "ConnectionRefusedError: the mail server does not answer"
        is_broken.clear()
        async with await connect(campus.settings, application="test") as connection:
            assert await retry(connection, failed.id)
        await campus.until_last("ben", "seat_offer_expired")
        await campus.until_jobs()
    assert await campus.failed() == []


async def test_what_is_not_its_fault_does_not_count_against_its_tries(campus: Campus) -> None:
    """Two tries in which PostgreSQL goes away, and then one of its two: it is tried once more."""
    errors: list[Exception] = [OperationalError("gone"), OperationalError("gone"), ValueError("no such address")]

    async def effect(_fact: Fact, _: Outside) -> None:
        if errors:
            raise errors.pop(0)

    jobs = {"enrollment.seat_offered": (EXPIRE._replace(effect=effect, tries=2),)}
    async with campus.dispatching(1, jobs):
        await campus.offer("ann", "ben")
        campus.clock.move(HOUR)
        await campus.until_last("ben", "seat_offer_expired")
        await campus.until_jobs()
    assert errors == []


async def test_a_value_that_cannot_be_stored_is_its_fault(campus: Campus) -> None:
    """It is listed with its cause, and not tried for ever."""

    async def effect(_fact: Fact, _: Outside) -> None:
        raise DataError("value out of range")

    jobs = {"enrollment.seat_offered": (EXPIRE._replace(effect=effect, tries=2),)}
    async with campus.dispatching(1, jobs):
        await campus.offer("ann", "ben")
        campus.clock.move(HOUR)
        await campus.until_jobs((BEN, "failed"))
        (failed,) = await campus.failed()
        assert failed.cause == "DataError: value out of range"


async def test_giving_up_is_a_fact(campus: Campus) -> None:
    """A job may say which command records that it has failed for good; that fact takes it off the list."""

    async def effect(_fact: Fact, _: Outside) -> None:
        raise ValueError("no such address")

    def gave_up(fact: Fact, cause: str) -> WithdrawEnrollment:
        return WithdrawEnrollment(fact.id("learner_id"), fact.id("run_id"), cause)

    jobs = {"enrollment.seat_offered": (EXPIRE._replace(effect=effect, gave_up=gave_up, tries=1),)}
    async with campus.dispatching(1, jobs):
        await campus.offer("ann", "ben")
        campus.clock.move(HOUR)
        await campus.until_last("ben", "withdrawn")
        await campus.seen()

        async def none_failed() -> bool:
            return await campus.failed() == []

        await until(none_failed)
    assert (await campus.facts("ben"))[-1].data == {"reason": "ValueError: no such address"}


async def test_a_fact_that_is_not_what_it_should_be_is_listed(campus: Campus) -> None:
    """A due time that cannot be derived stops no other job; its own fails with the cause."""

    def odd(fact: Fact) -> datetime | None:
        raise KeyError("until")

    odd_job = Job("odd", due=odd, command=EXPIRE.command, settled_by=(), tries=1)
    async with campus.dispatching(1, {"enrollment.seat_offered": (odd_job, EXPIRE)}):
        await campus.offer("ann", "ben")
        campus.clock.move(HOUR)
        await campus.until_last("ben", "seat_offer_expired")

        async def is_listed() -> bool:
            return [(job.name, job.cause) for job in await campus.failed()] == [("odd", "KeyError: 'until'")]

        await until(is_listed)


async def test_a_job_is_not_done_twice_when_its_end_was_lost(campus: Campus) -> None:
    """A worker that died between the outcome and the end of its job leaves one that finds the outcome in the log."""
    done: list[str] = []

    async def effect(fact: Fact, _: Outside) -> None:
        done.append(fact.stream_id)

    job = EXPIRE._replace(effect=effect)
    async with campus.dispatching(1, {"enrollment.seat_offered": (job,)}):
        await campus.offer("ann", "ben")
        await campus.until_jobs((BEN, "todo"))
        campus.clock.move(HOUR)
        await campus.until_last("ben", "seat_offer_expired")
        await campus.until_jobs()
    ((key, position),) = await query(campus.settings, "SELECT key, position FROM derived_jobs")
    carrier = Carrier(campus.log, {job.name: job}, campus.settings, StripeProvider(campus.settings))
    await carrier.carry_out(JobRun(job.name, str(key), int(str(position)), job.tries))
    assert done == [BEN]
