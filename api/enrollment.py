"""Enrollments: asking for a place, giving it up, coming back."""

from fastapi import Response

from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command
from api.http.routing import router as strict_router
from api.http.types import ActingFor, Id, Reason, Word
from commands.enrollment import AcceptSeat, ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment

router = strict_router("enrollment", "/v1/enrollments")


class EnrollmentRequest(Body):
    """Who asks for a place on which run."""

    model_config = example(run_id="algebra-2026")

    run_id: Id
    learner_id: ActingFor = None
    mode: Word = "free"


class Withdrawal(Body):
    """Who gives up the place, and why."""

    model_config = example(run_id="algebra-2026", reason="moved")

    run_id: Id
    learner_id: ActingFor = None
    reason: Reason = "unspecified"


class Acceptance(Body):
    """Who takes the seat that is offered."""

    model_config = example(run_id="algebra-2026")

    run_id: Id
    learner_id: ActingFor = None


class Return(Body):
    """Who comes back after a withdrawal or an expired offer."""

    model_config = example(run_id="algebra-2026")

    run_id: Id
    learner_id: ActingFor = None


@router.post("", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def enroll(body: EnrollmentRequest, handle: Dispatch) -> Response:
    """Ask for a place: there is one at once, or one in the queue if the run is full."""
    learner_id = await handle.acts_for(body.learner_id, run_id=body.run_id)
    return await handle(RequestEnrollment(learner_id, body.run_id, body.mode), learner_id)


@router.post("/withdraw", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def withdraw(body: Withdrawal, handle: Dispatch) -> Response:
    """Give up a place or a place in the queue, or decline a seat that is offered."""
    learner_id = await handle.acts_for(body.learner_id, run_id=body.run_id)
    return await handle(WithdrawEnrollment(learner_id, body.run_id, body.reason), learner_id)


@router.post("/accept", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def accept(body: Acceptance, handle: Dispatch) -> Response:
    """Take the seat that is offered; to decline it, withdraw. After `offered_until` it goes to the next in line."""
    learner_id = await handle.acts_for(body.learner_id, run_id=body.run_id)
    return await handle(AcceptSeat(learner_id, body.run_id), learner_id)


@router.post("/reactivate", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def reactivate(body: Return, handle: Dispatch) -> Response:
    """Come back after a withdrawal or an expired offer, if there is a seat, else to the end of the queue."""
    learner_id = await handle.acts_for(body.learner_id, run_id=body.run_id)
    return await handle(ReactivateEnrollment(learner_id, body.run_id), learner_id)
