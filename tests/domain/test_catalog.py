"""The rules of the catalog: courses, their versions, and their runs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.aggregate import stream_id
from domain.catalog import (
    MAX_UNITS,
    BadSchedule,
    BadStructure,
    Change,
    Course,
    CourseChanged,
    CourseExists,
    CourseNotFound,
    Run,
    RunExists,
    RunNotFound,
    Unit,
    course_stream,
    run_stream,
    structure_hash,
)
from domain.errors import BadIdentifier
from domain.grading import Group
from domain.late_policy import LatePolicy
from tests.support.given import fact, given

START, END = datetime(2026, 9, 1, tzinfo=UTC), datetime(2027, 1, 31, tzinfo=UTC)
UNITS = [Unit("intro", "page", "Begin here"), Unit("q1", "quiz", "Equations", weight=100, due_after_days=14)]
OTHER_UNITS = [Unit("intro", "page", "Begin over there")]

RULES = ("all_weighted_units", "weighted_mean")
CREATED = fact(Course.Created, title="Algebra", summary="Letters", language="en")
PLAN: dict[str, Any] = {
    "starts_at": START,
    "ends_at": END,
    "capacity": 30,
    "pacing": "instructor",
    "seat_offer_hours": 48,
    "time_zone": "UTC",
    "waitlist_limit": 20,
    "late": LatePolicy("percent_a_day", 1_000),
    "registration_opens_at": START - timedelta(days=30),
    "registration_closes_at": START,
    "cloned_from": None,
    "due_from": "start",
}
SCHEDULED = fact(Run.Scheduled, course_id="algebra", course_version=1, **PLAN)


def published(
    version: int,
    units: list[Unit],
    rule: str = "all_weighted_units",
    policy: str = "weighted_mean",
    groups: Sequence[Group] = (),
) -> Any:
    return fact(
        Course.VersionPublished,
        version=version,
        units=units,
        completion_rule=rule,
        grading_policy=policy,
        structure_hash=structure_hash(units, list(groups)),
        groups=list(groups),
        sections=[],
        letters=[],
        prerequisites=[],
    )


def test_a_course_comes_into_the_catalog() -> None:
    """A new course has a title, a summary and a language."""
    given(Course).when(lambda course: course.create("Algebra", "Letters", "en")).then(CREATED)


def test_creating_the_same_course_again_changes_nothing() -> None:
    """A second creation with the same words means the same course."""
    given(Course, CREATED).when(lambda course: course.create("Algebra", "Letters", "en")).then()


@pytest.mark.parametrize("words", [("Algebra 2", "Letters", "en"), ("Algebra", "", "en"), ("Algebra", "Letters", "de")])
def test_the_id_of_a_course_is_taken_once(words: tuple[str, str, str]) -> None:
    """Another course cannot have the id of one that exists."""
    given(Course, CREATED).when(lambda course: course.create(*words)).refused(CourseExists, course_id="algebra")


def test_a_course_says_something_else_about_itself() -> None:
    """A fact for each of what changes; what is said already, or is left out, stays."""
    given(Course, CREATED).when(
        lambda course: course.describe(Change("Algebra", "Rings"), Change("Letters", ""), Change("en", "de"))
    ).then(
        fact(Course.Renamed, old="Algebra", new="Rings"),
        fact(Course.SummaryChanged, old="Letters", new=""),
        fact(Course.LanguageChanged, old="en", new="de"),
    )
    renamed = fact(Course.Renamed, old="Algebra", new="Rings")
    given(Course, CREATED, renamed).when(lambda course: course.describe(Change("Algebra", "Rings"))).then()
    given(Course, CREATED).when(lambda course: course.describe()).then()


def test_an_editor_changes_what_the_editor_has_seen() -> None:
    """Two editors may change different things; who has not seen the title of now changes nothing at all."""
    renamed = fact(Course.Renamed, old="Algebra", new="Rings")
    given(Course, CREATED, renamed).when(
        lambda course: course.describe(Change("Algebra", "Fields"), Change("Letters", ""))
    ).refused(CourseChanged, course_id="algebra")
    given(Course, CREATED, renamed).when(lambda course: course.describe(summary=Change("Letters", ""))).then(
        fact(Course.SummaryChanged, old="Letters", new="")
    )
    given(Course).when(lambda course: course.describe(Change("", "Rings"))).refused(CourseNotFound, course_id="algebra")


@pytest.mark.parametrize("words", [("Algebra", "Letters", "en"), ("Rings", "Letters", "en")])
def test_a_course_that_was_renamed_is_created_once_more_as_it_was(words: tuple[str, str, str]) -> None:
    """A repeated creation changes nothing, by the words of then and by those of now; others are another course."""
    renamed = fact(Course.Renamed, old="Algebra", new="Rings")
    given(Course, CREATED, renamed).when(lambda course: course.create(*words)).then()
    given(Course, CREATED, renamed).when(lambda course: course.create("Fields", *words[1:])).refused(
        CourseExists, course_id="algebra"
    )


def test_versions_are_counted_from_one() -> None:
    """The first structure is version 1."""
    given(Course, CREATED).when(lambda course: course.publish(UNITS, "all_weighted_units", "weighted_mean")).then(
        published(1, UNITS), answer=1
    )


def test_another_structure_is_the_next_version() -> None:
    """A structure never changes: another one is another version."""
    given(Course, CREATED, published(1, UNITS)).when(
        lambda course: course.publish(OTHER_UNITS, "all_weighted_units", "weighted_mean")
    ).then(published(2, OTHER_UNITS), answer=2)


def test_the_order_of_units_is_part_of_the_structure() -> None:
    """The same units in another order are another version."""
    turned = UNITS[::-1]
    given(Course, CREATED, published(1, UNITS)).when(
        lambda course: course.publish(turned, "all_weighted_units", "weighted_mean")
    ).then(published(2, turned), answer=2)


def test_publishing_the_same_structure_again_changes_nothing() -> None:
    """A structure that was published keeps the version it has, even when there are newer ones."""
    given(Course, CREATED, published(1, UNITS), published(2, OTHER_UNITS)).when(
        lambda course: course.publish(UNITS, "all_weighted_units", "weighted_mean")
    ).then(answer=1)


@pytest.mark.parametrize("rules", [("every_unit", "weighted_mean"), ("all_weighted_units", "best_of")])
def test_rules_are_a_closed_set(rules: tuple[str, str]) -> None:
    """A rule that no code follows is refused; one that was stored is published again by the same command."""
    (unknown,) = set(rules) - {"all_weighted_units", "weighted_mean"}
    given(Course, CREATED, published(1, UNITS)).when(lambda course: course.publish(UNITS, *rules)).refused(
        BadStructure, word=unknown
    )
    given(Course, CREATED, published(1, UNITS, *rules)).when(lambda course: course.publish(UNITS, *rules)).then(
        answer=1
    )


def test_kinds_are_a_closed_set() -> None:
    """A unit of a kind that no rule knows is refused; history may have had others."""
    units = [Unit("u1", "homework", "", weight=1)]
    given(Course, CREATED).when(lambda course: course.publish(units, *RULES)).refused(BadStructure, unit_id="u1")
    given(Course, CREATED, importing=True).when(lambda course: course.publish(units, *RULES)).then(
        published(1, units), answer=1
    )
    given(Course, CREATED, published(1, units)).when(lambda course: course.publish(units, *RULES)).then(answer=1)


def test_a_kind_may_be_written_in_capitals() -> None:
    """`Quiz` is a quiz, and carries a score as one."""
    given(Course, CREATED).when(lambda course: course.publish([Unit("u1", "Quiz", "")], *RULES)).then(
        published(1, [Unit("u1", "quiz", "")]), answer=1
    )


GROUPS = [Group("coursework", "Coursework", 1), Group("exam", "Exam", 1, pass_bp=4_000)]
GROUPED = [Unit("q1", "quiz", "", 100, group="coursework"), Unit("e", "exam", "", 100, group="exam")]


def test_a_structure_may_have_groups() -> None:
    """Coursework and exam have weights, and pass marks, of their own."""
    given(Course, CREATED).when(lambda course: course.publish(GROUPED, *RULES, GROUPS)).then(
        published(1, GROUPED, groups=GROUPS), answer=1
    )


@pytest.mark.parametrize(
    ("units", "groups", "facts"),
    [
        ([Unit("u1", "exam", "", 1, recorded=False)], [], {"units": 0}),
        (GROUPED[:1], GROUPS, {"group": "exam"}),
        ([*GROUPED, Unit("q2", "quiz", "", 5)], GROUPS, {"unit_id": "q2"}),
        ([*GROUPED, Unit("q2", "quiz", "", 5, group="other")], GROUPS, {"unit_id": "q2"}),
        ([*UNITS, Unit("q2", "quiz", "", 5, group="other")], [], {"unit_id": "q2"}),
        (GROUPED, [GROUPS[0], GROUPS[1], GROUPS[0]], {"group": "coursework"}),
        (GROUPED, [GROUPS[0], Group("exam", "Exam", 0)], {"group": "exam"}),
        (GROUPED, [GROUPS[0], Group("exam", "Exam", 1, pass_bp=10_001)], {"group": "exam"}),
    ],
)
def test_full_marks_can_be_reached(units: list[Unit], groups: list[Group], facts: dict[str, Any]) -> None:
    """A structure in which a learner cannot have 100 %, or a full grade, is refused with the reason."""
    given(Course, CREATED).when(lambda course: course.publish(units, *RULES, groups)).refused(BadStructure, **facts)


def test_only_a_course_that_exists_is_published() -> None:
    """There is no structure without a course."""
    given(Course).when(lambda course: course.publish(UNITS, "", "")).refused(CourseNotFound, course_id="algebra")


def test_a_course_has_a_unit_at_least() -> None:
    """A course without units cannot be published."""
    given(Course, CREATED).when(lambda course: course.publish([], "", "")).refused(BadStructure, units=0)


def test_a_course_has_an_end() -> None:
    """There is a limit to the units of a course."""
    units = [Unit(f"u{number}", "page", "") for number in range(MAX_UNITS + 1)]
    given(Course, CREATED).when(lambda course: course.publish(units, "", "")).refused(BadStructure, units=MAX_UNITS + 1)


def test_a_unit_is_listed_once() -> None:
    """Two units with one id could not be distinguished."""
    units = [UNITS[0], UNITS[1], Unit("intro", "page", "Again")]
    given(Course, CREATED).when(lambda course: course.publish(units, "", "")).refused(BadStructure, unit_id="intro")


def test_no_unit_weighs_less_than_nothing() -> None:
    """A weight is 0 or more."""
    units = [Unit("q1", "quiz", "", weight=-1)]
    given(Course, CREATED).when(lambda course: course.publish(units, "", "")).refused(BadStructure, unit_id="q1")


def test_the_id_of_a_unit_is_an_id() -> None:
    """A unit's id keeps to the letters of ids."""
    given(Course, CREATED).when(lambda course: course.publish([Unit("a b", "page", "")], "", "")).refused(
        BadIdentifier, value="a b"
    )


