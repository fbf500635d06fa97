"""
Rebuilds, promotions and rollbacks of read models over HTTP: jobs that a projector carries out, and how far each is.

Analysts may ask for them as admins do: they change the rule, rebuild beside what is served, and switch.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import Path, Query, Request, Response
from pydantic import Field

from adapters.postgres.ops.segments import SegmentProgress, segments_of
from adapters.postgres.store import projection_jobs as table
from adapters.postgres.store.projection_job_shapes import JobProgress
from adapters.projection_jobs import PROMOTION, REBUILD, ROLLBACK, Asked, ProjectionJobNotFound, ProjectionJobs
from api.http import paging
from api.http.clear_reason import ClearReason
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.job_events import job_events
from api.http.openapi import command, event_stream, open_query
from api.http.query import JSON, QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import Limit, ReadModelName
from domain.admin import SwitchWanted
from domain.admin.read_models import NoSuchReadModel
from domain.words import closed
from projections.registry import PROJECTIONS

router = strict_router("operations", "/v1")

NAMES = [each.name for each in PROJECTIONS]
NO_STORE = {"cache-control": "no-store"}
AT = datetime.fromisoformat("2026-02-14T18:00:00+00:00")
JOB = "0199c7f0a1b27c3d8e4f5a6b7c8d9e0f"
JobId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="The job.", examples=[JOB])]


class RebuildWanted(Body):
    """Why a read model is rebuilt; *from_scratch* deletes what an earlier rebuild has left."""

    model_config = example(reason="late days count from the extended deadline")

    from_scratch: bool = False
    reason: ClearReason


class PromotionWanted(Body):
    """Which generation is served from now on, and why; *with_parked*: also if keys wait in it that now do not."""

    model_config = example(reason="late days count from the extended deadline", generation=2)

    generation: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    with_parked: bool = False
    reason: ClearReason


class RollbackWanted(Body):
    """Why the generation from before is served again; *as_it_was*: also if only other code can bring it up to date."""

    model_config = example(reason="the new rule counts too much")

    as_it_was: bool = False
    reason: ClearReason


class WhyStopped(Body):
    """Why a job is stopped."""

    model_config = example(reason="the campus is busy")

    reason: ClearReason


class AcceptedJob(Accepted):
    """What was asked for is recorded; the job says what becomes of it."""

    model_config = example(position=1713, job_id=JOB)

    job_id: str


class ProjectionJobItem(msgspec.Struct, kw_only=True):
    """
    How a job stands.

    Attributes:
        step, done, total: what it does, and how much of how much is done; null where that is not known.
        generation: that it has built, or that is served since.
        cause: why it has failed, or for what it waits.
    """

    job_id: str
    projection: str
    what: Annotated[str, closed((REBUILD, PROMOTION, ROLLBACK))]
    status: Annotated[str, closed(("waiting", "running", "finished", "failed", "stopped"))]
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    step: str | None
    done: int | None
    total: int | None
    generation: int | None
    cause: str | None


class ProjectionJobPage(msgspec.Struct, kw_only=True):
    """Jobs, the latest first."""

    items: list[ProjectionJobItem]
    next: str | None


class SegmentList(msgspec.Struct, kw_only=True):
    """The segments of all generations of a read model, those of the newest first; `head` is the end of the log."""

    head: int
    items: list[SegmentProgress]


SEGMENT = SegmentProgress(
    generation=2,
    status="building",
    segment=0,
    position=0,
    lag_events=1713,
    applied=0,
    ignored=0,
    parked=0,
    skipped=0,
    owned=False,
)
EXAMPLE = ProjectionJobItem(
    job_id=JOB,
    projection="gradebook",
    what=REBUILD,
    status="failed",
    requested_by="3f0c0a52a2d94b0ab4d3b5d55c0e3f3a",
    requested_at=AT,
    started_at=AT,
    ended_at=AT,
    step="bulk (facts)",
    done=700,
    total=1713,
    generation=2,
    cause="process 4711 of the rebuild has died",
)


@router.post(
    "/projections/{name}/rebuild", status_code=202, response_model=AcceptedJob, responses=command(403, 404, 409)
)
async def rebuild_projection(
    name: ReadModelName, body: RebuildWanted, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """
    Build a generation of a read model beside the one that is served, by the code of the projectors.

    A projector carries it out, and another one goes on with it if that dies. Readers see no change before a promotion.
    """
    _must_be_one(name)
    context = await dispatch.accounted_once(body.reason)
    return _accepted(await _jobs(services).rebuild(name, body.reason, context, from_scratch=body.from_scratch))


@router.post(
    "/projections/{name}/promote", status_code=202, response_model=AcceptedJob, responses=command(403, 404, 409)
)
async def promote_projection(
    name: ReadModelName, body: PromotionWanted, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """Serve a rebuilt generation, without an interruption for readers; the newest that is ready, if none is named."""
    _must_be_one(name)
    wanted = SwitchWanted(back=False, generation=body.generation, anyway=body.with_parked)
    context = await dispatch.accounted_once(body.reason)
    return _accepted(await _jobs(services).switch(name, wanted, body.reason, context))


@router.post(
    "/projections/{name}/rollback", status_code=202, response_model=AcceptedJob, responses=command(403, 404, 409)
)
async def roll_back_projection(
    name: ReadModelName, body: RollbackWanted, dispatch: Dispatch, services: ServicesDep
) -> Response:
    """Serve the generation again that was served before, once it is up to date."""
    _must_be_one(name)
    wanted = SwitchWanted(back=True, anyway=body.as_it_was)
    context = await dispatch.accounted_once(body.reason)
    return _accepted(await _jobs(services).switch(name, wanted, body.reason, context))


@router.post("/projections/jobs/{job_id}/stop", status_code=202, response_model=Accepted, responses=command(403, 404))
async def stop_projection_job(job_id: JobId, body: WhyStopped, dispatch: Dispatch, services: ServicesDep) -> Response:
    """Stop a job; what a rebuild has built stays, and the next one continues from it."""
    context = await dispatch.accounted_once(body.reason)
    position = await _jobs(services).stop(job_id, body.reason, context)
    return Response(b'{"position":%d}' % position, 202, media_type=JSON)


@router.get(
    "/projections/jobs", responses=open_query(ProjectionJobPage(items=[EXAMPLE], next=paging.NEXT), 401, 403, 503)
)
async def list_projection_jobs(
    *,
    request: Request,
    ask: QueryDep,
    projection: Annotated[
        str | None,
        Query(pattern=r"^[a-z_]{1,64}$", max_length=64, description="Only of this read model.", examples=["gradebook"]),
    ] = None,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Rebuilds, promotions and rollbacks that were asked for, the latest first."""
    place = paging.after("projection-jobs", cursor, [str, str])
    before = table.BEFORE_ALL if place is None else _place(place)
    found = await ask.services.log.link.run(lambda connection: table.listed(connection, before, limit + 1, projection))
    end = found[limit - 1] if len(found) > limit else None
    following = None if end is None else paging.cursor_to("projection-jobs", [end.requested_at.isoformat(), end.id])
    answer = ProjectionJobPage(items=[_item(each) for each in found[:limit]], next=following)
    headers = {**NO_STORE, **paging.link_to(request, following)}
    return Response(msgspec.json.encode(answer), headers=headers, media_type=JSON)


