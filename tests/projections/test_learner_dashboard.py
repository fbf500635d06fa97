"""The learner dashboard: one document that says all."""

from datetime import UTC, datetime

import msgspec
from msgspec import UNSET

from projections.learner_dashboard import LearnerDashboard
from projections.learner_dashboard.rows import (
    LEARNERS,
    RENAMES,
    Activity,
    Course,
    Dashboard,
    Deadline,
    NextUnit,
    Recent,
    Renamed,
)
from tests.support.facts import START, History, day, fold, rows_of


def dashboard(history: History) -> Dashboard:
    """The only document."""
    (document,) = rows_of(fold(LearnerDashboard, history), LEARNERS, Dashboard)
    return document


def test_a_request_alone_shows_the_course_with_its_deadlines() -> None:
    """What is due, and where to begin, is known before anything is done."""
    history = History().course()
    history.add("enrollment-7:AAA-1", "enrollment.requested", day(1), learner_id="7", run_id="AAA-1", mode="free")
    assert dashboard(history) == Dashboard(
        learner_id="7",
        position=4,
        courses=[
            Course(
                run_id="AAA-1",
                course_id="AAA",
                title="Algebra",
                status="requested",
                enrolled_at=day(1),
                ends_at=datetime(2014, 6, 1, tzinfo=UTC),
                next_unit=NextUnit("tma1", "Essay 1"),
                deadlines=[Deadline("tma1", "Essay 1", day(18)), Deadline("tma2", "Essay 2", day(53))],
            )
        ],
        recent=[Recent(4, "enrollment.requested", day(1), "AAA-1", "Algebra")],
    )


def test_a_unit_is_due_when_its_quiz_is() -> None:
    """Also where the quiz is published after the learner has come; of two quizzes in a unit, the later one counts."""
    history = History().course().quiz("q1", "tma1", day(30)).enrolled("7")
    assert [(each.unit_id, each.due_at) for each in dashboard(history).courses[0].deadlines] == [
        ("tma1", day(30)),
        ("tma2", day(53)),
    ]
    history.submitted("7", "tma1", day(20)).graded("7", "tma1", 5_000, day(55))
    assert dashboard(history).courses[0].grade_so_far_bp == 2_000  # tma2 was due
    history.quiz("q2", "tma2", day(60)).quiz("q3", "tma2", day(58)).quiz("q4", "forum", day(5)).quiz("q5", "tma1", None)
    history.graded("7", "tma1", 6_000, day(59), no=2)
    course = dashboard(history).courses[0]
    assert [(each.unit_id, each.due_at, each.done) for each in course.deadlines] == [
        ("forum", day(5), False),
        ("tma1", day(30), True),
        ("tma2", day(60), False),
    ]
    assert course.grade_so_far_bp == 6_000
    history.graded("7", "tma1", 7_000, day(61), no=3)
    assert dashboard(history).courses[0].grade_so_far_bp == 2_800


def test_a_course_that_is_renamed_changes_no_document() -> None:
    """A row stands beside them, with which they are read; runs that come have the new title."""
    history = History().course().enrolled("7")
    before = dashboard(history)
    history.add("course-AAA", "course.renamed", old="Algebra", new="Rings")
    history.add("course-AAA", "course.renamed", old="Rings", new="Fields")
    assert dashboard(history) == before
    assert rows_of(fold(LearnerDashboard, history), RENAMES, Renamed) == [Renamed("AAA", "Fields")]
    history.add("run-AAA-2", "run.scheduled", START, **history.facts[2].data)
    assert [each.title for each in dashboard(history.enrolled("7", "AAA-2")).courses] == ["Algebra", "Fields"]


def test_a_whole_course_ends_in_percent_grade_and_outcome() -> None:
    """Percent counts completed weight, the grade counts scores, and the next unit is the first one open."""
    history = History().course().enrolled("7")
    history.progress("7", "unit_opened", unit_id="forum")
    history.clicked("7", 3, day(2)).clicked("7", 4, day(3))
    history.submitted("7", "tma1", day(17)).graded("7", "tma1", 5_000, day(20))
    history.progress("7", "unit_completed", day(20), unit_id="tma1", course_version=1, rule="pass", score_bp=5_000)
    course = dashboard(history).courses[0]
    assert (course.percent, course.grade_bp, course.next_unit) == (4_000, 2_000, NextUnit("tma2", "Essay 2"))
    assert course.activity == Activity(rows=2, amount=7)
    assert [deadline.done for deadline in course.deadlines] == [True, False]
    history.progress("7", "unit_completed", day(60), unit_id="tma2", course_version=1, rule="pass", score_bp=10_000)
    history.progress(
        "7", "course_outcome_decided", day(61), outcome="pass", grade_bp=8_000, policy="p", through_position=12
    )
    history.add("enrollment-7:AAA-1", "enrollment.completed", day(61))
    course = dashboard(history).courses[0]
    assert (course.percent, course.grade_bp, course.next_unit) == (10_000, 8_000, None)
    assert (course.status, course.outcome) == ("completed", "pass")
    assert course.enrolled_at == START


