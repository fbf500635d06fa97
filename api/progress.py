"""Progress: what a learner opens, does and completes on a run, and how it ends."""

from typing import Annotated, Literal

from fastapi import Response
from pydantic import Field

from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import NO_NUL, ActingFor, Id, Word
from commands.progress import CompleteUnit, DecideOutcome, OpenUnit, RecordActivity

router = strict_router("progress", "/v1/progress")


EXAMPLE = {"run_id": "algebra-2026", "unit_id": "intro"}


class UnitOfRun(Body):
    """A unit of a run, and who does something with it."""

    model_config = example(**EXAMPLE)

    run_id: Id
    unit_id: Id
    learner_id: ActingFor = None


class NewActivity(UnitOfRun):
    """Actions on a unit: *amount* of one *kind* (clicks, seconds, pages)."""

    model_config = example(**{**EXAMPLE, "kind": "click", "amount": 3})

    kind: Word = "click"
    amount: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class Decision(Body):
    """
    The outcome of a course for a learner; without `outcome`, the grade decides.

    A `reason` is needed to revise an outcome, and to fail a learner who can still pass.
    """

    model_config = example(run_id="algebra-2026", learner_id="28400", outcome="pass", reason="appeal of 3 July")

    run_id: Id
    learner_id: Id
    outcome: Literal["distinction", "pass", "fail", "withdrawn"] | None = None
    reason: Annotated[str, Field(max_length=1_000, pattern=NO_NUL)] = ""


@router.post("/activities", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def record_activity(body: NewActivity, handle: Dispatch) -> Response:
    """Record what was done on a unit."""
    learner_id = await handle.acts_for(body.learner_id, run_id=body.run_id)
    return await handle(RecordActivity(learner_id, body.run_id, body.unit_id, body.kind, body.amount), learner_id)


@router.post("/units/open", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def open_unit(body: UnitOfRun, handle: Dispatch) -> Response:
    """Open a unit."""
    learner_id = await handle.acts_for(body.learner_id, run_id=body.run_id)
    return await handle(OpenUnit(learner_id, body.run_id, body.unit_id), learner_id)


@router.post("/units/complete", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def complete_unit(body: UnitOfRun, handle: Dispatch) -> Response:
    """Complete a unit."""
    learner_id = await handle.acts_for(body.learner_id, run_id=body.run_id)
    rule = "learner" if learner_id == handle.user.subject else "instructor"
    return await handle(CompleteUnit(learner_id, body.run_id, body.unit_id, rule), learner_id)


@router.post("/outcomes", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def decide_outcome(body: Decision, handle: Dispatch, services: ServicesDep) -> Response:
    """Decide the outcome of a course for a learner, from all facts up to now, or revise it with a reason."""
    await handle.check.permit(learner_id=body.learner_id, run_id=body.run_id)
    through = await services.log.head()
    decide = DecideOutcome(body.learner_id, body.run_id, through, body.outcome, body.reason)
    return await handle(decide, body.learner_id)
