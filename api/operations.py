"""What failed, for those who run the campus: jobs, reactions and parked keys; tried again, dismissed or skipped."""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import Path, Query, Request, Response
from pydantic import Field

from adapters.operations import Operations
from adapters.postgres.ops.failed_reactions import DISMISSED, OPEN, Selection
from adapters.postgres.ops.lag import ProjectionLag, projection_lags
from adapters.postgres.queries.log_rate import FactsOfMinute, LogRate, log_rate
from api.http import paging
from api.http.clear_reason import ClearReason
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, open_query
from api.http.query import JSON, QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import NO_NUL, Limit
from commands.log import Context
from domain.errors import DomainError
from projections.registry import PROJECTIONS

router = strict_router("operations", "/v1")

NAMES = [each.name for each in PROJECTIONS]
NO_STORE = {"cache-control": "no-store"}
AT = datetime.fromisoformat("2026-02-14T18:00:00+00:00")
JobId = Annotated[int, Path(ge=1, le=2**62, description="The id of the job in the queue.", examples=[12])]
FactPosition = Annotated[int, Path(ge=1, le=2**62, description="The place of the fact in the log.", examples=[731])]
ReactionName = Annotated[
    str, Path(pattern=r"^[a-z_]{1,64}$", description="The name of the reaction.", examples=["grade_by_key"])
]
Key = Annotated[
    str | None,
    Query(max_length=200, pattern=NO_NUL, description="Only of this learner or stream.", examples=["28400"]),
]


class FailedJobItem(msgspec.Struct, kw_only=True):
    """A job that has failed for good, and the cause of its latest failure; `position` is that of its fact."""

    id: int
    name: str
    stream_id: str
    position: int
    attempts: int
    due_at: datetime
    tried_at: datetime | None
    cause: str


class FailedJobPage(msgspec.Struct, kw_only=True):
    """Jobs that have failed for good, in the order of their ids."""

    items: list[FailedJobItem]
    next: str | None


class FailedReactionItem(msgspec.Struct, kw_only=True):
    """
    A reaction that was refused or has failed, or was dismissed.

    Attributes:
        code: of the rule that refuses; `failed` for an error.
        next_try_at: null if it is not tried again by itself.
    """

    position: int
    reaction: str
    type: str
    stream_id: str
    key: str
    code: str
    sentence: str
    attempts: int
    first_tried_at: datetime
    last_tried_at: datetime
    next_try_at: datetime | None
    state: str
    settled_at: datetime | None
    settled_by: str | None
    reason: str | None


class FailedReactionPage(msgspec.Struct, kw_only=True):
    """Reactions in the order of their facts."""

    items: list[FailedReactionItem]
    next: str | None


class ParkedKey(msgspec.Struct, kw_only=True):
    """Facts of a key that wait because a read model fails at one of them (`failed_position`)."""

    projection: str
    generation: int
    key: str
    first_position: int
    failed_position: int
    type: str
    version: int
    error: str
    attempts: int
    needs_rebuild: bool


class SkippedFact(msgspec.Struct, kw_only=True):
    """A fact that a read model leaves out, as long as its rule has this version."""

    projection: str
    version: int
    position: int
    key: str
    reason: str
    skipped_by: str
    skipped_at: datetime


class ParkedKeys(msgspec.Struct, kw_only=True):
    """What waits, and what is left out."""

    parked: list[ParkedKey]
    skipped: list[SkippedFact]


class ReadModels(msgspec.Struct, kw_only=True):
    """Every generation of every read model, and how far it is."""

    items: list[ProjectionLag]


RATE = LogRate(position=1713, minutes=[FactsOfMinute(until=AT, facts=120)])


class WhyDismissed(Body):
    """Why nothing has to follow."""

    model_config = example(reason="graded by hand")

    reason: ClearReason


class KeyToRetry(Body):
    """A parked key."""

    model_config = example(projection="gradebook", key="28400")

    projection: Annotated[str, Field(json_schema_extra={"enum": NAMES}, max_length=64)]
    key: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]


