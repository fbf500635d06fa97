"""What the units of a run count, by the version of the course that it follows."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

from domain.kinds import has_score

WEIGHTED_MEAN = "weighted_mean"
CATEGORIES = "categories"
"""The grading policy by which groups drop their lowest scores and extra credit is added."""


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    Units that make one part of the final grade, such as coursework or exam.

    Attributes:
        weight: share of the final grade; only ratios count.
        pass_bp: basis points of the group's own mean from which the course can be passed, None for no such mark.
        drop_lowest: how many of its lowest scores do not count.
        extra_credit: its points are added to the grade, and nothing is asked for them.
    """

    group_id: str
    title: str
    weight: int
    pass_bp: int | None = None
    drop_lowest: int = 0
    extra_credit: bool = False


class Letter(msgspec.Struct, frozen=True):
    """A step of the letter scale: the grade *letter* from *from_bp* basis points on."""

    letter: str
    from_bp: int


class CountsAs(Protocol):
    """What is asked of a unit here."""

    @property
    def unit_id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def weight(self) -> int: ...
    @property
    def group(self) -> str: ...
    @property
    def recorded(self) -> bool: ...
    @property
    def extra_credit(self) -> bool: ...


class Scheme(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What the units of a run count.

    Attributes:
        weights: of each unit that counts, in the order of the course.
        graded: whether the weights are the course's own; if none has a weight there is no grade.
        group_of: the group of each unit that is in one.
        due: deadlines of units that count.
        quiz_due: deadlines of quizzes, by their units: of several in one unit, the latest.
        policy: CATEGORIES, or another word for a mean by weight.
        extra: the weights of units for which nothing is asked; they are not among `weights`.
        letters: the letter scale, the highest first; empty for a course without letters.
    """

    weights: dict[str, int] = {}
    graded: bool = True
    groups: list[Group] = []
    group_of: dict[str, str] = {}
    due: dict[str, datetime] = {}
    quiz_due: dict[str, datetime] = {}
    policy: str = WEIGHTED_MEAN
    extra: dict[str, int] = {}
    letters: list[Letter] = []


def counted(units: Iterable[CountsAs]) -> dict[str, int]:
    """The weight of each unit that counts, extra credit too; 1 for each where none has a weight of its own."""
    recorded = [unit for unit in units if unit.recorded]
    weights = {unit.unit_id: unit.weight for unit in recorded if unit.weight > 0}
    if weights:
        return weights
    scored = [unit for unit in recorded if has_score(unit.kind)]
    return {unit.unit_id: 1 for unit in scored or recorded}


def scheme_of(
    units: Collection[CountsAs],
    groups: Iterable[Group] = (),
    due: Mapping[str, datetime] | None = None,
    *,
    policy: str = WEIGHTED_MEAN,
    letters: Iterable[Letter] = (),
) -> Scheme:
    """What the *units* of a structure count."""
    groups, counts = list(groups), counted(units)
    extra = _extra_credit(units, groups, counts) if policy == CATEGORIES else {}
    weights = {unit_id: weight for unit_id, weight in counts.items() if unit_id not in extra}
    return Scheme(
        weights,
        any(unit.weight > 0 and unit.recorded for unit in units),
        groups,
        {unit.unit_id: unit.group for unit in units if unit.group and unit.unit_id in counts},
        {unit_id: at for unit_id, at in (due or {}).items() if unit_id in weights},
        policy=policy,
        extra=extra,
        letters=list(letters),
    )


def _extra_credit(units: Iterable[CountsAs], groups: Iterable[Group], counts: Mapping[str, int]) -> dict[str, int]:
    """The weights of units of extra credit: their own, or that of their group."""
    adding = {group.group_id for group in groups if group.extra_credit}
    return {
        unit.unit_id: counts[unit.unit_id]
        for unit in units
        if unit.unit_id in counts and (unit.extra_credit or unit.group in adding)
    }


def with_quiz(scheme: Scheme, quiz: Mapping[str, Any]) -> Scheme:
    """The *scheme* after a *quiz* was published, by the fields of its fact: a unit is due when its quiz is."""
    if quiz["due_at"] is None:
        return scheme
    unit_id, due_at = quiz["unit_id"], datetime.fromisoformat(quiz["due_at"])
    latest = {unit_id: max(due_at, scheme.quiz_due.get(unit_id, due_at))}
    due = scheme.due | latest if unit_id in scheme.weights else scheme.due
    return msgspec.structs.replace(scheme, due=due, quiz_due=scheme.quiz_due | latest)
