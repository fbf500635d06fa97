"""
Server-sent events: what has changed, so that a frontend knows what to fetch again.

    id: 1713-1764385200123456.1
    event: changed
    data: {"projection": "learner_dashboard", "key": "28400", "position": 1713, "generation": 1}

Fetch with the position as min_position. The id is the position and the life of the log. A client that comes back with
a `Last-Event-ID`, whatever it says, gets one change of each read model at once, with where it is now: facts may have
come, another generation may be served, the log may have been reset. A stream holds one change for each read model at
most, the newest. Announcements may be lost, so a stream looks at the truth at each heartbeat, and more often while NATS
is away. It ends with the token with which it began. `EventSource` of a browser, which sends no headers, opens it by a
ticket.
"""

import time
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from fastapi import Depends, Header, Query, Request, Response

from adapters.jwt import JwtClaims, sign_ticket
from adapters.postgres.connection import Overloaded, Unavailable
from adapters.postgres.queries.reader import NotBuilt
from api.http.changes import ALL, Changed, Topic, Watch
from api.http.errors import BadRequest, LearnerNotFound
from api.http.openapi import Responses, event_stream, open_query
from api.http.places import EventStream
from api.http.policy.guard import Check, check_of
from api.http.query import JSON
from api.http.routing import router as strict_router
from api.http.security import CurrentUser, user_of
from api.http.services import Services, ServicesDep
from api.http.sessions import SessionUser, TokenUser, while_signed_in
from api.http.types import LearnerId, RunId, is_id
from domain.catalog import RunNotFound, run_stream
from projections.learner_dashboard import LearnerDashboard

router = strict_router("events", "/v1")

HEARTBEAT = 10.0  # seconds
LOOK_AGAIN = 1.0  # seconds, while announcements may be lost
AGE = 0.5  # seconds that the checkpoints may be old at which streams look together
RETRY = 1_000  # milliseconds after which a browser comes back

MOST_TOPICS = 20  # of one stream

HELLO = b"retry: %d\n: listening\n\n" % RETRY
BEAT = b": still here\n\n"
ENDED = b": the token has ended\n\n"
RESPONSES: Responses = event_stream(
    "id: 1713-1764385200123456.1\nevent: changed\n"
    'data: {"projection":"learner_dashboard","key":"28400","position":1713,"generation":1}\n\n'
)

LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        max_length=200,
        description="The id of the last event that was seen, also by another version of the API.",
    ),
]
TICKET_LIFETIME = timedelta(seconds=60)
_encode = msgspec.json.Encoder().encode


class BadTopics(BadRequest):
    """A stream was asked for with topics that there are not, or with too many."""

    code = "bad_topics"


class EventTicket(msgspec.Struct, kw_only=True):
    """What opens a stream of events as `?ticket=`; it must be used by `expires_at`."""

    ticket: str
    expires_at: datetime


TICKET = EventTicket(ticket="eyJhbGciOiJIUzI1NiJ9...", expires_at=datetime(2026, 2, 1, 9, 1, tzinfo=UTC))


async def stream_user(
    request: Request,
    ticket: Annotated[  # noqa: ARG001 - read where the request is let in
        str | None,
        Query(max_length=2_000, description="In place of a token, for `EventSource`, which sends no headers."),
    ] = None,
) -> JwtClaims:
    """Who opens a stream, by token or by ticket."""
    return user_of(request, takes_ticket=True)


StreamUser = Annotated[JwtClaims, Depends(stream_user)]


@router.post("/events/ticket", responses=open_query(TICKET, 401, 403))
async def create_event_ticket(user: CurrentUser, services: ServicesDep) -> Response:
    """Get a ticket for streams of events: a browser's `EventSource` cannot send a token, and URLs stand in logs."""
    if isinstance(user, SessionUser):  # a ticket would outlive a session that is revoked
        raise BadRequest("a session needs no ticket: the browser sends its cookie, also for EventSource")
    if isinstance(user, TokenUser):
        raise BadRequest("a token of the API gets no ticket, which would outlive it: send the token")
    now = datetime.now(UTC)
    ticket = sign_ticket(user, services.settings.token_secret, now=now, lifetime=TICKET_LIFETIME)
    answer = EventTicket(ticket=ticket, expires_at=(now + TICKET_LIFETIME).replace(microsecond=0))
    return Response(msgspec.json.encode(answer), media_type=JSON)


@router.get("/me/events", responses=RESPONSES, response_class=Response)
async def stream_my_events(user: StreamUser, services: ServicesDep, last_event_id: LastEventId = None) -> Response:
    """When the user's dashboard changes."""
    return _respond(services, user, _topics(services, "learner", user.subject), last_event_id)


