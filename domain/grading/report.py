"""A learner's grade as people read it: by category, with what counts, what is dropped and what is added."""

from collections.abc import Collection, Mapping
from datetime import datetime
from fractions import Fraction

import msgspec

from domain.grading.parts import COUNTED, DROPPED, LATER, GradePart, GradeParts, grade_parts
from domain.grading.scheme import Group, Scheme
from domain.score import Score, rounded_bp


class UnitGrade(msgspec.Struct, frozen=True, kw_only=True):
    """
    One unit in a grade, in basis points.

    Attributes:
        counts: `counted`; `dropped`: a lower score that does not count; `excused`; `extra`: only adds; `later`: neither
            scored nor due yet, so that it has a part in the final grade alone.
        score_bp: null where nothing is scored.
        share_bp: what it can give to the final grade.
        earned_bp: what it gives.
    """

    unit_id: str
    counts: str
    score_bp: int | None
    share_bp: int
    earned_bp: int


class CategoryGrade(msgspec.Struct, frozen=True, kw_only=True):
    """
    One category of a grade, in basis points; the only one has no name where a course has none.

    Attributes:
        weight: share of the final grade; only ratios count.
        grade_bp: its part of the final grade by itself, more than 10,000 with much extra credit.
        grade_so_far_bp: the same over what is scored, or was due; null where nothing is.
        pass_bp: what has to be reached in it to pass the course; null for no such mark.
    """

    group_id: str
    title: str
    weight: int
    drop_lowest: int
    extra_credit: bool
    pass_bp: int | None
    grade_bp: int
    grade_so_far_bp: int | None
    units: list[UnitGrade]


def categories_of(
    scheme: Scheme, scores: Mapping[str, Score], excused: Collection[str], at: datetime
) -> list[CategoryGrade]:
    """The categories of a learner's grade as of a time; none as long as there is no grade."""
    final = grade_parts(scheme, scores, excused)
    if final is None:
        return []
    due = {unit_id for unit_id, due_at in scheme.due.items() if due_at < at}
    so_far = grade_parts(scheme, scores, excused, due)
    members: dict[str, tuple[Group, list[GradePart]]] = {}
    for part in final.parts:
        members.setdefault(part.group.group_id, (part.group, []))[1].append(part)
    later = {part.unit_id for part in so_far.parts if part.counts == LATER} if so_far else set()
    return [_category(group, parts, final, so_far, later) for group, parts in members.values()]


def _category(
    group: Group, parts: list[GradePart], final: GradeParts, so_far: GradeParts | None, later: Collection[str]
) -> CategoryGrade:
    has_part = so_far is not None and any(part.share for part in so_far.parts if part.group == group)
    return CategoryGrade(
        group_id=group.group_id,
        title=group.title,
        weight=group.weight,
        drop_lowest=group.drop_lowest,
        extra_credit=group.extra_credit,
        pass_bp=group.pass_bp,
        grade_bp=_bp(final.mean_of(group.group_id)),
        grade_so_far_bp=_bp(so_far.mean_of(group.group_id)) if so_far is not None and has_part else None,
        units=[
            UnitGrade(
                unit_id=part.unit_id,
                counts=LATER if part.unit_id in later and part.counts in (COUNTED, DROPPED) else part.counts,
                score_bp=None if part.score is None else part.score.bp,
                share_bp=_bp(part.share / final.whole),
                earned_bp=_bp(part.earned / final.whole),
            )
            for part in parts
        ],
    )


def _bp(share: Fraction) -> int:
    return rounded_bp(share.numerator, share.denominator)
