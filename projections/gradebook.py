"""
Gradebook: what each learner scored in each assessment, how late that attempt was, and in how many attempts.

Reads     facts of domain.quiz, in log order.
Writes    gradebook, one row per run, quiz and learner; gradebook_quizzes, one row per quiz.
Serves    api.gradebook, with rows from adapters.postgres.queries.gradebook.
Rebuild   campus projections rebuild gradebook (safe: rows are its only effect).
"""

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import ClassVar

import msgspec

from domain.fact import Fact
from domain.score import FULL, Score, rounded_bp, score_in
from domain.streams import named_id, named_ids
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table


class Counted(msgspec.Struct, gc=False):
    """What an assessment is worth by another rule than the best attempt: so many points, None for none as yet."""

    rule: str
    points: int | None
    possible: int | None
    passed: bool


class Attempt(msgspec.Struct, omit_defaults=True, gc=False):
    """
    One attempt: when it was handed in, how late in seconds, and its exact score: points out of those possible.

    A row often has one; it is kept flat and in a list, since a rebuild holds millions of them in memory.

    Attributes:
        counted: what the assessment is worth by another rule than the best attempt; in the attempt that was graded
            last, and None in all others.
        overridden: whether a person has replaced its score.
    """

    no: int
    at: datetime | None = None
    late_by: int = 0
    points: int | None = None
    possible: int = FULL
    passed: bool = False
    banked: bool = False
    counted: Counted | None = None
    overridden: bool = False

    @property
    def score(self) -> Score | None:
        """None as long as it is not graded."""
        return None if self.points is None else Score(self.points, self.possible)


class Grade(msgspec.Struct):
    """
    One learner in one assessment; scores in basis points.

    The attempt that counts is the one with the best score, the first of them if there are several; as long as none is
    graded, the latest that was handed in. `best_bp`, `passed`, `banked`, `submitted_at` and `late_by` are its own. By
    other rules of the quiz it is the first one, or the last graded one, which stands for the mean of all as well.

    Attributes:
        counts_no: its number, 0 as long as nothing was handed in.
        best_bp: the score that counts; None as long as there is none.
        last_bp: score of the graded attempt with the highest number, which is `last_graded`.
        attempts: how many were handed in; `graded` says how many of them have a score.
        tries: the attempts, in the order of their numbers.
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
    counts_no: int = 0
    tries: list[Attempt] = []


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


def _attempt_of(fact: Fact, rows: Rows) -> tuple[Grade, Attempt]:
    """The row that the fact is about, and the attempt in it."""
    learner_id, quiz_id, attempt_no = _attempt(fact.stream_id)
    row = rows.edit(GRADES, Grade, fact.data["run_id"], quiz_id, learner_id)
    row.unit_id = fact.data["unit_id"]
    no = int(attempt_no)
    for attempt in row.tries:
        if attempt.no == no:
            return row, attempt
    attempt = Attempt(no)
    if row.tries:
        insort(row.tries, attempt, key=_number)
    else:
        row.tries.append(attempt)
    return row, attempt


_number = attrgetter("no")


def _submitted(fact: Fact, rows: Rows) -> None:
    row, attempt = _attempt_of(fact, rows)
    attempt.at, attempt.late_by, attempt.banked = fact.occurred_at, fact.data["late_by"], fact.data["banked"]
    _sum_up(row)


def _lateness_changed(fact: Fact, rows: Rows) -> None:
    row, attempt = _attempt_of(fact, rows)
    attempt.late_by = fact.data["late_by"]
    _sum_up(row)


def _graded(fact: Fact, rows: Rows) -> None:
    row, attempt = _attempt_of(fact, rows)
    score = score_in(fact.data)
    attempt.points, attempt.possible = (None, FULL) if score is None else score
    attempt.passed = fact.data["passed"]
    counted = fact.data.get("counted")
    if counted is not None or len(row.tries) > 1:
        for each in row.tries:
            each.counted = None
        attempt.counted = None if counted is None else msgspec.convert(counted, Counted)
    _sum_up(row)


def _overridden(fact: Fact, rows: Rows) -> None:
    _, attempt = _attempt_of(fact, rows)
    attempt.overridden = True
    _graded(fact, rows)


def _sum_up(row: Grade) -> None:
    """The columns of the row, from its attempts."""
    last: Attempt | None
    if len(row.tries) == 1 and row.tries[0].at is not None:  # as in most rows, and a rebuild sums up millions
        (counts,) = row.tries
        last = None if counts.points is None else counts
        row.attempts, row.graded = 1, 0 if last is None else 1
        counted = counts.counted
    else:
        handed_in = [attempt for attempt in row.tries if attempt.at is not None]
        graded = [attempt for attempt in row.tries if attempt.points is not None]
        counted = next((attempt.counted for attempt in graded if attempt.counted is not None), None)
        last = graded[-1] if graded else None
        counts = _that_counts(handed_in, graded, "best" if counted is None else counted.rule)
        row.attempts, row.graded = len(handed_in), len(graded)
    best_bp = _bp(counts)
    if last is not None:
        row.last_graded, row.last_bp = last.no, best_bp if last is counts else _bp(last)
    row.counts_no, row.best_bp = counts.no, best_bp
    row.passed, row.banked, row.submitted_at, row.late_by = counts.passed, counts.banked, counts.at, counts.late_by
    if counted is not None:
        row.best_bp, row.passed = _bp(counted), counted.passed


def _bp(score: Attempt | Counted) -> int | None:
    return None if score.points is None or score.possible is None else rounded_bp(score.points, score.possible)


def _that_counts(handed_in: Sequence[Attempt], graded: Sequence[Attempt], rule: str) -> Attempt:
    """The attempt that counts; of a mean of several the last one."""
    if not graded:
        return max(handed_in, key=lambda attempt: (attempt.at, attempt.no))
    if rule == "first":
        return handed_in[0] if handed_in else graded[0]
    if rule != "best":
        return graded[-1]
    best = graded[0]
    for attempt in graded[1:]:
        score = attempt.score
        if score is not None and score.beats(best.score):
            best = attempt
    return best


def _published(fact: Fact, rows: Rows) -> None:
    data = fact.data
    quiz = rows.edit(QUIZZES, GradebookQuiz, _quiz(fact.stream_id))
    quiz.run_id, quiz.unit_id, quiz.kind, quiz.title = data["run_id"], data["unit_id"], data["kind"], data["title"]
    quiz.due_at = datetime.fromisoformat(data["due_at"]) if data["due_at"] else None
    quiz.pass_bp = data["pass_bp"]


class Gradebook(Projection):
    """Learner by assessment."""

    name = "gradebook"
    version = 4
    store = "postgres"
    segments = SEGMENTS
    tables = (GRADES, QUIZZES)
    audience = "run"
    handlers: ClassVar[Mapping[str, Handler]] = {
        "quiz.published": Handler(
            lambda fact: (RowKey(QUIZZES, (_quiz(fact.stream_id),)),), _published, writes=(QUIZZES,)
        ),
        "attempt.submitted": Handler(_needs_grade, _submitted, writes=(GRADES,)),
        "attempt.lateness_changed": Handler(_needs_grade, _lateness_changed, writes=(GRADES,)),
        "attempt.graded": Handler(_needs_grade, _graded, writes=(GRADES,)),
        "attempt.grade_overridden": Handler(_needs_grade, _overridden, writes=(GRADES,)),
        "attempt.regraded": Handler(_needs_grade, _graded, writes=(GRADES,)),
    }
