"""Use cases of quizzes: published, handed in, graded."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.enrollment.extensions import GrantExtensions
from commands.quiz import GradeAttempt, OverrideGrade, PublishQuiz, SubmitAttempt
from domain.quiz import QuizAttempt
from domain.score import Score
from tests.support.given import Said, fact
from tests.support.usecases import ITEMS, QUIZZES, RUN, START, Campus

ASKED = RequestEnrollment("ann", RUN)
RIGHT = SubmitAttempt("ann", "equations", 1, (1, 0))
HALF = SubmitAttempt("ann", "equations", 1, (1, -1))
PAPER = SubmitAttempt("ann", "groups")
STREAM = "attempt-ann:equations:1"


def submitted(responses: list[int], unit_id: str = "q1", late_by: int = 0) -> Said:
    return fact(
        QuizAttempt.Submitted,
        run_id=RUN,
        unit_id=unit_id,
        by="learner",
        late_by=late_by,
        responses=responses,
        banked=False,
        quiz_version=1,
        started_at=None,
        days_late=-(-late_by // 86_400),
    )


def graded(score_bp: int, policy: str, unit_id: str = "q1", *, passed: bool = True, score: Score | None = None) -> Said:
    points, possible = score or Score(score_bp)
    return fact(
        QuizAttempt.Graded,
        run_id=RUN,
        unit_id=unit_id,
        score_bp=score_bp,
        passed=passed,
        policy=policy,
        points=points,
        possible=possible,
        given_points=points,
        given_possible=possible,
        unit_points=None,
        unit_possible=None,
        counted=None,
    )


HALF_RIGHT = graded(5_000, "exact_match", score=Score(1, 2))
ALL_RIGHT = graded(10_000, "exact_match", score=Score(2, 2))


async def test_a_quiz_is_due_when_its_unit_is(campus: Campus) -> None:
    """Where no deadline is given, that of the unit counts from the start of the run; or there is none."""
    due = [(await campus.log.stream(f"quiz-{quiz}"))[0].data["due_at"] for quiz in ("equations", "groups")]
    assert due == ["2026-02-15T00:00:00Z", None]


async def test_a_quiz_can_have_its_own_deadline(campus: Campus) -> None:
    """A deadline that is given counts."""
    (published,) = await campus.facts(PublishQuiz("early", RUN, "q1", "Early", due_at=START))
    assert published.data["due_at"] == "2026-02-01T00:00:00Z"


async def test_an_attempt_is_handed_in_and_graded_by_the_key(campus: Campus) -> None:
    """The key grades what was answered."""
    await campus.give(ASKED)
    assert await campus.new(HALF) == [(STREAM, submitted([1, -1]))]
    assert await campus.new(GradeAttempt("ann", "equations")) == [
        (STREAM, graded(5_000, "exact_match", score=Score(1, 2)))
    ]


async def test_a_person_grades_what_has_no_key(campus: Campus) -> None:
    """An exam on paper has the score that a person gives it, and passes from the quiz's own mark on."""
    await campus.give(ASKED)
    assert await campus.new(PAPER) == [("attempt-ann:groups:1", submitted([], "q2"))]
    assert await campus.refused(GradeAttempt("ann", "groups")) == "not_gradable"
    assert await campus.new(GradeAttempt("ann", "groups", score_bp=3_999)) == [
        ("attempt-ann:groups:1", graded(3_999, "person", "q2", passed=False))
    ]


async def test_a_late_attempt_says_so(campus: Campus) -> None:
    """Lateness is measured by when the learner handed in."""
    await campus.give(ASKED)
    late = START + timedelta(days=14, hours=1)
    assert await campus.new(RIGHT, at=late) == [(STREAM, submitted([1, 0], late_by=3_600))]


async def test_an_extension_is_the_deadline_of_its_learner(campus: Campus) -> None:
    """An attempt within it is in time; after it, lateness counts from it."""
    due = START + timedelta(days=14)
    more = GrantExtensions(RUN, "q1", ["ann"], due + timedelta(days=2), "was ill")
    await campus.give(ASKED, more)
    assert await campus.new(RIGHT, at=due + timedelta(days=2, hours=1)) == [(STREAM, submitted([1, 0], late_by=3_600))]


async def test_every_step_can_be_repeated(campus: Campus) -> None:
    """Publishing, handing in and grading twice changes nothing."""
    await campus.give(ASKED)
    for command in (*QUIZZES, RIGHT, GradeAttempt("ann", "equations"), PAPER):
        assert await campus.repeats(command)
    assert await campus.repeats(GradeAttempt("ann", "groups", score_bp=7_000))


async def test_attempts_are_counted(campus: Campus) -> None:
    """There are as many as the quiz allows, and none before the first."""
    await campus.give(ASKED, RIGHT, replace(RIGHT, attempt_no=2))
    assert await campus.refused(replace(RIGHT, attempt_no=3)) == "no_attempts_left"
    assert await campus.refused(replace(RIGHT, attempt_no=0)) == "bad_attempt"
    assert await campus.refused(HALF) == "already_submitted"


