"""More time for a unit, for one learner or a whole group; and its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.log import Log, Position
from commands.lookups.catalog import outline
from commands.lookups.deadlines import due_before
from domain.enrollment import Enrollment, enrollment_stream


@dataclass(frozen=True)
class GrantExtensions:
    """
    Give learners of a run more time for a unit, one or a whole group, all or none.

    Attributes:
        new_due: their deadline from now on.
    """

    run_id: str
    unit_id: str
    learner_ids: Sequence[str]
    new_due: datetime
    reason: str = "unspecified"


async def grant_extensions(command: GrantExtensions, log: Log) -> Position:
    run = await outline(log, command.run_id)
    extended = []
    for learner_id, due in (await due_before(log, command.learner_ids, run, command.unit_id)).items():
        enrollment = await log.load(Enrollment, enrollment_stream(learner_id, command.run_id))
        enrollment.extend(command.unit_id, due, command.new_due, command.reason)
        extended.append(enrollment)
    return await log.save(*extended)


@dataclass(frozen=True)
class WithdrawExtensions:
    """Take extensions for a unit back, all or none; a learner who has none is left as it is."""

    run_id: str
    unit_id: str
    learner_ids: Sequence[str]
    reason: str = "unspecified"


async def withdraw_extensions(command: WithdrawExtensions, log: Log) -> Position:
    run = await outline(log, command.run_id)
    changed = []
    for learner_id, due in (await due_before(log, command.learner_ids, run, command.unit_id)).items():
        enrollment = await log.load(Enrollment, enrollment_stream(learner_id, command.run_id))
        enrollment.withdraw_extension(command.unit_id, due, command.reason)
        changed.append(enrollment)
    return await log.save(*changed)
