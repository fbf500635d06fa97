"""
Grades are imported: who a line means, and what is done for each grade; by a bulk job (record 0259).

A file that was interrupted is sent again: a grade that stands already changes nothing.
"""

from collections.abc import Sequence

from adapters.bulk.jobs import BulkJobs
from adapters.bulk.kinds import LEARNER, QUIZ, SCORE
from adapters.command_bus.bus import Bus
from adapters.command_bus.replay import replayed
from adapters.csv_lines import BadLine, Cells
from adapters.grades.reading import GivenGrade, read_grades
from adapters.grades.report import GradesReport, Meant, report
from adapters.personal.addresses import Addresses
from adapters.personal.key_service import AccountsClosed
from adapters.postgres.log.postgres_log import PostgresLog
from commands.log import Context
from domain.admin.bulk_jobs import BulkKind
from domain.aggregate import ID_PATTERN
from domain.catalog import Run, RunNotFound, run_stream
from domain.enrollment import Enrollment, enrollment_stream
from domain.errors import Rejected
from domain.streams import id_of
from domain.tags import QueryItem, tag

STRANGER = "is no learner of this run"


class TooManyGrades(Rejected):
    """A file has more grades than one job takes."""

    code = "too_many_grades"
    template = "the file has {grades} grades, and one request takes {most}: divide it"


class GradeImports:
    """Imports grades, in one process."""

    def __init__(self, log: PostgresLog, bus: Bus) -> None:
        self._log = log
        self._jobs = BulkJobs(log, bus)
        self._addresses = Addresses(log.link, log.keys)

    async def foresee(self, content: bytes, run_id: str, context: Context, *, most: int) -> GradesReport:
        """
        Say grade by grade what would happen, by the log as it is now and each by itself; nothing is kept.

        Raises:
            RunNotFound: there is no such run.
            BadGrades, TooManyGrades: the file is not taken.
        """
        meant, ignored = await self._meant(content, run_id, most)
        lines = await self._jobs.foresee(BulkKind.GRADE, cells_of(meant), context)
        return report(run_id, meant, lines, None, ignored, dry_run=True)

    async def begin(self, content: bytes, run_id: str, reason: str, context: Context, *, most: int) -> GradesReport:
        """Start a bulk job, which a dispatcher carries out; raises as `foresee`."""
        meant, ignored = await self._meant(content, run_id, most)
        cells = cells_of(meant)
        if not cells:
            return report(run_id, meant, (), None, ignored, dry_run=False)
        prepared = await self._jobs.prepare(BulkKind.GRADE, cells, context)
        await self._jobs.start(prepared.job_id, reason, context)
        return report(run_id, meant, prepared.lines, prepared.job_id, ignored, dry_run=False)

    async def _meant(self, content: bytes, run_id: str, most: int) -> tuple[list[Meant | BadLine], Sequence[str]]:
        if not (await replayed(self._log, Run, run_stream(run_id))).exists:
            raise RunNotFound(run_id=run_id)
        published, _ = await self._log.streams_matching((QueryItem(("quiz.published",), (tag("run", run_id),)),))
        found = read_grades(content, {id_of(stream, "quiz_id") for stream in published})
        if len(found.grades) > most:
            raise TooManyGrades(grades=len(found.grades), most=most)
        people: dict[tuple[str, str], str] = {}
        first: dict[tuple[str, str], int] = {}
        meant: list[Meant | BadLine] = []
        for each in found.grades:
            if isinstance(each, BadLine):
                meant.append(each)
                continue
            name = each.learner_id, each.email
            if name not in people:
                people[name] = await self._learner(each, run_id)
            learner_id = people[name]
            earlier = first.setdefault((learner_id, each.quiz_id), each.line)
            if not learner_id:
                meant.append(
                    BadLine(line=each.line, field="learner_id" if each.learner_id else "email", problem=STRANGER)
                )
            elif earlier != each.line:
                meant.append(BadLine(line=each.line, field=each.quiz_id, problem=f"is graded in line {earlier}, too"))
            else:
                meant.append(Meant(each, learner_id))
        return meant, found.ignored

    async def _learner(self, grade: GivenGrade, run_id: str) -> str:
        """Whose grade it is; empty for a person who is not on the run, whether there is an account or not."""
        learner_id: str | None = grade.learner_id
        if not learner_id:
            try:
                learner_id = await self._addresses.find(grade.email)
            except AccountsClosed:
                learner_id = None
        if not learner_id or not ID_PATTERN.match(learner_id):
            return ""
        enrollment = await replayed(self._log, Enrollment, enrollment_stream(learner_id, run_id))
        return learner_id if enrollment.exists else ""


def cells_of(meant: Sequence[Meant | BadLine]) -> list[Cells]:
    """The lines of the bulk job, one for each grade, counted from 1."""
    known = [each for each in meant if isinstance(each, Meant)]
    return [
        Cells(number, {LEARNER: each.learner_id, QUIZ: each.grade.quiz_id, SCORE: str(each.grade.score_bp)})
        for number, each in enumerate(known, 1)
    ]