async def test_history_may_have_had_more_attempts(campus: Campus) -> None:
    """In history mode an attempt too many is irregular."""
    await campus.give(ASKED)
    (attempt,) = await campus.facts(replace(RIGHT, attempt_no=3), importing=True)
    assert attempt.data["irregular"] == "no_attempts_left"


@pytest.mark.parametrize("command", [RIGHT, PAPER])
async def test_it_takes_a_place_to_hand_in(campus: Campus, command: Any) -> None:
    """The enrollment on the quiz's run is looked at."""
    assert await campus.refused(command) == "not_enrolled"
    await campus.give(ASKED, WithdrawEnrollment("ann", RUN))
    assert await campus.refused(command) == "no_access"


async def test_what_was_handed_in_is_graded_after_the_learner_has_left(campus: Campus) -> None:
    """Grading is not the learner's doing."""
    await campus.give(ASKED, RIGHT, WithdrawEnrollment("ann", RUN))
    assert await campus.new(GradeAttempt("ann", "equations")) == [
        (STREAM, graded(10_000, "exact_match", score=Score(2, 2)))
    ]


async def test_what_quizzes_refuse(campus: Campus) -> None:
    """Units and quizzes that are not there, contents that contradict each other, grades without an attempt."""
    await campus.give(ASKED)
    assert await campus.refused(PublishQuiz("new", RUN, "q9", "New")) == "unknown_unit"
    assert await campus.refused(PublishQuiz("new", RUN, "intro", "New")) == "unscored_unit"
    assert await campus.refused(PublishQuiz("new", "nowhere", "q1", "New")) == "run_not_found"
    assert await campus.refused(PublishQuiz("new", RUN, "q1", "New", items=ITEMS)) == "bad_quiz"
    assert await campus.refused(PublishQuiz("groups", RUN, "q2", "Groups")) == "quiz_exists"
    assert await campus.refused(SubmitAttempt("ann", "new")) == "quiz_not_found"
    assert await campus.refused(replace(RIGHT, responses=(1,))) == "answer_count_mismatch"
    assert await campus.refused(GradeAttempt("ann", "new")) == "quiz_not_found"
    assert await campus.refused(GradeAttempt("ann", "equations")) == "not_submitted"
    assert await campus.refused(GradeAttempt("ann", "groups", score_bp=1)) == "not_submitted"
    await campus.give(RIGHT)
    assert await campus.refused(GradeAttempt("ann", "equations", score_bp=10_001)) == "bad_score"
    await campus.give(GradeAttempt("ann", "equations"))
    assert await campus.refused(GradeAttempt("ann", "equations", score_bp=1)) == "already_graded"


async def test_a_grade_is_overridden_with_a_reason(campus: Campus) -> None:
    """The fact has both scores and the best that is left; once more changes nothing; history keeps the first grade."""
    await campus.give(ASKED, HALF, GradeAttempt("ann", "equations"))
    override = OverrideGrade("ann", "equations", 1, 2_000, "copied")
    score = {"score_bp": 2_000, "points": 2_000, "possible": 10_000, "passed": False}
    said = {"run_id": RUN, "unit_id": "q1", "old_bp": 5_000, "old_points": 1, "old_possible": 2, "reason": "copied"}
    alone = fact(QuizAttempt.GradeOverridden, **said, **score, unit_points=2_000, unit_possible=10_000, counted=None)
    assert await campus.new(override) == [(STREAM, alone)]
    assert await campus.repeats(override)
    await campus.give(replace(HALF, attempt_no=2), GradeAttempt("ann", "equations", 2))
    (changed,) = await campus.facts(replace(override, score_bp=1_000))
    assert (changed.data["old_bp"], changed.data["unit_points"], changed.data["unit_possible"]) == (2_000, 1, 2)
    (raised,) = await campus.facts(replace(override, score_bp=9_000, reason="appeal"))
    assert (raised.data["passed"], raised.data["unit_points"]) == (True, 9_000)


async def test_what_cannot_be_overridden(campus: Campus) -> None:
    """No attempt, no grade, no reason, no score."""
    override = OverrideGrade("ann", "equations", 1, 2_000, "copied")
    await campus.give(ASKED)
    assert await campus.refused(override) == "not_submitted"
    await campus.give(HALF)
    assert await campus.refused(override) == "not_graded"
    await campus.give(GradeAttempt("ann", "equations"))
    assert await campus.refused(replace(override, reason=" ")) == "reason_needed"
    assert await campus.refused(replace(override, score_bp=10_001)) == "bad_score"
    assert await campus.refused(replace(override, quiz_id="none")) == "quiz_not_found"
