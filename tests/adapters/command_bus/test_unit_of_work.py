"""What a session remembers, and that it never takes for a fact what was not stored."""

import asyncio

import pytest

from adapters.command_bus.unit_of_work import CachedAggregate, LruCache, NeedsConfirmation
from adapters.postgres.log.append import VersionConflict
from adapters.settings import Settings
from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.log import Context
from domain.enrollment import Enrollment, HasWithdrawn, Status, enrollment_stream
from tests.support.buses import ME, give_course, processes

ANN = enrollment_stream("ann", "algebra-1")


async def test_a_stream_without_facts_is_blank(settings: Settings) -> None:
    """A stream without facts is at version 0, and does not count as remembered."""
    async with processes(settings, 1) as (here,):
        session = here.session(optimistic=True)
        assert not (await session.load(Enrollment, ANN)).exists
        assert not (await session.read(Enrollment, ANN)).exists
        assert not session.used_cache


async def test_what_is_saved_is_seen_by_all(settings: Settings) -> None:
    """In the same process from memory, in another from the log, to look at and to change."""
    async with processes(settings) as (here, there):
        session = here.session()
        enrollment = await session.load(Enrollment, ANN)
        enrollment.request("free", "api")
        enrollment.activate()
        assert await session.save(enrollment) == 2
        for process in (here, there):
            assert (await process.session().load(Enrollment, ANN)).status is Status.ACTIVE
            assert (await process.session().read(Enrollment, ANN)).status is Status.ACTIVE


async def test_what_is_not_saved_is_seen_by_nobody(settings: Settings) -> None:
    """A command that has changed an aggregate has it for itself until its facts are stored, and for ever if not."""
    async with processes(settings, 1) as (here,):
        await give_course(here, learners=["ann"])
        changing = here.session(optimistic=True)
        (await changing.load(Enrollment, ANN)).withdraw("moved")
        for other in (here.session(), here.session(optimistic=True)):
            assert (await other.load(Enrollment, ANN)).status is Status.ACTIVE
            assert (await other.read(Enrollment, ANN)).status is Status.ACTIVE
        changing.release()
        assert (await here.session(optimistic=True).load(Enrollment, ANN)).status is Status.ACTIVE


async def test_one_command_sees_its_own_changes(settings: Settings) -> None:
    """To load a stream twice in one command gives the same aggregate."""
    async with processes(settings, 1) as (here,):
        session = here.session()
        assert await session.load(Enrollment, ANN) is await session.load(Enrollment, ANN)


async def test_the_slower_of_two_forgets_what_it_had_decided(settings: Settings) -> None:
    """After a conflict, memory holds nothing that the log does not."""
    async with processes(settings) as (here, there):
        await give_course(here, learners=["ann"])
        faster, slower = here.session(), there.session()
        first, second = await faster.load(Enrollment, ANN), await slower.load(Enrollment, ANN)
        first.complete()
        second.withdraw("moved")
        await faster.save(first)
        with pytest.raises(VersionConflict):
            await slower.save(second)
        slower.release()
        for trusting in (True, False):
            again = there.session(optimistic=trusting)
            assert (await again.load(Enrollment, ANN)).status is Status.COMPLETED
            again.release()


async def test_an_append_that_is_repeated_is_not_remembered(settings: Settings) -> None:
    """The first answer to a key is the answer; what was decided the second time has not happened."""
    async with processes(settings, 1) as (here,):
        await give_course(here, learners=["ann"])
        context = Context(actor="test", idempotency_key="k")
        for _ in range(2):
            session = here.session(context)
            enrollment = await session.load(Enrollment, ANN)
            enrollment.withdraw("moved")
            enrollment.reactivate()
            await session.save(enrollment)
            session.release()
        assert (await here.session(optimistic=True).load(Enrollment, ANN)).version == 4


