"""The seats of a run: how many there are, who waits for one, and in which place."""

from typing import Annotated, Literal

import msgspec
from fastapi import Request, Response
from pydantic import Field

from adapters.command_bus.replay import replayed
from adapters.waitlist import EXAMPLE, waitlist_of
from api.http import csv_pages, csv_text
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import RunId
from commands.catalog import ChangeCapacity
from domain.catalog import Run, RunNotFound, run_stream
from domain.enrollment import Enrollment, NotEnrolled, Status, enrollment_stream
from domain.words import closed

router = strict_router("seats", "/v1")

HEADS = ("place", "learner_id", "since")
CSV_EXAMPLE = csv_text.line(HEADS) + csv_text.line((1, "28400", "2026-01-26T09:00:00+00:00"))


class Place(msgspec.Struct, kw_only=True):
    """Where the user stands on a run: the place in the queue, from 1, null for one who does not wait; how many wait."""

    run_id: str
    status: Annotated[str, closed(status for status in Status if status is not Status.NONE)]
    place: int | None
    waiting: int


PLACE = Place(run_id="algebra-2026", status="waitlisted", place=3, waiting=12)


class NewCapacity(Body):
    """
    How many seats a run has from now on.

    More: they go to those who wait, in their order. Fewer: with `excess` = `stay` no learner loses a seat, and none is
    given before one is free; with `wait` as many of those who were seated last wait again, before all others, who have
    not completed the course.
    """

    model_config = example(capacity=120)

    capacity: Annotated[int, Field(ge=1, le=1_000_000)]
    excess: Literal["stay", "wait"] = "stay"


@router.post("/runs/{run_id}/capacity", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def change_capacity(run_id: RunId, body: NewCapacity, handle: Dispatch) -> Response:
    """Give a run more or fewer seats, or a limit if it had none: who has a place then keeps it."""
    return await handle(ChangeCapacity(run_id, body.capacity, body.excess))


@router.get("/runs/{run_id}/waitlist", responses=query(EXAMPLE, 403, 404, csv=CSV_EXAMPLE))
async def list_waitlist(request: Request, run_id: RunId, ask: QueryDep) -> Response:
    """Who waits for a seat, in order, since when; as JSON, or as CSV for spreadsheets."""
    if not (await replayed(ask.services.log, Run, run_stream(run_id))).exists:
        raise RunNotFound(run_id=run_id)
    found, position = await waitlist_of(ask.services.log, run_id)
    ask.must_reach(position)
    if not csv_pages.is_wanted(request):
        return ask.reply(msgspec.json.encode(found), position, csv_pages.VARY)
    lines = [csv_text.line((each.place, each.learner_id, each.since.isoformat())) for each in found.items]
    body = "".join((csv_text.line(HEADS), *lines)).encode()
    return ask.reply(body, position, {**csv_pages.VARY, **csv_text.head_of_file(f"waitlist-{run_id}")})


@router.get("/me/runs/{run_id}/place", responses=query(PLACE, 404))
async def get_my_place(run_id: RunId, ask: QueryDep) -> Response:
    """Where the user stands on a run, and in which place of its queue."""
    log, learner_id = ask.services.log, ask.user.subject
    enrollment = await replayed(log, Enrollment, enrollment_stream(learner_id, run_id))
    if not enrollment.exists:
        raise NotEnrolled(learner_id=learner_id, run_id=run_id)
    found, position = await waitlist_of(log, run_id)
    ask.must_reach(position)
    place = next((each.place for each in found.items if each.learner_id == learner_id), None)
    answer = Place(run_id=run_id, status=enrollment.status.value, place=place, waiting=len(found.items))
    return ask.reply(msgspec.json.encode(answer), position)
