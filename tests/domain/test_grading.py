"""Percent, grade and outcome: exact, compared before rounding, rounded once; checked with fractions."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import Unit
from domain.grading import (
    Decision,
    Grade,
    Group,
    Record,
    Scheme,
    best_of,
    counted,
    decide,
    final_grade,
    grade_so_far,
    keep_best,
    outcome_of,
    percent_and_half,
    percent_bp,
    scheme_of,
    set_score,
    shown,
    shown_grades,
)
from domain.score import FULL, Score

AT = datetime(2026, 3, 2, tzinfo=UTC)
UNITS = ["u1", "u2", "u3", "u4", "u5"]
SCORES = st.integers(1, 60).flatmap(lambda possible: st.builds(Score, st.integers(0, possible), st.just(possible)))
WEIGHTS = st.dictionaries(st.sampled_from(UNITS), st.integers(1, 9_999), min_size=1)
SCORED = st.dictionaries(st.sampled_from(UNITS), SCORES)
SOME = st.sets(st.sampled_from(UNITS))


def mean(weights: dict[str, int], scores: dict[str, Score]) -> Fraction:
    """The weighted mean, by the book."""
    whole = sum(weights.values())
    return sum(
        (Fraction(weights[unit], whole) * Fraction(*scores[unit]) for unit in weights if unit in scores), Fraction()
    )


def half_up(share: Fraction) -> int:
    """A share in basis points, rounded half up, by the book."""
    return (share * FULL + Fraction(1, 2)).__floor__()


@given(WEIGHTS, SCORED, SOME)
def test_the_final_grade_is_the_exact_mean(
    weights: dict[str, int], scores: dict[str, Score], excused: set[str]
) -> None:
    """What was not handed in counts as 0, what is excused has no part; the mean is rounded once."""
    grade = final_grade(Scheme(weights), scores, excused)
    counts = {unit: weight for unit, weight in weights.items() if unit not in excused}
    if not counts.keys() & scores.keys():
        assert grade is None
        return
    assert grade is not None
    exact = mean(counts, scores)
    assert Fraction(grade.points, grade.possible) == exact
    assert grade.bp == half_up(exact)
    assert outcome_of(grade, all_completed=True) == (
        "fail" if exact < Fraction(2, 5) else "pass" if exact < Fraction(17, 20) else "distinction"
    )


@given(WEIGHTS, SCORED, st.integers(1, 99), st.integers(1, 99), st.integers(0, FULL))
def test_groups_weigh_by_themselves(
    weights: dict[str, int], scores: dict[str, Score], one: int, two: int, pass_bp: int
) -> None:
    """The final grade is the mean of the means of the groups; a group below its own mark fails the course."""
    group_of = {unit: "odd" if int(unit[1]) % 2 else "even" for unit in weights}
    groups = [Group("odd", "Odd", one, pass_bp=pass_bp), Group("even", "Even", two)]
    grade = final_grade(Scheme(weights, groups=groups, group_of=group_of), scores)
    if not weights.keys() & scores.keys():
        assert grade is None
        return
    assert grade is not None
    odd, even = ({unit: weights[unit] for unit in weights if group_of[unit] == name} for name in ("odd", "even"))
    parts = [(mean(part, scores), weight) for part, weight in ((odd, one), (even, two)) if part]
    exact = sum((share * weight for share, weight in parts), Fraction()) / sum(weight for _, weight in parts)
    assert Fraction(grade.points, grade.possible) == exact
    assert grade.missed == (("odd",) if odd and mean(odd, scores) < Fraction(pass_bp, FULL) else ())
    if grade.missed:
        assert outcome_of(grade, all_completed=True) == "fail"


@given(WEIGHTS, SCORED, SOME, st.dictionaries(st.sampled_from(UNITS), st.integers(-9, 9)))
def test_the_grade_so_far_is_over_what_is_scored_or_was_due(
    weights: dict[str, int], scores: dict[str, Score], excused: set[str], days: dict[str, int]
) -> None:
    """A unit that is due later and not scored is not counted as 0 yet."""
    due = {unit: AT + timedelta(days=number) for unit, number in days.items() if unit in weights}
    scheme = Scheme(weights, due=due)
    so_far = {
        unit: weight
        for unit, weight in weights.items()
        if unit not in excused and (unit in scores or (unit in due and due[unit] < AT))
    }
    grade = grade_so_far(scheme, scores, excused, AT)
    if not so_far.keys() & scores.keys():
        assert grade is None
        return
    assert grade is not None
    assert Fraction(grade.points, grade.possible) == mean(so_far, scores)
    final = final_grade(scheme, scores, excused)
    assert final is not None
    assert grade.bp >= final.bp


@dataclass
class Row:
    """What a read model keeps of a learner's units."""

    excused: list[str] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    scores: dict[str, int] = field(default_factory=dict)
    exact: dict[str, Score] = field(default_factory=dict)


