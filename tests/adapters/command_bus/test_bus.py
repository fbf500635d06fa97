"""Commands of several processes that meet: everyone gets a true answer, and everything happens once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from adapters.command_bus import bus
from adapters.postgres.connection import Unavailable
from adapters.postgres.log.append import KeyReused, LifeEnded, VersionConflict
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.catalog import CloseRun, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import OfferSeat, ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment
from commands.progress import OpenUnit, RecordActivity
from domain.catalog import Unit
from domain.enrollment import NoAccess, RunClosed, Seats, seats_stream
from domain.errors import DomainError
from domain.progress import progress_stream
from tests.support.appends import whole_log
from tests.support.buses import START, Process, give_course, processes
from tests.support.lives import fail_over
from tests.support.polling import guard

RUN = "algebra-1"
LEARNERS = [f"learner-{number:03}" for number in range(200)]
CAPACITY = 20
REPEATS = 50

CLICK = RecordActivity("ann", RUN, "page")


async def refused(process: Process, command: Any, **context: Any) -> type[DomainError] | None:
    """The error with which a command is refused."""
    try:
        await process.do(command, **context)
    except DomainError as error:
        return type(error)
    return None


async def test_many_ask_two_processes_for_few_seats(settings: Settings) -> None:
    """As many are let in as there are seats, and the others wait in the order of their requests."""
    async with processes(settings) as both:
        await give_course(both[0], CAPACITY)
        await asyncio.gather(
            *(
                both[number % 2].do(RequestEnrollment(learner, RUN))
                for number, learner in enumerate(LEARNERS)
            )
        )  # fmt: skip
        facts = await whole_log(both[0].log)
        requested = [fact.id("learner_id") for fact in facts if fact.type == "enrollment.requested"]
        assert sorted(requested) == LEARNERS
        assert [fact.id("learner_id") for fact in facts if fact.type == "enrollment.activated"] == requested[:CAPACITY]
        assert [fact.id("learner_id") for fact in facts if fact.type == "enrollment.waitlisted"] == requested[CAPACITY:]
        seats = await both[1].session().load(Seats, seats_stream(RUN))
        assert (set(seats.seated), list(seats.waiting)) == (set(requested[:CAPACITY]), requested[CAPACITY:])


async def test_seats_that_come_free_are_offered_once(settings: Settings) -> None:
    """People leave and seats are offered in two processes at once: no learner is seated twice, no seat gets lost."""
    async with processes(settings) as both:
        await give_course(both[0], CAPACITY, learners=LEARNERS[: 3 * CAPACITY])
        leaving = [WithdrawEnrollment(learner, RUN) for learner in LEARNERS[:CAPACITY]]
        offers = [OfferSeat(RUN)] * CAPACITY
        await asyncio.gather(*(both[n % 2].do(command) for n, command in enumerate(leaving)))
        await asyncio.gather(*(both[n % 2].do(command) for n, command in enumerate(offers)))
        seats = await both[0].session().load(Seats, seats_stream(RUN))
        assert set(seats.seated) == set(LEARNERS[CAPACITY : 2 * CAPACITY])
        assert list(seats.waiting) == LEARNERS[2 * CAPACITY : 3 * CAPACITY]


async def test_a_request_that_is_repeated_happens_once(settings: Settings) -> None:
    """Fifty repeats at once, in two processes, of something that could well happen fifty times."""
    async with processes(settings) as both:
        await give_course(both[0], learners=["ann"])
        repeats = (both[number % 2].do(CLICK, idempotency_key="k", fingerprint="f") for number in range(REPEATS))
        positions = set(await asyncio.gather(*repeats))
        (fact,) = await both[0].log.stream(progress_stream("ann", RUN))
        assert positions == {fact.position}
        for process in both:
            with pytest.raises(KeyReused):
                await process.do(CLICK, idempotency_key="k", fingerprint="g")


async def test_contended_activity_is_all_recorded(settings: Settings) -> None:
    """Without a key everyone's click counts, however often they collide."""
    async with processes(settings) as both:
        await give_course(both[0], learners=["ann"])
        positions = await asyncio.gather(*(both[number % 2].do(CLICK) for number in range(REPEATS)))
        facts = await both[0].log.stream(progress_stream("ann", RUN))
        assert sorted(positions) == [fact.position for fact in facts]
        assert len(facts) == REPEATS


@pytest.mark.parametrize("capacity", [None, 1])
async def test_doing_a_thing_twice_is_answered_with_the_first_position(
    settings: Settings, capacity: int | None
) -> None:
    """Here or in another process, with seats or without, and whatever others have done since."""
    async with processes(settings) as (here, there):
        await give_course(here, capacity)
        for command in (RequestEnrollment("ann", RUN), WithdrawEnrollment("ann", RUN, "moved")):
            first = await here.do(command)
            assert first == await here.log.head()
            await there.do(RequestEnrollment(f"after-{first}", RUN))
            assert [await here.do(command), await there.do(command)] == [first, first]


async def test_what_is_refused_is_refused_on_the_present_state(settings: Settings) -> None:
    """A process that remembers a closed run, or a place that has been given up, asks the log before it says no."""
    async with processes(settings) as (here, there):
        await give_course(here)
        await here.do(CloseRun(RUN))
        for process in (here, there):
            assert await refused(process, RequestEnrollment("ann", RUN)) is RunClosed
        await here.do(OpenRun(RUN))
        await there.do(RequestEnrollment("ann", RUN))
        await here.do(WithdrawEnrollment("ann", RUN))
        assert await refused(there, CLICK) is NoAccess


