"""
What a number in basis points is made of: numerator and denominator, each with its parts.

For people who ask why: the functions that compute such numbers are watched while a fold calls them
(projections/engine/watch.py), and their arguments say the parts. A part of a grade is its share of the whole, by weight
and group, times its score, so parts add up exactly; all are whole numbers of one scale. What extra credit gives above
the full grade is a part that takes it away.
"""

from collections.abc import Callable, Collection, Mapping
from math import lcm
from types import CodeType
from typing import Any, NamedTuple

from domain.grading import (
    EXTRA,
    GradeParts,
    Scheme,
    grade_parts,
    percent_and_half,
    percent_bp,
    scores_of,
    shown_grades,
)
from domain.score import rounded_bp

OVER_FULL = "over the full grade"
"""The part that takes away what extra credit gives above the full grade; no unit has such an id."""


class PartOfRatio(NamedTuple):
    """What one unit gives: *numerator* of *denominator*."""

    of: str
    numerator: int
    denominator: int


class Ratio(NamedTuple):
    """
    A share of a whole.

    Attributes:
        name: `percent`, of the weight of the units; `grade` or `grade_so_far`; `score`, of two numbers.
    """

    name: str
    parts: tuple[PartOfRatio, ...]

    @property
    def numerator(self) -> int:
        """The sum of the numerators."""
        return sum(part.numerator for part in self.parts)

    @property
    def denominator(self) -> int:
        """The sum of the denominators."""
        return sum(part.denominator for part in self.parts)

    @property
    def bp(self) -> int:
        """Basis points, rounded half up."""
        return rounded_bp(self.numerator, self.denominator) if self.denominator else 0


def completed_ratio(scheme: Scheme, completed: Collection[str]) -> Ratio:
    """The completed share of a course: of each unit that counts its weight."""
    done = set(completed)
    parts = (
        PartOfRatio(unit_id, weight if unit_id in done else 0, weight) for unit_id, weight in scheme.weights.items()
    )
    return Ratio("percent", tuple(parts))


def grade_ratios(row: Any, scheme: Scheme, at: Any) -> list[Ratio]:
    """The final grade and the grade so far of a row of a read model (`domain.grading.shown_grades`)."""
    scores = scores_of(row)
    due = {unit_id for unit_id, due_at in scheme.due.items() if due_at < at}
    final, so_far = (grade_parts(scheme, scores, row.excused, each) for each in (None, due))
    found = ("grade", final), ("grade_so_far", so_far)
    return [_grade(name, parts) for name, parts in found if parts is not None]


def _grade(name: str, parts: GradeParts) -> Ratio:
    """Of each unit that has a part what it earned of its share; extra credit is no part of the whole."""
    found = [part for part in parts.parts if part.share]
    common = lcm(*(each.denominator for part in found for each in (part.share, part.earned)))
    shares = [
        PartOfRatio(part.unit_id, int(part.earned * common), 0 if part.counts == EXTRA else int(part.share * common))
        for part in found
    ]
    if parts.earned > parts.whole:
        shares.append(PartOfRatio(OVER_FULL, int((parts.whole - parts.earned) * common), 0))
    return Ratio(name, tuple(shares))


RATIOS: dict[CodeType, Callable[[Mapping[str, Any]], list[Ratio]]] = {
    percent_bp.__code__: lambda given: [completed_ratio(given["scheme"], given["completed"])],
    percent_and_half.__code__: lambda given: [completed_ratio(given["scheme"], given["completed"])],
    shown_grades.__code__: lambda given: grade_ratios(given["row"], given["scheme"], given["at"]),
    rounded_bp.__code__: lambda given: [Ratio("score", (PartOfRatio("score", given["part"], given["whole"]),))],
}
"""The functions that compute numbers in basis points: from their arguments, what these are made of."""