@router.get(
    "/projections/{name}/segments", responses=open_query(SegmentList(head=1713, items=[SEGMENT]), 401, 403, 404, 503)
)
async def list_segments(name: ReadModelName, ask: QueryDep) -> Response:
    """How far each segment of each generation is; those of a rebuild are at 0 until their rows are written."""
    _must_be_one(name)
    log = ask.services.log
    found = await log.link.run(lambda connection: segments_of(connection, name))
    answer = SegmentList(head=await log.head(), items=found)
    return Response(msgspec.json.encode(answer), headers=NO_STORE, media_type=JSON)


@router.get("/projections/jobs/{job_id}", responses=open_query(EXAMPLE, 401, 403, 404, 503))
async def get_projection_job(job_id: JobId, ask: QueryDep) -> Response:
    """How far a job is, and what has become of it."""
    found = await _found(ask.services, job_id)
    return Response(msgspec.json.encode(found), headers=NO_STORE, media_type=JSON)


@router.get(
    "/projections/jobs/{job_id}/events",
    responses=event_stream('event: progress\ndata: {"status":"running","step":"bulk (facts)","done":700}\n\n'),
    response_class=Response,
)
async def stream_projection_job(job_id: JobId, ask: QueryDep) -> Response:
    """How far a job is, until it has ended, or what names the user."""
    await _found(ask.services, job_id)
    return job_events(ask, lambda: _found(ask.services, job_id))


async def _found(services: Services, job_id: str) -> ProjectionJobItem:
    found = await services.log.link.run(lambda connection: table.progress(connection, job_id))
    if found is None:
        raise ProjectionJobNotFound(job_id=job_id)
    return _item(found)


def _place(place: Sequence[str]) -> tuple[datetime, str]:
    try:
        return datetime.fromisoformat(place[0]), place[1]
    except ValueError as error:
        raise paging.BadCursor from error


def _must_be_one(name: str) -> None:
    if name not in NAMES:
        raise NoSuchReadModel(name=name)


def _jobs(services: Services) -> ProjectionJobs:
    return ProjectionJobs(services.log, services.bus, services.settings)


def _accepted(asked: Asked) -> Response:
    return Response(msgspec.json.encode(asked._asdict()), 202, media_type=JSON)


def _item(found: JobProgress) -> ProjectionJobItem:
    status = found.outcome or ("waiting" if found.started_at is None else "running")
    shown = {name: getattr(found, name) for name in ProjectionJobItem.__struct_fields__ if hasattr(found, name)}
    return ProjectionJobItem(job_id=found.id, status=status, **shown)