async def test_what_is_accepted_is_accepted_on_the_present_state(settings: Settings) -> None:
    """A place that was given up elsewhere gives no access here, though this process remembers it."""
    async with processes(settings) as (here, there):
        await give_course(here, learners=["ann"])
        await there.do(CLICK)
        await here.do(WithdrawEnrollment("ann", RUN))
        assert await refused(there, CLICK) is NoAccess
        assert len(await here.log.stream(progress_stream("ann", RUN))) == 1


async def test_a_seat_that_was_taken_elsewhere_is_given_back_here(settings: Settings) -> None:
    """A process whose memory of the seats lacks the learner asks the log before it releases nothing."""
    async with processes(settings) as (here, there):
        await give_course(here, 1)
        await there.do(RequestEnrollment("bob", RUN), WithdrawEnrollment("bob", RUN))
        await here.do(RequestEnrollment("ann", RUN))
        await there.do(WithdrawEnrollment("ann", RUN))
        seats = await here.session().load(Seats, seats_stream(RUN))
        assert set(seats.seated) == set()


async def test_a_seat_that_was_given_back_elsewhere_lets_nobody_in_here(settings: Settings) -> None:
    """A process that remembers the learner in a seat asks the log before it takes none."""
    async with processes(settings) as (here, there):
        await give_course(here, 1)
        await here.do(RequestEnrollment("ann", RUN))
        await there.do(RequestEnrollment("bob", RUN))
        await here.do(WithdrawEnrollment("ann", RUN), OfferSeat(RUN))
        await there.do(ReactivateEnrollment("ann", RUN))
        seats = await here.session().load(Seats, seats_stream(RUN))
        assert (set(seats.seated), list(seats.waiting)) == ({"bob"}, ["ann"])


async def test_a_version_that_was_just_published_can_be_used_everywhere(settings: Settings) -> None:
    """A run may follow a structure that another process has not seen yet."""
    async with processes(settings) as (here, there):
        await give_course(here, learners=["ann"])
        await there.do(OpenUnit("ann", RUN, "page"))
        await here.do(
            PublishCourse("algebra", [Unit("film", "video", "Film")]),
            ScheduleRun("algebra-2", "algebra", 2, START, START + timedelta(days=36_500)),
            OpenRun("algebra-2"),
        )
        await there.do(RequestEnrollment("ann", "algebra-2"), OpenUnit("ann", "algebra-2", "film"))


async def test_a_command_that_is_given_up_stops_nobody(settings: Settings) -> None:
    """A client that disconnects during a command leaves no lock and no half of the command."""
    async with processes(settings, 1) as (here,):
        await give_course(here, 1)
        tasks = [asyncio.create_task(here.do(RequestEnrollment(learner, RUN))) for learner in LEARNERS]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        async with guard():
            await asyncio.gather(*tasks[1::2])
            await asyncio.wait(tasks)
            await here.do(RequestEnrollment("ann", RUN))
        seats = await here.session().load(Seats, seats_stream(RUN))
        assert len(seats.seated) == 1
        assert len(seats.waiting) >= len(LEARNERS) // 2
        await whole_log(here.log)


async def test_a_collision_without_end_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many attempts the command gives up, with nothing appended and nothing remembered."""

    attempts = 0

    async def always_slower(*_: Any) -> None:
        nonlocal attempts
        attempts += 1
        raise VersionConflict("progress-ann:algebra-1", 7)

    async with processes(settings, 1) as (here,):
        await give_course(here, learners=["ann"])
        head = await here.log.head()
        with monkeypatch.context() as patched:
            patched.setattr(PostgresLog, "append", always_slower)
            with pytest.raises(VersionConflict):
                await here.do(CLICK)
        assert (attempts, await here.log.head()) == (bus.MOST_ATTEMPTS, head)
        assert await here.do(CLICK) == head + 1


@pytest.mark.parametrize("moved", ["append", "read"])
async def test_a_failover_that_one_link_has_noticed_is_survived(settings: Settings, moved: str) -> None:
    """Reads or appends still lead to the server before: both get new connections, and the command is carried out."""
    async with processes(settings, 1) as (here,):
        await give_course(here, learners=["ann"])
        head = await here.log.head()
        await fail_over(settings, moved)
        assert await here.do(RequestEnrollment("bob", RUN)) > head
        life = await here.log.life()
        await fail_over(settings, moved)
        with pytest.raises(LifeEnded):
            await here.do(RequestEnrollment("carl", RUN), life=life)
        assert await here.do(RequestEnrollment("carl", RUN), life=await here.log.life()) > head


async def test_what_is_remembered_of_another_life_refuses_no_consequence(settings: Settings) -> None:
    """A run that was only looked at before the life began is read again, also for a cause of the new life."""
    async with processes(settings, 1) as (here,):
        await give_course(here, learners=["ann"])
        await here.do(RequestEnrollment("bob", RUN))
        await fail_over(settings, "append", "read")
        head, life = await here.log.head(), await here.log.life()
        assert await here.do(RequestEnrollment("carl", RUN), life=life) > head


async def test_lives_that_never_agree_are_no_conflict(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """While connections lead to different servers, a command is answered like one whose server is away."""
    attempts = 0

    async def elsewhere(*_: Any) -> None:
        nonlocal attempts
        attempts += 1
        raise LifeEnded

    monkeypatch.setattr(bus, "LIFE_PAUSE", 0.01)
    async with processes(settings, 1) as (here,):
        await give_course(here, learners=["ann"])
        with monkeypatch.context() as patched:
            patched.setattr(PostgresLog, "append", elsewhere)
            with pytest.raises(Unavailable):
                await here.do(CLICK)
        assert attempts == bus.MOST_LIVES + 1  # the first was decided on what was remembered
        await here.do(CLICK)
