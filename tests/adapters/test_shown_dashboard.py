"""The learner dashboard as it is shown: never larger than a page may be, and ended where the run is over."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from adapters.shown_dashboard import LARGEST, ShownDashboard, shown, whole, with_changes
from domain.enrollment_errors import Status
from domain.score import Score
from projections.learner_dashboard.rows import Course, Dashboard, Deadline, Later, Moved, NextUnit, Recent, Renamed

NOW = datetime(2026, 2, 1, 9, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(days=90), NOW - timedelta(days=1)


def course(
    run_id: str, units: int, title: str = "Algebra", ends_at: datetime | None = LATER, status: str = "active"
) -> Course:
    """A course in which everything was done but the last unit."""
    names = [f"u{number}" for number in range(units)]
    return Course(
        run_id,
        "algebra",
        title,
        status,
        ends_at=ends_at,
        next_unit=NextUnit(names[-1], title),
        deadlines=[
            Deadline(name, title, NOW + timedelta(days=number), done=name != names[-1])
            for number, name in enumerate(names)
        ],
        opened=names,
        completed=names[:-1],
        scores=dict.fromkeys(names[:-1], 3_333),
        exact=dict.fromkeys(names[:-1], Score(1, 3)),
    )


def text(*courses: Course) -> bytes:
    """The stored document with these courses."""
    recent = [Recent(number, "attempt.graded", NOW, "r1", courses[0].title) for number in range(10)]
    return msgspec.json.encode(Dashboard("28400", 1713, list(courses), recent))


def test_a_document_that_fits_is_sent_as_it_is() -> None:
    """Byte by byte; also one of a generation that does not know when runs end."""
    for stored in (text(course("r1", 20)), text(course("r1", 20, ends_at=None))):
        assert shown(stored, NOW) is stored


def test_a_run_goes_on_for_who_has_more_time() -> None:
    """With what is left and has an extension; once that is done or ends, the run is over."""
    more = NOW + timedelta(days=5)
    late, done = course("r1", 3, ends_at=NOW), course("r2", 3, ends_at=NOW)
    for each in (late, done):
        each.extensions = {"u1": NOW + timedelta(days=3), "u2": more}
        each.deadlines[-1] = Deadline("u2", "Algebra", more, done=each is done)
    shown_now, shown_done = whole(shown(text(late, done), NOW)).courses
    assert (shown_now.status, shown_now.ended_at) == ("active", msgspec.UNSET)
    assert ([each.unit_id for each in shown_now.deadlines], shown_now.next_unit) == (["u2"], NextUnit("u2", "Algebra"))
    assert (shown_done.status, shown_done.deadlines, shown_done.ended_at) == ("ended", [], NOW)
    (shown_later,) = whole(shown(text(late), more + timedelta(seconds=1))).courses
    assert (shown_later.status, shown_later.deadlines) == ("ended", [])


@pytest.mark.parametrize("hours", [-23, 0, 14])
def test_an_end_is_a_moment_in_whatever_zone_it_is_written(hours: int) -> None:
    """From that moment on the run is over, and not a microsecond before."""
    stored = text(course("r1", 3, ends_at=NOW.astimezone(timezone(timedelta(hours=hours)))))
    assert shown(stored, NOW - timedelta(microseconds=1)) is stored
    assert whole(shown(stored, NOW)).courses[0].status == "ended"


def test_a_document_whose_runs_end_later_is_not_decoded() -> None:
    """Almost all are such, and to decode one takes longer than the rest of an answer; nor do other words matter."""
    for stored in (b'no JSON, "ends_at":"2026-05-02T09:00:00Z"', b'no JSON, "ends_at":1 and ends_at 2026-01-01'):
        assert shown(stored, NOW) is stored


def test_a_course_of_5000_units_is_shown_with_what_is_next() -> None:
    """The open deadline is there, the latest units are, and the rest is counted."""
    stored = text(course("r1", 5_000, "\N{OPEN BOOK}" * 200))
    body = shown(stored, NOW)
    assert len(body) <= LARGEST < len(stored)
    (found,) = whole(body).courses
    assert found.deadlines[-1].unit_id == found.opened[-1] == "u4999"
    assert found.scores.keys() == found.exact.keys() == set(found.completed)
    assert found.left_out == {
        "deadlines": 5_000 - len(found.deadlines),
        "opened": 5_000 - len(found.opened),
        "completed": 4_999 - len(found.completed),
        "scores": 4_999 - len(found.scores),
    }


@pytest.mark.parametrize("title", ["x" * 200, "\x01" * 200])
def test_of_200_runs_those_that_go_on_are_shown(title: str) -> None:
    """As many as fit, in their order, before any that have ended or were left; the others are counted."""
    courses = [
        course(f"r{number}", 30, title, BEFORE if number % 3 else LATER, "withdrawn" if number % 2 else "active")
        for number in range(200)
    ]
    body = shown(text(*courses), NOW)
    assert len(body) <= LARGEST
    found = whole(body)
    assert found.left_out == {"courses": 200 - len(found.courses)}
    numbers = [int(each.run_id[1:]) for each in found.courses]
    assert numbers == sorted(numbers)
    going_on = [number for number in range(200) if not number % 3 and not number % 2]
    assert set(numbers) >= set(going_on[-5:])
    assert msgspec.json.decode(body, type=ShownDashboard) == found


@pytest.mark.parametrize(
    ("status", "as_shown"),
    [*((status, "ended") for status in ("requested", "waitlisted", "offered", "active")),
     *((status, status) for status in ("withdrawn", "expired", "completed", "suspended", "none"))],
)  # fmt: skip
def test_a_run_that_is_over_has_nothing_to_do(status: Status, as_shown: str) -> None:
    """Who was on it and neither completed it nor left is ended, from its end on; nothing is due, nothing is next."""
    stored = course("r1", 3, ends_at=NOW, status=status)
    stored.offered_until, stored.waits_for = LATER, "full"
    over, other = whole(shown(text(stored, course("r2", 3)), NOW)).courses
    assert (over.status, over.next_unit, over.deadlines) == (as_shown, None, [])
    assert (over.offered_until, over.waits_for) == (msgspec.UNSET, msgspec.UNSET)
    assert (over.scores, over.completed) == (stored.scores, stored.completed)
    assert (other.status, len(other.deadlines)) == ("active", 3)


def test_deadlines_that_have_moved_are_put_in() -> None:
    """Of those that a document has, what is done stays done; a document that has them all is sent as it is."""
    stored = text(course("r1", 3), course("r2", 1))
    assert with_changes(stored, {"dashboard_moves": {"r3": [Moved("r3", "q", "u0", "Algebra", BEFORE)]}}) is stored
    late = [Moved("r1", "q1", "u0", "Algebra", LATER), Moved("r1", "q2", "u0", "Algebra", NOW)]
    moved = with_changes(stored, {"dashboard_moves": {"r1": [*late, Moved("r1", "q3", "u2", "Algebra", BEFORE)]}})
    assert whole(moved).courses[0].deadlines == [
        Deadline("u2", "Algebra", BEFORE),
        Deadline("u1", "Algebra", NOW + timedelta(days=1), done=True),
        Deadline("u0", "Algebra", LATER, done=True),
    ]
    assert whole(moved).courses[1] == whole(stored).courses[1]
    assert with_changes(moved, {"dashboard_moves": {"r1": late}}) is moved


def test_the_titles_of_courses_that_were_renamed_are_put_in() -> None:
    """Also in recent activity about no unit; deadlines and units keep theirs."""
    stored = course("r1", 3)
    stored.next_later, other = [Later(LATER, None)], course("r2", 1)
    other.course_id = "logic"
    recent = [
        Recent(9, "enrollment.completed", NOW, "r1", "Algebra"),
        Recent(8, "progress.unit_opened", NOW, "r1", "Algebra", "u0"),
    ]
    document = msgspec.json.encode(Dashboard("ann", 9, [stored, other], recent))
    assert with_changes(document, {"dashboard_renames": {"sets": [Renamed("sets", "Sets")]}}) is document
    rows = [Renamed("algebra", "Linear algebra")]
    found = whole(with_changes(document, {"dashboard_renames": {"algebra": rows}}))
    assert [each.title for each in found.courses] == ["Linear algebra", "Algebra"]
    assert [each.title for each in found.recent] == ["Linear algebra", "Algebra"]
    assert found.courses[0].next_later == whole(document).courses[0].next_later
    assert found.courses[0].deadlines == whole(document).courses[0].deadlines
    again = msgspec.json.encode(found)
    assert with_changes(again, {"dashboard_renames": {"algebra": rows}}) is again


def test_where_to_go_on_is_picked_by_the_clock() -> None:
    """The last moment is in time; what has passed is left out, and a document of which nothing has is sent as it is."""
    stored = course("r1", 3)
    stored.next_later = [Later(NOW, NextUnit("u0", "A")), Later(NOW + timedelta(days=1), None)]
    assert shown(text(stored), NOW) == text(stored)
    (found,) = whole(shown(text(stored), NOW + timedelta(seconds=1))).courses
    assert (found.next_unit, found.next_later) == (NextUnit("u0", "A"), stored.next_later[1:])
    (found,) = whole(shown(text(stored), NOW + timedelta(days=2))).courses
    assert (found.next_unit, found.next_later) == (None, msgspec.UNSET)
