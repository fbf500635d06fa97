"""What another structure would mean for learners: counted by the one rule of domain.grading, without a fact."""

from typing import NamedTuple

import msgspec

from domain.catalog.structure import Structure
from domain.grading import PASS_BP, Grade, Scheme, final_grade, letter_of, percent_bp, scores_of, shown
from domain.score import FULL, Score

CLASSES = 10  # of percentages and of grades, each of a tenth of the whole


class Standing(msgspec.Struct):
    """What a learner has done on a run, as rows of read models keep it (domain.grading.CompletedUnits)."""

    outcome: str | None = None
    completed: list[str] = []
    excused: list[str] = []
    scores: dict[str, int] = {}
    exact: dict[str, Score] = {}


class Shift(msgspec.Struct, kw_only=True):
    """
    How a number of many learners would change, in basis points.

    Attributes:
        without: learners without such a number before and after; they are counted nowhere else.
        before: learners in ten classes of a tenth of the whole, the highest number in the last one.
    """

    lower: int = 0
    same: int = 0
    higher: int = 0
    without: int = 0
    largest_drop_bp: int = 0
    largest_rise_bp: int = 0
    before: list[int] = msgspec.field(default_factory=lambda: [0] * CLASSES)
    after: list[int] = msgspec.field(default_factory=lambda: [0] * CLASSES)

    def add(self, old: int | None, new: int | None) -> None:
        """Count one learner; no number is 0 beside a number."""
        if old is None and new is None:
            self.without += 1
            return
        for number, classes in ((old, self.before), (new, self.after)):
            if number is not None:
                classes[min(number * CLASSES // FULL, CLASSES - 1)] += 1
        change = (new or 0) - (old or 0)
        self.lower, self.same, self.higher = (
            self.lower + (change < 0),
            self.same + (change == 0),
            self.higher + (change > 0),
        )
        self.largest_drop_bp = max(self.largest_drop_bp, -change)
        self.largest_rise_bp = max(self.largest_rise_bp, change)


class Impact(msgspec.Struct, kw_only=True):
    """
    What another structure would mean for those who have a place on a run and follow the first.

    Attributes:
        affected: learners whose percentage, grade or letter would be another one.
        other_letter: those whose letter would be another one.
        passing_no_more: those whose final grade would fall below the mark of a pass; `passing_now` the others.
    """

    learners: int = 0
    affected: int = 0
    percent: Shift = msgspec.field(default_factory=Shift)
    grade: Shift = msgspec.field(default_factory=Shift)
    passing_now: int = 0
    passing_no_more: int = 0
    other_letter: int = 0


class Comparison:
    """Counts learners one by one."""

    def __init__(self, old: Structure, new: Structure) -> None:
        self._old, self._new = old.scheme(), new.scheme()
        self.impact = Impact()

    def add(self, standing: Standing) -> None:
        """Count one learner."""
        old, new = (_numbers(scheme, standing) for scheme in (self._old, self._new))
        found = self.impact
        found.learners += 1
        found.affected += (old.percent, old.letter, shown(old.grade)) != (new.percent, new.letter, shown(new.grade))
        found.percent.add(old.percent, new.percent)
        found.grade.add(shown(old.grade), shown(new.grade))
        found.other_letter += old.letter != new.letter
        passed, passes = (each.grade is not None and each.grade.reaches(PASS_BP) for each in (old, new))
        found.passing_now += passes > passed
        found.passing_no_more += passed > passes


class _Numbers(NamedTuple):
    percent: int
    grade: Grade | None
    letter: str | None


def _numbers(scheme: Scheme, standing: Standing) -> _Numbers:
    """The percentage, the final grade and its letter by a scheme."""
    grade = final_grade(scheme, scores_of(standing), standing.excused)
    percent = percent_bp(scheme, standing.completed, standing.outcome)
    return _Numbers(percent, grade, letter_of(scheme.letters, grade))
