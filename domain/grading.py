"""
The one place where percent, grade and outcome are computed: for commands, read models, imports and analysts.

Everything is exact until the end: whole numbers, compared before they are rounded, rounded once, half up.

    counted       the units that count: those with a weight; where none has one, each scored unit the same, else all
    percent       the completed share of them, 0 to 10,000; 10,000 where all are completed and the course is not failed
    final grade   the mean of their scores by weight; what was not handed in is 0; there is none without weights
    grade so far  the same over the units that are scored, or were due
    excused       completed by hand without a score (a page, or an exemption by staff): no part in either grade

An assessment of which the run has no records (`recorded` is false) has no part in anything.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from math import lcm
from typing import Any, NamedTuple, Protocol

import msgspec

from domain.kinds import has_score
from domain.score import FULL, Score, rounded_bp

PASS_BP = 4_000  # basis points of the final grade from which a course is passed
DISTINCTION_BP = 8_500
PERCENT_OF_FAILED = 9_900  # basis points, the most that is shown of a course that was failed
FORMULA = "weighted_mean_exact"
"""The name of what is computed here, in the facts that store a grade."""

OUTCOMES = ("distinction", "pass", "fail", "withdrawn")
PASSING_OUTCOMES = ("pass", "distinction")
FAILED = "fail"


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


class CompletedUnits(Protocol):
    """What the rows of read models keep of units."""

    completed: list[str]
    excused: list[str]
    scores: dict[str, int]
    exact: dict[str, Score]


class Scheme(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What the units of a run count.

    Attributes:
        weights: of each unit that counts, in the order of the course.
        graded: whether the weights are the course's own; if none has a weight there is no grade.
        group_of: the group of each unit that is in one.
        due: deadlines of units that count.
        quiz_due: deadlines of quizzes, by their units: of several in one unit, the latest.
    """

    weights: dict[str, int] = {}
    graded: bool = True
    groups: list[Group] = []
    group_of: dict[str, str] = {}
    due: dict[str, datetime] = {}
    quiz_due: dict[str, datetime] = {}


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


def counted(units: Iterable[CountsAs]) -> dict[str, int]:
    """The weight of each unit that counts; 1 for each where none has a weight of its own."""
    recorded = [unit for unit in units if unit.recorded]
    weights = {unit.unit_id: unit.weight for unit in recorded if unit.weight > 0}
    if weights:
        return weights
    scored = [unit for unit in recorded if has_score(unit.kind)]
    return {unit.unit_id: 1 for unit in scored or recorded}


def scheme_of(
    units: Collection[CountsAs], groups: Iterable[Group] = (), due: Mapping[str, datetime] | None = None
) -> Scheme:
    """What the *units* of a structure count."""
    weights = counted(units)
    return Scheme(
        weights,
        any(unit.weight > 0 and unit.recorded for unit in units),
        list(groups),
        {unit.unit_id: unit.group for unit in units if unit.group and unit.unit_id in weights},
        {unit_id: at for unit_id, at in (due or {}).items() if unit_id in weights},
    )


def with_quiz(scheme: Scheme, quiz: Mapping[str, Any]) -> Scheme:
    """The *scheme* after a *quiz* was published, by the fields of its fact: a unit is due when its quiz is."""
    if quiz["due_at"] is None:
        return scheme
    unit_id, due_at = quiz["unit_id"], datetime.fromisoformat(quiz["due_at"])
    latest = {unit_id: max(due_at, scheme.quiz_due.get(unit_id, due_at))}
    due = scheme.due | latest if unit_id in scheme.weights else scheme.due
    return msgspec.structs.replace(scheme, due=due, quiz_due=scheme.quiz_due | latest)


def percent_bp(scheme: Scheme, completed: Iterable[str], outcome: str | None = None) -> int:
    """The completed share of the course; below 10,000 as long as a unit is missing, or if the *outcome* is `fail`."""
    return _percent_bp(*_completed_share(scheme, completed), outcome)