async def test_memory_that_is_out_of_date_confirms_nothing(settings: Settings) -> None:
    """To change nothing is decided on the log; a change is refused by it."""
    async with processes(settings) as (here, there):
        await give_course(here, learners=["ann"])
        session = there.session()
        await session.load(Enrollment, ANN)
        session.release()
        session = here.session()
        enrollment = await session.load(Enrollment, ANN)
        enrollment.withdraw("moved")
        await session.save(enrollment)

        session = there.session(optimistic=True)
        enrollment = await session.load(Enrollment, ANN)
        assert (enrollment.status, session.used_cache) == (Status.ACTIVE, True)
        with pytest.raises(NeedsConfirmation):
            await session.save(enrollment)

        session = there.session(optimistic=True)
        with pytest.raises(HasWithdrawn):
            (await session.load(Enrollment, ANN)).complete()
        assert not session.used_cache


async def test_what_was_looked_at_must_still_be_so(settings: Settings) -> None:
    """An append is a conflict if a stream has moved on that the decision has only looked at."""
    async with processes(settings) as (here, there):
        await give_course(here, learners=["ann", "ben"])
        deciding = there.session()
        assert (await deciding.read(Enrollment, ANN)).status is Status.ACTIVE
        other = await deciding.load(Enrollment, enrollment_stream("ben", "algebra-1"))
        other.complete()
        session = here.session()
        enrollment = await session.load(Enrollment, ANN)
        enrollment.withdraw("moved")
        await session.save(enrollment)
        with pytest.raises(VersionConflict) as conflict:
            await deciding.save(other)
        assert conflict.value.stream_id == ANN


async def test_two_who_look_at_once_see_each_fact_once(settings: Settings) -> None:
    """What is shared is brought up to date by several commands at the same time."""
    async with processes(settings) as (here, there):
        await give_course(here, learners=["ann"])
        shared = await here.session().read(Enrollment, ANN)
        await there.do(WithdrawEnrollment("ann", "algebra-1"))
        seen = await asyncio.gather(*(here.session().read(Enrollment, ANN) for _ in range(3)))
        assert [(each is shared, each.status, each.version) for each in seen] == 3 * [(True, Status.WITHDRAWN, 3)]


async def test_history_is_recorded_by_those_who_bring_it(settings: Settings) -> None:
    """An aggregate that was loaded to record history refuses again when a command of today has it."""
    async with processes(settings, 1) as (here,):
        await give_course(here, learners=["ann"])
        session = here.session(Context(actor="test", importing=True))
        enrollment = await session.load(Enrollment, ANN)
        enrollment.withdraw("moved")
        enrollment.complete()
        enrollment.withdraw("moved")
        await session.save(enrollment)
        with pytest.raises(HasWithdrawn):
            (await here.session(optimistic=True).load(Enrollment, ANN)).request("free", "api")


async def test_each_aggregate_has_the_position_of_its_own_last_fact(settings: Settings) -> None:
    """Where several are saved as one, memory and log agree on the position of each."""
    async with processes(settings) as (here, there):
        await give_course(here, capacity=1)
        await here.do(RequestEnrollment("ann", "algebra-1"))
        for stream in ("seats-algebra-1", ANN):
            remembered = here.memory.exclusive.get(stream)
            assert remembered is not None
            facts = await there.log.stream(stream)
            assert (remembered.position, remembered.aggregate.version) == (facts[-1].position, len(facts))


def test_what_was_used_last_is_kept() -> None:
    """A full cache forgets what has not been used for longest."""
    cache = LruCache(size=2)
    a, b, c = (CachedAggregate(Enrollment.blank(f"enrollment-{name}:r"), "1.1") for name in "abc")
    for entry in (a, b, a, c):
        cache.put(entry)
    assert [cache.get(entry.aggregate.id) for entry in (a, b, c)] == [a, None, c]


async def test_where_a_fact_comes_from_is_kept_with_it(settings: Settings) -> None:
    """Actor, cause, trace and time of the command stand in the envelope."""
    async with processes(settings, 1) as (here,):
        await give_course(here)
        await here.do(RequestEnrollment("ann", "algebra-1"), at=ME.at, on_behalf_of="ann", correlation_id="trace")
        facts = await here.log.stream(ANN)
        assert {fact.occurred_at for fact in facts} == {ME.at}
        assert {(fact.meta.actor, fact.meta.on_behalf_of, fact.meta.correlation_id) for fact in facts} == {
            ("test", "ann", "trace")
        }
        assert len({fact.meta.event_id for fact in facts}) == len(facts)
