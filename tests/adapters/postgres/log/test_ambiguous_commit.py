"""Connections that break while something is appended: neither a false error nor a second append."""

import asyncio
import itertools
from collections.abc import Sequence

import psycopg
import pytest

from adapters.postgres.log import append
from adapters.postgres.log.append import Append, Appended, VersionConflict
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.progress import RecordActivity
from tests.support.appends import end_connections, new_event, opened, query, unit, whole_log
from tests.support.buses import give_course, processes
from tests.support.polling import until
from tests.support.proxy import Cable, Cut, cable
from tests.support.servers import Servers

WRITERS = 16

MOMENTS = pytest.mark.parametrize("moment", [Cut.BEFORE, Cut.AFTER], ids=["before the commit", "after the commit"])


async def prepare(log: PostgresLog) -> None:
    """Have the statement prepared, so that the next call is one message there and one back."""
    await log.append(unit("first"))


async def all_at_once(log: PostgresLog, between: Cable, moment: Cut, units: Sequence[Append]) -> list[object]:
    """Append *units* in one batch, and cut the cable in the middle."""
    await prepare(log)
    between.cut = moment
    answers = await asyncio.gather(*(log.append(each) for each in units), return_exceptions=True)
    assert between.cuts == 1
    return list(answers)


@MOMENTS
async def test_a_lost_answer_is_found(settings: Settings, moment: Cut) -> None:
    """Events of one stream, of several, and an append with a guard."""
    units = [
        unit("a", count=3),
        Append([new_event("b", 1), new_event("c", 1), new_event("c", 2)]),
        unit("d", guards=[("first", 1), ("nothing-there", 0)]),
    ]
    async with cable(settings) as (behind, between), opened(behind) as log:
        answers = await all_at_once(log, between, moment, units)
        assert answers == [Appended(2, 4), Appended(5, 7), Appended(8, 8)]
        assert len(await whole_log(log)) == 8


@MOMENTS
async def test_a_lost_answer_to_a_request_with_a_key_is_found(settings: Settings, moment: Cut) -> None:
    """Also to one that only claims its key."""
    units = [unit("a", count=2, key="k"), Append([], "l", empty_answer=1)]
    async with cable(settings) as (behind, between), opened(behind) as log:
        answers = await all_at_once(log, between, moment, units)
        assert [answer.last for answer in answers if isinstance(answer, Appended)] == [3, 1]
        assert len(await whole_log(log)) == 3


@MOMENTS
async def test_a_real_conflict_remains_one(settings: Settings, moment: Cut) -> None:
    """A fact of another writer is not mistaken for one's own."""
    async with cable(settings) as (behind, between), opened(behind) as log:
        answers = await all_at_once(log, between, moment, [unit("a"), unit("first"), unit("a")])
        assert answers[0] == Appended(2, 2)
        assert all(isinstance(answer, VersionConflict) for answer in answers[1:])
        assert len(await whole_log(log)) == 2


@MOMENTS
async def test_a_bad_neighbour_does_not_confuse_it(settings: Settings, moment: Cut) -> None:
    """The batch is taken apart after the cut, and every good append is stored once."""
    bad = Append([new_event("bad", 1, partition=99)])
    async with cable(settings) as (behind, between), opened(behind) as log:
        await prepare(log)
        between.cut = moment
        answers = await asyncio.gather(
            log.append(unit("a")), log.append(bad), log.append(unit("b")), return_exceptions=True
        )
        assert [answers[0], answers[2]] == [Appended(2, 2), Appended(3, 3)]
        assert isinstance(answers[1], Exception)
        assert between.cuts == 1
        assert len(await whole_log(log)) == 3


