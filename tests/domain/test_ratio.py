"""Numerator and denominator of a percentage and of a grade are those of the rule, whatever the units and groups are."""

from datetime import UTC, datetime
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from domain.grading import Group, Scheme, percent_and_half, percent_bp, shown_grades
from domain.ratio import RATIOS, completed_ratio, grade_ratios
from domain.score import FULL, Score, rounded_bp

UNITS = [f"u{number}" for number in range(6)]
DAYS = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 3)]
units = st.sets(st.sampled_from(UNITS))


@st.composite
def schemes(draw: st.DrawFn) -> Scheme:
    """What the units of a run count: with groups or without, some of them due."""
    weights = draw(st.dictionaries(st.sampled_from(UNITS), st.integers(1, 50), min_size=1))
    groups = [Group(name, name, draw(st.integers(1, 9))) for name in draw(st.sets(st.sampled_from("ab")))]
    names = [group.group_id for group in groups] + ["c"]
    group_of = {unit: draw(st.sampled_from(names)) for unit in weights} if groups else {}
    due = draw(st.dictionaries(st.sampled_from(sorted(weights)), st.sampled_from(DAYS)))
    return Scheme(weights, draw(st.booleans()), groups, group_of, due)


@st.composite
def rows(draw: st.DrawFn) -> SimpleNamespace:
    """What a read model keeps of a learner: scores in basis points, and those that these do not say exactly."""
    scores, exact = draw(st.dictionaries(st.sampled_from(UNITS), st.integers(0, FULL))), dict[str, Score]()
    for unit in draw(units) & scores.keys():
        possible = draw(st.integers(1, 12))
        exact[unit] = Score(draw(st.integers(0, possible)), possible)
        scores[unit] = exact[unit].bp
    return SimpleNamespace(
        completed=draw(st.lists(st.sampled_from(UNITS))), excused=list(draw(units)), scores=scores, exact=exact
    )


@given(schemes(), rows())
def test_a_grade_is_its_numerator_of_its_denominator(scheme: Scheme, row: SimpleNamespace) -> None:
    """The final grade, and the one so far; where there is no grade there is nothing to divide."""
    row.excused = [unit for unit in row.excused if unit not in row.scores]
    grades = shown_grades(row, scheme, DAYS[1])
    ratios = {ratio.name: ratio for ratio in grade_ratios(row, scheme, DAYS[1])}
    for name, grade in zip(("grade", "grade_so_far"), grades, strict=True):
        if grade is not None:
            ratio = ratios[name]
            assert ratio.bp == grade
            assert all(0 <= part.numerator <= part.denominator for part in ratio.parts)


@given(schemes(), rows(), st.sampled_from([None, "pass", "fail"]))
def test_a_percentage_is_the_completed_weight(scheme: Scheme, row: SimpleNamespace, outcome: str | None) -> None:
    """The rule shows less where a unit is missing, or the course was failed, and never more."""
    ratio, percent = completed_ratio(scheme, row.completed), percent_bp(scheme, row.completed, outcome)
    assert percent == ratio.bp or (percent < ratio.bp and (outcome == "fail" or ratio.numerator < ratio.denominator))
    assert ratio.denominator == sum(scheme.weights.values())


def test_functions_are_known_by_the_names_of_their_arguments() -> None:
    """A function whose arguments are renamed has to be renamed in the table, too."""
    names = [code.co_varnames[: code.co_argcount] for code in RATIOS]
    assert names == [("scheme", "completed", "outcome")] * 2 + [("row", "scheme", "at"), ("part", "whole")]
    assert [percent_bp.__code__, percent_and_half.__code__, shown_grades.__code__, rounded_bp.__code__] == list(RATIOS)
