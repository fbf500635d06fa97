"""The state of the servers and the lag of each read model, for `/readyz` and `/metrics`."""

import asyncio
from collections.abc import Iterable

import msgspec

from adapters.postgres.connection import PostgresError, Unavailable
from adapters.postgres.queries import lag
from adapters.postgres.queries.reader import NotBuilt
from adapters.valkey.client import ValkeyError
from adapters.valkey.document_reader import Unreachable
from api.http.services import Services

PATIENCE = 2.0  # seconds for each server


class Lag(msgspec.Struct, kw_only=True):
    """The checkpoint and lag of a read model; `parked` counts the keys that wait at a fact that failed."""

    name: str
    position: int
    lag_events: int
    lag_seconds: float
    generation: int
    parked: int


class Readiness(msgspec.Struct, kw_only=True):
    """Whether the servers answer, and how far the readers are."""

    status: str
    head: int | None
    projections: list[Lag]
    servers: dict[str, bool]


async def readiness(services: Services) -> Readiness:
    """Ask every server, and say how far the readers are."""
    log, valkey = await asyncio.gather(_log(services), _valkey(services))
    head, lags = log or (None, [])
    servers = {"postgres": log is not None, "valkey": valkey, "nats": services.nats.client is not None}
    status = "ready" if all(servers.values()) else "degraded"
    return Readiness(status=status, head=head, projections=lags, servers=servers)


async def _log(services: Services) -> tuple[int, list[Lag]] | None:
    """The head of the log and the lag of each read model; None if PostgreSQL does not answer."""
    try:
        async with asyncio.timeout(PATIENCE):
            head = await lag.head(services.reader)
            rows = await lag.checkpoints(services.reader)
            lags = [
                Lag(
                    name=name,
                    position=await checkpoint(services, name, copy),
                    lag_events=0,
                    lag_seconds=0.0,
                    generation=generation,
                    parked=parked,
                )
                for name, copy, generation, parked, _ in rows
            ]
            await _fill_in(services, max([head, *(row[4] for row in rows)]), lags)
    except (PostgresError, Unavailable, NotBuilt, TimeoutError, OSError):
        return None
    return head, lags


async def checkpoint(services: Services, name: str, copy: int) -> int:
    """The checkpoint of a read model; for one in Valkey, PostgreSQL has a *copy* that may be seconds old."""
    documents = services.documents.get(name)
    if documents is None:
        return copy
    try:
        return await documents.position()
    except Unreachable:
        return copy


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
