"""
Grades are imported: who a line means, and what is done for each grade; by a bulk job (record 0259).

A file that was interrupted is sent again: a grade that stands already changes nothing.
"""

import asyncio
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

AT_ONCE = 200  # enrollments
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
        people = await self._people([each for each in found.grades if not isinstance(each, BadLine)], run_id)
        first: dict[tuple[str, str], int] = {}
        meant: list[Meant | BadLine] = []
        for each in found.grades:
            if isinstance(each, BadLine):
                meant.append(each)
                continue
            learner_id = people[each.learner_id, each.email]
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

    async def _people(self, grades: Sequence[GivenGrade], run_id: str) -> dict[tuple[str, str], str]:
        """
        Whose grades they are, by id and address as given; empty for a person who is not on the run, with an account or
        without. Addresses are looked up in one statement, enrollments by AT_ONCE.
        """
        names = dict.fromkeys((each.learner_id, each.email) for each in grades)
        try:
            by_address = await self._addresses.find_all(email for learner_id, email in names if not learner_id)
        except AccountsClosed:
            by_address = {}
        meant = {name: name[0] or by_address.get(name[1], "") for name in names}
        asked = sorted({each for each in meant.values() if ID_PATTERN.match(each)})
        known = set()
        for number in range(0, len(asked), AT_ONCE):
            some = [enrollment_stream(each, run_id) for each in asked[number : number + AT_ONCE]]
            of_run = await asyncio.gather(*(replayed(self._log, Enrollment, stream) for stream in some))
            known |= {each.id_of("learner_id") for each in of_run if each.exists}
        return {name: learner_id if learner_id in known else "" for name, learner_id in meant.items()}


def cells_of(meant: Sequence[Meant | BadLine]) -> list[Cells]:
    """The lines of the bulk job, one for each grade, counted from 1."""
    known = [each for each in meant if isinstance(each, Meant)]
    return [
        Cells(number, {LEARNER: each.learner_id, QUIZ: each.grade.quiz_id, SCORE: str(each.grade.score_bp)})
        for number, each in enumerate(known, 1)
    ]
