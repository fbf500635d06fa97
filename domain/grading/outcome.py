"""How a course ends: by its final grade, as soon as it can no longer change, or at the end of the run."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from domain.grading.grade import Grade, final_grade, letter_of, shown
from domain.grading.scheme import CATEGORIES, Scheme
from domain.score import Score

PASS_BP = 4_000  # basis points of the final grade from which a course is passed
DISTINCTION_BP = 8_500
FORMULA = "weighted_mean_exact"
FORMULA_OF_CATEGORIES = "categories_exact"
"""The names of what is computed here, in the facts that store a grade."""

OUTCOMES = ("distinction", "pass", "fail", "withdrawn")
PASSING_OUTCOMES = ("pass", "distinction")
FAILED = "fail"


def outcome_of(grade: Grade | None, *, all_completed: bool) -> str:
    """How a course ends with a final *grade*; without any grade, all that counts has to be completed to pass."""
    if grade is None:
        return "pass" if all_completed else FAILED
    if grade.missed or not grade.reaches(PASS_BP):
        return FAILED
    return "distinction" if grade.reaches(DISTINCTION_BP) else "pass"


class Record(NamedTuple):
    """
    What a learner has done on a run, as far as it counts.

    Attributes:
        scores: best score of each unit.
        completed: ids of the completed units.
        excused: those of them that were completed without a score.
        closed: units that no attempt can change any more: none is left, and all are graded.
        waiting: units with attempts left, or with one that is not graded.
    """

    scores: Mapping[str, Score]
    completed: Collection[str]
    excused: Collection[str]
    closed: Collection[str] = ()
    waiting: Collection[str] = ()


class Decision(NamedTuple):
    """
    What the rule says: an outcome, and the final grade that it follows from.

    Attributes:
        letter: None where the course has no letters, and without a grade.
        formula: the name of what the grade was computed by.
    """

    outcome: str
    grade_bp: int | None
    letter: str | None = None
    formula: str = FORMULA


def decision_of(scheme: Scheme, outcome: str, grade: Grade | None) -> Decision:
    """An *outcome* beside a final grade, with what a scheme says of that."""
    formula = FORMULA_OF_CATEGORIES if scheme.policy == CATEGORIES else FORMULA
    return Decision(outcome, shown(grade), letter_of(scheme.letters, grade), formula)


def decide(scheme: Scheme, record: Record, *, is_decided: bool = False) -> Decision | None:
    """
    The outcome by the rule, or None as long as it is open.

    It is decided when every unit that counts is completed or closed, extra credit aside; a failing one not while a
    learner can still pass. If it *is decided* already, it follows the scores at once: no outcome stands beside a grade
    that contradicts it.
    """
    weights = scheme.weights
    is_open = any(unit_id not in record.completed and unit_id not in record.closed for unit_id in weights)
    if not weights or (is_open and not is_decided):
        return None
    grade = final_grade(scheme, record.scores, record.excused)
    outcome = outcome_of(grade, all_completed=all(unit_id in record.completed for unit_id in weights))
    if outcome == FAILED and not is_decided and can_still_pass(scheme, record):
        return None
    return decision_of(scheme, outcome, grade)


def can_still_pass(scheme: Scheme, record: Record) -> bool:
    """Whether a unit that counts, or gives extra credit, and is not excused waits for an attempt or a grade."""
    return any(
        (unit_id in scheme.weights or unit_id in scheme.extra) and unit_id not in record.excused
        for unit_id in record.waiting
    )
