"""The final grade and the grade so far: means by weight, of groups where a course has them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from math import lcm
from typing import Any, NamedTuple

from domain.grading.parts import GradeParts, grade_parts
from domain.grading.rows import CompletedUnits
from domain.grading.scheme import CATEGORIES, Group, Letter, Scheme
from domain.score import FULL, Score, rounded_bp


class Grade(NamedTuple):
    """A mean: exactly *points* of *possible*; *missed* are the groups whose own mark is not reached."""

    points: int
    possible: int
    missed: tuple[str, ...] = ()

    @property
    def bp(self) -> int:
        """Basis points, rounded half up."""
        return rounded_bp(self.points, self.possible)

    def reaches(self, mark_bp: int) -> bool:
        """Whether it is at least *mark_bp* basis points; nothing is rounded."""
        return self.points * FULL >= mark_bp * self.possible


def final_grade(scheme: Scheme, scores: Mapping[str, Score], excused: Collection[str] = ()) -> Grade | None:
    """
    The grade of the whole course; what was not handed in counts as 0.

    Args:
        scores: best score of each unit.
        excused: units that were completed without a score.

    Returns:
        None as long as nothing that counts has been scored.
    """
    return _grades(scheme, scores, scores, excused, None).final


def grade_so_far(
    scheme: Scheme, scores: Mapping[str, Score], excused: Collection[str] = (), at: datetime | None = None
) -> Grade | None:
    """The grade over the units that are scored, or whose deadline is past *at* a time; None if none is scored."""
    return _grades(scheme, scores, scores, excused, at).so_far


class Grades(NamedTuple):
    """Both grades of one learner."""

    final: Grade | None
    so_far: Grade | None


def shown_grades(row: CompletedUnits, scheme: Scheme, at: datetime) -> tuple[int | None, int | None]:
    """The final grade and the grade so far for a row of a read model, in basis points; a rebuild asks very often."""
    if scheme.groups or not scheme.graded or row.exact or row.excused:
        final, so_far = _grades(scheme, row.scores, row.exact, row.excused, at)
        return shown(final), shown(so_far)
    weights, scores = scheme.weights, row.scores  # the usual case, in which all scores are basis points
    points = weight_so_far = 0
    for unit_id, score in scores.items():
        weight = weights.get(unit_id)
        if weight is not None:
            points += weight * score
            weight_so_far += weight
    if not weight_so_far:
        return None, None
    weight_of_all = sum(weights.values())
    if weight_so_far < weight_of_all:
        for unit_id, due_at in scheme.due.items():
            if due_at < at and unit_id not in scores:
                weight_so_far += weights.get(unit_id, 0)
    return rounded_bp(points, weight_of_all * FULL), rounded_bp(points, weight_so_far * FULL)


def _grades(
    scheme: Scheme,
    scores: Mapping[str, Any],
    exact: Mapping[str, Score],
    excused: Collection[str],
    at: datetime | None,
) -> Grades:
    """Both grades; *scores* are basis points of each unit, unless *exact* has more to say."""
    if not scheme.graded or not scores:
        return Grades(None, None)
    if scheme.policy == CATEGORIES:
        known = {each: Score(*exact[each]) if each in exact else Score(scores[each]) for each in scores}
        return _by_categories(scheme, known, excused, at)
    if not scheme.groups:
        points, possible, possible_so_far, scored = _sums(scheme.weights, scheme.due, scores, exact, excused, at)
        return Grades(Grade(points, possible), Grade(points, possible_so_far)) if scored else Grades(None, None)
    of_groups = [
        (group, _sums(_weights_in(group, scheme), scheme.due, scores, exact, excused, at)) for group in scheme.groups
    ]
    if not any(scored for _, (_, _, _, scored) in of_groups):
        return Grades(None, None)
    return Grades(
        _combined((group, points, possible) for group, (points, possible, _, _) in of_groups),
        _combined((group, points, possible_so_far) for group, (points, _, possible_so_far, _) in of_groups),
    )


def _by_categories(
    scheme: Scheme, scores: Mapping[str, Score], excused: Collection[str], at: datetime | None
) -> Grades:
    """Both grades where lowest scores are dropped and extra credit is added."""
    due = {unit_id for unit_id, due_at in scheme.due.items() if at is not None and due_at < at}
    return Grades(_grade_of(grade_parts(scheme, scores, excused)), _grade_of(grade_parts(scheme, scores, excused, due)))


def _grade_of(parts: GradeParts | None) -> Grade | None:
    if parts is None:
        return None
    grade = parts.grade
    return Grade(grade.numerator, grade.denominator, parts.missed)


def _weights_in(group: Group, scheme: Scheme) -> dict[str, int]:
    group_of = scheme.group_of
    return {unit_id: weight for unit_id, weight in scheme.weights.items() if group_of.get(unit_id) == group.group_id}


def _sums(
    weights: Mapping[str, int],
    due: Mapping[str, datetime],
    scores: Mapping[str, Any],
    exact: Mapping[str, Score],
    excused: Collection[str],
    at: datetime | None,
) -> tuple[int, int, int, int]:
    """What was scored in some units: points, of how many for the final grade and for the grade so far, in how many."""
    part = whole = so_far = scored = 0
    scale = 1
    for unit_id, weight in weights.items():
        if unit_id in excused:
            continue
        whole += weight
        if unit_id in scores:
            so_far += weight
            scored += 1
            points, possible = exact[unit_id] if unit_id in exact else (scores[unit_id], FULL)
            if possible != scale:
                common = lcm(scale, possible)
                part, scale = part * (common // scale), common
            part += weight * points * (scale // possible)
        elif at is not None and unit_id in due and due[unit_id] < at:
            so_far += weight
    return part, whole * scale, so_far * scale, scored


def _combined(of_groups: Iterable[tuple[Group, int, int]]) -> Grade:
    """The mean of the groups' means by weight; a group without units that count has no part in it."""
    points = weight_of_all = 0
    scale, missed = 1, []
    for group, part, possible in of_groups:
        if not possible:
            continue
        if group.pass_bp is not None and part * FULL < group.pass_bp * possible:
            missed.append(group.group_id)
        points, scale = points * possible + group.weight * part * scale, scale * possible
        weight_of_all += group.weight
    return Grade(points, weight_of_all * scale, tuple(missed))


def shown(grade: Grade | None) -> int | None:
    """A grade as it is shown: in basis points, None for none."""
    return None if grade is None else grade.bp


def letter_of(letters: Iterable[Letter], grade: Grade | None) -> str | None:
    """The letter of a grade: the highest whose step it reaches, nothing rounded; None without a scale or a grade."""
    if grade is None:
        return None
    return next((each.letter for each in letters if grade.reaches(each.from_bp)), None)


def shown_letters(row: CompletedUnits, scheme: Scheme, at: datetime) -> tuple[str | None, str | None]:
    """The letters of the final grade and of the grade so far for a row of a read model."""
    if not scheme.letters:
        return None, None
    final, so_far = _grades(scheme, row.scores, row.exact, row.excused, at)
    return letter_of(scheme.letters, final), letter_of(scheme.letters, so_far)