def test_a_grade_by_categories_shows_its_parts() -> None:
    """What counts, is dropped and is added, with the letters; a course without categories shows none."""
    history = History().course_by_categories().enrolled("7")
    history.graded("7", "tma1", 5_000, day(20)).graded("7", "tma2", 7_500, day(21)).graded("7", "forum", 9_000, day(22))
    course = dashboard(history).courses[0]
    assert (course.grade_bp, course.letter, course.letter_so_far, course.percent) == (9_000, "A", "A", 0)
    assert course.categories is not UNSET
    (essays,) = course.categories
    assert (essays.title, essays.drop_lowest, essays.grade_bp) == ("Essays", 1, 9_000)
    assert {unit.unit_id: (unit.counts, unit.earned_bp) for unit in essays.units} == {
        "tma1": ("dropped", 0),
        "tma2": ("counted", 7_500),
        "forum": ("extra", 1_500),
    }
    plain = dashboard(History().course().enrolled("7").graded("7", "tma1", 5_000, day(20))).courses[0]
    assert plain.letter is plain.letter_so_far is plain.categories is UNSET


def test_an_offered_seat_shows_until_when() -> None:
    """The document says `offered` and until when, only as long as that is so; others keep their bytes."""
    history = History().course()
    stream = "enrollment-7:AAA-1"
    history.add(stream, "enrollment.waitlisted")
    history.add(stream, "enrollment.seat_offered", day(1), until="2013-10-04T00:00:00Z")
    course = dashboard(history).courses[0]
    assert (course.status, course.offered_until) == ("offered", day(3))
    assert b'"offered_until":"2013-10-04T00:00:00Z"' in msgspec.json.encode(course)
    history.add(stream, "enrollment.seat_offer_expired", day(3), until="2013-10-04T00:00:00Z")
    course = dashboard(history).courses[0]
    assert course.status == "expired"
    assert b"offered_until" not in msgspec.json.encode(course)


def test_access_may_be_suspended_and_is_then_what_it_was() -> None:
    """A completed course is completed again when it is bought again."""
    stream = "enrollment-7:AAA-1"
    history = History().course().enrolled("7").add(stream, "enrollment.completed")
    history.add(stream, "enrollment.suspended", reason="refunded")
    assert dashboard(history).courses[0].status == "suspended"
    history.add(stream, "enrollment.resumed", status="completed", reason="bought again")
    assert dashboard(history).courses[0].status == "completed"


def test_a_lower_score_later_changes_nothing() -> None:
    """The best attempt counts."""
    history = History().course().enrolled("7")
    history.submitted("7", "tma1").graded("7", "tma1", 9_000)
    history.submitted("7", "tma1", no=2).graded("7", "tma1", 1_000, no=2)
    assert dashboard(history).courses[0].scores == {"tma1": 9_000}


def test_recent_activity_is_newest_first_and_bounded() -> None:
    """Ten entries, however long the history."""
    history = History().course().enrolled("7")
    for number in range(20):
        history.clicked("7", number + 1)
    recent = dashboard(history).recent
    assert [entry.amount for entry in recent] == list(range(20, 10, -1))
    assert recent[0] == Recent(25, "progress.activity_recorded", START, "AAA-1", "Forum", "forum", 20)


def test_clicks_before_any_registration_make_an_entry() -> None:
    """The records of the past disagree with each other; nothing is lost."""
    course = dashboard(History().course().clicked("7", 5)).courses[0]
    assert (course.status, course.activity.amount, course.enrolled_at) == ("none", 5, None)


def test_after_the_weighted_units_the_next_is_the_first_never_opened() -> None:
    """There is always something to go on with, until everything was seen."""
    history = History().course().enrolled("7")
    for unit_id in ("tma1", "tma2"):
        history.progress("7", "unit_completed", unit_id=unit_id, course_version=1, rule="pass", score_bp=None)
    assert dashboard(history).courses[0].next_unit == NextUnit("forum", "Forum")
    history.progress("7", "unit_opened", unit_id="forum")
    assert dashboard(history).courses[0].next_unit is None


def test_one_history_alone_gives_the_same_bytes() -> None:
    """A learner's dashboard is made of the learner's own facts and the catalog's, and of no others."""
    history = History().course().enrolled("7").enrolled("8").clicked("8", 1).clicked("7", 2, day(1))
    history.submitted("7", "tma1", day(2)).graded("7", "tma1", 5_000).graded("8", "tma1", 1)
    stored = fold(LearnerDashboard, history)
    kept = next(row for key, row in stored.items() if key.table is LEARNERS and key.key == ("7",))
    history.facts = [fact for fact in history.facts if fact.category in ("course", "run") or fact.key == "7"]
    (alone,) = rows_of(fold(LearnerDashboard, history), LEARNERS, Dashboard)
    assert msgspec.json.encode(alone) == msgspec.json.encode(kept)


def test_documents_survive_their_encoding() -> None:
    """A document that was stored and loaded folds on as if it had stayed in memory."""
    document = dashboard(History().course().enrolled("7").clicked("7", 1))
    assert msgspec.json.decode(msgspec.json.encode(document), type=Dashboard) == document


def test_who_waits_is_told_why() -> None:
    """The entry says what for, as long as the learner waits."""
    history = History().course().add("enrollment-7:AAA-1", "enrollment.waitlisted")
    (document,) = rows_of(fold(LearnerDashboard, history), LEARNERS, Dashboard)
    assert (document.courses[0].status, document.courses[0].waits_for) == ("waitlisted", "full")
    history.add("enrollment-7:AAA-1", "enrollment.wait_changed", old="full", new="run_closed")
    (document,) = rows_of(fold(LearnerDashboard, history), LEARNERS, Dashboard)
    assert document.courses[0].waits_for == "run_closed"
    history.add("enrollment-7:AAA-1", "enrollment.seat_offered", until="2013-10-03T00:00:00Z")
    (document,) = rows_of(fold(LearnerDashboard, history), LEARNERS, Dashboard)
    assert document.courses[0].waits_for is UNSET
