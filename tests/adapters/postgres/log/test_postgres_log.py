"""Appending and reading: order, idempotency, and neighbours in one batch."""

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import psycopg
import pytest

from adapters.postgres.connection import Overloaded, Unavailable
from adapters.postgres.log.append import Append, Appended, KeyReused, NewEvent, VersionConflict
from adapters.postgres.log.postgres_log import COLUMNS, PostgresLog
from adapters.postgres.log.query import statement
from adapters.settings import Settings
from domain.fact import Fact
from domain.tags import QueryItem
from tests.support.appends import assert_versions_dense, new_event, opened, query, unit, whole_log
from tests.support.polling import until
from tests.support.writers import write

PROCESSES = 4
PAGE = 1_000
REPEATS = 50


@pytest.mark.parametrize("events", [1_000, pytest.param(12_500, marks=pytest.mark.slow)])
async def test_a_tailing_reader_misses_nothing(settings: Settings, events: int) -> None:
    """Whatever many processes append meanwhile, a reader sees every position, once and in order."""
    loop, seen = asyncio.get_running_loop(), list[Fact]()
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as processes:
        writers = [
            loop.run_in_executor(processes, write, settings, f"w{number}", events) for number in range(PROCESSES)
        ]
        async with opened(settings) as log:
            while len(seen) < PROCESSES * events:
                all_is_written = all(writer.done() for writer in writers)
                page = await log.read(len(seen), PAGE)
                assert [fact.position for fact in page] == list(range(len(seen) + 1, len(seen) + 1 + len(page)))
                seen += page
                if not page and all_is_written:
                    break
            assert await asyncio.gather(*writers) == [events] * PROCESSES
            assert await log.head() == len(seen) == PROCESSES * events
    assert_versions_dense([(fact.stream_id, fact.stream_version) for fact in seen])
    assert [fact.recorded_at for fact in seen] == sorted(fact.recorded_at for fact in seen)


async def test_appends_that_arrive_together_travel_together(settings: Settings) -> None:
    """Fifty at once are one batch, and each has its own answer, in the order in which they came."""
    sizes: list[tuple[int, int]] = []
    async with opened(settings) as log:
        log.appender.on_batch = lambda appends, events, _: sizes.append((appends, events))
        answers = await asyncio.gather(*(log.append(unit(f"s{number}", count=2)) for number in range(50)))
        assert answers == [Appended(2 * number + 1, 2 * number + 2) for number in range(50)]
        assert sizes == [(50, 100)]
        assert len(await whole_log(log)) == 100


async def test_a_commit_is_told_to_whom_it_concerns(settings: Settings) -> None:
    """With the last position of the batch; not for a refusal or a repetition."""
    announced: list[int] = []
    async with opened(settings) as log:
        log.appender.on_commit = announced.append
        await asyncio.gather(log.append(unit("a", key="k")), log.append(unit("b", count=2)))
        await log.append(unit("c", key="k"))
        with pytest.raises(VersionConflict):
            await log.append(unit("a"))
        assert announced == [3]


async def test_a_request_is_carried_out_once(settings: Settings) -> None:
    """Fifty times the same key at once, from three logs: one is stored, and all have its answer."""
    async with opened(settings) as first, opened(settings) as second, opened(settings) as third:
        logs = (first, second, third)
        repeats = [log.append(unit("a", count=2, key="k", fingerprint="f")) for log in logs for _ in range(REPEATS)]
        answers = await asyncio.gather(*repeats)
        assert {answer.last for answer in answers} == {2}
        assert sum(not answer.repeated for answer in answers) == 1
        assert len(await whole_log(first)) == 2
        assert await first.first_answer("k") == ("f", 2)


async def test_a_key_stands_for_one_request(settings: Settings) -> None:
    """Another request with the same key is refused, in one batch as well as later."""
    async with opened(settings) as log:
        answers = await asyncio.gather(
            log.append(unit("a", key="k", fingerprint="f")),
            log.append(unit("b", key="k", fingerprint="g")),
            return_exceptions=True,
        )
        assert answers[0] == Appended(1, 1)
        assert isinstance(answers[1], KeyReused)
        with pytest.raises(KeyReused):
            await log.append(Append([], "k", "g"))
        assert len(await whole_log(log)) == 1


async def test_an_empty_append_claims_its_key(settings: Settings) -> None:
    """A command that changed nothing is not carried out when it comes again, however things stand by then."""
    async with opened(settings) as log:
        await log.append(unit("a"))
        assert (await log.append(Append([], "k", "f", empty_answer=1))).last == 1
        again = await log.append(unit("a", 2, key="k", fingerprint="f"))
        assert (again.last, again.repeated) == (1, True)
        assert len(await whole_log(log)) == 1


