"""What an import of grades does, or would do, grade by grade."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from adapters.bulk.table import NewLine
from adapters.csv_lines import BadLine
from adapters.grades.reading import GivenGrade


class Meant(NamedTuple):
    """A grade, and whose it is."""

    grade: GivenGrade
    learner_id: str


class GradeLine(msgspec.Struct, kw_only=True):
    """
    What one grade of a file does, or would do.

    Attributes:
        line: of the file; a line of a matrix has several grades.
        score_bp: what the file says.
        would_record: types of facts; none if the learner has that score already.
        problem: why it is refused; null if it is not.
    """

    line: int
    learner_id: str
    quiz_id: str
    score_bp: int
    would_record: list[str]
    problem: str | None


class GradesReport(msgspec.Struct, kw_only=True):
    """
    What an import does, or would do.

    Attributes:
        job_id: the bulk job that does it; null for a dry run, and if nothing is left to do.
        changed, unchanged: so many grades change something, or nothing.
        refused: lines that are wrong, or grades that a rule refuses; they keep no other back.
        ignored_columns: columns that mean nothing here.
    """

    run_id: str
    dry_run: bool
    job_id: str | None
    changed: int
    unchanged: int
    refused: list[BadLine]
    ignored_columns: list[str]
    lines: list[GradeLine]


def report(
    run_id: str,
    meant: Sequence[Meant | BadLine],
    foreseen: Sequence[NewLine],
    job_id: str | None,
    ignored: Sequence[str],
    *,
    dry_run: bool,
) -> GradesReport:
    """What each grade does, or would do; *foreseen* are the lines of the job, in the order of those that are meant."""
    known = [each for each in meant if isinstance(each, Meant)]
    lines = [
        GradeLine(
            line=each.grade.line,
            learner_id=each.learner_id,
            quiz_id=each.grade.quiz_id,
            score_bp=each.grade.score_bp,
            would_record=[*line.foreseen],
            problem=line.problem,
        )
        for each, line in zip(known, foreseen, strict=True)
    ]
    wrong = [each for each in meant if isinstance(each, BadLine)]
    wrong += [BadLine(line=each.line, field=each.quiz_id, problem=each.problem) for each in lines if each.problem]
    fine = [each for each in lines if each.problem is None]
    return GradesReport(
        run_id=run_id,
        dry_run=dry_run,
        job_id=job_id,
        changed=sum(bool(each.would_record) for each in fine),
        unchanged=sum(not each.would_record for each in fine),
        refused=sorted(wrong, key=lambda each: each.line),
        ignored_columns=[name[:100] for name in ignored],
        lines=lines,
    )
