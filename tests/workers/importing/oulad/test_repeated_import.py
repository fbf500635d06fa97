"""An import that is repeated, stopped, divided or disturbed leaves the log as if it had gone through at once."""

import asyncio
import json
from collections.abc import Awaitable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.command_bus.bus import Bus
from adapters.postgres.log.append import Append, Appended, Appender
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from cli.up.plan import variables
from commands.catalog import CreateCourse
from commands.log import Context
from commands.progress import RecordActivity
from tests.conftest import migrated
from tests.support.campus_up import CAMPUS, campus, environment
from tests.support.oulad import SMALL, crowd, small, stored, write
from tests.support.polling import until
from tests.support.servers import Servers
from workers.consistency.log_check import check
from workers.importing.oulad import ImportRefused, import_oulad, run, writer

RUNS = ("AAA-2013J", "AAA-2014B")
LIVE = Context("1", datetime(2013, 10, 15, tzinfo=UTC), source="api")  # while the run was on
CLICK = RecordActivity("1", "AAA-2013J", "100")

Facts = list[tuple[Any, ...]]


class Stopped(Exception):
    """The power is gone."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two presentations of one module."""
    return write(tmp_path_factory.mktemp("crowd") / "crowd.zip", crowd())


@pytest.fixture(scope="module")
def at_once(servers: Servers, file: Path) -> Facts:
    """The log as it is after an import that nothing has disturbed."""
    undisturbed = migrated(servers)

    async def facts() -> Facts:
        await import_oulad(undisturbed, file)
        return await stored(undisturbed)

    return asyncio.run(facts())


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of 100 facts, so that there are many."""
    monkeypatch.setattr(writer, "BATCH", 100)


async def import_until(
    settings: Settings, file: Path, monkeypatch: pytest.MonkeyPatch, appends: int, *, lost_answer: bool = False
) -> None:
    """Import, and stop before the append after so many; or after it, before its answer comes."""
    done = 0

    async def append(self: Appender, unit: Append) -> Appended:
        nonlocal done
        done += 1
        if done > appends and not lost_answer:
            raise Stopped
        answer = await self._batcher.submit(unit)
        if done > appends:
            raise Stopped
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(Appender, "append", append)
        with pytest.raises(Stopped):
            await import_oulad(settings, file)


def by_stream(facts: Facts) -> Facts:
    """The facts stream by stream, without their positions."""
    return sorted(fact[1:] for fact in facts)


def own(facts: Facts) -> Facts:
    """Those of the import, stream by stream, without the versions, which others have moved."""
    return sorted((fact[1], *fact[3:], fact[2]) for fact in facts if fact[-1] == "import:oulad")


async def is_whole(settings: Settings) -> bool:
    """Whether positions and versions have no gap, and everything can be read."""
    return not (await check(settings, len(await stored(settings)))).count


async def test_a_second_run_appends_nothing(settings: Settings, file: Path) -> None:
    """And says so."""
    await import_oulad(settings, file)
    before = await stored(settings)
    report = await import_oulad(settings, file)
    assert await stored(settings) == before
    assert (report.appended.total(), report.found.total(), report.before) == (0, 0, set(RUNS))
    assert report.adds_up
    again = campus("import", "oulad", str(file), env=variables(settings))
    assert "nothing to append: all of it is in the log already" in again.stdout


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("appends", [0, 1, 2, 5, 10, 20, 40, 80])
@pytest.mark.parametrize("lost_answer", [False, True], ids=["before", "after"])
async def test_a_stopped_import_goes_on(
    settings: Settings, file: Path, at_once: Facts, monkeypatch: pytest.MonkeyPatch, appends: int, *, lost_answer: bool
) -> None:
    """Wherever it was stopped, the log ends up the same, position by position."""
    await import_until(settings, file, monkeypatch, appends, lost_answer=lost_answer)
    stopped_at = len(await stored(settings))
    report = await import_oulad(settings, file)
    assert stopped_at < len(at_once)
    assert await stored(settings) == at_once
    assert report.appended.total() == len(at_once) - stopped_at
    assert report.adds_up


async def head_beyond(log: PostgresLog, position: int) -> None:
    """Wait until the log has more facts than that."""

    async def is_beyond() -> bool:
        return await log.head() > position

    await until(is_beyond, interval=0.002)  # an import is fast


async def test_an_import_that_is_killed_goes_on(settings: Settings, servers: Servers, tmp_path: Path) -> None:
    """`kill -9` at some point in the middle, several times over."""
    file = write(tmp_path / "larger.zip", crowd(rows=15_000))
    undisturbed = migrated(servers)
    whole = (await import_oulad(undisturbed, file)).position
    log = await PostgresLog.open(settings)
    for share in (0.1, 0.4, 0.7):
        process = await asyncio.create_subprocess_exec(
            *CAMPUS,
            "import",
            "oulad",
            str(file),
            env=environment(variables(settings)),
            stderr=asyncio.subprocess.DEVNULL,
        )
        await head_beyond(log, int(share * whole))
        process.kill()
        await process.wait()
        assert await log.head() < whole
    await log.close()
    again = campus("import", "oulad", str(file), "--json", env=variables(settings))
    assert json.loads(again.stdout.splitlines()[-1])["adds_up"] is True
    assert await stored(settings) == await stored(undisturbed)


async def test_one_presentation_first_then_everything(settings: Settings, file: Path, at_once: Facts) -> None:
    """What was imported before is left alone."""
    await import_oulad(settings, file, [RUNS[0]])
    first = len(await stored(settings))
    report = await import_oulad(settings, file)
    assert report.before == {RUNS[0]}
    assert report.appended.total() == len(at_once) - first
    assert by_stream(await stored(settings)) == by_stream(at_once)


async def test_the_later_presentation_first(settings: Settings, file: Path, at_once: Facts) -> None:
    """Then only the versions of the course are numbered the other way round."""
    await import_oulad(settings, file, [RUNS[1]])
    await import_oulad(settings, file)
    assert sorted(fact[1:5] for fact in await stored(settings)) == sorted(fact[1:5] for fact in at_once)


@pytest.mark.usefixtures("small_batches")
async def test_a_stopped_presentation_then_everything(
    settings: Settings, file: Path, at_once: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is finished, one that was stopped, then all."""
    await import_oulad(settings, file, [RUNS[0]])
    await import_until(settings, file, monkeypatch, 20)
    await import_oulad(settings, file)
    assert by_stream(await stored(settings)) == by_stream(at_once)


