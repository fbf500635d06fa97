"""What is rebuilt at a command line is in the log: who has asked for it, why, and what has become of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from adapters.command_bus.bus import Bus
from adapters.postgres.store import projection_jobs
from adapters.postgres.store.projection_job_shapes import NewJob
from adapters.settings import Settings
from commands.admin.read_models import RequestRebuild
from domain.admin import read_model_stream
from tests.support.rebuilds import followed
from tests.support.workers import InPostgres, Writer, writer
from workers.rebuild import build
from workers.rebuild.build import RebuildRequest, rebuild
from workers.rebuild.lock import RebuildError
from workers.rebuild.promotion import UNKNOWN, By, drop

ONE = InPostgres()
REQUEST = RebuildRequest((ONE,))
ADA = By(UNKNOWN.context, "late days count twice")


async def recorded(facts: Writer, since: int = 0) -> list[tuple[str, Any]]:
    """The facts about the read model that follow a position: their type, and who or what they name."""
    found = [each for each in await facts.log.stream(read_model_stream(ONE.name)) if each.position > since]
    return [
        (each.type.removeprefix("projection."), each.data.get("cause") or each.data.get("reason") or each.meta.actor)
        for each in found
    ]


async def test_a_rebuild_and_what_became_of_it(settings: Settings) -> None:
    """Who was killed in it has failed, as the next one finds; a job of a projector comes first; so does its end."""
    done = [("rebuild_requested", "late days count twice"), ("rebuilt", "operator"), ("job_finished", "operator")]
    async with writer(settings) as facts:
        await facts.record_many(20)
        await followed(settings, 20, [ONE])
        await rebuild(settings, REQUEST, by=ADA)
        assert await recorded(facts) == done

        left = RequestRebuild(ONE.name, "0" * 32, False, "by a process that was killed")
        position = await Bus(facts.log).handle(left, ADA.context)
        await rebuild(settings, REQUEST, by=ADA)
        assert await recorded(facts, position) == [("job_failed", "the process at the command line has died"), *done]

        await drop(settings, ONE, 2, ADA)
        head = await facts.log.head()
        assert (await recorded(facts))[-1] == ("generation_dropped", "late days count twice")

        with pytest.raises(RebuildError, match="_manifest"):
            await rebuild(settings, RebuildRequest((ONE,), export=Path("/nowhere")), by=ADA)
        ((_, why), (what, cause)) = await recorded(facts, head)
        assert (why, what, "_manifest" in cause) == ("late days count twice", "job_failed", True)

        position = await Bus(facts.log).handle(left, ADA.context)
        job = NewJob("0" * 32, ONE.name, "rebuild", position, "admin")
        await facts.log.link.run(lambda connection: projection_jobs.keep(connection, job))
        with pytest.raises(RebuildError, match=f"job {'0' * 32} under way"):
            await rebuild(settings, REQUEST, by=ADA)
        assert await recorded(facts, position) == []


async def test_a_rebuild_that_is_interrupted_was_stopped(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """By Ctrl-C, which cancels what is under way."""
    begun = asyncio.Event()

    async def lasts(_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(build.Builder, "run", lasts)
    async with writer(settings) as facts:
        task = asyncio.create_task(rebuild(settings, REQUEST, by=ADA))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [each for each, _ in await recorded(facts)] == ["rebuild_requested", "job_stopped"]
