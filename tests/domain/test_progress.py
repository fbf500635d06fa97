"""The rules of progress: what is opened, done and completed, and how it ends."""

from typing import Any

import pytest

from domain.progress import (
    BadAmount,
    CourseProgress,
    NeedsAttempt,
    OutcomeDecided,
    UnknownOutcome,
    grade,
    percent,
    progress_stream,
)
from domain.score import FULL, BadScore
from tests.support.given import Said, fact, given, replay

OPENED = fact(CourseProgress.UnitOpened, unit_id="u1")


def completed(unit_id: str, score_bp: int | None = None, rule: str = "quiz_passed") -> Said:
    return fact(CourseProgress.UnitCompleted, unit_id=unit_id, course_version=1, rule=rule, score_bp=score_bp)


def decided(outcome: str, **more: Any) -> Said:
    return fact(
        CourseProgress.CourseOutcomeDecided,
        outcome=outcome,
        grade_bp=7_000,
        policy="weighted_mean",
        through_position=12,
        **more,
    )


def test_a_unit_is_opened() -> None:
    """The first look at a unit is a fact."""
    given(CourseProgress).when(lambda progress: progress.open_unit("u1")).then(OPENED)


def test_a_unit_is_opened_once() -> None:
    """Later looks change nothing."""
    given(CourseProgress, OPENED).when(lambda progress: progress.open_unit("u1")).then()


def test_every_unit_is_opened_by_itself() -> None:
    """Having opened one unit says nothing about another."""
    given(CourseProgress, OPENED).when(lambda progress: progress.open_unit("u2")).then(
        fact(CourseProgress.UnitOpened, unit_id="u2")
    )


@pytest.mark.parametrize("amount", [1, 1_000_000])
def test_activity_is_recorded(amount: int) -> None:
    """What a learner did is recorded with its kind and amount, each time."""
    said = fact(CourseProgress.ActivityRecorded, unit_id="u1", kind="click", amount=amount)
    given(CourseProgress, said).when(lambda progress: progress.record_activity("u1", "click", amount)).then(said)


@pytest.mark.parametrize("amount", [0, -1, 1_000_001])
def test_an_amount_is_a_sensible_number(amount: int) -> None:
    """An amount of zero is no activity, and two million clicks are refused."""
    given(CourseProgress).when(lambda progress: progress.record_activity("u1", "click", amount)).refused(
        BadAmount, amount=amount
    )


@pytest.mark.parametrize("score_bp", [None, 0, FULL])
def test_a_unit_is_completed(score_bp: int | None) -> None:
    """A unit is completed by a rule, by the structure of one version, with a score where it has one."""
    given(CourseProgress).when(lambda progress: progress.complete_unit("u1", 1, "quiz_passed", score_bp)).then(
        completed("u1", score_bp)
    )


def test_completing_again_changes_nothing() -> None:
    """What is done is done, by whichever rule."""
    given(CourseProgress, completed("u1")).when(lambda progress: progress.complete_unit("u1", 1, "learner")).then()


def test_a_better_score_counts() -> None:
    """A later attempt that scored more is a fact of its own."""
    given(CourseProgress, completed("u1", 5_000)).when(
        lambda progress: progress.complete_unit("u1", 1, "quiz_passed", 5_001)
    ).then(completed("u1", 5_001))


@pytest.mark.parametrize("score_bp", [5_000, 4_999, None])
def test_a_score_that_is_not_better_changes_nothing(score_bp: int | None) -> None:
    """The best score stays."""
    given(CourseProgress, completed("u1", 5_000)).when(
        lambda progress: progress.complete_unit("u1", 1, "quiz_passed", score_bp)
    ).then()


def test_a_unit_that_was_completed_without_a_score_can_get_one() -> None:
    """A score, were it 0, is more than none."""
    given(CourseProgress, completed("u1")).when(
        lambda progress: progress.complete_unit("u1", 1, "quiz_passed", 0)
    ).then(completed("u1", 0))


@pytest.mark.parametrize("kind", ["page", "essay", "site", "video"])
def test_a_learner_completes_a_unit_by_hand(kind: str) -> None:
    """What carries no score is done when the learner says so."""
    given(CourseProgress).when(lambda progress: progress.complete_by_hand("u1", kind, 1)).then(
        completed("u1", rule="learner")
    )


@pytest.mark.parametrize("kind", ["quiz", "tma", "cma", "exam"])
def test_a_unit_with_a_score_is_not_completed_by_hand(kind: str) -> None:
    """Only an attempt that passes completes what carries a score."""
    given(CourseProgress).when(lambda progress: progress.complete_by_hand("u1", kind, 1)).refused(
        NeedsAttempt, unit_id="u1", kind=kind
    )


def test_history_may_have_completed_by_hand_what_carries_a_score() -> None:
    """An old record that says so is kept, and marked."""
    given(CourseProgress, importing=True).when(lambda progress: progress.complete_by_hand("u1", "exam", 1)).then(
        fact(
            CourseProgress.UnitCompleted,
            unit_id="u1",
            course_version=1,
            rule="learner",
            score_bp=None,
            irregular="needs_attempt",
        )
    )


