"""What a learner has played of a video or a recording, from every device, and where to go on."""

from datetime import timedelta
from typing import Annotated

import msgspec
from fastapi import Path, Response
from pydantic import Field

from adapters.command_bus.replay import replayed
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import ID, ActingFor, Id, LearnerId, RunId
from commands.progress.viewing import RecordWatched
from domain.catalog import Course, Run, RunNotFound, course_stream, run_stream, showing
from domain.progress import CourseProgress, Segment, UnknownUnit, Viewing, progress_stream, viewing_stream
from domain.progress.viewing import LONGEST_AGO, MOST_MS, MOST_SECONDS, MOST_SEGMENTS
from domain.progress.watching import merged

router = strict_router("viewing", "/v1")
MOST_SEQ = 2**53 - 1  # the largest whole number that JavaScript counts to

UnitId = Annotated[str, Path(pattern=ID, max_length=64, description="The unit.", examples=["film"])]
Ms = Annotated[int, Field(ge=0, le=MOST_MS)]


class NewViewing(Body):
    """
    A batch of a player: what was played since the batch before.

    A player sends one when the learner pauses, goes or is at the end, and every few minutes. One that was not answered
    is sent again as it is; one that was refused with `too_many_batches` becomes a part of the next one.
    """

    model_config = example(
        run_id="algebra-2026",
        unit_id="film",
        device="d7e1",
        client_seq=3,
        segments=[[0, 61_500], [95_000, 120_250]],
        position_ms=120_250,
        seconds=80,
        seconds_ago=1,
    )

    run_id: Id
    unit_id: Id
    learner_id: ActingFor = None
    device: Annotated[Id, Field(description="Made up by the player, and kept: the batches of a device are counted.")]
    client_seq: Annotated[int, Field(ge=1, le=MOST_SEQ, description="The device's own count of its batches.")]
    segments: Annotated[
        list[Annotated[list[Ms], Field(min_length=2, max_length=2)]],
        Field(max_length=MOST_SEGMENTS, description="From where to where it was played, in milliseconds of the media."),
    ]
    position_ms: Annotated[Ms, Field(description="Where the learner was in the end, in milliseconds of the media.")]
    seconds: Annotated[int, Field(ge=0, le=MOST_SECONDS, description="How long it took, by the player's clock.")]
    seconds_ago: Annotated[
        int, Field(ge=0, le=LONGEST_AGO // timedelta(seconds=1), description="How long ago that ended, by that clock.")
    ] = 0


class ShownViewing(msgspec.Struct, kw_only=True):
    """
    What was played of a unit, on all devices.

    Attributes:
        position_ms: where to go on, in milliseconds of the media.
        seconds: time that was spent in watching.
        played: segments of the media, in order, each moment once.
        watched_ms: milliseconds of the media that were played; *of_ms* is how long it is. Both are null where the
            course does not say how long.
        watched_bp: the share, in basis points.
        completes_at_bp: the share that completes the unit; null where something else does.
    """

    learner_id: str
    run_id: str
    unit_id: str
    position_ms: int
    seconds: int
    played: list[Segment]
    watched_ms: int | None
    of_ms: int | None
    watched_bp: int | None
    completes_at_bp: int | None


EXAMPLE = ShownViewing(
    learner_id="28400",
    run_id="algebra-2026",
    unit_id="film",
    position_ms=120_250,
    seconds=80,
    played=[(0, 61_500), (95_000, 120_250)],
    watched_ms=86_750,
    of_ms=240_000,
    watched_bp=3_615,
    completes_at_bp=9_000,
)


@router.post("/progress/units/watch", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def record_watched(body: NewViewing, handle: Dispatch) -> Response:
    """Record what was played of a video or a recording; the unit is completed by it where its rule says so."""
    learner_id = await handle.acts_for(body.learner_id, run_id=body.run_id)
    watched = RecordWatched(
        learner_id,
        body.run_id,
        body.unit_id,
        body.device,
        body.client_seq,
        [(start, end) for start, end in body.segments],
        body.position_ms,
        body.seconds,
        body.seconds_ago,
    )
    return await handle(watched, learner_id)


@router.get("/me/runs/{run_id}/units/{unit_id}/viewing", responses=query(EXAMPLE, 404))
async def get_my_viewing(run_id: RunId, unit_id: UnitId, ask: QueryDep) -> Response:
    """What the user has played of a unit, and where to go on; nothing at first."""
    return await _viewing(ask, ask.user.subject, run_id, unit_id)


@router.get("/learners/{learner_id}/runs/{run_id}/units/{unit_id}/viewing", responses=query(EXAMPLE, 403, 404))
async def get_viewing(learner_id: LearnerId, run_id: RunId, unit_id: UnitId, ask: QueryDep) -> Response:
    """What a learner has played of a unit, and where the learner was."""
    return await _viewing(ask, learner_id, run_id, unit_id)


async def _viewing(ask: QueryContext, learner_id: str, run_id: str, unit_id: str) -> Response:
    log = ask.services.log
    position = await log.head()
    ask.must_reach(position)
    run = await replayed(log, Run, run_stream(run_id))
    if not run.exists:
        raise RunNotFound(run_id=run_id)
    course = await replayed(log, Course, course_stream(run.course_id))
    progress = await replayed(log, CourseProgress, progress_stream(learner_id, run_id))
    followed = course.versions[progress.follows(run.versions)]
    unit = next((each for each in followed if each.unit_id == unit_id), None)
    if unit is None:
        raise UnknownUnit(unit_id=unit_id, run_id=run_id)
    viewing = await replayed(log, Viewing, viewing_stream(learner_id, run_id, unit_id))
    versions = showing(course.versions, unit)
    share = None if unit.seconds is None else viewing.share(versions, unit.seconds)
    found = ShownViewing(
        learner_id=learner_id,
        run_id=run_id,
        unit_id=unit_id,
        position_ms=viewing.position_ms,
        seconds=viewing.seconds,
        played=merged(each for version in versions for each in viewing.played.get(version, ())),
        watched_ms=None if share is None else share.ms,
        of_ms=None if share is None else share.of_ms,
        watched_bp=None if share is None else share.bp,
        completes_at_bp=None if unit.completion is None else unit.completion.at_least_bp,
    )
    return ask.reply(msgspec.json.encode(found), position)