@given(
    WEIGHTS,
    st.dictionaries(st.sampled_from(UNITS), st.integers(0, FULL).map(Score)) | SCORED,
    st.just(set[str]()) | SOME,
    st.dictionaries(st.sampled_from(UNITS), st.integers(-9, 9)),
)
def test_a_row_shows_the_same_grades(
    weights: dict[str, int], scores: dict[str, Score], excused: set[str], days: dict[str, int]
) -> None:
    """Those that follow from its exact scores, also on the short way for scores in basis points."""
    row = Row(excused=sorted(excused))
    for unit, score in scores.items():
        set_score(row.scores, row.exact, unit, score)
    scheme = Scheme(weights, due={unit: AT + timedelta(days=days[unit]) for unit in days if unit in weights})
    final, so_far = final_grade(scheme, scores, excused), grade_so_far(scheme, scores, excused, AT)
    assert shown_grades(row, scheme, AT) == (shown(final), shown(so_far))


@given(WEIGHTS, SOME)
def test_percent_is_the_completed_share(weights: dict[str, int], completed: set[str]) -> None:
    """0 to 10,000, and 10,000 exactly where everything that counts is completed and the course is not failed."""
    scheme = Scheme(weights)
    share = Fraction(sum(weight for unit, weight in weights.items() if unit in completed), sum(weights.values()))
    percent = percent_bp(scheme, completed)
    assert 0 <= percent <= FULL
    assert (percent == FULL) == (share == 1)
    assert percent == (FULL if share == 1 else min(half_up(share), FULL - 1))
    assert percent_bp(scheme, completed, "fail") < FULL
    assert percent_bp(scheme, completed, "pass") == percent
    assert percent_and_half(scheme, completed) == (percent, share >= Fraction(1, 2))


@pytest.mark.parametrize(
    ("scores", "outcome", "grade_bp"),
    [
        ({"u1": Score(2, 3), "u2": Score(2, 15)}, "pass", 4_000),
        ({"u1": Score(2, 3), "u2": Score(1_333, FULL)}, "fail", 4_000),
        ({"u1": Score(53, 60), "u2": Score(49, 60)}, "distinction", 8_500),
        ({"u1": Score(8_500), "u2": Score(8_499)}, "pass", 8_500),
    ],
)
def test_a_mean_is_compared_before_it_is_rounded(scores: dict[str, Score], outcome: str, grade_bp: int) -> None:
    """Exactly 40 % passes and exactly 85 % is a distinction; what is rounded up to a mark has not reached it."""
    grade = final_grade(Scheme({"u1": 1, "u2": 1}), scores)
    assert grade is not None
    assert (outcome_of(grade, all_completed=True), grade.bp) == (outcome, grade_bp)


def test_without_a_grade_it_takes_everything_to_pass() -> None:
    """There is no grade to fail by, and none to pass by either."""
    assert outcome_of(None, all_completed=True) == "pass"
    assert outcome_of(None, all_completed=False) == "fail"