class FactToSkip(KeyToRetry):
    """The fact at which a parked key fails, and why it is right to leave it out."""

    model_config = example(projection="gradebook", key="28400", position=731, reason="broken import")

    position: Annotated[int | None, Field(ge=1, le=2**62)] = None
    generation: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    reason: ClearReason


JOB = FailedJobItem(
    id=12,
    name="give_back",
    stream_id="refund-28400:o1.r1",
    position=731,
    attempts=8,
    due_at=AT,
    tried_at=AT,
    cause="the provider refuses it",
)
REACTION = FailedReactionItem(
    position=731,
    reaction="complete_passed_unit",
    type="attempt.graded",
    stream_id="attempt-28400:q1:1",
    key="28400",
    code="not_enrolled",
    sentence="learner 28400 is not enrolled in run algebra-2026",
    attempts=3,
    first_tried_at=AT,
    last_tried_at=AT,
    next_try_at=AT,
    state="dismissed",
    settled_at=AT,
    settled_by="3f0c0a52a2d94b0ab4d3b5d55c0e3f3a",
    reason="graded by hand",
)
PARKED = ParkedKeys(
    parked=[
        ParkedKey(
            projection="gradebook",
            generation=1,
            key="28400",
            first_position=700,
            failed_position=731,
            type="attempt.graded",
            version=3,
            error="KeyError: 'score'",
            attempts=1,
            needs_rebuild=False,
        )
    ],
    skipped=[
        SkippedFact(
            projection="gradebook",
            version=3,
            position=731,
            key="28400",
            reason="broken import",
            skipped_by="admin",
            skipped_at=AT,
        )
    ],
)
MODELS = ReadModels(
    items=[
        ProjectionLag(
            name="gradebook",
            generation=1,
            version=3,
            status="live",
            segments=4,
            step="live",
            digest="9f86d081",
            position=1713,
            lag_events=0,
            lag_seconds=0.0,
            parked=0,
            heartbeat_seconds=0.4,
        )
    ]
)


