"""What completes a unit, and what comes before it."""

from typing import Any

import pytest

from domain.progress import Asked, CourseProgress, NotByHand, Taken, UnitLocked
from domain.score import Score
from tests.support.given import Said, fact, given

ATTEMPT = "attempt-ann:equations:1"


def completed(unit_id: str, rule: str, score: Score | None = None, **more: Any) -> Said:
    """That a unit is completed."""
    points, possible = score or (None, None)
    exact = {"score_bp": score.bp if score else None, "points": points, "possible": possible}
    fields = {"course_version": 1, "at_least_bp": None, "evidence": None, **exact, **more}
    return fact(CourseProgress.UnitCompleted, unit_id=unit_id, rule=rule, **fields)


HALF = Score(1, 2)


@pytest.mark.parametrize(
    ("asked", "score", "passed", "rule"),
    [
        (Asked(), None, False, None),
        (Asked(), HALF, False, None),
        (Asked(), HALF, True, "quiz_passed"),
        (Asked("submitted"), None, False, "submitted"),
        (Asked("submitted"), HALF, False, "submitted"),
        (Asked("scored"), None, False, None),
        (Asked("scored"), HALF, False, "scored"),
        (Asked("passed", 5_001), HALF, True, None),
        (Asked("passed", 5_000), HALF, False, "passed"),
        (Asked("passed", 5_000), None, True, None),
        (Asked("by_staff"), HALF, True, None),
        (Asked("opened"), HALF, True, None),
        (Asked("watched", 9_000), HALF, True, None),
    ],
)
def test_what_attempts_complete(asked: Asked, score: Score | None, *, passed: bool, rule: str | None) -> None:
    """By the rule of the unit; the attempt, the score and the mark stand in the fact, and a second time is none."""

    def twice(progress: CourseProgress) -> None:
        for _ in range(2):
            progress.complete_by_attempts("u1", 1, asked, Taken(score, passed, ATTEMPT))

    facts = [completed("u1", rule, score, at_least_bp=asked.at_least_bp, evidence=ATTEMPT)] if rule else []
    given(CourseProgress).when(twice).then(*facts)


@pytest.mark.parametrize(
    ("rule", "how"),
    [
        ("opened", "when it is opened"),
        ("watched", "when enough of it was watched"),
        ("submitted", "when something is handed in"),
        ("scored", "when that has a score"),
        ("passed", "when its score is high enough"),
        ("by_staff", "by the staff"),
    ],
)
def test_a_unit_with_another_rule_is_not_completed_by_hand(rule: str, how: str) -> None:
    """The refusal says how it is; what is completed stays so."""

    def by_hand(progress: CourseProgress) -> None:
        progress.complete_by_hand("u1", "lti", 1, asked=Asked(rule))

    given(CourseProgress).when(by_hand).refused(NotByHand, unit_id="u1", how=how)
    given(CourseProgress, completed("u1", "instructor")).when(by_hand).then()


@pytest.mark.parametrize("rule", [None, "by_hand"])
def test_a_learner_completes_what_is_completed_by_hand(rule: str | None) -> None:
    """Where the course says so, or nothing."""
    given(CourseProgress).when(lambda progress: progress.complete_by_hand("u1", "page", 1, asked=Asked(rule))).then(
        completed("u1", "learner")
    )


def test_a_unit_opens_when_those_before_it_are_completed() -> None:
    """All of them; what was completed before the course had that order stays open."""
    after = ("u1", "u2")

    def look(progress: CourseProgress) -> None:
        progress.must_be_open("u3", after)

    given(CourseProgress).when(look).refused(UnitLocked, unit_id="u3", missing="u1 and u2")
    given(CourseProgress, completed("u1", "learner")).when(look).refused(UnitLocked, unit_id="u3", missing="u2")
    given(CourseProgress, completed("u1", "learner"), completed("u2", "instructor")).when(look).then()
    given(CourseProgress, completed("u3", "learner")).when(look).then()
    given(CourseProgress).when(
        lambda progress: progress.complete_by_hand("u3", "page", 1, asked=Asked(after=after))
    ).refused(UnitLocked, unit_id="u3", missing="u1 and u2")
