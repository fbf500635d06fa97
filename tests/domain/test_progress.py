"""The rules of progress: what is opened, done and completed, and how it ends."""

from typing import Any

import pytest

from domain.grading import Decision
from domain.progress import (
    BY_RULE,
    IMPORTED,
    OTHER_GRADE,
    OTHER_OUTCOME,
    BadAmount,
    CourseProgress,
    NeedsAttempt,
    OutcomeDecided,
    OutcomeOpen,
    UnknownOutcome,
    progress_stream,
)
from domain.score import FULL, BadScore, Score
from tests.support.given import Said, fact, given, replay

OPENED = fact(CourseProgress.UnitOpened, unit_id="u1")


def completed(unit_id: str, score_bp: int | None = None, rule: str = "quiz_passed") -> Said:
    return fact(
        CourseProgress.UnitCompleted,
        unit_id=unit_id,
        course_version=1,
        rule=rule,
        score_bp=score_bp,
        points=score_bp,
        possible=None if score_bp is None else FULL,
        at_least_bp=None,
        evidence=None,
    )


def decided(outcome: str, policy: str = "weighted_mean", grade_bp: int = 7_000, reason: str = "", **more: Any) -> Said:
    return fact(
        CourseProgress.CourseOutcomeDecided,
        outcome=outcome,
        grade_bp=grade_bp,
        policy=policy,
        through_position=12,
        formula="weighted_mean_exact",
        reason=reason,
        letter=None,
        **more,
    )


def revised(old: str, new: str, reason: str, *, grades: tuple[int, int], policy: str = "weighted_mean") -> Said:
    return fact(
        CourseProgress.CourseOutcomeRevised,
        old=old,
        new=new,
        old_grade_bp=grades[0],
        new_grade_bp=grades[1],
        policy=policy,
        formula="weighted_mean_exact",
        reason=reason,
        old_letter=None,
        new_letter=None,
        through_position=20,
    )


def scored(score_bp: int | None) -> Score | None:
    return None if score_bp is None else Score(score_bp)


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
    given(CourseProgress).when(lambda progress: progress.complete_unit("u1", 1, "quiz_passed", scored(score_bp))).then(
        completed("u1", score_bp)
    )


def test_completing_again_changes_nothing() -> None:
    """What is done is done, by whichever rule."""
    given(CourseProgress, completed("u1")).when(lambda progress: progress.complete_unit("u1", 1, "learner")).then()


def test_a_better_score_counts() -> None:
    """A later attempt that scored more is a fact of its own."""
    given(CourseProgress, completed("u1", 5_000)).when(
        lambda progress: progress.complete_unit("u1", 1, "quiz_passed", Score(5_001))
    ).then(completed("u1", 5_001))


@pytest.mark.parametrize("score_bp", [5_000, 4_999, None])
def test_a_score_that_is_not_better_changes_nothing(score_bp: int | None) -> None:
    """The best score stays."""
    given(CourseProgress, completed("u1", 5_000)).when(
        lambda progress: progress.complete_unit("u1", 1, "quiz_passed", scored(score_bp))
    ).then()


def test_a_unit_that_was_completed_without_a_score_can_get_one() -> None:
    """A score, were it 0, is more than none."""
    given(CourseProgress, completed("u1")).when(
        lambda progress: progress.complete_unit("u1", 1, "quiz_passed", Score(0))
    ).then(completed("u1", 0))


@pytest.mark.parametrize("kind", ["page", "site", "video", "unheard-of"])
def test_a_learner_completes_a_unit_by_hand(kind: str) -> None:
    """What carries no score is done when the learner says so."""
    given(CourseProgress).when(lambda progress: progress.complete_by_hand("u1", kind, 1)).then(
        completed("u1", rule="learner")
    )


@pytest.mark.parametrize("kind", ["quiz", "tma", "cma", "exam", "Quiz", "essay"])
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
            points=None,
            possible=None,
            at_least_bp=None,
            evidence=None,
            irregular="needs_attempt",
        )
    )


