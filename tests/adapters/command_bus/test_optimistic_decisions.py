"""Deciding on what is remembered: what it saves, and that nothing which happens meanwhile gets past it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.postgres.log.append import Append, Appended, KeyReused
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.enrollment import ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment
from commands.lookups import catalog, payment
from commands.progress import OpenUnit, RecordActivity
from domain.enrollment import HasWithdrawn, NoAccess
from tests.support.appends import whole_log
from tests.support.buses import give_course, processes

RUN = "algebra-1"
ASK = RequestEnrollment("ann", RUN)
LEAVE = WithdrawEnrollment("ann", RUN)
OPEN = OpenUnit("ann", RUN, "page")
CLICK = RecordActivity("ann", RUN, "page")


@pytest.fixture
def look_ups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The streams that are looked up in the log from now on."""
    streams: list[str] = []
    since = PostgresLog.since

    async def noting(log: PostgresLog, stream_id: str, version: int) -> Any:
        streams.append(stream_id)
        return await since(log, stream_id, version)

    monkeypatch.setattr(PostgresLog, "since", noting)
    return streams


def before_the_next_append(log: PostgresLog, happens: Callable[[], Awaitable[object]]) -> None:
    """Let something happen between the decision of the next command and its append."""
    append = log.append

    async def late(unit: Append) -> Appended:
        log.append = append  # type: ignore[method-assign]
        await happens()
        return await append(unit)

    log.append = late  # type: ignore[method-assign]


async def test_what_is_remembered_is_not_looked_up(settings: Settings, look_ups: list[str]) -> None:
    """The second command of a learner is one round trip: its append says whether memory was right."""
    async with processes(settings, 1) as (here,):
        await give_course(here, learners=["ann"])
        await here.do(CLICK)
        look_ups.clear()
        await here.do(CLICK, CLICK)
        assert look_ups == []


async def test_that_nothing_is_sold_is_remembered(
    settings: Settings, look_ups: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request on a campus that sells nothing looks up the enrollment, and nothing else."""
    for lookups in (catalog, payment):
        monkeypatch.setattr(lookups, "STRUCTURE_MAX_AGE", 600.0)
    async with processes(settings, 1) as (here,):
        await give_course(here, learners=["ann"])
        look_ups.clear()
        await here.do(RequestEnrollment("ben", RUN))
        assert look_ups == [f"enrollment-ben:{RUN}"]


async def test_a_conflict_is_decided_again_on_the_log(settings: Settings, look_ups: list[str]) -> None:
    """Once, since the second time nothing is taken from memory."""
    async with processes(settings) as (here, there):
        await give_course(here, learners=["ann"])
        await here.do(CLICK)
        await there.do(CLICK)
        look_ups.clear()
        await here.do(CLICK)
        assert sorted(look_ups) == sorted(set(look_ups))
        assert "progress-ann:algebra-1" in look_ups
        assert len(await here.log.stream("progress-ann:algebra-1")) == 3


async def test_who_leaves_between_check_and_append_does_nothing_more(settings: Settings) -> None:
    """The activity looked at a place that is given up before it is recorded: it is refused."""
    async with processes(settings) as (here, there):
        await give_course(here, learners=["ann"])
        await here.do(CLICK)
        before_the_next_append(here.log, lambda: there.do(LEAVE))
        with pytest.raises(NoAccess):
            await here.do(CLICK)
        assert len(await here.log.stream("progress-ann:algebra-1")) == 1


async def test_also_when_it_was_looked_up_a_moment_ago(settings: Settings) -> None:
    """A process that remembers nothing has the same guard."""
    async with processes(settings) as (here, there):
        await give_course(here, learners=["ann"])
        before_the_next_append(there.log, lambda: here.do(LEAVE))
        with pytest.raises(NoAccess):
            await there.do(CLICK)


async def test_the_same_answer_again_is_not_given_from_old_memory(settings: Settings) -> None:
    """One process remembers that nothing is to be done, or that it is forbidden; the other has changed that."""
    async with processes(settings) as (here, there):
        await give_course(here, learners=["ann"])
        await here.do(OPEN, ASK)
        await there.do(LEAVE)
        with pytest.raises(HasWithdrawn):
            await here.do(ASK)
        with pytest.raises(NoAccess):
            await here.do(OPEN)
        back = await there.do(ReactivateEnrollment("ann", RUN))
        assert await here.do(ASK) == back
        assert await here.do(CLICK) == back + 1


async def test_changing_nothing_forgets_nothing(settings: Settings, look_ups: list[str]) -> None:
    """To do a thing again is confirmed by the log; the next command still has its memory."""
    async with processes(settings, 1) as (here,):
        await give_course(here, learners=["ann"])
        await here.do(OPEN)
        first = here.memory.exclusive.get("progress-ann:algebra-1")
        assert first is not None
        await here.do(OPEN)
        assert here.memory.exclusive.get("progress-ann:algebra-1") is first
        look_ups.clear()
        await here.do(CLICK)
        assert look_ups == []


async def test_what_is_shared_shows_stored_facts_only(settings: Settings) -> None:
    """While a withdrawal is on its way, who looks still finds the place; and no more once it is stored."""
    seen: list[bool] = []
    async with processes(settings, 1) as (here,):
        await give_course(here, learners=["ann"])
        await here.do(CLICK)

        async def look() -> None:
            seen.append(await here.do(CLICK) > 0)

        before_the_next_append(here.log, look)
        await here.do(LEAVE)
        assert seen == [True]
        with pytest.raises(NoAccess):
            await here.do(CLICK)


async def test_a_repeated_request_has_its_first_answer_whatever_came_after(settings: Settings) -> None:
    """The second sending of a request would be refused for what has come of the first."""
    async with processes(settings) as (here, there):
        await give_course(here)
        first = await there.do(ASK, idempotency_key="k", fingerprint="f")
        await there.do(LEAVE)
        assert await here.do(ASK, idempotency_key="k", fingerprint="f") == first
        with pytest.raises(KeyReused):
            await here.do(ASK, idempotency_key="k", fingerprint="g")
        with pytest.raises(HasWithdrawn):
            await here.do(ASK, idempotency_key="l", fingerprint="f")


async def test_many_learners_at_once_in_two_processes(settings: Settings) -> None:
    """Each is let in, opens and clicks through either process; every fact is stored once."""
    learners = [f"learner-{number}" for number in range(40)]
    async with processes(settings) as both:
        await give_course(both[0])

        async def learn(number: int, learner: str) -> None:
            for step, command in enumerate(
                [
                    RequestEnrollment(learner, RUN),
                    OpenUnit(learner, RUN, "page"),
                    *[RecordActivity(learner, RUN, "page")] * 4,
                ]
            ):
                await both[(number + step) % 2].do(command)

        head = await both[0].log.head()
        await asyncio.gather(*(learn(number, learner) for number, learner in enumerate(learners)))
        facts = await whole_log(both[0].log)
        assert len(facts) - head == len(learners) * (2 + 1 + 4)
