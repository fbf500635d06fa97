"""What is ahead of a learner: deadlines of the learner's own, and where to go on."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from domain.grading import Scheme
from projections.course_dashboard import ENROLLMENTS, CourseDashboard, CourseEnrollment
from projections.learner_dashboard import LearnerDashboard
from projections.learner_dashboard.ahead import _candidates, _first, set_next, set_next_without
from projections.learner_dashboard.rows import LEARNERS, Course, Dashboard, Deadline, RunRef
from tests.support.facts import UNITS, History, day, fold, rows_of

PLACE, HOUR = "enrollment-7:AAA-1", timedelta(hours=1)


def entry(history: History) -> Course:
    """The only course of the only document."""
    (document,) = rows_of(fold(LearnerDashboard, history), LEARNERS, Dashboard)
    (course,) = document.courses
    return course


def due(history: History) -> list[tuple[str, datetime]]:
    """The deadlines, as the document has them."""
    return [(each.unit_id, each.due_at) for each in entry(history).deadlines]


def so_far(history: History) -> set[int | None]:
    """The grade so far, by both read models that have it."""
    (row,) = rows_of(fold(CourseDashboard, history), ENROLLMENTS, CourseEnrollment)
    return {row.grade_so_far_bp, entry(history).grade_so_far_bp}


def extended(history: History, unit_id: str, new_due: datetime, at: datetime) -> History:
    """The learner has more time."""
    new = new_due.isoformat().replace("+00:00", "Z")
    return history.add(PLACE, "enrollment.extension_granted", at, unit_id=unit_id, old_due=None, new_due=new, reason="")


def test_an_extension_is_shown_whenever_it_is_given() -> None:
    """Before the deadline and after it, twice, beside a quiz of another time, and taken back; never as less time."""
    history = History().course().enrolled("7").graded("7", "tma1", 5_000, day(54))
    assert so_far(history) == {2_000}  # tma2 was due on day 53
    assert due(extended(history, "tma2", day(60), day(55))) == [("tma1", day(18)), ("tma2", day(60))]
    assert so_far(history) == {5_000}
    assert due(extended(history, "tma2", day(70), day(56)))[1] == ("tma2", day(70))
    assert due(extended(history, "tma1", day(2), day(56)))[0] == ("tma1", day(18))
    assert due(history.quiz("q2", "tma2", day(65)).clicked("7", 1, day(57)))[1] == ("tma2", day(70))
    assert due(history.quiz("q3", "tma2", day(75)).clicked("7", 1, day(57)))[1] == ("tma2", day(75))
    history.add(PLACE, "enrollment.extension_withdrawn", day(58), unit_id="tma2", old_due="", due=None, reason="")
    assert due(history)[1] == ("tma2", day(75))
    assert entry(history).extensions == {"tma1": day(2)}
    assert entry(History().course().enrolled("7")).extensions is UNSET


def test_a_quiz_of_a_later_version_says_when_it_is_due_by_those_after_it() -> None:
    """The deadline is that of the quiz, and not again that of the unit, which the first version did not have."""
    history = History().course().enrolled("7")
    unit = {"unit_id": "tma3", "kind": "tma", "title": "Essay 3", "weight": 1_000, "due_after_days": 20}
    version: dict[str, Any] = {"completion_rule": "all", "grading_policy": "mean", "structure_hash": "0"}
    for number in (2, 3):
        history.add("course-AAA", "course.version_published", version=number, units=[*UNITS[:number], unit], **version)
        change: dict[str, Any] = {"old": number - 1, "new": number, "change_no": number - 1}
        history.add("run-AAA-1", "run.version_changed", course_id="AAA", **change)
        if number == 2:
            history.quiz("q3", "tma3", day(65))
        history.add("progress-7:AAA-1", "progress.rebased", from_version=number - 1, to_version=number)
        assert ("tma3", day(65)) in due(history)
    history.graded("7", "tma1", 5_000, day(30))
    assert so_far(history) == {5_000}


def test_an_extension_makes_a_deadline_where_there_was_none() -> None:
    """And it counts from then on."""
    history = extended(History().course().enrolled("7"), "forum", day(9), day(1))
    assert due(history)[0] == ("forum", day(9))


def self_paced(history: History, **more: Any) -> History:
    """The run of the course, as one in which days count from the place of each learner, by the clocks of London."""
    plan = {"course_id": "AAA", "course_version": 1, "starts_at": "2013-10-01T00:00:00Z", "capacity": None}
    plan |= {"ends_at": "2014-06-01T00:00:00Z", "pacing": "self", "time_zone": "Europe/London"}
    return history.add("run-AAA-1", "run.scheduled", **{**plan, "due_from": "enrollment", **more})


@pytest.mark.parametrize(("place", "first"), [(-5, day(18)), (10, day(28) + HOUR), (20, day(38) + HOUR)])
def test_days_of_a_self_paced_run_count_from_the_place(place: int, first: datetime) -> None:
    """From the start of the run at the earliest, across the change to winter time, and from the first place only."""
    history = self_paced(History().course())
    history.enrolled("7", at=day(place))
    history.add(PLACE, "enrollment.withdrawn", day(21), reason="").add(PLACE, "enrollment.reactivated", day(22))
    history.add(PLACE, "enrollment.activated", day(22), access_from=None, access_until=None, entitlement_id=None)
    assert due(history)[0] == ("tma1", first)
    history.graded("7", "tma1", 5_000, day(54)).graded("7", "tma1", 5_000, day(200), no=2)
    assert so_far(history) == {2_000}
    assert due(history.quiz("q1", "tma1", day(30)).clicked("7", 1, day(201)))[0] == ("tma1", day(30))


def in_cohort(history: History, begins_at: datetime | None) -> History:
    """The learner is in a cohort that begins then, or in none any more."""
    new = None if begins_at is None else f"{begins_at:%Y-%m-%dT%H:%M:%SZ}"
    said = {"old_cohort": None, "new_cohort": new and "spring", "old_begins_at": None, "new_begins_at": new}
    return history.add(PLACE, "enrollment.cohort_changed", day(54), **said)


def test_days_count_from_the_cohort() -> None:
    """Whenever the learner gets a place or the cohort moves; from the place again for who is in none any more."""
    history = in_cohort(self_paced(History().course()).add(PLACE, "enrollment.requested", day(1)), day(3))
    assert due(history)[0] == ("tma1", day(21))
    history.add(PLACE, "enrollment.activated", day(10), access_from=None, access_until=None, entitlement_id=None)
    assert due(history)[0] == ("tma1", day(21))
    history.graded("7", "tma1", 5_000, day(54))
    assert so_far(history) == {5_000}
    assert due(in_cohort(history, day(0)))[1] == ("tma2", day(53) + HOUR)
    assert so_far(history) == {2_000}
    assert due(in_cohort(history, None)) == [("tma1", day(28) + HOUR), ("tma2", day(63) + HOUR)]
    assert so_far(history) == {5_000}
    assert entry(history).cohort_begins_at is UNSET


def test_a_later_version_counts_from_the_place_too() -> None:
    """Also where the version of the time of the place had no deadline at all."""
    bare = [{**unit, "due_after_days": None} for unit in UNITS]
    history = self_paced(History().course(units=bare)).enrolled("7", at=day(10))
    assert due(history) == []
    version: dict[str, Any] = {"completion_rule": "all", "grading_policy": "mean", "structure_hash": "1"}
    history.add("course-AAA", "course.version_published", version=2, units=UNITS, **version)
    history.add("run-AAA-1", "run.version_changed", day(11), course_id="AAA", old=1, new=2, change_no=1)
    history.add("progress-7:AAA-1", "progress.rebased", day(11), from_version=1, to_version=2)
    assert due(history) == [("tma1", day(28) + HOUR), ("tma2", day(63) + HOUR)]
    history.graded("7", "tma1", 5_000, day(54))
    assert so_far(history) == {5_000}
    history.graded("7", "tma1", 5_000, day(64), no=2)
    assert so_far(history) == {2_000}


def test_where_to_go_on() -> None:
    """To what is due first of what is open, to what comes before it, and to what waits for a grade at last."""
    units = [{**unit} for unit in UNITS]
    by_id = {unit["unit_id"]: unit for unit in units}
    by_id["tma2"]["after"] = ["forum"]
    history = History().course(units=units).enrolled("7")

    def where() -> str:
        unit = entry(history).next_unit
        return "" if unit is None else unit.unit_id

    assert where() == "tma1"
    extended(history, "tma1", day(90), day(2))
    assert where() == "forum"
    history.progress("7", "unit_completed", day(3), unit_id="forum", course_version=1, rule="learner", score_bp=None)
    assert where() == "tma2"
    history.submitted("7", "tma2", day(4))
    assert where() == "tma1"
    history.submitted("7", "tma1", day(5))
    assert where() == "tma2"


def test_a_unit_that_was_missed_is_passed_over_as_time_passes() -> None:
    """With what waits for it; what takes late work is not missed before that ends, and what was handed in never is."""
    units = [{**unit} for unit in UNITS]
    by_id = {unit["unit_id"]: unit for unit in units}
    by_id["tma1"]["late"] = {"rule": "none"}
    by_id["tma2"] |= {"late": {"rule": "until", "days": 2}}
    history = History().course(units=units).enrolled("7")

    def later() -> list[tuple[datetime, str | None]]:
        found = entry(history).next_later
        return (
            [] if found is UNSET else [(each.after, None if each.unit is None else each.unit.unit_id) for each in found]
        )

    assert later() == [(day(18), "tma2"), (day(55), "forum")]
    extended(history, "tma1", day(60), day(2))
    assert later() == [(day(55), "tma1"), (day(60), "forum")]
    history.submitted("7", "tma1", day(5))
    assert later() == [(day(55), "tma1")]
    by_id["tma2"]["after"] = ["tma1"]
    history = History().course(units=units).enrolled("7")
    assert later() == [(day(18), "forum")]
    assert entry(History().course().enrolled("7")).next_later is UNSET


def drawn(data: st.DataObject) -> tuple[Course, RunRef]:
    """An entry and its run, on which nothing is passed over as time passes; the deadlines are in order, as always."""
    units = [f"u{number}" for number in range(data.draw(st.integers(0, 6)))]
    some = st.lists(st.sampled_from(units), unique=True) if units else st.just([])
    scheme = Scheme(weights=dict.fromkeys(data.draw(some), 1), graded=data.draw(st.booleans()))
    after = {unit_id: data.draw(some) for unit_id in data.draw(some)} if data.draw(st.booleans()) else {}
    after = {unit_id: [each for each in before if each < unit_id] for unit_id, before in after.items()}
    run = RunRef("AAA-1", titles=dict.fromkeys(units, ""), unrecorded=data.draw(some), scheme=scheme, after=after)
    course = Course("AAA-1", "AAA", "", opened=data.draw(some), completed=data.draw(some))
    for unit_id in data.draw(some):
        due_at, done = day(data.draw(st.integers(1, 3))), data.draw(st.booleans())
        course.deadlines.append(Deadline(unit_id, "", due_at, done))
    course.deadlines.sort(key=lambda each: each.due_at)
    return course, run


@given(st.data())
def test_the_first_unit_is_that_of_all_in_order(data: st.DataObject) -> None:
    """Where nothing is passed over as time passes, the first is found without the others; it is the same one."""
    course, run = drawn(data)
    assert _first(course, run) == next(iter(_candidates(course, run)), None)


@given(st.data())
def test_what_comes_next_stays_so_when_another_unit_is_done(data: st.DataObject) -> None:
    """It is looked for again only where it may be another one, and is the same as if it always were."""
    course, run = drawn(data)
    set_next(course, run)
    for unit_id in data.draw(st.lists(st.sampled_from([*run.titles]), max_size=4)) if run.titles else ():
        for each in course.deadlines:
            each.done = each.done or each.unit_id == unit_id
        if data.draw(st.booleans()) and unit_id not in course.completed:
            course.completed.append(unit_id)
        set_next_without(unit_id, course, run)
        found = course.next_unit
        set_next(course, run)
        assert found == course.next_unit
