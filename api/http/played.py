"""
A history step by step: for each fact, what it changed in each document, as JSON Patch.

The steps are those of adapters/postgres/as_of/replay.py, as lines of JSON (NDJSON), or with `speed` as server-sent
events, at so many times the pace at which it happened.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from datetime import UTC, date, datetime, time
from itertools import islice
from time import time as machine_time
from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator, WithJsonSchema

from adapters.postgres.as_of.moments import moment_at
from adapters.postgres.as_of.replay import ReplayStep, Source, begun_at, name_of, replay_of
from api.http.as_of import A_POSITION, A_TIME, DAY, headers_at, position_or_time
from api.http.looks import Reason, record_look
from api.http.openapi import Responses, problems
from api.http.places import EventStream
from api.http.query import QueryContext
from api.http.sessions import while_signed_in
from projections.engine.moment import Moment
from projections.engine.steps import Change

NDJSON = "application/x-ndjson"
ENDED = b": the token has ended\n\n"
AT_ONCE = 20  # steps that are folded in one go
LONGEST_PAUSE = 10.0  # seconds between two events


def _beginning(text: object) -> object:
    if isinstance(text, str) and DAY.fullmatch(text):
        return datetime.combine(date.fromisoformat(text), time.min, UTC)
    return position_or_time(text)


SCHEMA = WithJsonSchema({"anyOf": [A_POSITION, *A_TIME]})
From = Annotated[
    int | datetime | None,
    BeforeValidator(_beginning),
    SCHEMA,
    Query(
        alias="from",
        description="Steps after this position, or from the first fact that happened then; what was before is a step.",
        examples=[0],
    ),
]
To = Annotated[
    int | datetime | None,
    BeforeValidator(position_or_time),
    SCHEMA,
    Query(description="Steps up to this position, or of what had happened by then.", examples=[1713]),
]
Speed = Annotated[
    float | None,
    Query(gt=0, le=10**9, description="Server-sent events, so many times as fast as it happened.", examples=[86_400]),
]
LINE = {
    "position": 1713,
    "type": "attempt.graded",
    "stream_id": "attempt-28400:algebra-2026-q1:1",
    "occurred_at": "2026-02-01T09:00:00Z",
    "actor": "reactor",
    "on_behalf_of": "28400",
    "changes": [
        {
            "document": "gradebook/algebra-2026,algebra-2026-q1,28400",
            "patch": [{"op": "replace", "path": "/best_bp", "value": 7_500}],
        }
    ],
    "failed": [],
}
TEXT: dict[str, Any] = {"schema": {"type": "string"}}
RESPONSES: Responses = {
    200: {
        "description": "A line for each fact; the first has the documents before, if there are any.",
        "content": {
            NDJSON: {**TEXT, "example": json.dumps(LINE) + "\n"},
            "text/event-stream": {**TEXT, "example": f"id: 1713\nevent: step\ndata: {json.dumps(LINE)}\n\n"},
        },
    },
    **problems(401, 403, 404, 406, 422, 503),
}


class Part(NamedTuple):
    """Which part of a history is played, and how."""

    since: int | datetime | None
    to: int | datetime | None
    speed: float | None


async def _part(
    since: From = None,
    to: To = None,
    speed: Speed = None,
    reason: Reason = None,  # noqa: ARG001 - record_look reads it
) -> Part:
    return Part(since, to, speed)


PartDep = Annotated[Part, Depends(_part)]


async def end_of(ask: QueryContext, part: Part) -> Moment:
    """The moment at which the steps end: a position is what was known, a time is what had happened."""
    log = ask.services.log
    known_at, valid_at = (None, part.to) if isinstance(part.to, datetime) else (part.to, None)
    moment = await moment_at(log, known_at, valid_at)
    ask.must_reach(moment.position)
    return moment


async def look_at(request: Request, learner_id: str, part: Part, moment: Moment) -> None:
    """Record that a history is played, unless it is the user's own; raises Unavailable."""
    await record_look(request, learner_id, request.scope["path"], None if part.to is None else moment)


def played(ask: QueryContext, part: Part, moment: Moment, sources: Sequence[Source]) -> Response:
    """The steps over HTTP."""
    headers = headers_at(moment, *(source.projection for source in sources))
    headers = {**headers, "campus-position": str(moment.position)}
    services, user, steps = ask.services, ask.user, _lines(part, sources)
    if part.speed is not None:
        events_of_user = while_signed_in(
            _events(steps, part.speed, user.expires_at), user, services.people, services.grants
        )
        events = EventStream(events_of_user, services.places, user.subject)
        events.headers.update({name: value for name, value in headers.items() if name != "cache-control"})
        return events
    text = while_signed_in(_text(steps), user, services.people, services.grants, ends=user.expires_at, says=None)
    return StreamingResponse(text, media_type=NDJSON, headers=headers)


class Line(NamedTuple):
    """A line, and the fact to which it belongs; none for the documents before the first."""

    text: bytes
    position: int
    at: datetime | None


def _lines(part: Part, sources: Sequence[Source]) -> Iterator[Line]:
    before, rest = begun_at(replay_of(sources), part.since)
    if before:
        position = part.since if isinstance(part.since, int) else 0
        line = {"position": position, "type": None, "changes": [_changed(change) for change in before], "failed": []}
        yield Line(msgspec.json.encode(line), position, None)
    for step in rest:
        yield Line(msgspec.json.encode(_shown(step)), step.fact.position, step.fact.occurred_at)


def _shown(step: ReplayStep) -> dict[str, Any]:
    fact = step.fact
    return {
        "position": fact.position,
        "type": fact.type,
        "stream_id": fact.stream_id,
        "occurred_at": fact.occurred_at,
        "actor": fact.meta.actor,
        "on_behalf_of": fact.meta.on_behalf_of,
        "changes": [_changed(change) for change in step.changes],
        "failed": [{"projection": name, "error": error} for name, error in step.failed],
    }


def _changed(change: Change) -> dict[str, Any]:
    return {"document": name_of(change.row), "patch": change.patch}


async def _ahead(lines: Iterator[Line]) -> AsyncIterator[list[Line]]:
    """The lines; they are made in a thread, some at a time."""
    while some := await asyncio.to_thread(lambda: list(islice(lines, AT_ONCE))):
        yield some


async def _text(lines: Iterator[Line]) -> AsyncGenerator[bytes]:
    async for some in _ahead(lines):
        yield b"".join(line.text + b"\n" for line in some)


async def _events(lines: Iterator[Line], speed: float, ends: float) -> AsyncGenerator[bytes]:
    """The text of a stream, until there is no more, or until what names its user *ends*, as Unix time."""
    last: datetime | None = None
    async for line in _one_by_one(_ahead(lines)):
        pause, left = 0.0, ends - machine_time()
        if last is not None and line.at is not None:
            pause = min(max((line.at - last).total_seconds(), 0.0) / speed, LONGEST_PAUSE)
        if pause >= left:
            await asyncio.sleep(max(left, 0.0))
            yield ENDED
            return
        await asyncio.sleep(pause)
        last = line.at or last
        yield b"id: %d\nevent: step\ndata: %b\n\n" % (line.position, line.text)
    yield b"event: end\ndata: {}\n\n"


async def _one_by_one(parts: AsyncIterator[list[Line]]) -> AsyncIterator[Line]:
    async for part in parts:
        for line in part:
            yield line