@router.get("/learners/{learner_id}/events", responses=RESPONSES, response_class=Response)
async def stream_learner_events(
    learner_id: LearnerId, user: StreamUser, services: ServicesDep, last_event_id: LastEventId = None
) -> Response:
    """When a learner's dashboard changes."""
    await _must_exist(services, user, "learner", learner_id)
    return _respond(services, user, _topics(services, "learner", learner_id), last_event_id)


@router.get("/runs/{run_id}/events", responses=RESPONSES, response_class=Response)
async def stream_run_events(
    run_id: RunId, user: StreamUser, services: ServicesDep, last_event_id: LastEventId = None
) -> Response:
    """When the dashboard or the gradebook of a run changes."""
    await _must_exist(services, user, "run", run_id)
    return _respond(services, user, _topics(services, "run", run_id), last_event_id)


@router.get("/overview/events", responses=RESPONSES, response_class=Response)
async def stream_overview_events(
    user: StreamUser, services: ServicesDep, last_event_id: LastEventId = None
) -> Response:
    """When the overview or the recent activity of the campus changes."""
    return _respond(services, user, _topics(services, "campus", ALL), last_event_id)


@router.get("/events", responses=RESPONSES, response_class=Response)
async def stream_events(
    request: Request,
    topics: Annotated[
        str,
        Query(
            max_length=MOST_TOPICS * 80,
            description=f"Up to {MOST_TOPICS}, with commas: `run:ID`, `learner:ID`, `learner:me`, `overview`.",
            examples=["run:algebra-2026,learner:me"],
        ),
    ],
    user: StreamUser,
    services: ServicesDep,
    last_event_id: LastEventId = None,
) -> Response:
    """When any of many things changes, on one connection; for each of them, what its own stream says."""
    words = topics.split(",")
    if len(words) > MOST_TOPICS:
        raise BadTopics(f"one stream has {MOST_TOPICS} topics at most, not {len(words)}: open another one")
    check = check_of(request)
    things = [await _may_watch(check, word) for word in words]
    for audience, key in dict.fromkeys(things):
        await _must_exist(services, user, audience, key)
    watched = [topic for thing in things for topic in _topics(services, *thing)]
    return _respond(services, user, [*dict.fromkeys(watched)], last_event_id)


async def _may_watch(check: Check, word: str) -> tuple[str, str]:
    """The audience and the key of a topic; raises BadTopics, or what the stream of that topic alone would."""
    kind, _, key = word.partition(":")
    if word == "overview":
        await check.permit(action="streamOverviewEvents")
        return "campus", ALL
    if kind not in {"run", "learner"} or not is_id(key):
        raise BadTopics(f"{word[:80]!r} is none of run:ID, learner:ID, learner:me and overview")
    if kind == "run":
        await check.permit(run_id=key, action="streamRunEvents")
        return kind, key
    learner_id = check.user.subject if key == "me" else key
    await check.permit(learner_id=learner_id, action="streamLearnerEvents")
    return kind, learner_id


async def _must_exist(services: Services, user: JwtClaims, audience: str, key: str) -> None:
    """
    Raise RunNotFound or LearnerNotFound where the log has nothing of it; for the user it may be too early.

    The log is asked, not a read model, which may be late. While it does not answer, streams are opened as they are.
    """
    try:
        if audience == "run" and not await services.log.since(run_stream(key), 0):
            raise RunNotFound(run_id=key)
        if audience == "learner" and key != user.subject:
            document = await services.documents[LearnerDashboard.name].stored(key)
            if not document.exists and not await services.log.knows(key):
                raise LearnerNotFound(learner_id=key)
    except (Unavailable, Overloaded):
        return


def _topics(services: Services, audience: str, key: str) -> list[Topic]:
    """What to watch for an audience: every read model that names it."""
    return [(projection.name, key) for projection in services.projections if projection.audience == audience]


class DocumentPosition(msgspec.Struct):
    """The part of a document that says which fact is its last, if it says so."""

    position: int | None = None


def position_in(document: bytes) -> int | None:
    """The position of the last fact in a document."""
    return msgspec.json.decode(document, type=DocumentPosition).position


def _respond(services: Services, user: JwtClaims, topics: list[Topic], last_event_id: str | None) -> Response:
    return respond(Stream(services, topics), user, last_event_id)


def respond(stream: "Stream", user: JwtClaims, last_event_id: str | None) -> Response:
    """The answer that goes on with the events of a stream."""
    services = stream.services
    events = _events(stream, user, last_event_id)
    while_valid = while_signed_in(events, user, services.people, services.grants)
    return EventStream(while_valid, services.places, user.subject)