async def test_a_refused_append_claims_nothing(settings: Settings) -> None:
    """Its key is free for the next attempt."""
    async with opened(settings) as log:
        with pytest.raises(VersionConflict):
            await log.append(unit("a", 2, key="k"))
        assert await log.append(unit("a", 1, key="k")) == Appended(1, 1)


@pytest.mark.parametrize(
    "unfit",
    [
        {"type": "a\x00b"},
        {"stream_id": "a\x00b"},
        {"type": "\ud800"},
        {"partition": 99},
        {"partition": 70_000},
        {"schema_version": 40_000},
        {"stream_version": 2**40},
        {"data": None},
        {"occurred_at": "yesterday"},
    ],
    ids=str,
)
async def test_a_bad_append_harms_nobody_else(settings: Settings, unfit: dict[str, Any]) -> None:
    """Its neighbours in the batch are stored, and no position is lost."""
    bad = Append([new_event("a", 1), new_event("z", 1, **unfit)])
    async with opened(settings) as log:
        good = [log.append(unit(f"s{number}")) for number in range(4)]
        answers = await asyncio.gather(*good[:2], log.append(bad), *good[2:], return_exceptions=True)
        assert isinstance(answers.pop(2), psycopg.Error | ValueError | TypeError | VersionConflict)
        assert answers == [Appended(position, position) for position in range(1, 5)]
        assert await log.append(unit("after")) == Appended(5, 5)
        assert len(await whole_log(log)) == 5


async def test_the_same_version_twice_in_one_append(settings: Settings) -> None:
    """It is refused, alone."""
    twice: list[NewEvent] = [new_event("a", 1), new_event("a", 1)]
    async with opened(settings) as log:
        answers = await asyncio.gather(log.append(Append(twice)), log.append(unit("b")), return_exceptions=True)
        assert isinstance(answers[0], psycopg.errors.UniqueViolation | VersionConflict)
        assert answers[1] == Appended(1, 1)
        assert [fact.stream_id for fact in await whole_log(log)] == ["b"]


async def test_a_guard_that_moved_is_a_conflict(settings: Settings) -> None:
    """An append names what its decision looked at; also when that changes in the same batch."""
    async with opened(settings) as log:
        await log.append(unit("looked-at"))
        answers = await asyncio.gather(
            log.append(unit("a", guards=[("looked-at", 1)])),
            log.append(unit("looked-at", 2)),
            log.append(unit("b", guards=[("looked-at", 1)])),
            return_exceptions=True,
        )
        assert [*answers[:2]] == [Appended(2, 2), Appended(3, 3)]
        assert isinstance(answers[2], VersionConflict)
        assert (answers[2].stream_id, answers[2].actual_version) == ("looked-at", 2)
        with pytest.raises(VersionConflict):
            await log.append(unit("c", guards=[("looked-at", 1)]))
        with pytest.raises(VersionConflict):
            await log.append(unit("d", guards=[("nothing-there", 1)]))
        assert (await log.append(unit("d", guards=[("nothing-there", 0)]))).last == 4