@pytest.mark.parametrize("score_bp", [-1, FULL + 1])
def test_a_score_is_a_share_of_the_whole(score_bp: int) -> None:
    """A score is 0 to 10,000 basis points."""
    given(CourseProgress).when(lambda progress: progress.complete_unit("u1", 1, "quiz_passed", score_bp)).refused(
        BadScore, score_bp=score_bp
    )


def test_the_best_score_is_remembered() -> None:
    """History may tell of a worse score after a better one: the better one counts."""
    progress = replay(CourseProgress, progress_stream("ann", "r1"), [completed("u1", 9_000), completed("u1", 4_000)])
    assert progress.scores == {"u1": 9_000}


@pytest.mark.parametrize("outcome", ["distinction", "pass", "fail", "withdrawn"])
def test_an_outcome_is_decided(outcome: str) -> None:
    """How a course ended is a fact, with the grade, the policy, and the position up to which was looked."""
    given(CourseProgress).when(lambda progress: progress.decide_outcome(outcome, 7_000, "weighted_mean", 12)).then(
        decided(outcome)
    )


def test_deciding_the_same_again_changes_nothing() -> None:
    """The same outcome is the same decision, whatever the grade is by now."""
    given(CourseProgress, decided("pass")).when(
        lambda progress: progress.decide_outcome("pass", 9_000, "instructor", 99)
    ).then()


def test_an_outcome_is_decided_once() -> None:
    """Who has passed cannot fail afterwards."""
    given(CourseProgress, decided("pass")).when(
        lambda progress: progress.decide_outcome("fail", 7_000, "weighted_mean", 12)
    ).refused(OutcomeDecided, learner_id="ann", run_id="algebra-1", outcome="pass")


def test_history_may_have_decided_otherwise_twice() -> None:
    """A second outcome in old records is kept, and marked."""
    given(CourseProgress, decided("pass"), importing=True).when(
        lambda progress: progress.decide_outcome("fail", 7_000, "weighted_mean", 12)
    ).then(decided("fail", irregular="outcome_decided"))


@pytest.mark.parametrize("history", [False, True])
def test_an_outcome_has_one_of_four_names(*, history: bool) -> None:
    """There is no other outcome, in history neither."""
    given(CourseProgress, importing=history).when(
        lambda progress: progress.decide_outcome("maybe", None, "", 0)
    ).refused(UnknownOutcome, outcome="maybe")


def test_a_course_is_done_when_all_that_is_required_is_completed() -> None:
    """Other units do not matter."""
    progress = replay(CourseProgress, progress_stream("ann", "r1"), [completed("u1"), completed("extra")])
    assert progress.is_done(["u1"])
    assert not progress.is_done(["u1", "u2"])
    assert progress.is_done([])


@pytest.mark.parametrize(
    ("weights", "done", "expected"),
    [
        ({}, ["u1"], 0),
        ({"u1": 1, "u2": 2}, [], 0),
        ({"u1": 1, "u2": 2}, ["u1"], 3_333),
        ({"u1": 1, "u2": 2}, ["u1", "u2"], FULL),
        ({"u1": 4_000, "u2": 6_000}, ["u2", "unweighted"], 6_000),
        ({"u1": 0}, ["u1"], 0),
    ],
)
def test_percent_goes_by_weight(weights: dict[str, int], done: list[str], expected: int) -> None:
    """Each unit counts for its share of the whole weight, rounded down; what has no weight counts for nothing."""
    assert percent(weights, done) == expected


@pytest.mark.parametrize(
    ("weights", "scores", "expected"),
    [
        ({}, {"u1": FULL}, None),
        ({"u1": 1, "u2": 1}, {}, None),
        ({"u1": 1, "u2": 1}, {"other": FULL}, None),
        ({"u1": 1, "u2": 1}, {"u1": 9_001}, 4_500),
        ({"u1": 1, "u2": 3}, {"u1": 0, "u2": FULL}, 7_500),
        ({"u1": 1, "u2": 1}, {"u1": 0}, 0),
    ],
)
def test_a_grade_is_the_weighted_mean(weights: dict[str, int], scores: dict[str, int], expected: int | None) -> None:
    """What was not handed in counts as nothing; as long as nothing was, there is no grade."""
    assert grade(weights, scores) == expected


def test_what_is_completed_without_a_score_has_no_part_in_the_grade() -> None:
    """A page that was read neither lifts nor lowers the mean; a quiz that was not handed in does."""
    weights = {"page": 5_000, "q1": 2_500, "q2": 2_500}
    assert grade(weights, {"q1": 8_000}, ["page", "q1"]) == 4_000
    assert grade(weights, {"q1": 8_000, "q2": 6_000}, ["page", "q1", "q2"]) == 7_000
    assert grade(weights, {}, ["page"]) is None
