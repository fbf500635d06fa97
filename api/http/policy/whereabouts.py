"""
Where things belong, for roles that hold in one course or run: what never changes is looked up once.

A question bank may be moved and shared, so it is looked up each time.
"""

from adapters.command_bus.replay import replayed
from adapters.postgres.log.postgres_log import PostgresLog
from domain.aggregate import ID_PATTERN
from domain.catalog import Run, run_stream
from domain.question_bank import OF_CAMPUS, QuestionBank, bank_stream
from domain.quiz import Quiz, quiz_stream

REMEMBERED = 100_000  # runs, and as many quizzes


class Whereabouts:
    """The course of each run and the run of each quiz that was asked for, in one process."""

    def __init__(self, log: PostgresLog) -> None:
        self._log = log
        self._courses: dict[str, str] = {}
        self._runs: dict[str, str] = {}

    async def course_of_run(self, run_id: str) -> str | None:
        """The course of a run; None if there is no such run."""
        if run_id not in self._courses and ID_PATTERN.match(run_id):
            run = await replayed(self._log, Run, run_stream(run_id))
            if run.exists:
                _remember(self._courses, run_id, run.course_id)
        return self._courses.get(run_id)

    async def run_of_quiz(self, quiz_id: str) -> str | None:
        """The run of a quiz; None if there is no such quiz."""
        if quiz_id not in self._runs and ID_PATTERN.match(quiz_id):
            quiz = await replayed(self._log, Quiz, quiz_stream(quiz_id))
            if quiz.exists:
                _remember(self._runs, quiz_id, quiz.run_id)
        return self._runs.get(quiz_id)

    async def courses_of_bank(self, bank_id: str, *, to_read: bool) -> set[str]:
        """The courses whose teachers may read a question bank, or write it; none if it is of the campus, or unknown."""
        if not ID_PATTERN.match(bank_id):
            return set()
        bank = await replayed(self._log, QuestionBank, bank_stream(bank_id))
        return {bank.course_id, *(bank.shared_with if to_read else ())} - {OF_CAMPUS}


def _remember(known: dict[str, str], name: str, found: str) -> None:
    if len(known) >= REMEMBERED:
        known.clear()
    known[name] = found