async def test_whoever_goes_away_takes_nobody_along(settings: Settings) -> None:
    """A caller that is cancelled leaves its neighbours in the batch alone."""
    async with opened(settings) as log:
        tasks = [asyncio.create_task(_append(log, number)) for number in range(10)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(answers.pop(3), asyncio.CancelledError)
        assert all(isinstance(answer, Appended) for answer in answers)
        assert (await log.append(unit("after"))).last == len(await whole_log(log))


async def _append(log: PostgresLog, number: int) -> Appended:
    return await log.append(unit(f"s{number}"))


async def test_a_head_that_is_held_is_waited_for(settings: Settings) -> None:
    """Longer than one `lock_timeout`; then the append goes through, once."""
    owner = await psycopg.AsyncConnection.connect(
        settings.postgres_owner_url, options=f"-c search_path={settings.schema_name}"
    )
    async with owner, opened(settings) as log:
        await owner.execute("SELECT FROM log_head FOR UPDATE")
        waiting = asyncio.ensure_future(log.append(unit("a")))
        calls: set[Any] = set()

        async def tried_again() -> bool:
            calls.update(await query(settings, RUNNING, "campus:append"))
            return len(calls) > 1

        await until(tried_again)
        await owner.rollback()
        assert await waiting == Appended(1, 1)
        assert len(await whole_log(log)) == 1


RUNNING = "SELECT query_start FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'"


async def test_a_server_that_is_away_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Unavailable` after the time that one is willing to wait."""
    nowhere = settings.model_copy(update={"postgres_url": "postgresql://campus_app@127.0.0.1:1/campus"})
    async with opened(nowhere) as log:
        monkeypatch.setattr(log.appender._link, "_patience", 0.01)
        monkeypatch.setattr(log.link, "_patience", 0.01)
        with pytest.raises(Unavailable):
            await log.append(unit("a"))
        with pytest.raises(Unavailable):
            await log.head()


async def test_a_statement_that_runs_too_long_is_overload(settings: Settings) -> None:
    """PostgreSQL gives up a read, or an append that waits for the head: `Overloaded`, and nothing is added."""
    owner = settings.model_copy(update={"postgres_url": settings.postgres_owner_url})
    async with opened(owner) as holder, opened(settings) as log:
        for link in (log.link, log.appender._link):
            await (await link.get()).execute("SET statement_timeout = 30")
        with pytest.raises(Overloaded, match="PostgreSQL gave up"):
            await log._rows("SELECT pg_sleep(60)", ())
        async with (await holder.link.get()).transaction():
            await (await holder.link.get()).execute("SELECT FROM log_head FOR UPDATE")
            with pytest.raises(Overloaded, match="PostgreSQL gave up"):
                await log.append(unit("a"))
        assert await whole_log(holder) == []


async def test_parts_of_the_log_can_be_read(settings: Settings) -> None:
    """A page by position and type, a stream from a version on, one learner's whole history, and no other's."""
    async with opened(settings) as log:
        for stream in ("progress-7:AAA", "progress-70:AAA", "progress-7:BBB", "course-7"):
            await log.append(unit(stream, count=2))
        await log.append(
            Append([new_event("progress-7:AAA", 3, type="progress.unit_opened", data=b'{"unit_id": "u"}')])
        )
        assert [fact.position for fact in await log.read(2, 3)] == [3, 4, 5]
        assert [fact.position for fact in await log.read(0, 100, types=["progress.unit_opened"])] == [9]
        assert await log.read(0, 8, types=["progress.unit_opened"]) == []
        assert [fact.position for fact in await log.stream("progress-7:AAA", 1)] == [2, 9]
        assert [fact.position for fact in await log.history("7")] == [1, 2, 5, 6, 9]
        assert [fact.position for fact in await log.history("7", until=5)] == [1, 2, 5]
        assert (await log.knows("7"), await log.knows("x7"), await log.knows("")) == (True, False, False)
        found = await asyncio.gather(
            *(log.since("progress-7:AAA", version) for version in (0, 2, 3)), log.since("x", 0)
        )
        assert [[recent.stream_version for recent in facts] for facts in found] == [[1, 2, 3], [3], [], []]


async def test_an_order_is_found_by_its_id_alone(settings: Settings) -> None:
    """The staff ask for an order whose learner they do not know: an index has it, however many orders there are."""
    query_of_order = (QueryItem(("order.placed",), ("order:o7",)),)
    async with opened(settings) as log:
        placed = [new_event(f"order-l{number}:o{number}", 1, type="order.placed") for number in range(300)]
        await log.append(Append(placed))
        await log.append(Append([new_event("order-l7:o7", 2, type="order.paid")]))
        assert [fact.stream_id for fact in (await log.matching(query_of_order, limit=1))[0]] == ["order-l7:o7"]
        await query(settings, "ANALYZE events", owner=True)
        text, values = statement(query_of_order, COLUMNS, 0, 1)
        plan = "\n".join(line for (line,) in await log._rows(f"EXPLAIN {text}", values))
    assert "events_placed_order" in plan


async def test_attempts_are_read_without_the_rest_of_the_log(settings: Settings) -> None:
    """A query for a learner's attempts uses the index on streams, however long the log is."""
    query_of_ann = (QueryItem(("attempt.submitted", "attempt.graded"), ("learner:ann",)),)
    async with opened(settings) as log:
        streams = [f"attempt-{learner}:q:1" for learner in ("ann", *(f"ann{number}" for number in range(99)))]
        await asyncio.gather(*(log.append(unit(stream, count=20)) for stream in streams))
        await log.append(Append([new_event("attempt-ann:q:2", 1, type="attempt.submitted")]))
        assert [fact.position for fact in (await log.matching(query_of_ann))[0]] == [2_001]
        assert await log.streams_matching(query_of_ann) == (["attempt-ann:q:2"], 2_001)
        await query(settings, "ANALYZE events", owner=True)
        text, values = statement(query_of_ann, COLUMNS, 0)
        plan = "\n".join(line for (line,) in await log._rows(f"EXPLAIN {text}", values))
    assert "Index Cond: ((stream_id >= " in plan
    assert "Seq Scan on events" not in plan
