"""
How every query is answered: wait for `min_position`, say for which position the answer is true, send nothing twice.

What is older than `min_position` is no answer: the client gets 503 with `Retry-After`, and asks again or without it.

The body is JSON text as it comes from the read model. `Campus-Position` says what it is true for. The ETag stands for
its content, so a client that has it already gets a 304.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from hashlib import blake2b
from time import monotonic
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Request, Response

from adapters.jwt import JwtClaims
from adapters.postgres.as_of.parts import FoldedTables, catalog_tables, learner_tables, run_tables
from adapters.postgres.as_of.reader import AsOfReader
from adapters.postgres.queries import catalog
from adapters.postgres.queries.reader import Answer, Reader
from api.http.as_of import headers_at
from api.http.errors import BadRequest, LearnerNotFound, PositionNotReached, PreconditionFailed
from api.http.policy.guard import Check, check_of
from api.http.policy.words import ANONYMOUS
from api.http.services import Services, get_services
from domain.catalog import CourseNotFound, RunNotFound
from domain.errors import DomainError, Rejected
from domain.quiz_errors import QuizNotFound
from projections.engine.moment import Moment
from projections.engine.projection import Table
from projections.learner_dashboard import LearnerDashboard

WAIT = 2.0  # seconds to wait for min_position
FAR_AHEAD = 10_000  # facts by which a min_position may be above the head; a busy log takes seconds for so many
HEAD_AGE = 0.25  # seconds that the known head may be old when a min_position is refused
LOOK_AGAIN = 0.1  # seconds after which a query looks again for a document: its segment may be there first
JSON = "application/json"
VISITOR = JwtClaims("", (ANONYMOUS,), "")
"""Who asks a route that needs no user."""
PRIVATE = "private, no-cache"  # how far the answer to a query may be cached
OPAQUE_TAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')  # of an entity tag


class Positioned(Protocol):
    """An answer, and the position for which it is true."""

    @property
    def position(self) -> int:
        """The position."""
        ...


class PositionAhead(Rejected):
    """The position has not been given out: it is of another life of the log, or invented."""

    code = "position_ahead"
    template = "min_position {min_position} is far ahead of the log, which ends at position {head}: read without it"


AnswerT = TypeVar("AnswerT", bound=Positioned)


class QueryContext:
    """Who asks, and how one request wants its query answered."""

    __slots__ = ("check", "match", "min_position", "none_match", "services", "user")

    def __init__(
        self,
        services: Services,
        check: Check,
        min_position: int,
        none_match: str | None,
        match: str | None = None,
    ) -> None:
        self.services = services
        self.check = check
        self.user = check.user
        self.min_position = min_position
        self.none_match = none_match
        self.match = match

    async def read_at_least(self, projection: str, read: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        """
        What *read* answers, once the projection has reached min_position.

        Raises:
            PositionAhead: min_position is far ahead of the head of the log, and cannot be reached in time.
            PositionNotReached: the projection is not there when the time is over.
        """
        answer = await read()
        if answer.position >= self.min_position:
            return answer
        await self._refuse_far_ahead(answer.position)
        deadline, patience = monotonic() + WAIT, LOOK_AGAIN if projection in self.services.documents else WAIT
        while answer.position < self.min_position and (left := deadline - monotonic()) > 0:
            await self.services.changes.reached(projection, self.min_position, min(left, patience))
            answer = await read()
        self.must_reach(answer.position)
        return answer

    async def reader_at(self, moment: Moment, learner_id: str, projection: str, run_id: str | None = None) -> Reader:
        """What answers queries from the rows of a learner in one read model, and of a run in the catalog."""
        folders = self.services.folders
        folded = await learner_tables(folders, projection, learner_id, moment)
        if run_id is not None:
            folded += await run_tables(folders, run_id, moment)
        return self.reader_of(folded, moment)

    async def catalog_at(self, moment: Moment | None) -> Reader:
        """What answers queries about the catalog and about what is sold, now or at a moment."""
        if moment is None:
            return self.services.reader
        return self.reader_of(await catalog_tables(self.services.folders, moment), moment)

    async def whole_at(self, moment: Moment | None, *tables: Table, run_id: str | None = None) -> Reader:
        """
        What answers queries from whole tables of read models, now or at a moment, and about a run in the catalog.

        Raises:
            StillFolding: it takes longer than a query waits.
        """
        if moment is None:
            return self.services.reader
        folded = await self.services.whole_tables.at(moment, tables, run_id)
        if run_id is not None:
            folded += await run_tables(self.services.folders, run_id, moment)
        return self.reader_of(folded, moment)

    def reader_of(self, folded: FoldedTables, moment: Moment) -> Reader:
        """What answers queries from tables that were folded for a moment."""
        served = (table for each in self.services.projections for table in each.tables)
        return AsOfReader(self.services.reader, moment, folded, served)

    def headers_at(self, moment: Moment | None, *names: str) -> Mapping[str, str]:
        """The headers of an answer from these read models as of a moment; none for the present."""
        return headers_at(moment, *(self.services.folders[name].projection for name in names))

    def now(self, moment: Moment | None = None) -> datetime:
        """The time of a moment; the present one, by the clock of the campus, without it."""
        return self.services.log.clock.now() if moment is None else moment.now

    def must_reach(self, position: int) -> None:
        """Raise PositionNotReached if an answer that is true for *position* is not what was asked for."""
        if position < self.min_position:
            raise PositionNotReached(self.min_position, position)

    async def _refuse_far_ahead(self, position: int) -> None:
        if self.min_position <= position + FAR_AHEAD:
            return
        known = await self.services.truth.known(HEAD_AGE)
        if known is not None and self.min_position > known.head + FAR_AHEAD:
            raise PositionAhead(min_position=self.min_position, head=known.head)

    async def document(
        self, projection: str, key: str, missing: DomainError | None = None, moment: Moment | None = None
    ) -> Response:
        """The document of a read model in Valkey, over HTTP; raises *missing* if no fact has made one."""
        documents = self.services.documents[projection]
        document = await self.read_at_least(projection, lambda: documents.get(key, moment))
        if missing is not None and not document.exists:
            raise missing
        return self.reply(document.body, document.position, headers_at(moment, documents.projection))

    def reply(self, body: bytes, position: int, headers: Mapping[str, str] | None = None) -> Response:
        """The answer over HTTP: 200, or 304 if the client has this body."""
        etag = etag_of(body)
        headers = {**head_of(position, etag), **(headers or {})}
        self.refuse_match()
        if self.none_match is not None and matches(self.none_match, etag):
            return Response(None, 304, headers)
        return Response(body, 200, headers, headers.get("content-type", JSON))

    def refuse_match(self) -> None:
        """Raise PreconditionFailed if the request may only be answered where the content is a certain one."""
        if self.match is not None and self.match.strip() != "*":
            raise PreconditionFailed("If-Match compares strongly, and the ETag of a query is weak: use If-None-Match")

    async def check_run(self, run_id: str, reader: Reader | None = None) -> None:
        """Raise RunNotFound for a run that the catalog does not have; for lists, which are empty for it."""
        answer = await self.read_at_least("catalog", lambda: catalog.run(reader or self.services.reader, run_id))
        if answer.body is None:
            raise RunNotFound(run_id=run_id)

    async def check_course(self, course_id: str, reader: Reader | None = None) -> None:
        """Raise CourseNotFound, as `check_run`."""
        answer = await self.read_at_least("catalog", lambda: catalog.course(reader or self.services.reader, course_id))
        if answer.body is None:
            raise CourseNotFound(course_id=course_id)

    async def check_quiz(self, quiz_id: str, reader: Reader | None = None) -> None:
        """Raise QuizNotFound, as `check_run`."""
        answer = await self.read_at_least("catalog", lambda: catalog.quiz(reader or self.services.reader, quiz_id))
        if answer.body is None:
            raise QuizNotFound(quiz_id=quiz_id)

    async def check_learner(self, learner_id: str, moment: Moment | None = None) -> None:
        """Raise LearnerNotFound if nothing is recorded about a learner; it may be too early for that of the user."""
        if learner_id == self.user.subject:
            return
        documents = self.services.documents[LearnerDashboard.name]
        document = await self.read_at_least(LearnerDashboard.name, lambda: documents.stored(learner_id, moment))
        if not document.exists:
            raise LearnerNotFound(learner_id=learner_id)

    def or_not_found(self, answer: Answer, missing: DomainError, headers: Mapping[str, str] | None = None) -> Response:
        """The answer over HTTP; raises *missing* if there is none."""
        if answer.body is None:
            raise missing
        return self.reply(answer.body, answer.position, headers)


def etag_of(body: bytes) -> str:
    """The ETag of a body; weak, since it is the same however the body is compressed."""
    return f'W/"{blake2b(body, digest_size=9).hexdigest()}"'


def head_of(position: int, etag: str) -> dict[str, str]:
    """The headers of every answer to a query."""
    return {"campus-position": str(position), "etag": etag, "cache-control": PRIVATE}


def matches(none_match: str, etag: str) -> bool:
    """Whether an `If-None-Match` names this content; it compares weakly, so `W/` does not count."""
    return none_match.strip() == "*" or etag.removeprefix("W/") in OPAQUE_TAG.findall(none_match)


async def query_context(request: Request) -> QueryContext:
    """Who asks, and how the answer is to be given; read by hand, which is faster than FastAPI's parameters."""
    return QueryContext(
        get_services(request),
        check_of(request),
        _min_position(request),
        _joined(request, "if-none-match"),
        _joined(request, "if-match"),
    )


async def open_query_context(request: Request) -> QueryContext:
    """As `query_context`, for a route that needs no user: each one who asks is a visitor."""
    services = get_services(request)
    return QueryContext(
        services,
        Check("", VISITOR, services),
        _min_position(request),
        _joined(request, "if-none-match"),
        _joined(request, "if-match"),
    )


def _joined(request: Request, name: str) -> str | None:
    """The header *name*, which may stand in a request several times: as one list."""
    return ", ".join(request.headers.getlist(name)) if name in request.headers else None


def _min_position(request: Request) -> int:
    if not request.scope["query_string"]:
        return 0
    text = request.query_params.get("min_position", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest(f"min_position is a position of the log, not {text[:40]!r}")
    return int(text)


QueryDep = Annotated[QueryContext, Depends(query_context)]
OpenQueryDep = Annotated[QueryContext, Depends(open_query_context)]
