"""Enrollments: asking for a place, giving it up, coming back; and what staff change about one."""

from fastapi import Response

from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command
from api.http.routing import router as strict_router
from api.http.types import ActingFor, Id, Reason, Word
from commands.enrollment import AcceptSeat, ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment
from commands.enrollment.staff import ChangeMode, ResumeEnrollment, SuspendEnrollment, WaivePrerequisites
from commands.enrollment.transfer import TransferEnrollment

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


class NewMode(Body):
    """In which mode a learner has the place from now on, such as `free` or `audit`."""

    model_config = example(run_id="algebra-2026", learner_id="28400", mode="audit")

    run_id: Id
    learner_id: Id
    mode: Word


class WhoAndWhy(Body):
    """About whose enrollment it is, and why."""

    model_config = example(run_id="algebra-2026", learner_id="28400", reason="conduct")

    run_id: Id
    learner_id: Id
    reason: Reason


class Transfer(Body):
    """Who goes to which other run of the course, and why."""

    model_config = example(run_id="algebra-2026", to_run="algebra-2026-evening", learner_id="28400", reason="works")

    run_id: Id
    to_run: Id
    learner_id: Id
    reason: Reason


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


@router.post("/mode", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def change_mode(body: NewMode, handle: Dispatch) -> Response:
    """Change the mode of an enrollment; access does not depend on what the learner has bought any more."""
    await handle.check.permit(learner_id=body.learner_id, run_id=body.run_id)
    return await handle(ChangeMode(body.learner_id, body.run_id, body.mode), body.learner_id)


@router.post("/suspend", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def suspend_enrollment(body: WhoAndWhy, handle: Dispatch) -> Response:
    """Take access away for now; progress and seat stay. Only staff give it back: no payment, and no coming back."""
    await handle.check.permit(learner_id=body.learner_id, run_id=body.run_id)
    return await handle(SuspendEnrollment(body.learner_id, body.run_id, body.reason), body.learner_id)


@router.post("/resume", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def resume_enrollment(body: WhoAndWhy, handle: Dispatch) -> Response:
    """Give access back that staff have taken."""
    await handle.check.permit(learner_id=body.learner_id, run_id=body.run_id)
    return await handle(ResumeEnrollment(body.learner_id, body.run_id, body.reason), body.learner_id)


@router.post("/transfer", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def transfer(body: Transfer, handle: Dispatch) -> Response:
    """
    Move a learner to another run of the course, where a seat has to be free.

    What was completed is recognised there soon after: units of the same id and kind, with their scores.
    """
    await handle.check.permit(learner_id=body.learner_id, run_id=body.to_run)
    await handle.check.permit(learner_id=body.learner_id, run_id=body.run_id)
    return await handle(TransferEnrollment(body.learner_id, body.run_id, body.to_run, body.reason), body.learner_id)


@router.post("/waive-prerequisites", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def waive_prerequisites(body: WhoAndWhy, handle: Dispatch) -> Response:
    """Let a learner into a run without having passed what its course asks for; the learner still has to ask."""
    await handle.check.permit(learner_id=body.learner_id, run_id=body.run_id)
    return await handle(WaivePrerequisites(body.learner_id, body.run_id, body.reason), body.learner_id)
