"""The course dashboard: rows per learner, day and week."""

from projections.course_dashboard import (
    DAYS,
    ENROLLMENTS,
    WEEKS,
    CourseDashboard,
    CourseDay,
    CourseEnrollment,
    CourseWeek,
)
from tests.support.facts import History, day, fold, rows_of


def test_an_enrollment_moves_from_status_to_status_on_its_days() -> None:
    """A day says by how many each status grew or shrank; a repeated status counts once."""
    history = History().course().enrolled("7").enrolled("8", at=day(1))
    history.add("enrollment-7:AAA-1", "enrollment.withdrawn", day(1), reason="moved")
    history.add("enrollment-7:AAA-1", "enrollment.withdrawn", day(2), reason="moved", irregular="twice")
    stored = fold(CourseDashboard, history)
    assert rows_of(stored, DAYS, CourseDay) == [
        CourseDay("AAA-1", "2013-10-01", active=1),
        CourseDay("AAA-1", "2013-10-02", active=0, withdrawn=1),
    ]
    assert rows_of(stored, ENROLLMENTS, CourseEnrollment) == [
        CourseEnrollment("AAA-1", "7", status="withdrawn", activated=True),
        CourseEnrollment("AAA-1", "8", status="active", activated=True),
    ]


def test_an_offered_seat_is_a_status_of_its_own() -> None:
    """Rows say `offered` and `expired`; days count them with those who wait and those who are gone."""
    history = History().course()
    for learner in ("7", "8"):
        stream = f"enrollment-{learner}:AAA-1"
        history.add(stream, "enrollment.waitlisted")
        history.add(stream, "enrollment.seat_offered", day(1), until="2013-10-03T00:00:00Z")
    history.add("enrollment-8:AAA-1", "enrollment.seat_offer_expired", day(2), until="2013-10-03T00:00:00Z")
    stored = fold(CourseDashboard, history)
    assert rows_of(stored, ENROLLMENTS, CourseEnrollment) == [
        CourseEnrollment("AAA-1", "7", status="offered"),
        CourseEnrollment("AAA-1", "8", status="expired"),
    ]
    assert rows_of(stored, DAYS, CourseDay) == [
        CourseDay("AAA-1", "2013-10-01", waitlisted=2),
        CourseDay("AAA-1", "2013-10-02"),
        CourseDay("AAA-1", "2013-10-03", waitlisted=-1, withdrawn=1),
    ]


def test_access_that_is_suspended_is_a_status_of_its_own() -> None:
    """Days count it with those who are gone; resumed, it is again what it was."""
    history = History().course().enrolled("7").enrolled("8")
    history.add("enrollment-8:AAA-1", "enrollment.completed", day(1))
    for learner, status in (("7", "active"), ("8", "completed")):
        history.add(f"enrollment-{learner}:AAA-1", "enrollment.suspended", day(2), reason="refunded")
        if learner == "8":
            history.add(f"enrollment-{learner}:AAA-1", "enrollment.resumed", day(3), status=status, reason="bought")
    stored = fold(CourseDashboard, history)
    assert rows_of(stored, ENROLLMENTS, CourseEnrollment) == [
        CourseEnrollment("AAA-1", "7", status="suspended", activated=True),
        CourseEnrollment("AAA-1", "8", status="completed", activated=True),
    ]
    assert rows_of(stored, DAYS, CourseDay) == [
        CourseDay("AAA-1", "2013-10-01", active=2),
        CourseDay("AAA-1", "2013-10-02", active=-1, completed=1),
        CourseDay("AAA-1", "2013-10-03", active=-1, completed=-1, withdrawn=2),
        CourseDay("AAA-1", "2013-10-04", completed=1, withdrawn=-1),
    ]


def test_a_seat_that_is_given_at_once_is_not_offered() -> None:
    """Facts from before there were offers make the rows that they always made."""
    history = History().course()
    history.add("enrollment-7:AAA-1", "enrollment.waitlisted")
    history.add("enrollment-7:AAA-1", "enrollment.seat_offered", until=None)
    assert rows_of(fold(CourseDashboard, history), ENROLLMENTS, CourseEnrollment) == [
        CourseEnrollment("AAA-1", "7", status="requested")
    ]


def test_a_week_counts_each_learner_once() -> None:
    """Weeks begin on Mondays; a learner who comes back later in the week is the same one, and each day has its rows."""
    history = History().course().enrolled("7").enrolled("8")
    history.clicked("7", 1, day(0)).clicked("8", 2, day(1)).clicked("7", 3, day(5)).clicked("7", 4, day(6))
    history.clicked("7", 5, day(2))  # out of order, in a week that was counted
    assert rows_of(fold(CourseDashboard, history), WEEKS, CourseWeek) == [
        CourseWeek("AAA-1", "2013-09-30", rows=4, amount=11, learners=2, tuesday=1, wednesday=1, thursday=1, sunday=1),
        CourseWeek("AAA-1", "2013-10-07", rows=1, amount=4, learners=1, monday=1),
    ]


def test_percent_grade_and_outcome_stand_in_the_learners_row() -> None:
    """Units without weight count for nothing in percent and grade, and are completed like others."""
    history = History().course().enrolled("7").submitted("7", "tma1").graded("7", "tma1", 5_000)
    for unit_id, score in (("tma1", 5_000), ("forum", None)):
        history.progress("7", "unit_completed", unit_id=unit_id, course_version=1, rule="pass", score_bp=score)
    history.progress("7", "course_outcome_decided", outcome="fail", grade_bp=2_000, policy="p", through_position=9)
    assert rows_of(fold(CourseDashboard, history), ENROLLMENTS, CourseEnrollment) == [
        CourseEnrollment(
            "AAA-1",
            "7",
            status="active",
            activated=True,
            submitted=True,
            percent=4_000,
            grade_bp=2_000,
            grade_so_far_bp=5_000,
            outcome="fail",
            completed=["tma1", "forum"],
            excused=["forum"],
            scores={"tma1": 5_000},
        )
    ]


def test_a_unit_is_due_when_its_quiz_is() -> None:
    """The grade so far counts what was due by the quiz, as the learner's dashboard does."""
    history = History().course().quiz("q1", "tma1", day(30)).quiz("q2", "tma2", day(60)).enrolled("7")
    history.submitted("7", "tma1", day(20)).graded("7", "tma1", 5_000, day(55))
    (row,) = rows_of(fold(CourseDashboard, history), ENROLLMENTS, CourseEnrollment)
    assert (row.grade_bp, row.grade_so_far_bp) == (2_000, 5_000)
    history.quiz("q3", "none", day(1)).graded("7", "tma1", 6_000, day(61), no=2)
    (row,) = rows_of(fold(CourseDashboard, history), ENROLLMENTS, CourseEnrollment)
    assert row.grade_so_far_bp == 2_400
