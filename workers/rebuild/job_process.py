"""
The process of a rebuild, a promotion or a rollback that was asked for over HTTP.

It dies with the projector that starts it. A rebuild that died continues from the segments that are complete; of a
promotion nothing has happened before its last transaction.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing import parent_process
from multiprocessing.connection import Connection as Pipe
from typing import Any

import msgspec
import structlog

from adapters.embedded.process import end_with_parent
from adapters.logging import configure
from adapters.postgres.connection import PostgresError, Unavailable, is_broken
from adapters.postgres.store.generations import BlockedByReaders, InUse, NoSuchGeneration
from adapters.projection_jobs import REBUILD, ROLLBACK
from adapters.settings import Settings
from adapters.valkey.client import ValkeyError, is_trouble
from commands.log import Context
from domain.admin import Build, SwitchWanted
from domain.errors import DomainError
from projections.engine.projection import Projection
from workers.rebuild.build import RebuildRequest, rebuild
from workers.rebuild.lock import RebuildError, RebuildInProgress
from workers.rebuild.processes import default_workers
from workers.rebuild.promotion import By, promote, roll_back
from workers.rebuild.report import build_of
from workers.support.progress import Advance
from workers.support.session import SessionLost

MESSAGE_INTERVAL = 0.25  # seconds between two messages about the same step
REFUSED = (RebuildError, NoSuchGeneration, BlockedByReaders, InUse)


class Outcome(StrEnum):
    """How a try has ended: done, to be tried again later, or for good without having done it."""

    DONE = "done"
    WAITS = "waits"
    FAILED = "failed"


@dataclass(frozen=True)
class ProjectionJob:
    """
    What is to be done.

    Attributes:
        context: in whose name readers are moved.
        wanted: of a promotion or a rollback; None for a rebuild.
        from_scratch: of a rebuild.
    """

    settings: Settings
    projection: Projection
    what: str
    context: Context
    reason: str
    job_id: str
    wanted: SwitchWanted | None = None
    from_scratch: bool = False


class JobMessage(msgspec.Struct, frozen=True):
    """A message to the parent process: how far it is, or how it has ended."""

    step: str | None = None
    done: int | None = None
    total: int | None = None
    outcome: Outcome | None = None
    cause: str | None = None
    build: Build | None = None
    generation: int | None = None


def work(job: ProjectionJob, pipe: Pipe, environment: Mapping[str, str]) -> None:
    """Do *job* in this process, and say through *pipe* how far it is, and how it has ended."""
    os.environ.clear()
    os.environ.update(environment)
    end_with_parent(signal.SIGKILL)
    parent = parent_process()
    if parent is None or not parent.is_alive():  # it died before `end_with_parent` took effect
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent kills this process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    configure(job.settings.log_level, process="rebuild")
    os.nice(job.settings.background_niceness if job.what == REBUILD else 0)
    try:
        ended = asyncio.run(_do(job, pipe))
    except Exception as error:  # noqa: BLE001 - the parent notes it
        ended = _ended_by(error, job)
    pipe.send(ended)


def _ended_by(error: Exception, job: ProjectionJob) -> JobMessage:
    """What an error means for the job."""
    if _is_passing(error):
        return JobMessage(outcome=Outcome.WAITS, cause=str(error).strip())
    if isinstance(error, DomainError):
        return JobMessage(outcome=Outcome.FAILED, cause=error.sentence)
    if isinstance(error, REFUSED):
        return JobMessage(outcome=Outcome.FAILED, cause=str(error))
    structlog.get_logger().error("projection_job.error", job=job.job_id, exc_info=error)
    return JobMessage(outcome=Outcome.FAILED, cause=f"{type(error).__name__}: {error}")


def _is_passing(error: Exception) -> bool:
    """Whether the same is to be tried again: another process works on the read model, or a server is away."""
    if isinstance(error, RebuildInProgress | SessionLost | Unavailable):
        return True
    return (isinstance(error, PostgresError) and is_broken(error)) or (
        isinstance(error, ValkeyError) and is_trouble(error)
    )


async def _do(job: ProjectionJob, pipe: Pipe) -> JobMessage:
    shown = Shown(pipe)
    if job.wanted is None:
        workers = default_workers([job.projection])
        request = RebuildRequest((job.projection,), workers=workers, from_scratch=job.from_scratch)
        (built,) = (await rebuild(job.settings, request, shown)).built
        return JobMessage(outcome=Outcome.DONE, build=build_of(built), generation=built.generation)
    by = By(job.context, job.reason, job.job_id)
    with shown("the last facts", total=None, unit="facts") as advance:
        if job.what == ROLLBACK:
            anyway = job.wanted.anyway
            switched = await roll_back(job.settings, job.projection, as_it_was=anyway, advance=advance, by=by)
        else:
            number, with_parked = job.wanted.generation, job.wanted.anyway
            switched = await promote(job.settings, job.projection, number, advance, with_parked=with_parked, by=by)
    return JobMessage(outcome=Outcome.DONE, generation=switched.after)


class Shown:
    """Shows progress to the parent process; see `workers.support.progress.ProgressReporter`."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    @contextmanager
    def __call__(self, title: str, *, total: int | None, unit: str) -> Iterator[Advance]:
        """Say how far the step is."""
        step, done, sent_at = f"{title} ({unit})", 0, 0.0

        def advance(more: int) -> None:
            nonlocal done, sent_at
            done += more
            if time.monotonic() - sent_at > MESSAGE_INTERVAL:
                sent_at = time.monotonic()
                self._pipe.send(JobMessage(step=step, done=done, total=total))

        self._pipe.send(JobMessage(step=step, done=0, total=total))
        yield advance


def switch_wanted(data: Mapping[str, Any]) -> SwitchWanted:
    """What the fact `projection.switch_requested` asks for."""
    return SwitchWanted(back=data["back"], generation=data["generation"], anyway=data["anyway"])
