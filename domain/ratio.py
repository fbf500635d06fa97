"""
What a number in basis points is made of: numerator and denominator, each with its parts.

For people who ask why: the functions that compute such numbers are watched while a fold calls them
(projections/engine/watch.py), and their arguments say the parts. A part of a grade is its share of the whole, by weight
and group, times its score, so parts add up exactly; all are whole numbers of one scale.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from fractions import Fraction
from math import lcm
from types import CodeType
from typing import Any, NamedTuple

from domain.grading import Scheme, best_of, percent_and_half, percent_bp, shown_grades
from domain.score import Score, rounded_bp


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
    if not scheme.graded or not row.scores:
        return []
    scored = {unit_id: best_of(row.scores, row.exact, unit_id) for unit_id in row.scores}
    final = [unit_id for unit_id in scheme.weights if unit_id not in row.excused]
    due = {unit_id for unit_id, due_at in scheme.due.items() if due_at < at}
    so_far = [unit_id for unit_id in final if unit_id in scored or unit_id in due]
    return [_grade("grade", scheme, final, scored), _grade("grade_so_far", scheme, so_far, scored)]


def _grade(name: str, scheme: Scheme, units: Iterable[str], scored: Mapping[str, Score | None]) -> Ratio:
    """The mean of the scores by weight; with groups, the mean of their means by the weights of the groups."""
    of_groups: dict[str, list[str]] = {}
    for unit_id in units:
        of_groups.setdefault(scheme.group_of.get(unit_id, "") if scheme.groups else "", []).append(unit_id)
    weight_of = {group.group_id: group.weight for group in scheme.groups} or {"": 1}
    shares: list[tuple[str, Fraction, Fraction]] = []
    for group_id, members in of_groups.items():
        if group_id not in weight_of:
            continue  # a unit outside of the groups has no part in the grade
        of_group = sum(scheme.weights[unit_id] for unit_id in members)
        scale = Fraction(weight_of[group_id], of_group) if scheme.groups else Fraction(1)
        for unit_id in members:
            share, score = scale * scheme.weights[unit_id], scored.get(unit_id)
            shares.append((unit_id, share * Fraction(*score) if score else Fraction(0), share))
    common = lcm(*(each.denominator for _, *pair in shares for each in pair)) if shares else 1
    return Ratio(name, tuple(PartOfRatio(of, int(part * common), int(whole * common)) for of, part, whole in shares))


RATIOS: dict[CodeType, Callable[[Mapping[str, Any]], list[Ratio]]] = {
    percent_bp.__code__: lambda given: [completed_ratio(given["scheme"], given["completed"])],
    percent_and_half.__code__: lambda given: [completed_ratio(given["scheme"], given["completed"])],
    shown_grades.__code__: lambda given: grade_ratios(given["row"], given["scheme"], given["at"]),
    rounded_bp.__code__: lambda given: [Ratio("score", (PartOfRatio("score", given["part"], given["whole"]),))],
}
"""The functions that compute numbers in basis points: from their arguments, what these are made of."""
