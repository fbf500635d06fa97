"""
Facts by what caused them, the keys of requests, and the jobs that were derived from facts.

Migration 0262 has the index: the id of the request that led to a fact or, if no request did, the fact that caused it.
The id of a fact is a UUIDv7, which says when it was made, so a fact is found by its id among those recorded then.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.postgres_log import COLUMNS, HEAD
from domain.fact import Fact

SKEW = timedelta(seconds=30)  # by which the clock of a process may be ahead of the server's
NEARBY = 50_000  # facts that are looked through for an id

AT = f"SELECT {COLUMNS} FROM events WHERE position = %s"

# Facts of a request, or caused by a fact: a *probe* is a meta that says which.
OF_TRACE = f"""
SELECT found.* FROM unnest(%(probes)s::bytea[]) AS wanted (meta) CROSS JOIN LATERAL (
    SELECT {COLUMNS} FROM events WHERE trace_of(events.meta) = trace_of(wanted.meta)
     ORDER BY position LIMIT %(limit)s) AS found
 ORDER BY position LIMIT %(limit)s
"""

# Facts are recorded one after the other, so their times grow with their positions: a search by halves.
BY_ID = f"""
WITH RECURSIVE head (position) AS ({HEAD}),
search (known, beyond) AS (  -- `known` was recorded before, `beyond` was not
    SELECT 0::bigint, position + 1 FROM head
     UNION ALL
    SELECT CASE WHEN recorded_at < %(since)s THEN middle ELSE known END,
           CASE WHEN recorded_at < %(since)s THEN beyond ELSE middle END
      FROM search CROSS JOIN LATERAL (SELECT (known + beyond) / 2 AS middle) AS half
      JOIN events ON events.position = middle WHERE beyond - known > 1)
SELECT {COLUMNS} FROM search CROSS JOIN LATERAL (
    SELECT * FROM events WHERE position > known AND position <= known + %(nearby)s) AS near
 WHERE beyond - known = 1 AND position(%(id)s::bytea IN meta) > 0 ORDER BY position
"""

# The key of a request stands with the position of its last fact.
KEYS = """
SELECT kept.position, substr(kept.key, length(wanted.prefix) + 1)
  FROM (SELECT ('api:' || actor || ':') COLLATE "C" FROM unnest(%s::text[]) AS actor) AS wanted (prefix)
 CROSS JOIN LATERAL (
    SELECT key, position FROM idempotency
     WHERE key >= wanted.prefix AND key < wanted.prefix || chr(127) AND position = ANY(%s)) AS kept
 ORDER BY kept.position, kept.key
"""

JOBS = """
SELECT d.position, d.name, d.due_at, d.settled_at, d.failures, d.cause, queued.status::text
  FROM unnest(%s::text[]) AS wanted (event_id)
 CROSS JOIN LATERAL (
    SELECT * FROM derived_jobs WHERE key >= wanted.event_id || ':' AND key < wanted.event_id || ';') AS d
  LEFT JOIN queued_jobs AS queued ON queued.key = d.key
 ORDER BY d.position, d.due_at, d.name
"""

_encode = msgspec.json.Encoder().encode


class DerivedJob(NamedTuple):
    """
    A job that was derived from a fact, as it stands.

    Attributes:
        due_at: by the clock of the campus.
        settled_at: when a fact was seen that ends it, such as its outcome.
        failures: tries that have failed by its own fault; `cause` is why the latest did.
        status: in the queue: `todo`, `doing`, `failed`; None for one that is not there any more.
    """

    position: int
    name: str
    due_at: datetime
    settled_at: datetime | None
    failures: int
    cause: str | None
    status: str | None


async def fact_at(connection: Connection, position: int) -> Fact | None:
    """The fact at a position; None if there is none."""
    return next(iter(await _facts(connection, AT, (position,))), None)


async def of_requests(connection: Connection, requests: Sequence[str], limit: int) -> list[Fact]:
    """The first *limit* facts to which these requests have led, also by way of others, in the order of the log."""
    probes = [_encode({"correlation_id": request}) for request in requests]
    found, wanted = await _facts(connection, OF_TRACE, {"probes": probes, "limit": limit}), set(requests)
    return [fact for fact in found if fact.meta.correlation_id in wanted]


async def caused_by(connection: Connection, event_ids: Sequence[str], limit: int) -> list[Fact]:
    """The first *limit* facts that these facts have caused, and of which no request is known."""
    probes = [_encode({"causation_id": event_id}) for event_id in event_ids]
    found = await _facts(connection, OF_TRACE, {"probes": probes, "limit": limit})
    causes = set(event_ids)
    return [fact for fact in found if fact.meta.correlation_id is None and fact.meta.causation_id in causes]


async def by_event_id(connection: Connection, event_id: str) -> Fact | None:
    """The fact with this id, if it was recorded when the id was made; None if not."""
    try:
        found = UUID(event_id)
    except ValueError:
        return None
    if found.version != 7:
        return None
    made_at = datetime.fromtimestamp((found.int >> 80) / 1000, UTC)
    values = {"since": made_at - SKEW, "nearby": NEARBY, "id": event_id.encode()}
    near = await _facts(connection, BY_ID, values)
    return next((fact for fact in near if fact.meta.event_id == event_id), None)


async def keys_of(connection: Connection, actors: Sequence[str], positions: Sequence[int]) -> list[tuple[int, str]]:
    """The idempotency keys of these users' requests, with the position of the last fact of each, as far as kept."""
    cursor = await connection.execute(KEYS, (list(actors), list(positions)), binary=True)
    return await cursor.fetchall()


async def jobs_of(connection: Connection, facts: Sequence[Fact]) -> list[DerivedJob]:
    """The jobs that were derived from these facts."""
    cursor = await connection.execute(JOBS, ([fact.meta.event_id for fact in facts],), binary=True)
    return [DerivedJob(*row) for row in await cursor.fetchall()]


async def _facts(connection: Connection, query: str, parameters: Any) -> list[Fact]:
    cursor = await connection.execute(query.encode(), parameters, binary=True)
    return [fact_of(row) for row in await cursor.fetchall()]
