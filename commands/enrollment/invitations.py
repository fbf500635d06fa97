"""Invitations to a run: staff make one, the learner accepts it once, until its time is over."""

from dataclasses import dataclass
from datetime import datetime

from commands.enrollment import seat
from commands.log import Log, Position, present
from commands.lookups.catalog import outline
from commands.lookups.enrollment import must_admit
from commands.lookups.payment import entitlement_for
from domain.enrollment import (
    BY_ENTITLEMENT,
    BY_INVITATION,
    Admission,
    Enrollment,
    Status,
    admission_stream,
    enrollment_stream,
)


@dataclass(frozen=True)
class InviteToRun:
    """Staff invite a learner to a run, *until* some time; one who has a place keeps it."""

    learner_id: str
    run_id: str
    until: datetime


async def invite_to_run(command: InviteToRun, log: Log) -> Position:
    run = await outline(log, command.run_id)
    admission = await log.load(Admission, admission_stream(command.learner_id, command.run_id))
    admission.invite(min(command.until, run.ends_at), log.context.at)
    if admission.pending_events:
        must_admit(run, present(log))
    return await log.save(admission)


@dataclass(frozen=True)
class AcceptInvitation:
    """A learner accepts an invitation: there is a place at once, or one in the queue; also for one who has left."""

    learner_id: str
    run_id: str


async def accept_invitation(command: AcceptInvitation, log: Log) -> Position:
    run = await outline(log, command.run_id)
    admission = await log.load(Admission, admission_stream(command.learner_id, command.run_id))
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    admission.accept(log.context.at)
    if not admission.pending_events:  # accepted before; what became of the place since is another matter
        return await log.save(admission)
    entitlement = None if enrollment.has_place else await entitlement_for(log, command.learner_id, run)
    if enrollment.status is Status.WITHDRAWN:
        enrollment.reactivate()
    else:
        enrollment.request(BY_ENTITLEMENT if entitlement else BY_INVITATION, log.context.source)
    return await seat(enrollment, run, log, entitlement, admission)


@dataclass(frozen=True)
class DeclineInvitation:
    """A learner turns an invitation down."""

    learner_id: str
    run_id: str


async def decline_invitation(command: DeclineInvitation, log: Log) -> Position:
    admission = await log.load(Admission, admission_stream(command.learner_id, command.run_id))
    admission.decline(log.context.at)
    return await log.save(admission)


@dataclass(frozen=True)
class RevokeInvitation:
    """Staff take an invitation back that was not accepted."""

    learner_id: str
    run_id: str


async def revoke_invitation(command: RevokeInvitation, log: Log) -> Position:
    admission = await log.load(Admission, admission_stream(command.learner_id, command.run_id))
    admission.revoke(log.context.at)
    return await log.save(admission)