@router.get("/jobs/failed", responses=open_query(FailedJobPage(items=[JOB], next=paging.NEXT), 401, 403, 503))
async def list_failed_jobs(
    *, request: Request, ask: QueryDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """Jobs that have failed for good: what was due later, or touches the outside world."""
    (after,) = paging.after("jobs", cursor, [int]) or [0]
    found = await _operations(ask.services).failed_jobs(after, limit + 1)
    items = [_of(FailedJobItem, each) for each in found[:limit]]
    return _page(request, "jobs", items, [found[limit - 1].id] if len(found) > limit else None)


@router.post("/jobs/{job_id}/retry", status_code=202, response_model=Accepted, responses=command(403, 404))
async def retry_job(job_id: JobId, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Have the dispatcher try a job again that has failed for good."""
    context = await dispatch.accounted_once()
    return await _answered(services, context, _operations(services).retry_job(job_id, context))


@router.post("/jobs/{job_id}/dismiss", status_code=202, response_model=Accepted, responses=command(403, 404))
async def dismiss_job(job_id: JobId, body: WhyDismissed, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Take a job off the list of those that have failed; it is not tried again."""
    context = await dispatch.accounted_once(body.reason)
    return await _answered(services, context, _operations(services).dismiss_job(job_id, body.reason, context))


@router.get(
    "/reactions/failed", responses=open_query(FailedReactionPage(items=[REACTION], next=paging.NEXT), 401, 403, 503)
)
async def list_failed_reactions(
    *,
    request: Request,
    ask: QueryDep,
    key: Key = None,
    dismissed: Annotated[bool, Query(description="Those that were dismissed instead.")] = False,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Reactions that were refused or have failed."""
    place = paging.after("reactions", cursor, [int, str]) or [0, ""]
    rows = await _operations(ask.services).reactions(Selection(key), DISMISSED if dismissed else OPEN)
    found = [row for row in rows if (row.position, row.reaction) > (place[0], place[1])]
    items = [_of(FailedReactionItem, each) for each in found[:limit]]
    more = len(found) > limit
    return _page(request, "reactions", items, [items[-1].position, items[-1].reaction] if more else None)


@router.post(
    "/reactions/{position}/{reaction}/retry", status_code=202, response_model=Accepted, responses=command(403, 404)
)
async def retry_reaction(
    position: FactPosition, reaction: ReactionName, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """Have the reactor try a reaction again, also one that was dismissed."""
    context = await dispatch.accounted_once()
    return await _answered(services, context, _operations(services).retry_reaction(position, reaction, context))


@router.post(
    "/reactions/{position}/{reaction}/dismiss", status_code=202, response_model=Accepted, responses=command(403, 404)
)
async def dismiss_reaction(
    position: FactPosition, reaction: ReactionName, body: WhyDismissed, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """Take a reaction off the list; it is not tried again."""
    context = await dispatch.accounted_once(body.reason)
    dismissing = _operations(services).dismiss_reaction(position, reaction, body.reason, context)
    return await _answered(services, context, dismissing)


@router.get("/log/rate", responses=open_query(RATE, 401, 403, 503))
async def get_log_rate(
    ask: QueryDep, minutes: Annotated[int, Query(ge=1, le=240, description="How many minutes back.")] = 60
) -> Response:
    """How many facts were recorded in each of the last whole minutes."""
    last = ask.now().replace(second=0, microsecond=0)
    found = await log_rate(ask.services.reader, last - timedelta(minutes=minutes), last)
    return Response(msgspec.json.encode(found), headers=NO_STORE, media_type=JSON)


@router.get("/projections", responses=open_query(MODELS, 401, 403, 503))
async def list_projections(ask: QueryDep) -> Response:
    """Read models: which generation is served, which others there are, and how far each is."""
    found = await ask.services.log.link.run(projection_lags)
    return Response(msgspec.json.encode(ReadModels(items=found)), headers=NO_STORE, media_type=JSON)


@router.get("/projections/parked", responses=open_query(PARKED, 401, 403, 503))
async def list_parked(ask: QueryDep) -> Response:
    """Keys whose facts wait because a read model fails at one of them, and facts that are left out."""
    operations = _operations(ask.services)
    parked = [msgspec.convert(row, ParkedKey) for row in await operations.parked(NAMES)]
    skipped = [msgspec.convert(row, SkippedFact) for row in await operations.skipped(NAMES)]
    answer = ParkedKeys(parked=parked, skipped=skipped)
    return Response(msgspec.json.encode(answer), headers=NO_STORE, media_type=JSON)


@router.post("/projections/parked/retry", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def retry_parked(body: KeyToRetry, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Have the projector try the facts of a parked key again."""
    context = await dispatch.accounted_once()
    return await _answered(services, context, _operations(services).retry_key(body.projection, body.key, context))


@router.post("/projections/parked/skip", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def skip_parked(body: FactToSkip, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Leave out the fact at which a parked key fails, and fold those after it."""
    place = {"position": body.position, "generation": body.generation}
    context = await dispatch.accounted_once(body.reason)
    operations = _operations(services)

    async def skip() -> int:
        _, said_at = await operations.skip(body.projection, body.key, body.reason, context, **place)
        return said_at

    return await _answered(services, context, skip())


def _operations(services: Services) -> Operations:
    return Operations(services.log, services.bus)


async def _answered(services: Services, context: Context, deciding: Coroutine[Any, Any, int]) -> Response:
    """The position of a decision; the first one again where the same request was answered, and nothing is left."""
    try:
        position = await deciding
    except DomainError:
        first = await services.bus.first_answer(context)
        if first is None:
            raise
        position = first
    return Response(b'{"position":%d}' % position, 202, media_type=JSON)


def _of(shape: Any, row: Any) -> Any:
    return shape(**{name: getattr(row, name) for name in shape.__struct_fields__})


def _page(request: Request, listing: str, items: list[Any], last: list[Any] | None) -> Response:
    following = None if last is None else paging.cursor_to(listing, last)
    body = msgspec.json.encode({"items": items, "next": following})
    return Response(body, headers={**NO_STORE, **paging.link_to(request, following)}, media_type=JSON)
