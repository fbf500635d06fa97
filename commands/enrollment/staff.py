"""What staff do to an enrollment: its mode, whether it gives access for now, and what need not be passed before."""

from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.catalog import outline
from domain.enrollment import (
    BY_STAFF,
    Admission,
    Enrollment,
    NothingToWaive,
    admission_stream,
    enrollment_stream,
)


@dataclass(frozen=True)
class ChangeMode:
    """A learner has the place in another mode from now on; by `free` or any other it needs no entitlement."""

    learner_id: str
    run_id: str
    mode: str


async def change_mode(command: ChangeMode, log: Log) -> Position:
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    enrollment.change_mode(command.mode)
    return await log.save(enrollment)


@dataclass(frozen=True)
class SuspendEnrollment:
    """Staff take access away for now; no payment gives it back, and leaving and coming back does not either."""

    learner_id: str
    run_id: str
    reason: str


async def suspend_enrollment(command: SuspendEnrollment, log: Log) -> Position:
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    enrollment.must_have_asked()
    enrollment.suspend(command.reason, BY_STAFF)
    return await log.save(enrollment)


@dataclass(frozen=True)
class ResumeEnrollment:
    """Staff give back the access that they have taken."""

    learner_id: str
    run_id: str
    reason: str


async def resume_enrollment(command: ResumeEnrollment, log: Log) -> Position:
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    enrollment.must_have_asked()
    enrollment.resume(command.reason, BY_STAFF)
    return await log.save(enrollment)


@dataclass(frozen=True)
class WaivePrerequisites:
    """Staff let a learner into a run without having passed what its course asks for now."""

    learner_id: str
    run_id: str
    reason: str


async def waive_prerequisites(command: WaivePrerequisites, log: Log) -> Position:
    run = await outline(log, command.run_id)
    if not run.prerequisites:
        raise NothingToWaive(run_id=command.run_id)
    admission = await log.load(Admission, admission_stream(command.learner_id, command.run_id))
    admission.waive({course_id for each in run.prerequisites for course_id in each.courses}, command.reason)
    return await log.save(admission)
