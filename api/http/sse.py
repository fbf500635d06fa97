"""
Server-sent events: what has changed, so that a frontend knows what to fetch again.

    id: 1713
    event: changed
    data: {"projection": "learner_dashboard", "key": "28400", "position": 1713}

The id is a position: fetch with it as min_position. A client that comes back with `Last-Event-ID` and has missed
something gets one change at once. A stream holds one change for each read model at most, the newest. While NATS is
away, streams look for themselves.
"""

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from fastapi import Header, Response

from adapters.jwt import JwtClaims
from adapters.postgres.connection import Unavailable
from adapters.postgres.queries import lag
from adapters.postgres.queries.reader import NotBuilt
from api.http.changes import ALL, Changed, Topic, Watch
from api.http.openapi import Responses, event_stream
from api.http.places import EventStream
from api.http.readiness import checkpoint
from api.http.routing import router as strict_router
from api.http.security import CurrentUser, may_act_for, must_be_staff
from api.http.services import Services, ServicesDep
from api.http.types import LearnerId, RunId

router = strict_router("events", "/v1")

HEARTBEAT = 10.0  # seconds
LOOK_AGAIN = 1.0  # seconds, while announcements may be lost
RETRY = 1_000  # milliseconds after which a browser comes back

HELLO = b"retry: %d\n: listening\n\n" % RETRY
BEAT = b": still here\n\n"
RESPONSES: Responses = event_stream(
    'id: 1713\nevent: changed\ndata: {"projection":"learner_dashboard","key":"28400","position":1713}\n\n'
)

LastEventId = Annotated[
    int | None, Header(alias="Last-Event-ID", ge=0, le=2**62, description="The id of the last event that was seen.")
]
_encode = msgspec.json.Encoder().encode


@router.get("/me/events", responses=RESPONSES, response_class=Response)
async def stream_my_events(user: CurrentUser, services: ServicesDep, last_event_id: LastEventId = None) -> Response:
    """When the user's dashboard changes."""
    return _respond(services, user, _topics(services, "learner", user.subject), last_event_id)


@router.get("/learners/{learner_id}/events", responses=RESPONSES, response_class=Response)
async def stream_learner_events(
    learner_id: LearnerId, user: CurrentUser, services: ServicesDep, last_event_id: LastEventId = None
) -> Response:
    """When a learner's dashboard changes."""
    return _respond(services, user, _topics(services, "learner", may_act_for(user, learner_id)), last_event_id)


@router.get("/runs/{run_id}/events", responses=RESPONSES, response_class=Response)
async def stream_run_events(
    run_id: RunId, user: CurrentUser, services: ServicesDep, last_event_id: LastEventId = None
) -> Response:
    """When the dashboard or the gradebook of a run changes."""
    must_be_staff(user)
    return _respond(services, user, _topics(services, "run", run_id), last_event_id)


@router.get("/overview/events", responses=RESPONSES, response_class=Response)
async def stream_overview_events(
    user: CurrentUser, services: ServicesDep, last_event_id: LastEventId = None
) -> Response:
    """When the overview or the recent activity of the campus changes."""
    must_be_staff(user)
    return _respond(services, user, _topics(services, "campus", ALL), last_event_id)


def _topics(services: Services, audience: str, key: str) -> list[Topic]:
    """What to watch for an audience: every read model that names it."""
    return [(projection.name, key) for projection in services.projections if projection.audience == audience]


class DocumentPosition(msgspec.Struct):
    """The part of a document that says which fact is its last, if it says so."""

    position: int | None = None


def position_in(document: bytes) -> int | None:
    """The position of the last fact in a document."""
    return msgspec.json.decode(document, type=DocumentPosition).position


async def _positions(services: Services, topics: list[Topic]) -> dict[Topic, int]:
    """Where each topic is: at the last fact in its document, else at the checkpoint of its read model."""
    found: dict[Topic, int] = {}
    for name, key in topics:
        if key != ALL and (documents := services.documents.get(name)) is not None:
            document = await documents.get(key)
            last = position_in(document.body)
            found[name, key] = document.position if last is None else last
    if len(found) < len(topics):
        checkpoints = await _checkpoints(services)
        found |= {topic: checkpoints.get(topic[0], 0) for topic in topics if topic not in found}
    return found


async def _checkpoints(services: Services) -> dict[str, int]:
    """The checkpoint of each read model; none while PostgreSQL does not answer."""
    try:
        rows = await lag.checkpoints(services.reader)
    except (Unavailable, NotBuilt):
        return {}
    return {row[0]: await checkpoint(services, row[0], int(row[1])) for row in rows}


def _respond(services: Services, user: JwtClaims, topics: list[Topic], last_event_id: int | None) -> Response:
    return EventStream(_events(services, topics, last_event_id), services.places, user.subject)


async def _events(services: Services, topics: list[Topic], last_event_id: int | None) -> AsyncIterator[bytes]:
    """The text of a stream, until its client has gone."""
    with services.changes.watch(topics) as watch:
        yield HELLO
        # Positions are kept by read model: each has its own pace, and the position of one says nothing of another.
        sent = await _positions(services, topics) if last_event_id is None else dict.fromkeys(topics, last_event_id)
        sure = services.changes.connection_id if last_event_id is None else None
        while True:
            seen = await _next(services, watch, sure)
            if not seen and (sure is None or sure != services.changes.connection_id):
                sure = services.changes.connection_id
                seen = [Changed(*topic, position) for topic, position in (await _positions(services, topics)).items()]
            fresh = [each for each in seen if each.position > sent[each.projection, each.key]]
            sent |= {(each.projection, each.key): each.position for each in fresh}
            yield b"".join(map(_event, fresh)) or BEAT


async def _next(services: Services, watch: Watch, sure: int | None) -> list[Changed]:
    """What has changed; nothing when it is time to look again, or to show that the stream is alive."""
    if sure is None and services.changes.connection_id is not None:
        return await watch.next(0)  # announcements were lost, and are heard again: look at once
    return await watch.next(HEARTBEAT if services.changes.connection_id is not None else LOOK_AGAIN)


def _event(seen: Changed) -> bytes:
    data = _encode({"projection": seen.projection, "key": seen.key, "position": seen.position})
    return b"id: %d\nevent: changed\ndata: %b\n\n" % (seen.position, data)
