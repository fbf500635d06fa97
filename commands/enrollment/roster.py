"""Who stands on a roster of a run has a place on it, or waits for one."""

from dataclasses import dataclass

from commands.enrollment import seat
from commands.log import Log, Position
from commands.lookups.catalog import outline
from commands.lookups.payment import entitlement_for
from domain.enrollment import BY_ENTITLEMENT, Enrollment, Status, enrollment_stream


@dataclass(frozen=True)
class EnterRoster:
    """A learner stands on a roster of a run: there is a place, or one in the queue, also for one who has left."""

    learner_id: str
    run_id: str


async def enter_roster(command: EnterRoster, log: Log) -> Position:
    run = await outline(log, command.run_id)
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    entitlement = None if enrollment.has_place else await entitlement_for(log, command.learner_id, run)
    if enrollment.status is Status.WITHDRAWN:
        enrollment.reactivate()
    else:
        enrollment.request(BY_ENTITLEMENT if entitlement else "free", log.context.source)
    return await seat(enrollment, run, log, entitlement)