async def test_a_failure_after_a_lost_answer_is_not_taken_for_the_truth(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first sending is committed, the second is cancelled: taken apart, every append finds itself in the log."""
    call, fates = append._call, iter(["lost", "cancelled"])

    async def troubled(connection: psycopg.AsyncConnection, batch: Sequence[Append]) -> list[Appended | Exception]:
        fate = next(fates, "")
        if fate == "cancelled":
            raise psycopg.errors.QueryCanceled("canceling statement due to statement timeout")
        answers = await call(connection, batch)
        if fate == "lost":
            raise psycopg.OperationalError("the connection is lost")
        return answers

    async with opened(settings) as log:
        await prepare(log)
        monkeypatch.setattr(append, "_call", troubled)
        units = [unit("a"), unit("b", count=2), unit("c", key="k"), unit("d")]
        answers = await asyncio.gather(*(log.append(each) for each in units))
        assert [answer.last for answer in answers] == [2, 4, 5, 6]
        assert len(await whole_log(log)) == 6


async def test_a_call_that_never_began_is_made_again(settings: Settings) -> None:
    """An operator ends the connection while the call waits for the head of the log."""
    owner = settings.model_copy(update={"postgres_url": settings.postgres_owner_url})
    async with opened(owner) as holder, opened(settings) as log:
        await prepare(log)
        connection = await holder.link.get()
        async with connection.transaction():
            await connection.execute("SELECT FROM log_head FOR UPDATE")
            appending = asyncio.ensure_future(log.append(unit("a", count=2)))

            async def waits() -> bool:
                return bool(await query(settings, WAITING))

            await until(waits)
            [(pid,)] = await query(settings, WAITING)
            await query(settings, "SELECT pg_terminate_backend(%s)", pid)
        assert await appending == Appended(2, 3)
        assert len(await whole_log(log)) == 3


WAITING = "SELECT pid FROM pg_stat_activity WHERE application_name = 'campus:append' AND wait_event_type = 'Lock'"


async def test_connections_that_break_all_the_time(settings: Settings) -> None:
    """Two processes' worth of writers go on while their connections are ended again and again."""
    async with opened(settings) as one, opened(settings) as other:
        stop = asyncio.Event()

        async def write(log: PostgresLog, stream: str) -> int:
            for version in itertools.count(1):
                if stop.is_set():
                    return version - 1
                await log.append(unit(stream, version))
            raise AssertionError

        writers = [
            asyncio.create_task(write(log, f"{name}.{number}"))
            for name, log in (("one", one), ("other", other))
            for number in range(WRITERS)
        ]
        ended = 0
        while ended < 20:
            ended += await asyncio.to_thread(end_connections, settings, "append")
            head = await one.head()

            async def goes_on(head: int = head) -> bool:
                return await other.head() > head or all(writer.done() for writer in writers)

            await until(goes_on)
        stop.set()
        appended = sum(await asyncio.gather(*writers))
        assert len(await whole_log(one)) == appended


@pytest.mark.servers
async def test_a_power_cut_loses_nothing_that_was_acknowledged(own_settings: Settings, own_servers: Servers) -> None:
    """PostgreSQL is killed twice under load: every append is acknowledged, and stands in the log exactly once."""
    each, acknowledged = 300, 0

    async with opened(own_settings) as one, opened(own_settings) as other:

        async def write(log: PostgresLog, stream: str) -> None:
            nonlocal acknowledged
            for version in range(1, each + 1):
                await log.append(unit(stream, version, key=f"{stream}.{version}" if version % 3 == 0 else None))
                acknowledged += 1

        writers = [
            asyncio.create_task(write(log, f"{name}.{number}"))
            for name, log in (("one", one), ("other", other))
            for number in range(WRITERS)
        ]
        whole = each * len(writers)
        for share in (0.25, 0.6):

            async def that_far(share: float = share) -> bool:
                return acknowledged >= share * whole

            await until(that_far)
            await own_servers.kill("postgres")
            await own_servers.start("postgres")
        await asyncio.gather(*writers)
        facts = await whole_log(one)
        assert len(facts) == acknowledged == whole


@MOMENTS
async def test_a_command_is_carried_out_once(settings: Settings, moment: Cut) -> None:
    """An activity that would count twice is recorded once, and the command succeeds."""
    async with cable(settings) as (behind, between), processes(behind, 1) as (here,):
        await give_course(here, learners=["ann"])
        click = RecordActivity("ann", "algebra-1", "page")
        position = await here.do(click)
        between.cut = moment
        assert await here.do(click) == position + 1
        assert between.cuts == 1
        facts = await here.log.stream("progress-ann:algebra-1")
        assert [fact.position for fact in facts] == [position, position + 1]
