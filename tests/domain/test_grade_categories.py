"""Categories, drops, extra credit, letters: against a naive recount by fractions that tries every way of dropping."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import combinations
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.catalog import Unit
from domain.grading import (
    CATEGORIES,
    WEIGHTED_MEAN,
    Decision,
    Grade,
    Group,
    Letter,
    Record,
    Scheme,
    categories_of,
    decide,
    final_grade,
    grade_parts,
    grade_so_far,
    letter_of,
    percent_bp,
    scheme_of,
    set_score,
    shown_grades,
    shown_letters,
)
from domain.grading.outcome import FORMULA_OF_CATEGORIES
from domain.ratio import grade_ratios
from domain.score import FULL, Score

AT = datetime(2026, 3, 2, tzinfo=UTC)
SIZES = [150, pytest.param(5_000, marks=pytest.mark.slow)]  # examples
SCORES = st.integers(1, 12).flatmap(lambda possible: st.builds(Score, st.integers(0, possible), st.just(possible)))
LETTERS = [Letter("A", 9_000), Letter("B", 6_000), Letter("F", 0)]


class Course(msgspec.Struct):
    """A course of categories, and what a learner has done in it."""

    units: list[Unit]
    groups: list[Group]
    scores: dict[str, Score]
    excused: set[str]
    due: dict[str, datetime]

    def scheme(self, policy: str = CATEGORIES) -> Scheme:
        return scheme_of(self.units, self.groups, self.due, policy=policy, letters=LETTERS)

    def row(self) -> SimpleNamespace:
        """The same as a read model keeps it."""
        row = SimpleNamespace(scores={}, exact={}, excused=sorted(self.excused), completed=[])
        for unit_id, score in self.scores.items():
            set_score(row.scores, row.exact, unit_id, score)
        return row


@st.composite
def courses(draw: st.DrawFn) -> Course:
    units: list[Unit] = []
    groups: list[Group] = []
    for name in "abc"[: draw(st.integers(1, 3))]:
        members = draw(st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=4))
        adds = bool(groups) and draw(st.booleans())
        asked = 0
        for number, (weight, is_extra) in enumerate(members):
            extra = is_extra and number > 0
            asked += not extra
            units.append(Unit(f"{name}{number}", "quiz", "", weight, group=name, extra_credit=extra))
        drop = draw(st.integers(0, asked - 1))
        groups.append(Group(name, name, draw(st.integers(1, 9)), draw(st.sampled_from([None, 5_000])), drop, adds))
    ids = [unit.unit_id for unit in units]
    scores = draw(st.dictionaries(st.sampled_from(ids), SCORES))
    excused = draw(st.sets(st.sampled_from(ids), max_size=3)) - scores.keys()
    days = draw(st.dictionaries(st.sampled_from(ids), st.integers(-3, 3)))
    return Course(units, groups, scores, excused, {each: AT + timedelta(days=day) for each, day in days.items()})


def naive(course: Course, present: Callable[[Unit], bool] | None = None) -> Fraction | None:
    """The final grade by the book, or the grade so far over the units that are *present*."""
    share = {unit.unit_id: Fraction(*course.scores.get(unit.unit_id, (0, 1))) for unit in course.units}
    whole, earned = 0, Fraction()
    for group in course.groups:
        units = [each for each in course.units if each.group == group.group_id and each.unit_id not in course.excused]
        asked = [each for each in units if group.extra_credit or not each.extra_credit]
        added = sum((each.weight * share[each.unit_id] for each in units if each not in asked), Fraction())
        ways = [(best(way, share, added), sum(each.weight for each in way)) for way in dropped(asked, group)]
        if not ways:
            continue
        mean = max(mean for mean, _ in ways)
        if present is not None and not group.extra_credit:
            now = [best(way, share) for way in dropped([each for each in asked if present(each)], group)]
            if not now:
                continue
            weights = {weight for found, weight in ways if found == mean}
            if added and len(weights) > 1:
                return None  # several ways are as good, and extra credit weighs another share in each
            mean = max(now) + added / weights.pop()
        whole += 0 if group.extra_credit else group.weight
        earned += group.weight * mean
    is_scored = any(each in course.scores and each not in course.excused for each in share)
    return min(earned / whole, Fraction(1)) if whole and is_scored else None


def dropped(units: list[Unit], group: Group) -> Iterator[tuple[Unit, ...]]:
    """Every way of leaving out the lowest."""
    if units:
        yield from combinations(units, max(len(units) - group.drop_lowest, 1))


def best(way: tuple[Unit, ...], share: dict[str, Fraction], added: Fraction = Fraction()) -> Fraction:
    return (sum(each.weight * share[each.unit_id] for each in way) + added) / sum(each.weight for each in way)


def exact(grade: Grade | None) -> Fraction | None:
    return None if grade is None else Fraction(grade.points, grade.possible)


@pytest.mark.parametrize("examples", SIZES)
def test_grades_are_those_of_a_naive_recount(examples: int) -> None:
    """The final grade and the grade so far, exact; as rows show them, rounded once; and as their parts add up."""

    @settings(max_examples=examples, deadline=None)
    @given(courses())
    def recount(course: Course) -> None:
        scheme, row = course.scheme(), course.row()
        final = final_grade(scheme, course.scores, course.excused)
        so_far = grade_so_far(scheme, course.scores, course.excused, AT)
        assert exact(final) == naive(course)

        def is_present(unit: Unit) -> bool:
            return unit.unit_id in course.scores or course.due.get(unit.unit_id, AT) < AT

        expected = naive(course, is_present)
        assert expected is None or exact(so_far) == expected
        shown = tuple(None if grade is None else grade.bp for grade in (final, so_far))
        assert shown_grades(row, scheme, AT) == shown
        assert shown_letters(row, scheme, AT) == tuple(letter_of(LETTERS, grade) for grade in (final, so_far))
        ratios = {each.name: each.bp for each in grade_ratios(row, scheme, AT)}
        assert (ratios.get("grade"), ratios.get("grade_so_far")) == shown

    recount()


@pytest.mark.parametrize("examples", SIZES)
def test_a_better_score_never_gives_a_lower_grade(examples: int) -> None:
    """Whatever is dropped."""

    @settings(max_examples=examples, deadline=None)
    @given(courses(), st.data())
    def improve(course: Course, data: st.DataObject) -> None:
        scheme = course.scheme()
        ids = sorted(unit.unit_id for unit in course.units if unit.unit_id not in course.excused)
        if not ids:
            return
        before = exact(final_grade(scheme, course.scores, course.excused)) or Fraction()
        unit_id, score = data.draw(st.sampled_from(ids)), data.draw(SCORES)
        if score.beats(course.scores.get(unit_id)):
            after = exact(final_grade(scheme, course.scores | {unit_id: score}, course.excused)) or Fraction()
            assert after >= before

    improve()


@given(courses())
def test_without_drops_and_extra_credit_it_is_the_mean_by_weight(course: Course) -> None:
    """So a course of the older policy has the grades that it had."""
    plain = [msgspec.structs.replace(group, drop_lowest=0, extra_credit=False) for group in course.groups]
    units = [msgspec.structs.replace(unit, extra_credit=False) for unit in course.units]
    course = Course(units, plain, course.scores, course.excused, course.due)
    old, new = (course.scheme(policy) for policy in (WEIGHTED_MEAN, CATEGORIES))
    before, after = (final_grade(each, course.scores, course.excused) for each in (old, new))
    assert exact(before) == exact(after)
    assert (before and set(before.missed)) == (after and set(after.missed))
    before, after = (grade_so_far(each, course.scores, course.excused, AT) for each in (old, new))
    assert exact(before) == exact(after)


def course_of(*scores: int | None) -> tuple[Scheme, dict[str, Score]]:
    """Four exercises, of which the lowest is dropped and the last is extra, an exam, and a project that only adds."""
    units = [Unit(f"h{number}", "quiz", "", 1, group="home", extra_credit=number == 4) for number in range(1, 5)]
    units += [Unit("exam", "exam", "", 1, group="exam"), Unit("project", "assignment", "", 1, group="more")]
    groups = [
        Group("home", "Home", 40, None, 1),
        Group("exam", "Exam", 60, 5_000),
        Group("more", "More", 5, None, 0, True),
    ]
    known = zip((unit.unit_id for unit in units), scores, strict=True)
    scheme = scheme_of(units, groups, policy=CATEGORIES, letters=LETTERS)
    return scheme, {unit_id: Score(score, 10) for unit_id, score in known if score is not None}


def test_a_worked_example() -> None:
    """The one of docs/grades.md, with every number of it."""
    scheme, scores = course_of(6, 9, 3, 5, 8, 4)
    grade = final_grade(scheme, scores)
    assert grade is not None
    assert (grade.bp, letter_of(LETTERS, grade)) == (9_000, "A")
    home, exam, more = categories_of(scheme, scores, (), AT)
    assert (home.grade_bp, exam.grade_bp, more.grade_bp) == (10_000, 8_000, 4_000)
    assert {unit.unit_id: unit.counts for unit in home.units} == {
        "h1": "counted",
        "h2": "counted",
        "h3": "dropped",
        "h4": "extra",
    }
    assert [unit.earned_bp for unit in home.units] == [1_200, 1_800, 0, 1_000]
    assert (more.extra_credit, more.units[0].share_bp, more.units[0].earned_bp) == (True, 500, 200)


def test_extra_credit_is_not_asked_for() -> None:
    """The course is completed without it; an outcome that fails waits for it; it lifts no grade over the full one."""
    scheme, scores = course_of(10, 10, 10, None, 10, None)
    done = ["h1", "h2", "h3", "exam"]
    assert percent_bp(scheme, done) == FULL
    assert decide(scheme, Record(scores, done, [])) == Decision("distinction", FULL, "A", FORMULA_OF_CATEGORIES)
    full = final_grade(scheme, scores | {"h4": Score(1), "project": Score(10, 10)})
    assert exact(full) == 1
    scheme, scores = course_of(1, 1, 1, None, 3, None)
    assert decide(scheme, Record(scores, done, [], waiting=["project"])) is None
    assert decide(scheme, Record(scores, done, [])) == Decision("fail", 2_200, "F", FORMULA_OF_CATEGORIES)


def test_what_is_not_due_yet_has_no_part_in_the_grade_so_far() -> None:
    """It is said of each unit; one at least stays of those that are dropped."""
    scheme, scores = course_of(6, None, None, None, None, None)
    assert shown_grades(Course([], [], scores, set(), {}).row(), scheme, AT) == (1_200, 6_000)
    home, exam, _ = categories_of(scheme, scores, (), AT)
    assert [unit.counts for unit in home.units] == ["counted", "later", "later", "extra"]
    assert (home.grade_so_far_bp, exam.grade_so_far_bp) == (6_000, None)


def test_a_category_that_is_excused_has_no_part() -> None:
    """The rest is the whole; nothing is left to grade where all is excused."""
    scheme, scores = course_of(None, None, None, 5, 8, None)
    grade = final_grade(scheme, scores, ["h1", "h2", "h3"])
    assert exact(grade) == Fraction(8, 10)
    assert final_grade(scheme, scores, ["h1", "h2", "h3", "exam"]) is None
    parts = grade_parts(scheme, scores, ["h1", "h2", "h3"])
    assert parts is not None
    assert {part.unit_id: part.counts for part in parts.parts if part.counts == "excused"}.keys() == {"h1", "h2", "h3"}


def test_a_letter_is_compared_before_rounding() -> None:
    """A grade that is shown as 90.00 % and lies below it has the lower letter."""
    grade = Grade(899_999, 1_000_000)
    assert (grade.bp, letter_of(LETTERS, grade), letter_of(LETTERS, Grade(9, 10))) == (9_000, "B", "A")
    assert letter_of([], grade) is letter_of(LETTERS, None) is None