def percent_and_half(scheme: Scheme, completed: Iterable[str], outcome: str | None = None) -> tuple[int, bool]:
    """The same, and whether at least half of the course is completed; nothing is rounded for that."""
    part, whole = _completed_share(scheme, completed)
    return _percent_bp(part, whole, outcome), whole > 0 and 2 * part >= whole


def _completed_share(scheme: Scheme, completed: Iterable[str]) -> tuple[int, int]:
    """The weight of the completed units, and that of all."""
    weights = scheme.weights
    part = 0
    for unit_id in set(completed):
        part += weights.get(unit_id, 0)
    return part, sum(weights.values())


def _percent_bp(part: int, whole: int, outcome: str | None) -> int:
    if not whole:
        return 0
    share = FULL if part == whole else min(rounded_bp(part, whole), FULL - 1)
    return min(share, PERCENT_OF_FAILED) if outcome == FAILED else share


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
    """Both grades of one learner: they have the same points, out of more or fewer possible ones."""

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
    """What the rule says: an outcome, and the final grade that it follows from."""

    outcome: str
    grade_bp: int | None


def decide(scheme: Scheme, record: Record, *, is_decided: bool = False) -> Decision | None:
    """
    The outcome by the rule, or None as long as it is open.

    It is decided when every unit that counts is completed or closed; a failing one not while a counting unit that is
    not excused waits for an attempt or a grade. If it *is decided* already, it follows the scores at once: no outcome
    stands beside a grade that contradicts it.
    """
    weights = scheme.weights
    is_open = any(unit_id not in record.completed and unit_id not in record.closed for unit_id in weights)
    if not weights or (is_open and not is_decided):
        return None
    grade = final_grade(scheme, record.scores, record.excused)
    outcome = outcome_of(grade, all_completed=all(unit_id in record.completed for unit_id in weights))
    waits = any(unit_id in weights and unit_id not in record.excused for unit_id in record.waiting)
    if outcome == FAILED and waits and not is_decided:
        return None
    return Decision(outcome, None if grade is None else grade.bp)


def keep_best(scores: dict[str, int], exact: dict[str, Score], unit_id: str, score: Score) -> None:
    """
    Keep the best score of a unit in a row of a read model.

    Args:
        scores: basis points of each unit.
        exact: the scores that basis points do not say exactly.
    """
    if score.possible == FULL and unit_id not in exact:  # the usual case, and a rebuild has very many
        if score.points > scores.get(unit_id, -1):
            scores[unit_id] = score.points
        return
    if score.beats(best_of(scores, exact, unit_id)):
        set_score(scores, exact, unit_id, score)


def set_score(scores: dict[str, int], exact: dict[str, Score], unit_id: str, score: Score) -> None:
    """Keep a score of a unit in a row of a read model, whatever it had before."""
    scores[unit_id] = score.bp
    if score.bp * score.possible == score.points * FULL:
        exact.pop(unit_id, None)
    else:
        exact[unit_id] = score


def note_completed(row: CompletedUnits, unit_id: str, score: Score | None) -> None:
    """Note in a row of a read model that a unit is completed; without any score, the learner is excused from it."""
    if score is not None:
        keep_best(row.scores, row.exact, unit_id, score)
        if unit_id in row.excused:
            row.excused.remove(unit_id)
    if unit_id not in row.completed:
        row.completed.append(unit_id)
        if score is None:
            row.excused.append(unit_id)


def shown(grade: Grade | None) -> int | None:
    """A grade as it is shown: in basis points, None for none."""
    return None if grade is None else grade.bp


def best_of(scores: Mapping[str, int], exact: Mapping[str, Score], unit_id: str) -> Score | None:
    """The score of a unit in a row of a read model."""
    if unit_id in exact:
        return Score(*exact[unit_id])
    return Score(scores[unit_id]) if unit_id in scores else None