class Stream:
    """
    What the client of one stream has been sent.

    Positions are kept by read model: each has its own pace, and the position of one says nothing of another.
    """

    def __init__(self, services: Services, topics: list[Topic]) -> None:
        self.services = services
        self.topics = topics
        self.watch = Watch(topics)
        self._sent: dict[Topic, int] = {}
        self._generations: dict[Topic, int] = {}
        self._sure: int | None = None
        self._life = ""

    def event(self, seen: Changed) -> bytes:
        """The text of an event."""
        data = _encode(seen._asdict())
        place = f"{seen.position}-{self._life}" if self._life else str(seen.position)
        return b"id: %b\nevent: changed\ndata: %b\n\n" % (place.encode(), data)

    async def begin(self, last_event_id: str | None) -> list[Changed]:
        """What is to be sent at once: where everything is if the client was here before, nothing if it is new."""
        if last_event_id is None:
            self._sure = self.services.changes.connection_id
            self._sent = await self._positions() or {}
            await self._gone(self._sent)  # the life of the log is a part of ids
            self._generations = await self._served()
            return []
        return await self.look()

    async def next(self, patience: float) -> list[Changed]:
        """What is to be sent next; nothing when all that is known was sent, after *patience* seconds at most."""
        now = self.services.changes.connection_id
        if now is None:
            patience = min(patience, LOOK_AGAIN)
        elif self._sure != now:
            patience = 0  # announcements were lost, and are heard again: look at once
        heard = await self.watch.next(patience)
        return self._fresh(heard) if heard else await self.look()

    async def look(self) -> list[Changed]:
        """What has changed by the read models themselves; nothing while they cannot be asked."""
        before = self.services.changes.connection_id
        found = await self._positions()
        if found is None:
            return []
        self._sure = before
        gone = await self._gone(found)
        self._sent |= dict.fromkeys(gone, -1)
        served = await self._served()
        seen = [Changed(*topic, position, served.get(topic, 0)) for topic, position in found.items()]
        return self._fresh([each for each in seen if not self._was_heard(each, gone)])

    def _was_heard(self, seen: Changed, gone: list[Topic]) -> bool:
        """Whether all that led to a checkpoint was announced here, so that it says nothing new of the key."""
        topic = seen.projection, seen.key
        has_own_position = seen.key != ALL and seen.projection in self.services.documents
        if has_own_position or topic not in self._sent or topic in gone or self._is_switched(seen):
            return False
        return seen.position <= self.services.changes.heard(topic[0])

    def _is_switched(self, seen: Changed) -> bool:
        """Whether another generation is served than at the last event: a promotion or a rollback, without any fact."""
        before = self._generations.get((seen.projection, seen.key), 0)
        return bool(before and seen.generation) and before != seen.generation

    def _fresh(self, seen: list[Changed]) -> list[Changed]:
        fresh = []
        for each in seen:
            sent = self._sent.get((each.projection, each.key), -1)
            if each.position > sent or self._is_switched(each):
                fresh.append(each._replace(position=max(each.position, sent)))
        self._sent |= {(each.projection, each.key): each.position for each in fresh}
        self._generations |= {(each.projection, each.key): each.generation for each in seen if each.generation}
        return fresh

    async def _served(self) -> dict[Topic, int]:
        """Which generation of each topic's read model is served, as far as that can be known."""
        known = await self.services.truth.known(AGE)
        generations = known.generations if known else {}
        return {topic: generations[topic[0]] for topic in self.topics if topic[0] in generations}

    async def _gone(self, found: Mapping[Topic, int]) -> list[Topic]:
        """Those for which a position was sent that the log may not have: it was reset or restored."""
        known = await self.services.truth.known(AGE)
        if known is None:
            return []
        before, self._life = self._life, known.life or self._life
        self.services.changes.know_life(self._life)
        if before not in ("", self._life):
            return list(found)
        lower = [topic for topic, position in found.items() if position < self._sent.get(topic, -1)]
        return [topic for topic in lower if self._sent[topic] > known.head]

    async def _positions(self) -> dict[Topic, int] | None:
        """Where each topic is: at the last fact in its document, else at the checkpoint of its read model."""
        found: dict[Topic, int] = {}
        try:
            for name, key in self.topics:
                if key != ALL and (documents := self.services.documents.get(name)) is not None:
                    document = await documents.get(key)
                    last = position_in(document.body)
                    found[name, key] = document.position if last is None else last
        except (Unavailable, NotBuilt):
            return None
        if len(found) < len(self.topics):
            known = await self.services.truth.known(AGE)
            if known is None:
                return found or None
            found |= {topic: known.checkpoints.get(topic[0], 0) for topic in self.topics if topic not in found}
        return found


async def _events(stream: Stream, user: JwtClaims, last_event_id: str | None) -> AsyncGenerator[bytes]:
    """The text of a stream, until its client has gone or the token of *user* ends."""
    with stream.services.changes.watch(stream.topics) as stream.watch:
        yield HELLO
        if missed := await stream.begin(last_event_id):
            yield b"".join(map(stream.event, missed))
        while (left := user.expires_at - time.time()) > 0:
            fresh = await stream.next(min(HEARTBEAT, left))
            yield b"".join(map(stream.event, fresh)) or BEAT
        yield ENDED
