"""What other contexts may know of a learner's progress: how the course ended."""

from commands.log import Log
from domain.progress import CourseProgress, progress_stream


async def outcome_of(log: Log, learner_id: str, run_id: str) -> str:
    """The outcome of a run for a learner, empty as long as none is decided."""
    return (await log.read(CourseProgress, progress_stream(learner_id, run_id))).outcome


async def grade_of(log: Log, learner_id: str, run_id: str) -> int | None:
    """The grade of a run for a learner as its outcome has it, in basis points; None where there is none."""
    return (await log.read(CourseProgress, progress_stream(learner_id, run_id))).grade_bp