@pytest.mark.parametrize("score_bp", [-1, FULL + 1])
def test_a_score_is_a_share_of_the_whole(score_bp: int) -> None:
    """A score is 0 to 10,000 basis points."""
    given(CourseProgress).when(
        lambda progress: progress.complete_unit("u1", 1, "quiz_passed", scored(score_bp))
    ).refused(BadScore, score_bp=score_bp)


def test_the_best_score_is_remembered() -> None:
    """History may tell of a worse score after a better one: the better one counts."""
    progress = replay(CourseProgress, progress_stream("ann", "r1"), [completed("u1", 9_000), completed("u1", 4_000)])
    assert progress.scores == {"u1": Score(9_000)}


def test_a_unit_with_a_quiz_is_not_completed_by_hand() -> None:
    """Whatever word a stored structure has for its kind: an attempt that passes completes it."""
    given(CourseProgress).when(lambda progress: progress.complete_by_hand("u1", "homework", 1, has_quiz=True)).refused(
        NeedsAttempt, unit_id="u1", kind="homework"
    )


def test_a_score_is_kept_exactly() -> None:
    """2 of 3 is more than 6,666 basis points, and less than 6,667."""
    thirds = fact(
        CourseProgress.UnitCompleted,
        unit_id="u1",
        course_version=1,
        rule="quiz_passed",
        score_bp=6_667,
        points=2,
        possible=3,
        at_least_bp=None,
        evidence=None,
    )
    given(CourseProgress, completed("u1", 6_666)).when(
        lambda progress: progress.complete_unit("u1", 1, "quiz_passed", Score(2, 3))
    ).then(thirds)
    given(CourseProgress, thirds).when(
        lambda progress: progress.complete_unit("u1", 1, "quiz_passed", Score(6_666))
    ).then()


def test_who_completed_a_unit_without_a_score_is_excused_until_there_is_one() -> None:
    """A score that completes the unit ends the excuse."""
    progress = replay(CourseProgress, progress_stream("ann", "r1"), [completed("u1"), completed("u2", 4_000)])
    assert progress.excused == {"u1"}
    progress.complete_unit("u1", 1, "quiz_passed", Score(0))
    assert progress.excused == set()


@pytest.mark.parametrize("outcome", ["distinction", "pass", "fail", "withdrawn"])
def test_an_outcome_is_decided(outcome: str) -> None:
    """How a course ended is a fact, with the grade, the policy, and the position up to which was looked."""
    given(CourseProgress).when(lambda progress: progress.decide_outcome(Decision(outcome, 7_000), 12)).then(
        decided(outcome, "instructor")
    )


def test_the_rule_decides() -> None:
    """What follows from the grade is a fact of the same kind, by the policy of the rule."""
    given(CourseProgress).when(lambda progress: progress.decide_by_rule(Decision("pass", 7_000), 12)).then(
        decided("pass")
    )


def test_deciding_the_same_again_changes_nothing() -> None:
    """The same outcome is the same decision, by a person or by the rule."""
    given(CourseProgress, decided("pass")).when(
        lambda progress: progress.decide_outcome(Decision("pass", 9_000), 99)
    ).then()
    given(CourseProgress, decided("pass")).when(
        lambda progress: progress.decide_by_rule(Decision("pass", 7_000), 99)
    ).then()


def test_an_outcome_is_decided_once() -> None:
    """A person who would decide otherwise has to say why; white space says nothing."""
    given(CourseProgress, decided("pass")).when(
        lambda progress: progress.decide_outcome(Decision("fail", 7_000), 12)
    ).refused(OutcomeDecided, learner_id="ann", run_id="algebra-1", outcome="pass")
    given(CourseProgress, decided("pass")).when(
        lambda progress: progress.decide_outcome(Decision("fail", 7_000), 12, reason=" \n")
    ).refused(OutcomeDecided, learner_id="ann", run_id="algebra-1", outcome="pass")


def test_a_person_revises_an_outcome_with_a_reason() -> None:
    """The fact has what was and what is, and why; what was stays in the history."""
    given(CourseProgress, decided("fail")).when(
        lambda progress: progress.decide_outcome(Decision("pass", 7_000), 20, reason="appeal")
    ).then(revised("fail", "pass", "appeal", grades=(7_000, 7_000), policy="instructor"))


