"""The state of long streams beside the log: quicker to load, never the truth."""

import pytest

from adapters.settings import Settings
from commands.progress import OpenUnit, RecordActivity
from domain.progress import CourseProgress, progress_stream
from tests.support.appends import query
from tests.support.buses import Process, give_course, processes

ANN = progress_stream("ann", "algebra-1")
EVERY = CourseProgress.snapshot_every


async def busy(process: Process, facts: int) -> None:
    """Ann opens a unit, and has *facts* facts on record."""
    await give_course(process, learners=["ann"])
    click = RecordActivity("ann", "algebra-1", "page")
    await process.do(OpenUnit("ann", "algebra-1", "page"), *[click] * (facts - 1))


async def loaded(process: Process) -> CourseProgress:
    """Ann's progress, as a process that remembers nothing has it."""
    return await process.session().load(CourseProgress, ANN)


async def kept(settings: Settings) -> list[tuple[int, int, int]]:
    """Version, position and version of the state of the snapshots."""
    rows = await query(settings, "SELECT stream_version, position, state_version FROM snapshots")
    return [(version, position, state) for version, position, state in rows]


async def spoil(settings: Settings) -> None:
    """Add a unit to the snapshot that was never opened, to see who uses it."""
    ghost = b'{"opened":["page","ghost"],"completed":[],"scores":{},"outcome":""}'
    await query(settings, "UPDATE snapshots SET state = %s", ghost)


async def test_a_long_stream_is_loaded_from_its_snapshot(settings: Settings) -> None:
    """The state is kept every so many facts; what has happened since comes from the log."""
    async with processes(settings) as (here, there):
        await busy(here, EVERY - 1)
        assert await kept(settings) == []
        await here.do(RecordActivity("ann", "algebra-1", "page"))
        facts = await there.log.stream(ANN)
        assert await kept(settings) == [(EVERY, facts[-1].position, CourseProgress.state_version)]

        await here.do(OpenUnit("ann", "algebra-1", "test"))
        await spoil(settings)
        progress = await loaded(there)
        assert (progress.version, progress.opened) == (EVERY + 1, {"page", "ghost", "test"})


async def test_what_other_code_remembered_is_not_used(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state with another meaning is ignored, and replaced when its time comes."""
    async with processes(settings) as (here, there):
        await busy(here, EVERY)
        await spoil(settings)
        monkeypatch.setattr(CourseProgress, "state_version", CourseProgress.state_version + 1)
        progress = await loaded(there)
        assert (progress.version, progress.opened) == (EVERY, {"page"})
        await there.do(*[RecordActivity("ann", "algebra-1", "page")] * EVERY)
        assert [(version, state) for version, _, state in await kept(settings)] == [
            (2 * EVERY, CourseProgress.state_version)
        ]


async def test_snapshots_can_be_deleted_at_any_time(settings: Settings) -> None:
    """The log says the same, only slower."""
    async with processes(settings) as (here, there):
        await busy(here, EVERY + 1)
        before = vars(await loaded(there))
        await query(settings, "DELETE FROM snapshots")
        assert vars(await loaded(there)) == before
        await here.do(RecordActivity("ann", "algebra-1", "page"))


async def test_a_snapshot_that_cannot_be_kept_is_no_failure(settings: Settings) -> None:
    """The facts are stored by then, so the command has succeeded."""
    async with processes(settings, 1) as (here,):
        await query(settings, "ALTER TABLE snapshots ADD CONSTRAINT none CHECK (false)", owner=True)
        await busy(here, EVERY)
        assert (await kept(settings), len(await here.log.stream(ANN))) == ([], EVERY)


async def test_an_older_state_does_not_replace_a_newer_one(settings: Settings) -> None:
    """Processes may keep their snapshots in any order."""
    async with processes(settings, 1) as (here,):
        await busy(here, EVERY)
        (newest,) = await kept(settings)
        snapshot = await here.log.snapshot(ANN, CourseProgress.state_version)
        assert snapshot is not None
        older, life = snapshot._replace(stream_version=1, position=1), await here.log.life()
        await here.log.keep_snapshot(ANN, older, CourseProgress.state_version, life)
        assert await kept(settings) == [newest]
