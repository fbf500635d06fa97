"""How two structures of a course differ, and what that would mean for learners."""

from fractions import Fraction
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.catalog import Letter, Section, Structure, Unit
from domain.catalog.diff import diff
from domain.catalog.impact import Comparison, Impact, Standing
from domain.score import FULL

A, B, C, D = (Unit(name, "quiz", name.upper(), weight=10) for name in "abcd")


def changes(old: Structure, new: Structure) -> dict[str, Any]:
    """What differs, without what does not."""
    found = diff(old, new)
    return {name: value for name in found.__struct_fields__ if (value := getattr(found, name))}


def test_what_came_and_went_and_moved_is_named() -> None:
    """A unit that others were put before has not moved; one that changed its section has."""
    assert changes(Structure([A, B, C]), Structure([A, B, C])) == {}
    assert changes(Structure([A, B]), Structure([D, A, B])) == {"units_added": ["d"]}
    assert changes(Structure([A, B, C]), Structure([C, A, B])) == {"units_moved": ["c"]}
    one, two = Section("s1", "One", ["a", "b"]), Section("s2", "Two", ["c"])
    moved = [Section("s1", "First", ["a"]), Section("s3", "Three", ["b", "c"])]
    assert changes(Structure([A, B, C], sections=[one, two]), Structure([A, B, C], sections=moved)) == {
        "units_moved": ["b", "c"],
        "sections_added": ["s3"],
        "sections_removed": ["s2"],
        "sections_renamed": ["s1"],
    }


def test_a_changed_unit_says_its_fields_and_the_policy_its_parts() -> None:
    """With the unit as it was and as it is."""
    heavier = msgspec.structs.replace(A, weight=20, due_after_days=3)
    found = diff(Structure([A]), Structure([heavier], letters=[Letter("P", 0)]))
    (unit,) = found.units_changed
    assert (unit.fields, unit.old, unit.new, found.policy) == (["weight", "due_after_days"], A, heavier, ["letters"])


def impact(old: list[Unit], new: list[Unit], *standings: Standing) -> Impact:
    """What the second structure would mean for those."""
    comparison = Comparison(Structure(old), Structure(new))
    for standing in standings:
        comparison.add(standing)
    return comparison.impact


def test_learners_are_counted_by_what_would_change() -> None:
    """Who has done all loses by a new unit, who has done nothing does not; a grade may fall below the mark."""
    done = Standing(completed=["a"], scores={"a": 7_000})
    found = impact([A], [A, B], done, Standing(), Standing(completed=["a"], scores={"a": 10_000}))
    assert (found.learners, found.affected, found.passing_now, found.passing_no_more) == (3, 2, 0, 1)
    assert (found.percent.lower, found.percent.same, found.percent.largest_drop_bp) == (2, 1, 5_000)
    assert (found.grade.lower, found.grade.without, found.grade.largest_drop_bp) == (2, 1, 5_000)
    assert found.grade.before == [0] * 7 + [1, 0, 1]
    assert found.grade.after == [0] * 3 + [1, 0, 1] + [0] * 4


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=5),
    st.lists(st.dictionaries(st.integers(0, 4), st.integers(0, FULL)), max_size=6),
)
def test_grades_shift_as_a_naive_recount_says(weights: list[tuple[int, int]], all_scores: list[dict[int, int]]) -> None:
    """By fractions, each learner by itself."""
    names = [f"u{number}" for number in range(len(weights))]
    old, new = (
        [Unit(name, "quiz", "", weight=pair[of]) for name, pair in zip(names, weights, strict=True)] for of in (0, 1)
    )
    standings = [Standing(scores={f"u{number}": score for number, score in scores.items()}) for scores in all_scores]
    found = impact(old, new, *standings).grade

    def grade(scores: dict[int, int], of: int) -> int | None:
        known = {number: score for number, score in scores.items() if number < len(weights)}
        whole = sum(pair[of] for pair in weights)
        mean = Fraction(sum(weights[number][of] * score for number, score in known.items()), whole)
        return int(mean + Fraction(1, 2)) if known else None

    moved = [
        (new or 0) - (old or 0)
        for old, new in ((grade(scores, 0), grade(scores, 1)) for scores in all_scores)
        if (old, new) != (None, None)
    ]
    assert (found.lower, found.same, found.higher) == (
        sum(each < 0 for each in moved),
        sum(each == 0 for each in moved),
        sum(each > 0 for each in moved),
    )
    assert found.largest_drop_bp == max([0, *(-each for each in moved)])