@pytest.mark.parametrize(("outcome", "reason"), [("distinction", OTHER_OUTCOME), ("pass", OTHER_GRADE)])
def test_the_rule_revises_what_it_has_decided(outcome: str, reason: str) -> None:
    """A later score changes the outcome, or the grade beside it."""
    given(CourseProgress, decided("pass")).when(
        lambda progress: progress.decide_by_rule(Decision(outcome, 9_000), 20)
    ).then(revised("pass", outcome, reason, grades=(7_000, 9_000)))


def test_the_rule_leaves_an_outcome_that_a_person_decided() -> None:
    """The outcome stays, and the grade beside it follows the scores."""
    given(CourseProgress, decided("fail", "instructor")).when(
        lambda progress: progress.decide_by_rule(Decision("pass", 7_000), 20)
    ).then()
    given(CourseProgress, decided("fail", "instructor")).when(
        lambda progress: progress.decide_by_rule(Decision("distinction", 9_000), 20)
    ).then(revised("fail", "fail", OTHER_GRADE, grades=(7_000, 9_000), policy="instructor"))


def test_the_rule_leaves_what_was_imported() -> None:
    """An outcome that was decided elsewhere is not ours to revise."""
    given(CourseProgress, decided("fail", IMPORTED)).when(
        lambda progress: progress.decide_by_rule(Decision("pass", 9_000), 20)
    ).then()


def test_nobody_fails_a_learner_who_can_still_pass_without_a_reason() -> None:
    """An open outcome is failed by a person who says why; passing needs no reason."""
    given(CourseProgress).when(
        lambda progress: progress.decide_outcome(Decision("fail", 7_000), 12, can_still_pass=True)
    ).refused(OutcomeOpen, learner_id="ann", run_id="algebra-1")
    given(CourseProgress).when(
        lambda progress: progress.decide_outcome(Decision("fail", 7_000), 12, reason="cheated", can_still_pass=True)
    ).then(decided("fail", "instructor", reason="cheated"))
    given(CourseProgress).when(
        lambda progress: progress.decide_outcome(Decision("pass", 7_000), 12, can_still_pass=True)
    ).then(decided("pass", "instructor"))


def test_history_may_have_decided_otherwise_twice() -> None:
    """A second outcome in old records is kept, and marked."""
    given(CourseProgress, decided("pass"), importing=True).when(
        lambda progress: progress.decide_outcome(Decision("fail", 7_000), 12, policy=BY_RULE)
    ).then(decided("fail", irregular="outcome_decided"))


@pytest.mark.parametrize("history", [False, True])
def test_an_outcome_has_one_of_four_names(*, history: bool) -> None:
    """There is no other outcome, in history neither."""
    given(CourseProgress, importing=history).when(
        lambda progress: progress.decide_outcome(Decision("maybe", None), 0)
    ).refused(UnknownOutcome, outcome="maybe")


def test_a_letter_stands_beside_the_grade() -> None:
    """In the outcome, its revisions and the credential; an outcome without one is not revised for it alone."""
    lower, higher = Decision("pass", 8_999, "B", "categories_exact"), Decision("pass", 8_999, "A", "categories_exact")
    plain = decided("pass", grade_bp=8_999)
    lettered = Said(plain.type, {**plain.fields, "letter": "B", "formula": "categories_exact"})
    given(CourseProgress).when(lambda progress: progress.decide_by_rule(lower, 12)).then(lettered)
    given(CourseProgress, plain).when(lambda progress: progress.decide_by_rule(lower, 20)).then()
    new = revised("pass", "pass", OTHER_GRADE, grades=(8_999, 8_999))
    changed = Said(new.type, {**new.fields, "old_letter": "B", "new_letter": "A", "formula": "categories_exact"})
    given(CourseProgress, lettered).when(lambda progress: progress.decide_by_rule(higher, 20)).then(changed)
    given(CourseProgress, lettered).when(lambda progress: progress.follow_outcome("c1", "algebra", 1, "Algebra")).then(
        fact(
            CourseProgress.CredentialIssued,
            credential_id="c1",
            outcome="pass",
            grade_bp=8_999,
            course_id="algebra",
            course_version=1,
            course_title="Algebra",
            letter="B",
        )
    )
