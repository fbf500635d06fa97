"""What another structure would mean for learners: counted by the one rule of domain.grading, without a fact."""

from datetime import datetime

import msgspec

from domain.catalog.structure import Structure
from domain.grading import PASS_BP, Scheme, percent_bp, scheme_of, shown_grades
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
    What another structure would mean for those who have a place on runs of the first.

    Attributes:
        affected: learners whose percentage or grade would be another one.
        passing_no_more: those whose final grade would fall below the mark of a pass; `passing_now` the others.
    """

    learners: int = 0
    affected: int = 0
    percent: Shift = msgspec.field(default_factory=Shift)
    grade: Shift = msgspec.field(default_factory=Shift)
    passing_now: int = 0
    passing_no_more: int = 0


class Comparison:
    """Counts learners one by one."""

    def __init__(self, old: Structure, new: Structure) -> None:
        self._old, self._new = _scheme(old), _scheme(new)
        self.impact = Impact()

    def add(self, standing: Standing, at: datetime) -> None:
        """Count one learner, as of a time."""
        old, new = (_numbers(scheme, standing, at) for scheme in (self._old, self._new))
        found = self.impact
        found.learners += 1
        found.affected += old != new
        found.percent.add(old[0], new[0])
        found.grade.add(old[1], new[1])
        passed, passes = ((grade or 0) >= PASS_BP for _, grade in (old, new))
        found.passing_now += passes > passed
        found.passing_no_more += passed > passes


def _scheme(structure: Structure) -> Scheme:
    return scheme_of(structure.units, structure.groups)


def _numbers(scheme: Scheme, standing: Standing, at: datetime) -> tuple[int, int | None]:
    """The percentage and the final grade by a scheme."""
    return percent_bp(scheme, standing.completed, standing.outcome), shown_grades(standing, scheme, at)[0]