@pytest.mark.parametrize(
    ("units", "weights"),
    [
        ([Unit("a", "page", ""), Unit("b", "quiz", "", 3), Unit("c", "exam", "", 5, recorded=False)], {"b": 3}),
        ([Unit("a", "page", ""), Unit("b", "tma", ""), Unit("c", "exam", "", 5, recorded=False)], {"b": 1}),
        ([Unit("a", "page", ""), Unit("b", "video", "")], {"a": 1, "b": 1}),
        ([Unit("a", "exam", "", 5, recorded=False)], {}),
    ],
)
def test_what_counts(units: list[Unit], weights: dict[str, int]) -> None:
    """Weighted units; where there are none, scored ones, else all; never what the run has no records of."""
    assert counted(units) == weights
    scheme = scheme_of(units)
    assert scheme.graded == any(unit.weight and unit.recorded for unit in units)
    if weights:
        assert percent_bp(scheme, weights) == FULL


def test_units_without_weight_make_no_grade() -> None:
    """Where the course gives no weights, scores have no mean."""
    scheme = scheme_of([Unit("a", "tma", ""), Unit("b", "tma", "")])
    assert final_grade(scheme, {"a": Score(FULL)}) is grade_so_far(scheme, {"a": Score(FULL)}) is None


SCHEME = Scheme({"u1": 1, "u2": 1})


@pytest.mark.parametrize(
    ("record", "decision"),
    [
        (Record({"u1": Score(8_000)}, ["u1"], [], [], ["u2"]), None),
        (Record({"u1": Score(8_000), "u2": Score(1_000)}, ["u1"], [], ["u2"], ["u1"]), Decision("pass", 4_500)),
        (Record({"u1": Score(5_000), "u2": Score(1_000)}, ["u1"], [], ["u2"], ["u1"]), None),
        (Record({"u1": Score(5_000), "u2": Score(1_000)}, ["u1"], [], ["u1", "u2"], []), Decision("fail", 3_000)),
        (Record({"u1": Score(9_000)}, ["u1", "u2"], ["u2"], [], ["u2"]), Decision("distinction", 9_000)),
        (Record({}, ["u1", "u2"], ["u1", "u2"], [], ["u1", "u2"]), Decision("pass", None)),
        (Record({}, [], [], ["u1", "u2"], []), Decision("fail", None)),
    ],
    ids=["open", "passed", "can-improve", "cannot", "excused", "all-excused", "nothing"],
)
def test_an_outcome_is_decided_when_it_can_no_longer_be_lost(record: Record, decision: Decision | None) -> None:
    """Every unit is completed or closed, and nothing fails while attempts are left or grades are due."""
    assert decide(SCHEME, record) == decision


def test_a_course_in_which_nothing_counts_is_not_decided() -> None:
    """There is nothing to decide by."""
    assert decide(Scheme(), Record({}, [], [])) is None


@given(st.lists(st.tuples(st.sampled_from(UNITS), SCORES)))
def test_a_row_keeps_the_best_scores_exactly(given_scores: list[tuple[str, Score]]) -> None:
    """What a row of a read model keeps of scores is worth as much as the scores themselves."""
    scores: dict[str, int] = {}
    exact: dict[str, Score] = {}
    best: dict[str, Fraction] = {}
    for unit, score in given_scores:
        keep_best(scores, exact, unit, score)
        best[unit] = max(Fraction(*score), best.get(unit, Fraction()))
    assert {unit: Fraction(*(best_of(scores, exact, unit) or ())) for unit in scores} == best
    assert scores == {unit: half_up(share) for unit, share in best.items()}
    assert all(best_of(scores, exact, unit) is None for unit in set(UNITS) - best.keys())


def test_a_grade_is_shown_in_basis_points() -> None:
    """Half a basis point goes up."""
    assert Grade(1, 20_000).bp == 1
