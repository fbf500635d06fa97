"""Invitations to a run: staff invite a person or an address, the learner accepts once, until the time is over."""

from datetime import timedelta
from typing import Annotated

import msgspec
from fastapi import Response
from pydantic import Field

from adapters.auth.invitations import BadInvitation, Invitations, checked
from adapters.command_bus.replay import replayed
from adapters.csv_lines import BadLine
from adapters.run_invitations import EXAMPLE, RunInvitation, invitations_of_learner, invitations_to_run
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.types import NO_CONTROLS, ActingFor, Id, RunId, Time
from commands.enrollment.invitations import AcceptInvitation, DeclineInvitation, InviteToRun, RevokeInvitation
from domain.catalog import Run, RunNotFound, run_stream
from domain.enrollment_errors import AmbiguousInvitee, InvitationInThePast

router = strict_router("run_invitations", "/v1")

STANDS_DAYS = 14  # where nothing else is said


class NewRunInvitation(Body):
    """
    Whom to invite to a run: a person who has an account, or an address.

    A person without an account gets one, and the mail of POST /v1/invitations. Without `until` it stands for 14 days;
    it is over with the run at the latest.
    """

    model_config = example(email="ada@example.org", display_name="Ada Lovelace")

    learner_id: Id | None = None
    email: Annotated[str, Field(max_length=254, pattern=NO_CONTROLS)] = ""
    display_name: Annotated[str, Field(max_length=254, pattern=NO_CONTROLS)] = ""
    until: Time | None = None


class Invitee(Body):
    """Whose invitation it is."""

    model_config = example(learner_id="28400")

    learner_id: Id


class Answer(Body):
    """Which invitation is answered."""

    model_config = example(run_id="algebra-2026")

    run_id: Id
    learner_id: ActingFor = None


class RunInvitations(msgspec.Struct, kw_only=True):
    """Invitations, the oldest first."""

    items: list[RunInvitation]


@router.post("/runs/{run_id}/invitations", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def invite_to_run(run_id: RunId, body: NewRunInvitation, handle: Dispatch, services: ServicesDep) -> Response:
    """Invite a person to a run. Invited twice, the person has one invitation, which stands until the later end."""
    now = services.bus.clock.now()
    until = body.until or now + timedelta(days=STANDS_DAYS)
    if until <= now:
        raise InvitationInThePast(until=f"{until:%Y-%m-%d %H:%M} UTC", days=STANDS_DAYS)
    if bool(body.learner_id) == bool(body.email):
        raise AmbiguousInvitee
    learner_id = body.learner_id or await _account_of(body, run_id, handle, services)
    await handle.check.permit(learner_id=learner_id, run_id=run_id)
    return await handle(InviteToRun(learner_id, run_id, until), learner_id)


async def _account_of(body: NewRunInvitation, run_id: str, handle: Dispatch, services: ServicesDep) -> str:
    """The account of an address, opened if there is none: for staff who may open accounts."""
    await handle.check.permit(action="invite")
    await handle.check.permit(run_id=run_id)
    said = {"email": body.email, "display_name": body.display_name}
    person = checked(1, {name: value for name, value in said.items() if value})
    if isinstance(person, BadLine):
        raise BadInvitation(field=person.field, problem=person.problem)
    invitations = Invitations(services.log, services.bus, services.settings)
    return (await invitations.invite(person, await handle.accounted())).learner_id


@router.post(
    "/runs/{run_id}/invitations/revoke", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def revoke_invitation(run_id: RunId, body: Invitee, handle: Dispatch) -> Response:
    """Take an invitation back that was not accepted."""
    await handle.check.permit(learner_id=body.learner_id, run_id=run_id)
    return await handle(RevokeInvitation(body.learner_id, run_id), body.learner_id)


@router.get("/runs/{run_id}/invitations", responses=query(RunInvitations(items=[EXAMPLE]), 403, 404))
async def list_run_invitations(run_id: RunId, ask: QueryDep) -> Response:
    """All invitations to a run, with how they stand now."""
    if not (await replayed(ask.services.log, Run, run_stream(run_id))).exists:
        raise RunNotFound(run_id=run_id)
    found, position = await invitations_to_run(ask.services.log, run_id, ask.now())
    return _reply(ask, found, position)


@router.get("/me/invitations", responses=query(RunInvitations(items=[EXAMPLE])))
async def list_my_invitations(ask: QueryDep) -> Response:
    """The user's own invitations, with how they stand now."""
    found, position = await invitations_of_learner(ask.services.log, ask.user.subject, ask.now())
    return _reply(ask, found, position)


@router.post(
    "/enrollments/accept-invitation", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def accept_invitation(body: Answer, handle: Dispatch) -> Response:
    """Accept an invitation: there is a place at once, or one in the queue if the run is full."""
    learner_id = await handle.acts_for(body.learner_id, run_id=body.run_id)
    return await handle(AcceptInvitation(learner_id, body.run_id), learner_id)


@router.post(
    "/enrollments/decline-invitation", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def decline_invitation(body: Answer, handle: Dispatch) -> Response:
    """Turn an invitation down."""
    learner_id = await handle.acts_for(body.learner_id, run_id=body.run_id)
    return await handle(DeclineInvitation(learner_id, body.run_id), learner_id)


def _reply(ask: QueryDep, found: list[RunInvitation], position: int) -> Response:
    ask.must_reach(position)
    return ask.reply(msgspec.json.encode(RunInvitations(items=found)), position)
