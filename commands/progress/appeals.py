"""Use cases of appeals against the outcome of a course: made and withdrawn by the learner, answered by staff."""

from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.enrollment import must_have_asked
from commands.progress import DecideOutcome, decided
from domain.progress import CourseProgress, progress_stream
from domain.progress.appeal import About, Appeals, appeal_stream


@dataclass(frozen=True)
class MakeAppeal:
    """A learner asks for the outcome of a run to be looked at again, and says why."""

    learner_id: str
    run_id: str
    words: str


async def make_appeal(command: MakeAppeal, log: Log) -> Position:
    await must_have_asked(log, command.learner_id, command.run_id)
    progress = await log.read(CourseProgress, progress_stream(command.learner_id, command.run_id))
    appeals = await log.load(Appeals, appeal_stream(command.learner_id, command.run_id))
    appeals.make(About(progress.outcome, progress.grade_bp), command.words)
    return await log.save(appeals)


@dataclass(frozen=True)
class WithdrawAppeal:
    """A learner takes an appeal back before it is answered."""

    learner_id: str
    run_id: str
    appeal_no: int


async def withdraw_appeal(command: WithdrawAppeal, log: Log) -> Position:
    appeals = await log.load(Appeals, appeal_stream(command.learner_id, command.run_id))
    appeals.withdraw(command.appeal_no)
    return await log.save(appeals)


@dataclass(frozen=True)
class AnswerAppeal:
    """
    Staff answer an appeal, with their reason.

    Attributes:
        granted: whether the learner was right.
        outcome: what the outcome is from now on, which is revised in the same append; None for what it is already, such
            as after a grade was overridden. An appeal that is not granted has none.
    """

    learner_id: str
    run_id: str
    appeal_no: int
    granted: bool
    words: str
    outcome: str | None = None
    through_position: int = 0


async def answer_appeal(command: AnswerAppeal, log: Log) -> Position:
    appeals = await log.load(Appeals, appeal_stream(command.learner_id, command.run_id))
    progress = await log.load(CourseProgress, progress_stream(command.learner_id, command.run_id))
    new = command.outcome if command.granted else None
    appeals.answer(command.appeal_no, new or progress.outcome, command.words, granted=command.granted)
    if new is not None and appeals.pending_events:
        decide = DecideOutcome(command.learner_id, command.run_id, command.through_position, new, command.words)
        progress = await decided(decide, log)
    return await log.save(progress, appeals)