def test_equal_structures_have_equal_hashes() -> None:
    """The hash says whether two structures are the same, whatever was left to its default."""
    same = [Unit("intro", "page", "Begin here", weight=0), UNITS[1]]
    assert structure_hash(same) == structure_hash(UNITS) != structure_hash(OTHER_UNITS)


@pytest.mark.parametrize("value", ["", "a b", "a:b", "ä", "a/b", "x" * 65, "a\n"])
def test_an_id_cannot_be_mistaken(value: str) -> None:
    """What could split a stream's id in another place is no id."""
    with pytest.raises(BadIdentifier):
        stream_id("enrollment", "ann", value)


def test_streams_are_named_after_what_they_are_about() -> None:
    """A stream's id is its category and its ids."""
    assert course_stream("AAA") == "course-AAA"
    assert run_stream("AAA-2013J") == "run-AAA-2013J"
    assert Run.blank("run-AAA-2013J").id_of("run_id") == "AAA-2013J"


def schedule(run: Run, course_version: int = 1, **other: Any) -> None:
    run.schedule("algebra", course_version, **{**PLAN, **other})


def test_a_run_is_scheduled() -> None:
    """A run follows one version of a course, from one moment to another."""
    given(Run).when(schedule).then(SCHEDULED)


def test_scheduling_the_same_run_again_changes_nothing() -> None:
    """The same plan twice is one run."""
    given(Run, SCHEDULED).when(schedule).then()


