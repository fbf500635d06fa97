"""
The state of the servers, the lag of each read model and the progress of each worker, for `/readyz` and `/metrics`.

A process is ready if it can do what it is asked: the servers do their work, and what it reads is of this log and moves.
A worker that does not get on is named and takes no process of the API away. One that has left in good order is not
missed here: `campus doctor` misses it.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec

from adapters.postgres.connection import PostgresError, Unavailable
from adapters.postgres.ops.worker_progress import ONE_ACTIVE, WorkerProgress, problems
from adapters.postgres.queries import lag
from adapters.postgres.queries.reader import NotBuilt
from adapters.valkey.client import ValkeyError
from api.http.services import Services
from api.http.truth import checkpoint
from domain.words import closed

PATIENCE = 2.0  # seconds for each server


class Lag(msgspec.Struct, kw_only=True):
    """The checkpoint and lag of a read model; `parked` counts the keys that wait at a fact that failed."""

    name: str
    position: int
    lag_events: int
    lag_seconds: float
    generation: int
    parked: int


class Worker(msgspec.Struct, kw_only=True):
    """A process of a worker: how far it is, for how long it has not moved, and what keeps it."""

    name: str
    active: bool
    position: int
    lag_events: int
    lag_seconds: float
    still_seconds: float
    trouble: str


class Readiness(msgspec.Struct, kw_only=True):
    """
    Whether this process can do its work, how far readers and workers are, and all that is wrong, a sentence each.

    `contexts` are those that it serves; none are named where it serves all.
    """

    status: Annotated[str, closed(("ready", "degraded"))]
    head: int | None
    projections: list[Lag]
    servers: dict[str, bool]
    workers: list[Worker] = []
    problems: list[str] = []
    contexts: list[str] = []


class _LogState(msgspec.Struct, kw_only=True):
    """What PostgreSQL says."""

    head: int
    writable: bool
    projections: list[Lag]
    workers: list[WorkerProgress]
    wrong: list[str]


async def readiness(services: Services) -> Readiness:
    """Ask every server, and say how far the readers and workers are."""
    log, valkey = await asyncio.gather(_log_in_time(services), _valkey(services))
    refused = services.log.appender.refused_lately
    servers = {
        "postgres": log is not None and log.writable and not refused,
        "valkey": valkey,
        "nats": services.nats.client is not None,
    }
    wrong = [f"{name} does not answer" for name, well in servers.items() if not well and name != "postgres"]
    if refused or log is None or not log.writable:
        wrong.insert(0, refused or ("postgres does not answer" if log is None else "postgres is read-only"))
    wrong += log.wrong if log else []
    return Readiness(
        status="degraded" if wrong else "ready",
        head=log.head if log else None,
        projections=log.projections if log else [],
        servers=servers,
        workers=[_worker(each) for each in log.workers] if log else [],
        problems=wrong + (problems(log.workers) if log else []),
    )


def _worker(progress: WorkerProgress) -> Worker:
    judged = progress.active and progress.name in ONE_ACTIVE
    return Worker(
        name=progress.name,
        active=progress.active,
        position=progress.position,
        lag_events=progress.lag_events if judged else 0,
        lag_seconds=round(progress.lag_seconds, 3) if judged else 0.0,
        still_seconds=round(progress.still_seconds, 3) if judged else 0.0,
        trouble=progress.trouble,
    )


async def _log_in_time(services: Services) -> _LogState | None:
    """As `_log`; None if PostgreSQL takes too long, whose connection needs longer to give a statement up."""
    asking = asyncio.create_task(_log(services))
    done, _ = await asyncio.wait([asking], timeout=PATIENCE)
    if not done:
        asking.cancel()
    return asking.result() if done else None


async def _log(services: Services) -> _LogState | None:
    """The head of the log, the lag of each read model and the workers; None if PostgreSQL does not answer."""
    try:
        head, writable = await lag.head_and_writable(services.reader)
        rows = await lag.checkpoints(services.reader)
        lags = [
            Lag(
                name=name,
                position=await checkpoint(services.documents, name, copy),
                lag_events=0,
                lag_seconds=0.0,
                generation=generation,
                parked=parked,
            )
            for name, copy, generation, parked, *_ in rows
        ]
        await _fill_in(services, max([head, *(row[4] for row in rows)]), lags)
        workers = await lag.workers(services.reader)
        versions = {row[0]: row[6] for row in rows}
        wrong = await _above_the_head(services, head, lags) + _standing(services, lags, versions)
    except (PostgresError, Unavailable, NotBuilt, TimeoutError, OSError):
        return None
    return _LogState(head=head, writable=writable, projections=lags, workers=workers, wrong=wrong)


async def _above_the_head(services: Services, head: int, lags: list[Lag]) -> list[str]:
    """What is wrong where a read model holds facts that the log does not have, a sentence each."""
    if all(each.position <= head for each in lags):
        return []
    head = await lag.head(services.reader)  # a checkpoint in Valkey was read after the first look at the head
    return [
        f"{each.name} stands at position {each.position:,}, and the log ends at {head:,}: it went back, and a projector"
        " has to begin again"
        for each in lags
        if each.position > head
    ]


def _standing(services: Services, lags: Iterable[Lag], versions: Mapping[str, int]) -> list[str]:
    """
    What is wrong where a read model is not brought up to date, a sentence each.

    One of another version of the code stands by intention, until a generation of this version is promoted.
    """
    own = {projection.name: projection.version for projection in services.projections}
    late = [each for each in lags if each.lag_events and versions[each.name] == own.get(each.name)]
    standing = services.moves.standing([(each.name, each.generation, each.position) for each in late], time.monotonic())
    return [
        f"{each.name} has stood still at position {each.position:,} for {standing[each.name]:.0f} s,"
        f" {each.lag_events:,} facts from the head: does a projector run?"
        for each in late
        if each.name in standing
    ]


async def _fill_in(services: Services, head: int, lags: Iterable[Lag]) -> None:
    late = [entry for entry in lags if entry.position < head]
    ages = await lag.ages(services.reader, [entry.position + 1 for entry in late]) if late else {}
    for entry in late:
        entry.lag_events = head - entry.position
        entry.lag_seconds = round(max(ages.get(entry.position + 1, 0.0), 0.0), 3)


async def _valkey(services: Services) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await services.valkey.ping()
    except (ValkeyError, OSError, TimeoutError):
        return False
    return True
