"""A learner's history for auditors: every fact, as it stands in the log."""

from datetime import datetime
from fnmatch import fnmatchcase
from typing import Annotated, Literal, NamedTuple

import msgspec
from fastapi import Depends, Query, Request, Response

from adapters.personal.opening import with_words
from adapters.postgres.log.learner_history import Wanted, counts, page
from adapters.postgres.log.postgres_log import PostgresLog
from api.http import paging
from api.http.as_of import AsOf, headers_at
from api.http.errors import LearnerNotFound, NoSuchType
from api.http.openapi import query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.shown_fact import FACT, HistoryFact, shown
from api.http.types import ID, NO_NUL, LearnerId, Limit, Time
from domain.catalog import RunNotFound, run_stream
from domain.registry import FACTS, context_of
from domain.tags import QueryItem, tag

router = strict_router("history", "/v1")


class HistoryPage(msgspec.Struct, kw_only=True):
    """
    Facts about one learner, in the order of the log or against it.

    With a filter a page may have fewer than `limit`, even none, and a `next` all the same. `total` and `by_type` count
    the whole history as filtered, on request.
    """

    total: int | None
    by_type: dict[str, int] | None
    items: list[HistoryFact]
    next: str | None


Context = Annotated[
    Literal["catalog", "enrollment", "progress", "quiz", "payment", "admin"] | None,
    Query(description="Facts of this context only."),
]
Type = Annotated[
    str | None,
    Query(
        max_length=100,
        pattern=r"^[a-z_.*]+$",
        description="Facts of this type; `*` stands for anything.",
        examples=["attempt.*"],
    ),
]
Run = Annotated[
    str | None, Query(pattern=ID, max_length=64, description="Facts of this course run.", examples=["algebra-2026"])
]
Since = Annotated[
    Time | None, Query(description="Facts that happened then or later.", examples=["2026-02-01T00:00:00Z"])
]
Until = Annotated[Time | None, Query(description="Facts that had happened by then.", examples=["2026-03-01T00:00:00Z"])]
Actor = Annotated[str | None, Query(max_length=128, pattern=NO_NUL, description="Who did it.", examples=["instructor"])]
Order = Annotated[Literal["asc", "desc"], Query(description="The oldest or the newest first.")]
Count = Annotated[bool, Query(description="Whether to count the facts, in all and by type.")]
EXAMPLE = HistoryPage(total=449, by_type={"enrollment.activated": 1}, items=[FACT], next=paging.NEXT)


class Filter(NamedTuple):
    """What a history is narrowed to."""

    context: str | None
    type: str | None
    run_id: str | None
    since: datetime | None
    until: datetime | None
    actor: str | None


async def _filter(
    *,
    context: Context = None,
    type: Type = None,  # noqa: A002 - the name of the parameter
    run_id: Run = None,
    since: Since = None,
    until: Until = None,
    actor: Actor = None,
) -> Filter:
    return Filter(context, type, run_id, since, until, actor)


FilterDep = Annotated[Filter, Depends(_filter)]


@router.get("/learners/{learner_id}/history", responses=query(EXAMPLE, 403, 404))
async def learner_history(
    *,
    request: Request,
    learner_id: LearnerId,
    ask: QueryDep,
    narrowed: FilterDep,
    moment: AsOf,
    order: Order = "asc",
    count: Count = False,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """
    Every fact about a learner, also of streams that only name the learner, such as a run's seats.

    Who caused a fact, and why, stands in `meta`.
    """
    log, descending, listing = ask.services.log, order == "desc", f"history:{order}"
    (place,) = paging.after(listing, cursor, [int]) or [None]
    head = await log.head() if moment is None else moment.position
    ask.must_reach(head)
    wanted = await wanted_of(log, narrowed, None if moment is None else moment.valid_at)
    bounds = (0, head if place is None else place - 1) if descending else (place or 0, head)
    found = await log.link.run(
        lambda connection: page(connection, learner_id, bounds, limit + 1, wanted, descending=descending)
    )
    if not found.facts and place is None and learner_id != ask.user.subject:
        await _must_be_known(log, learner_id, head)
    number = await log.link.run(lambda connection: counts(connection, learner_id, head, wanted)) if count else None
    more = found.facts[limit - 1].position if len(found.facts) > limit else found.edge
    following = None if more is None else paging.cursor_to(listing, [more])
    total, by_type = (None, None) if number is None else (number.total(), dict(sorted(number.items())))
    members = msgspec.json.encode({"total": total, "by_type": by_type})[1:-1]
    opened = await with_words(log.keys, found.facts[:limit], personal=learner_id == ask.user.subject)
    items = b",".join(shown(fact) for fact in opened)
    body = b'{%b,"items":[%b],"next":%b}' % (members, items, msgspec.json.encode(following))
    return ask.reply(body, head, {**headers_at(moment), **paging.link_to(request, following)})


async def wanted_of(log: PostgresLog, narrowed: Filter, valid_at: datetime | None) -> Wanted:
    """What a filter asks for, of what had happened by *valid_at*; raises NoSuchType, RunNotFound."""
    types: tuple[str, ...] | None = None
    if narrowed.context is not None or narrowed.type is not None:
        names = [name for name in FACTS if fnmatchcase(name, narrowed.type or "*")]
        types = tuple(name for name in names if narrowed.context in (None, context_of(name)))
        if not types:
            within = "" if narrowed.context is None else f" of {narrowed.context}"
            raise NoSuchType(f"no fact{within} is called {narrowed.type}")
    quizzes: tuple[str, ...] = ()
    if narrowed.run_id is not None:
        if not await log.since(run_stream(narrowed.run_id), 0):
            raise RunNotFound(run_id=narrowed.run_id)
        of_run = (QueryItem(("quiz.published",), (tag("run", narrowed.run_id),)),)
        streams, _ = await log.streams_matching(of_run)
        quizzes = tuple(stream.removeprefix("quiz-") for stream in streams)
    by = min((each for each in (narrowed.until, valid_at) if each is not None), default=None)
    return Wanted(types, narrowed.run_id, quizzes, narrowed.since, by, narrowed.actor)


async def _must_be_known(log: PostgresLog, learner_id: str, head: int) -> None:
    """Raise LearnerNotFound if the log has no fact about a learner."""
    bounds = (0, head)
    first = await log.link.run(lambda connection: page(connection, learner_id, bounds, 1, Wanted(), descending=False))
    if not first.facts:
        raise LearnerNotFound(learner_id=learner_id)
