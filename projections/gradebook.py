"""
Gradebook: what each learner scored in each assessment, how late, and in how many attempts.

Reads     facts of domain.quiz, in log order.
Writes    gradebook, one row per run, quiz and learner; gradebook_quizzes, one row per quiz.
Serves    api.gradebook, with rows from adapters.postgres.queries.gradebook.
Rebuild   campus projections rebuild gradebook (safe: rows are its only effect).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from domain.fact import Fact
from domain.streams import named_id, named_ids
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table


class Grade(msgspec.Struct):
    """
    One learner in one assessment; scores in basis points.

    Attributes:
        best_bp: highest score of all attempts; None as long as nothing is graded.
        last_bp: score of the latest graded attempt, whose number is `last_graded`.
        attempts: how many were handed in; `graded` says how many of them have a score.
        submitted_at: when the latest attempt was handed in, and `late_by`, in seconds, how late that was.
        banked: the result was taken over from an earlier run.
    """

    run_id: str
    quiz_id: str
    learner_id: str
    unit_id: str = ""
    best_bp: int | None = None
    last_bp: int | None = None
    last_graded: int = 0
    attempts: int = 0
    graded: int = 0
    passed: bool = False
    banked: bool = False
    submitted_at: datetime | None = None
    late_by: int = 0


class GradebookQuiz(msgspec.Struct):
    """The head of one column of the gradebook."""

    quiz_id: str
    run_id: str = ""
    unit_id: str = ""
    kind: str = ""
    title: str = ""
    due_at: datetime | None = None
    pass_bp: int = 0


GRADES = Table(
    "gradebook",
    Grade,
    ("run_id", "quiz_id", "learner_id"),
    indexes=(("run_id", "learner_id"), ("run_id", "submitted_at")),
)
QUIZZES = Table("gradebook_quizzes", GradebookQuiz, ("quiz_id",), indexes=(("run_id",),), distribution="replicated")

_attempt, _quiz = named_ids("learner_id", "quiz_id", "attempt_no"), named_id("quiz_id")


def _needs_quiz(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(QUIZZES, (_quiz(fact.stream_id),)),)


def _needs_grade(fact: Fact) -> Iterable[RowKey]:
    learner_id, quiz_id, _ = _attempt(fact.stream_id)
    return (RowKey(GRADES, (fact.data["run_id"], quiz_id, learner_id)),)


def _grade(fact: Fact, rows: Rows) -> tuple[Grade, int]:
    """The row that the fact is about, and the number of the attempt."""
    learner_id, quiz_id, attempt_no = _attempt(fact.stream_id)
    row = rows.edit(GRADES, Grade, fact.data["run_id"], quiz_id, learner_id)
    row.unit_id = fact.data["unit_id"]
    return row, int(attempt_no)


def _submitted(fact: Fact, rows: Rows) -> None:
    row, _ = _grade(fact, rows)
    row.attempts += 1
    row.submitted_at, row.late_by = fact.occurred_at, fact.data["late_by"]
    row.banked = row.banked or fact.data["banked"]


def _graded(fact: Fact, rows: Rows) -> None:
    score_bp: int = fact.data["score_bp"]
    row, attempt_no = _grade(fact, rows)
    row.graded += 1
    row.passed = row.passed or fact.data["passed"]
    row.best_bp = score_bp if row.best_bp is None else max(score_bp, row.best_bp)
    if attempt_no >= row.last_graded:
        row.last_graded, row.last_bp = attempt_no, score_bp


def _published(fact: Fact, rows: Rows) -> None:
    data = fact.data
    quiz = rows.edit(QUIZZES, GradebookQuiz, _quiz(fact.stream_id))
    quiz.run_id, quiz.unit_id, quiz.kind, quiz.title = data["run_id"], data["unit_id"], data["kind"], data["title"]
    quiz.due_at = datetime.fromisoformat(data["due_at"]) if data["due_at"] else None
    quiz.pass_bp = data["pass_bp"]


class Gradebook(Projection):
    """Learner by assessment."""

    name = "gradebook"
    version = 1
    store = "postgres"
    segments = SEGMENTS
    tables = (GRADES, QUIZZES)
    audience = "run"
    handlers: ClassVar[Mapping[str, Handler]] = {
        "quiz.published": Handler(
            lambda fact: (RowKey(QUIZZES, (_quiz(fact.stream_id),)),), _published, writes=(QUIZZES,)
        ),
        "attempt.submitted": Handler(_needs_grade, _submitted, writes=(GRADES,)),
        "attempt.graded": Handler(_needs_grade, _graded, writes=(GRADES,)),
    }