@pytest.mark.parametrize(
    "other",
    [
        {"capacity": None},
        {"capacity": 31},
        {"starts_at": END},
        {"ends_at": START},
        {"pacing": "self"},
        {"seat_offer_hours": 47},
        {"waitlist_limit": 21},
    ],
)
def test_the_id_of_a_run_is_taken_once(other: dict[str, Any]) -> None:
    """Another plan cannot have the id of a run that exists."""
    given(Run, SCHEDULED).when(lambda run: schedule(run, **other)).refused(RunExists, run_id="algebra-1")


def test_a_run_keeps_its_version() -> None:
    """A run never changes to another version of its course."""
    given(Run, SCHEDULED).when(lambda run: schedule(run, 2)).refused(RunExists, run_id="algebra-1")


@pytest.mark.parametrize("ends_at", [START, datetime(2026, 8, 31, tzinfo=UTC)])
def test_a_run_ends_after_it_starts(ends_at: datetime) -> None:
    """Time goes one way."""
    given(Run).when(lambda run: schedule(run, ends_at=ends_at)).refused(BadSchedule, run_id="algebra-1")


@pytest.mark.parametrize("hours", [0, None])
def test_a_seat_can_be_given_at_once(hours: int | None) -> None:
    """No time for an offer, or zero hours, mean the same, in a plan that is sent again too."""
    at_once = fact(Run.Scheduled, course_id="algebra", course_version=1, **{**PLAN, "seat_offer_hours": None})
    given(Run).when(lambda run: schedule(run, seat_offer_hours=hours)).then(at_once)
    given(Run, at_once).when(lambda run: schedule(run, seat_offer_hours=hours)).then()