@pytest.mark.usefixtures("small_batches")
async def test_learners_go_on_while_the_import_is_stopped(
    settings: Settings, file: Path, at_once: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their facts stand between those of the import, of which none is lost or doubled."""
    await import_until(settings, file, monkeypatch, 40)
    log = await PostgresLog.open(settings)
    await Bus(log).handle(CLICK, LIVE)
    await log.close()
    await import_oulad(settings, file)
    facts = await stored(settings)
    assert len(facts) == len(at_once) + 1
    assert [fact[:-1] for fact in own(facts)] == [fact[:-1] for fact in own(at_once)]
    assert await is_whole(settings)


@pytest.mark.usefixtures("small_batches")
async def test_learners_go_on_while_the_import_runs(
    settings: Settings, file: Path, at_once: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A learner who is faster makes the import look again."""
    log = await PostgresLog.open(settings)
    live, batches = Bus(log), 0

    async def append(self: Appender, unit: Append) -> Appended:
        nonlocal batches
        if len(unit.events) > 1:
            batches += 1
            if batches in (30, 31, 50):
                await live.handle(CLICK, LIVE)
        return await self._batcher.submit(unit)

    monkeypatch.setattr(Appender, "append", append)
    await import_oulad(settings, file)
    await log.close()
    facts = await stored(settings)
    assert batches > 50
    assert len(facts) == len(at_once) + 3
    assert [fact[:-1] for fact in own(facts)] == [fact[:-1] for fact in own(at_once)]
    assert await is_whole(settings)


@pytest.mark.servers
async def test_postgresql_is_killed_meanwhile(own_servers: Servers, own_settings: Settings, tmp_path: Path) -> None:
    """The import waits for it to come back, and nothing is lost or doubled by the batch that was under way."""
    file = write(tmp_path / "larger.zip", crowd(rows=15_000))
    undisturbed = migrated(own_servers)
    whole = (await import_oulad(undisturbed, file)).position
    importing = asyncio.create_task(import_oulad(own_settings, file))
    log = await PostgresLog.open(own_settings)
    await head_beyond(log, whole // 3)
    await log.close()
    await own_servers.kill("postgres")
    await own_servers.start("postgres")
    report = await importing
    assert report.adds_up
    assert await stored(own_settings) == await stored(undisturbed)


async def test_two_at_once(settings: Settings, file: Path, at_once: Facts) -> None:
    """One imports, the other is refused."""
    imports: list[Awaitable[Any]] = [import_oulad(settings, file) for _ in range(2)]
    results = await asyncio.gather(*imports, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["ImportRefused", "ImportReport"]
    assert await stored(settings) == at_once


async def test_other_rows_for_the_same_presentation_are_refused(settings: Settings, tmp_path: Path) -> None:
    """A file with one more click is another file; nothing is written."""
    await import_oulad(settings, write(tmp_path / "small.zip", SMALL), ["AAA-2013J"])
    before = await stored(settings)
    more = write(tmp_path / "more.zip", small(studentVle=[*SMALL["studentVle.csv"], ("AAA", "2013J", 11, 100, 9, 3)]))
    with pytest.raises(ImportRefused, match="AAA-2013J was imported before, from other rows"):
        await import_oulad(settings, more)
    assert await stored(settings) == before


async def test_what_has_the_same_name_is_not_touched(settings: Settings, tmp_path: Path) -> None:
    """A course that was made by hand is not taken over."""
    log = await PostgresLog.open(settings)
    await Bus(log).handle(CreateCourse("AAA", "Astronomy"), LIVE)
    await log.close()
    with pytest.raises(ImportRefused, match="course AAA that was not imported: Astronomy"):
        await import_oulad(settings, write(tmp_path / "small.zip", SMALL))
    assert len(await stored(settings)) == 1


@pytest.mark.servers
@pytest.mark.usefixtures("small_batches")
async def test_a_log_that_goes_back_meanwhile_gets_what_it_has_lost(
    own_settings: Settings, own_servers: Servers, file: Path, at_once: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import that went on would leave gaps, and note in the log that it is complete."""
    monkeypatch.setattr(run, "PAUSE", 0.0)
    copy = await own_servers.copied()
    flush, flushed = writer.Writer.flush, 0

    async def flush_then_lose(self: writer.Writer) -> None:
        nonlocal flushed
        await flush(self)
        flushed += 1
        if flushed == 4:  # of six: all facts of one presentation are there, and it is to be noted
            assert len(await stored(own_settings)) > len(at_once) // 3
            await own_servers.stop("postgres")
            await own_servers.put_back(copy)
            await own_servers.start("postgres")

    monkeypatch.setattr(writer.Writer, "flush", flush_then_lose)
    report = await import_oulad(own_settings, file)
    assert await stored(own_settings) == at_once
    assert report.position == len(at_once) + 2  # that it has begun and finished
