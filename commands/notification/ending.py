"""What ends soon: a person is reminded of it once for the time at which it ends, and not where it ends otherwise."""

from dataclasses import dataclass
from datetime import datetime

from commands.log import Log, Position, present
from commands.lookups.enrollment import offered_until
from commands.lookups.payment import ends_for_good
from commands.notification import PlanNotifications, planned
from domain.notification import NotificationSettings, settings_stream


@dataclass(frozen=True)
class RemindOfOffer:
    """The seat that is offered to a learner until a time is about to lapse."""

    learner_id: str
    run_id: str
    until: datetime
    cause_event_id: str
    cause_position: int


async def remind_of_offer(command: RemindOfOffer, log: Log) -> Position:
    is_so = await offered_until(log, command.learner_id, command.run_id) == command.until
    cause = command.cause_event_id, command.cause_position
    return await _remind(log, PlanNotifications(command.learner_id, "seat_lapsing", *cause), command.until, is_so=is_so)


@dataclass(frozen=True)
class RemindOfAccess:
    """The access that an entitlement gives until a time ends soon."""

    learner_id: str
    entitlement_id: str
    until: datetime
    cause_event_id: str
    cause_position: int


async def remind_of_access(command: RemindOfAccess, log: Log) -> Position:
    is_so = await ends_for_good(log, command.learner_id, command.entitlement_id) == command.until
    cause = command.cause_event_id, command.cause_position
    return await _remind(
        log, PlanNotifications(command.learner_id, "access_ending", *cause), command.until, is_so=is_so
    )


async def _remind(log: Log, plan: PlanNotifications, until: datetime, *, is_so: bool) -> Position:
    """Plan it, if it *is so* and not over by the clock."""
    found = await planned(plan, log) if is_so and present(log) < until else []
    return await log.save(await log.load(NotificationSettings, settings_stream(plan.learner_id)), *found)