def test_an_offer_has_a_time() -> None:
    """An offer cannot end before it is made."""
    given(Run).when(lambda run: schedule(run, seat_offer_hours=-1)).refused(BadSchedule, run_id="algebra-1")


def test_a_waitlist_has_no_negative_limit() -> None:
    """Zero is a run without a waitlist."""
    given(Run).when(lambda run: schedule(run, waitlist_limit=-1)).refused(BadSchedule, run_id="algebra-1")


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_capacity_is_a_number_of_seats(capacity: int) -> None:
    """A run has one seat at least, or as many as come."""
    given(Run).when(lambda run: schedule(run, capacity=capacity)).refused(BadSchedule, run_id="algebra-1")


def test_a_run_without_a_limit() -> None:
    """No capacity means no limit, and no seat to wait for."""
    given(Run).when(lambda run: schedule(run, capacity=None)).then(
        fact(
            Run.Scheduled,
            course_id="algebra",
            course_version=1,
            **{**PLAN, **dict.fromkeys(("capacity", "seat_offer_hours", "waitlist_limit"))},
        )
    )


def test_a_run_opens() -> None:
    """A scheduled run admits no learner until it is opened."""
    given(Run, SCHEDULED).when(lambda run: run.open()).then(fact(Run.Opened))


def test_opening_an_open_run_changes_nothing() -> None:
    """A run is open or it is not."""
    given(Run, SCHEDULED, fact(Run.Opened)).when(lambda run: run.open()).then()


def test_a_run_closes() -> None:
    """An open run can be closed."""
    given(Run, SCHEDULED, fact(Run.Opened)).when(lambda run: run.close()).then(fact(Run.Closed))


@pytest.mark.parametrize("past", [(), (fact(Run.Opened), fact(Run.Closed))])
def test_closing_a_run_that_is_not_open_changes_nothing(past: tuple[Any, ...]) -> None:
    """What is shut stays shut."""
    given(Run, SCHEDULED, *past).when(lambda run: run.close()).then()


def test_a_closed_run_can_open_again() -> None:
    """Closing a run is not its end."""
    given(Run, SCHEDULED, fact(Run.Opened), fact(Run.Closed)).when(lambda run: run.open()).then(fact(Run.Opened))


def test_only_a_run_that_exists_opens_or_closes() -> None:
    """There is nothing to open or close before a run is scheduled."""
    given(Run).when(lambda run: run.open()).refused(RunNotFound, run_id="algebra-1")
    given(Run).when(lambda run: run.close()).refused(RunNotFound, run_id="algebra-1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"registration_closes_at": START - timedelta(days=30)},
        {"registration_opens_at": END, "registration_closes_at": None},
        {"late": LatePolicy("until")},
    ],
)
def test_registration_closes_after_it_opens_and_opens_before_the_run_ends(wrong: dict[str, Any]) -> None:
    """Else no learner could ask for a place; and a late policy says something."""
    plan = {**PLAN, **wrong}
    given(Run).when(lambda run: run.schedule("algebra", 1, **plan)).refused(BadSchedule, run_id="algebra-1")
