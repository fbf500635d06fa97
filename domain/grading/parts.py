"""
What a grade is made of: of each unit its share of the whole, and what it earned of that.

This is the whole rule, in exact fractions, for every grading policy. domain.grading.grade computes the mean by weight
in whole numbers where nothing is dropped or added, since a rebuild asks for very many; tests compare both.

    category      a group; its mean is that of its units by weight, and the grade that of these by the groups' weights
    dropped       those units of a category that can be left out, so that its mean is the highest. With equal weights
                  these are the lowest scores. With others that would not do: a better score could give a lower grade
                  (Kane and Kane, "Dropping Lowest Grades", 2006). One unit at least stays
    extra credit  a unit adds what it earns to the points of its category, and a category adds its mean by weight to the
                  grade; neither is asked for. It adds as much to the grade so far as to the final one
    the most      is 10,000, whatever is added
"""

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from domain.grading.scheme import Group, Scheme
from domain.score import FULL, Score

COUNTED, DROPPED, EXCUSED, EXTRA, LATER = COUNTS = ("counted", "dropped", "excused", "extra", "later")
"""How a unit counts; `later`: it is neither scored nor due yet, and has no part in the grade so far."""
WHOLE_COURSE = Group("", "", 1)  # where a course has no groups
NOTHING = Fraction(0)


class GradePart(NamedTuple):
    """
    One unit in a grade.

    Attributes:
        counts: one of COUNTS.
        share: what it can give, in weights of groups.
        earned: what it gives.
    """

    unit_id: str
    group: Group
    counts: str
    score: Score | None
    share: Fraction
    earned: Fraction


class GradeParts(NamedTuple):
    """
    A grade in its parts.

    Attributes:
        whole: the weight of all groups that have a part in it, extra credit aside.
    """

    parts: list[GradePart]
    whole: int

    @property
    def earned(self) -> Fraction:
        """What the parts give together; it may be more than the whole."""
        return sum((part.earned for part in self.parts), NOTHING)

    @property
    def grade(self) -> Fraction:
        """The grade as a share of 1, which is the most."""
        return min(self.earned / self.whole, Fraction(1))

    @property
    def missed(self) -> tuple[str, ...]:
        """The groups whose own mark is not reached."""
        asked = {
            part.group.group_id: part.group
            for part in self.parts
            if part.group.pass_bp is not None and part.counts == COUNTED
        }
        return tuple(
            each.group_id for each in asked.values() if self.mean_of(each.group_id) * FULL < (each.pass_bp or 0)
        )

    def mean_of(self, group_id: str) -> Fraction:
        """The mean of a group, with what extra credit adds to it."""
        parts = [part for part in self.parts if part.group.group_id == group_id]
        return sum((part.earned for part in parts), NOTHING) / parts[0].group.weight if parts else NOTHING


def grade_parts(
    scheme: Scheme, scores: Mapping[str, Score], excused: Collection[str] = (), due: Collection[str] | None = None
) -> GradeParts | None:
    """
    The parts of the final grade, or of the grade so far; None where there is no such grade.

    Args:
        scores: best score of each unit.
        excused: units that were completed without a score.
        due: for the grade so far, the units that are to be handed in by now.
    """
    counts = [*scheme.weights, *scheme.extra]
    if not scheme.graded or not any(unit_id in scores and unit_id not in excused for unit_id in counts):
        return None
    parts: list[GradePart] = []
    whole = 0
    for group in scheme.groups or [WHOLE_COURSE]:
        weights, extra = (_members(group, scheme, units) for units in (scheme.weights, scheme.extra))
        if group.extra_credit:
            weights, extra = weights | extra, {}
        found, has_part = _parts_of(group, weights, extra, scores, excused, due)
        parts += found
        whole += group.weight if has_part and not group.extra_credit else 0
    return GradeParts(parts, whole) if whole else None


def _members(group: Group, scheme: Scheme, units: Mapping[str, int]) -> dict[str, int]:
    if not scheme.groups:
        return dict(units)
    return {unit_id: weight for unit_id, weight in units.items() if scheme.group_of.get(unit_id) == group.group_id}


def _parts_of(
    group: Group,
    weights: Mapping[str, int],
    extra: Mapping[str, int],
    scores: Mapping[str, Score],
    excused: Collection[str],
    due: Collection[str] | None,
) -> tuple[list[GradePart], bool]:
    """The parts of the units of a group, and whether one that is asked for counts."""
    asked, extra = ({each: units[each] for each in units if each not in excused} for units in (weights, extra))
    added = sum((weight * _share(scores, unit_id) for unit_id, weight in extra.items()), NOTHING)
    kept = kept_units(asked, scores, group.drop_lowest, added)
    possible = sum(asked[unit_id] for unit_id in kept)
    present = asked
    if due is not None and not group.extra_credit:
        present = {unit_id: weight for unit_id, weight in asked.items() if unit_id in scores or unit_id in due}
        kept = kept_units(present, scores, group.drop_lowest)
    weight_of_kept = sum(asked[unit_id] for unit_id in kept)
    parts = []
    for unit_id in (*weights, *extra):
        share, counts = NOTHING, EXCUSED if unit_id in excused else LATER if unit_id not in present else DROPPED
        if unit_id in kept:
            share = Fraction(group.weight * asked[unit_id], weight_of_kept)
            counts = EXTRA if group.extra_credit else COUNTED
        elif unit_id in extra:
            share, counts = Fraction(group.weight * extra[unit_id], possible) if kept else NOTHING, EXTRA
        parts.append(GradePart(unit_id, group, counts, scores.get(unit_id), share, share * _share(scores, unit_id)))
    return parts, bool(kept)


def kept_units(
    weights: Mapping[str, int], scores: Mapping[str, Score], drop: int, added: Fraction = NOTHING
) -> list[str]:
    """
    The units that stay when *drop* are left out so that the mean is the highest, by Dinkelbach's method: as long as
    there is a higher mean, those are left out that give the least above the mean that was found before.

    Of units that give the same, those go first that are not scored, then the last ones in the order of the course.

    Args:
        added: points of extra credit.
    """
    units = list(weights)
    last_first = units[::-1]
    drop = min(drop, len(units) - 1)
    if drop <= 0:
        return units
    shares = {unit_id: _share(scores, unit_id) for unit_id in units}

    def mean(kept: Iterable[str]) -> Fraction:
        kept = list(kept)
        return (sum(weights[each] * shares[each] for each in kept) + added) / sum(weights[each] for each in kept)

    kept = units[drop:]
    found = mean(kept)
    while True:
        above = {each: weights[each] * (shares[each] - found) for each in units}
        worst = set(sorted(last_first, key=lambda each: (above[each], each in scores))[:drop])
        kept = [each for each in units if each not in worst]
        better = mean(kept)
        if better <= found:
            return kept
        found = better


def _share(scores: Mapping[str, Score], unit_id: str) -> Fraction:
    return Fraction(*scores[unit_id]) if unit_id in scores else NOTHING
