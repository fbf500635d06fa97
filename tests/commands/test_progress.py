"""Use cases of progress: what a learner does, completes, and how it ends."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import CompleteEnrollment, ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment
from commands.progress import CompleteUnit, DecideOutcome, OpenUnit, RecordActivity
from commands.quiz import BringGrade, GradeAttempt, GrantAllowance, OverrideGrade, PublishQuiz, SubmitAttempt
from domain.catalog import Letter, Unit
from domain.grading import Group
from domain.progress import OTHER_OUTCOME, CourseProgress
from tests.support.given import Said, fact
from tests.support.usecases import END, RUN, SMALL, START, Campus

ANN = ("ann", RUN)
STREAM = f"progress-ann:{RUN}"
ASKED = RequestEnrollment(*ANN)
WRONG = SubmitAttempt("ann", "equations", 1, (0, -1))
PAPER = SubmitAttempt("ann", "groups")
DOINGS = (OpenUnit(*ANN, "intro"), RecordActivity(*ANN, "intro"), CompleteUnit(*ANN, "intro"))


def completed(unit_id: str, rule: str, score_bp: int | None) -> Said:
    return fact(
        CourseProgress.UnitCompleted,
        unit_id=unit_id,
        course_version=1,
        rule=rule,
        score_bp=score_bp,
        points=score_bp,
        possible=None if score_bp is None else 10_000,
        at_least_bp=None,
        evidence=None,
    )


def decided(outcome: str, grade_bp: int | None, policy: str, through_position: int, reason: str = "") -> Said:
    return fact(
        CourseProgress.CourseOutcomeDecided,
        outcome=outcome,
        grade_bp=grade_bp,
        policy=policy,
        through_position=through_position,
        formula=None if grade_bp is None else "weighted_mean_exact",
        reason=reason,
        letter=None,
    )


def revised(outcomes: tuple[str, str], grades: tuple[int, int], policy: str, reason: str, through: int) -> Said:
    return fact(
        CourseProgress.CourseOutcomeRevised,
        old=outcomes[0],
        new=outcomes[1],
        old_grade_bp=grades[0],
        new_grade_bp=grades[1],
        policy=policy,
        formula="weighted_mean_exact",
        reason=reason,
        old_letter=None,
        new_letter=None,
        through_position=through,
    )


def passed(unit_id: str, score_bp: int) -> CompleteUnit:
    return CompleteUnit(*ANN, unit_id, "quiz_passed", score_bp)


async def test_a_learner_works_on_a_unit(campus: Campus) -> None:
    """Opening, doing and completing are facts about the learner's progress."""
    await campus.give(ASKED)
    assert await campus.new(OpenUnit(*ANN, "intro")) == [(STREAM, fact(CourseProgress.UnitOpened, unit_id="intro"))]
    assert await campus.new(RecordActivity(*ANN, "intro", "seconds", 30)) == [
        (STREAM, fact(CourseProgress.ActivityRecorded, unit_id="intro", kind="seconds", amount=30))
    ]
    assert await campus.new(CompleteUnit(*ANN, "intro")) == [(STREAM, completed("intro", "learner", None))]


async def test_what_can_be_repeated(campus: Campus) -> None:
    """A unit is opened and completed once, an outcome decided once; activity is counted each time."""
    await campus.give(ASKED)
    assert await campus.repeats(OpenUnit(*ANN, "intro"))
    assert await campus.repeats(CompleteUnit(*ANN, "intro"))
    assert await campus.repeats(passed("q1", 5_000))
    assert await campus.repeats(DecideOutcome(*ANN, 1, "pass"))
    assert not await campus.repeats(RecordActivity(*ANN, "intro"))


@pytest.mark.parametrize("command", DOINGS)
async def test_it_takes_a_place_to_do_anything(campus: Campus, command: Any) -> None:
    """The enrollment is looked at: one has to be in, and who has completed still is."""
    assert await campus.refused(command) == "not_enrolled"
    await campus.give(ASKED, WithdrawEnrollment(*ANN))
    assert await campus.refused(command) == "no_access"


@pytest.mark.parametrize("command", DOINGS)
async def test_who_has_completed_still_has_access(campus: Campus, command: Any) -> None:
    """A course that is passed can be read again."""
    await campus.give(ASKED, CompleteEnrollment(*ANN))
    assert len(await campus.new(command)) == 1


async def test_who_waits_has_no_access(campus: Campus) -> None:
    """A place on the waitlist is no place."""
    await campus.give(RequestEnrollment("ann", SMALL), RequestEnrollment("ben", SMALL))
    assert await campus.refused(OpenUnit("ben", SMALL, "intro")) == "no_access"


@pytest.mark.parametrize("command", [OpenUnit, RecordActivity, CompleteUnit])
async def test_a_unit_belongs_to_the_run(campus: Campus, command: Any) -> None:
    """The structure is looked at, by the version that the run follows."""
    await campus.give(ASKED)
    assert await campus.refused(command(*ANN, "q9")) == "unknown_unit"
    assert await campus.refused(command("ann", "nowhere", "intro")) == "run_not_found"


async def test_an_amount_makes_sense(campus: Campus) -> None:
    """Nothing is not an activity."""
    await campus.give(ASKED)
    assert await campus.refused(RecordActivity(*ANN, "intro", "click", 0)) == "bad_amount"


@pytest.mark.parametrize("unit_id", ["q1", "q2"])
async def test_what_carries_a_score_is_not_completed_by_hand(campus: Campus, unit_id: str) -> None:
    """A quiz or an exam is completed by an attempt that passes, or by an instructor."""
    await campus.give(ASKED)
    assert await campus.refused(CompleteUnit(*ANN, unit_id)) == "needs_attempt"
    assert await campus.new(CompleteUnit(*ANN, unit_id, "instructor")) == [
        (STREAM, completed(unit_id, "instructor", None))
    ]


@pytest.mark.parametrize(
    ("scores", "outcome", "grade_bp"),
    [
        ((10_000, 10_000), "distinction", 10_000),
        ((8_500, 8_500), "distinction", 8_500),
        ((8_500, 8_499), "pass", 8_499),
        ((4_000, 4_000), "pass", 4_000),
    ],
)
async def test_the_outcome_follows_from_the_grade(
    campus: Campus, scores: tuple[int, int], outcome: str, grade_bp: int
) -> None:
    """Once everything with a weight is completed, the weighted mean decides."""
    await campus.give(ASKED, passed("q1", scores[0]))
    assert await campus.new(DecideOutcome(*ANN, 7)) == []
    await campus.give(passed("q2", scores[1]))
    assert await campus.new(DecideOutcome(*ANN, 8)) == [(STREAM, decided(outcome, grade_bp, "weighted_mean", 8))]


async def test_without_any_score_whoever_is_done_has_passed(campus: Campus) -> None:
    """There is no grade to fail by."""
    await campus.give(ASKED, CompleteUnit(*ANN, "q1", "instructor"), CompleteUnit(*ANN, "q2", "instructor"))
    assert await campus.new(DecideOutcome(*ANN, 8)) == [(STREAM, decided("pass", None, "weighted_mean", 8))]


async def test_an_instructor_decides_at_any_time(campus: Campus) -> None:
    """A person may decide before everything is done; the grade counts what was not handed in as nothing."""
    await campus.give(ASKED, passed("q1", 10_000))
    assert await campus.new(DecideOutcome(*ANN, 9, "pass")) == [(STREAM, decided("pass", 4_000, "instructor", 9))]


async def test_a_person_revises_an_outcome_with_a_reason(campus: Campus) -> None:
    """Without one it is refused."""
    await campus.give(ASKED, passed("q1", 5_000), passed("q2", 5_000), DecideOutcome(*ANN, 8))
    assert await campus.refused(DecideOutcome(*ANN, 9, "distinction")) == "outcome_decided"
    assert await campus.new(DecideOutcome(*ANN, 9, "distinction", "appeal")) == [
        (STREAM, revised(("pass", "distinction"), (5_000, 5_000), "instructor", "appeal", 9))
    ]


async def test_the_rule_revises_its_outcome_after_a_better_score(campus: Campus) -> None:
    """The fact has the grade before and after, and the reason."""
    await campus.give(ASKED, passed("q1", 5_000), passed("q2", 5_000), DecideOutcome(*ANN, 8))
    assert await campus.new(DecideOutcome(*ANN, 9)) == []
    await campus.give(passed("q1", 10_000), passed("q2", 10_000))
    assert await campus.new(DecideOutcome(*ANN, 10)) == [
        (STREAM, revised(("pass", "distinction"), (5_000, 10_000), "weighted_mean", OTHER_OUTCOME, 10))
    ]


async def test_a_failed_attempt_counts_as_a_passed_one_does(campus: Campus) -> None:
    """Every score is in the decision, whether its attempt has passed or not."""
    await campus.give(ASKED, PAPER, GradeAttempt("ann", "groups", score_bp=3_000), passed("q1", 8_000))
    assert await campus.new(DecideOutcome(*ANN, 9)) == [(STREAM, decided("pass", 5_000, "weighted_mean", 9))]


async def test_nobody_fails_while_attempts_are_left(campus: Campus) -> None:
    """The first of two attempts at a quiz decides nothing; the second does."""
    await campus.give(ASKED, PAPER, GradeAttempt("ann", "groups", score_bp=3_000))
    await campus.give(WRONG, GradeAttempt("ann", "equations"))
    assert await campus.new(DecideOutcome(*ANN, 9)) == []
    assert await campus.refused(DecideOutcome(*ANN, 9, "fail")) == "outcome_open"
    await campus.give(replace(WRONG, attempt_no=2))
    assert await campus.new(DecideOutcome(*ANN, 9)) == []
    await campus.give(GradeAttempt("ann", "equations", 2))
    assert await campus.new(DecideOutcome(*ANN, 10)) == [(STREAM, decided("fail", 1_800, "weighted_mean", 10))]


async def test_a_person_fails_a_learner_who_can_still_pass_with_a_reason(campus: Campus) -> None:
    """The reason is in the fact."""
    await campus.give(ASKED)
    assert await campus.new(DecideOutcome(*ANN, 9, "fail", "copied")) == [
        (STREAM, decided("fail", None, "instructor", 9, "copied"))
    ]


async def test_the_end_of_a_run_leaves_no_attempts(campus: Campus) -> None:
    """What was not handed in by then is failed, but not before the last grade."""
    await campus.give(ASKED, PAPER)
    assert await campus.new(DecideOutcome(*ANN, 9), at=END) == []
    await campus.give(GradeAttempt("ann", "groups", score_bp=3_000))
    assert await campus.new(DecideOutcome(*ANN, 9)) == []
    assert await campus.new(DecideOutcome(*ANN, 9), at=END) == [(STREAM, decided("fail", 1_800, "weighted_mean", 9))]


async def test_who_was_completed_by_staff_has_the_score_of_the_attempts(campus: Campus) -> None:
    """A score stays; where there is none, the learner is excused, whatever is handed in and failed later."""
    await campus.give(ASKED, PAPER, GradeAttempt("ann", "groups", score_bp=3_000))
    assert await campus.new(CompleteUnit(*ANN, "q2", "instructor")) == [(STREAM, completed("q2", "instructor", 3_000))]
    await campus.give(CompleteUnit(*ANN, "q1", "instructor"), WRONG, GradeAttempt("ann", "equations"))
    await campus.give(replace(WRONG, attempt_no=2), GradeAttempt("ann", "equations", 2))
    assert await campus.new(DecideOutcome(*ANN, 9)) == [(STREAM, decided("fail", 3_000, "weighted_mean", 9))]


async def test_an_outcome_waits_for_attempts_that_were_granted(campus: Campus) -> None:
    """Beyond those that the quiz allows: until they are used, or taken back."""
    await campus.give(ASKED, PAPER, GradeAttempt("ann", "groups", score_bp=3_000), passed("q2", 3_000))
    for number in (1, 2):
        await campus.give(replace(WRONG, attempt_no=number), GradeAttempt("ann", "equations", number))
    more = GrantAllowance("ann", "equations", "fell ill", extra_attempts=1)
    await campus.give(more)
    assert await campus.new(DecideOutcome(*ANN, 9)) == []
    await campus.give(replace(more, extra_attempts=0))
    assert await campus.new(DecideOutcome(*ANN, 9)) == [(STREAM, decided("fail", 1_800, "weighted_mean", 9))]


async def test_an_outcome_by_the_rule_waits_until_the_learner_is_back(campus: Campus) -> None:
    """Who has left neither passes nor fails; a reaction that was refused is tried again after the return."""
    await campus.give(ASKED, passed("q1", 8_000), passed("q2", 8_000), WithdrawEnrollment(*ANN))
    assert await campus.refused(DecideOutcome(*ANN, 9)) == "no_access"
    await campus.give(ReactivateEnrollment(*ANN))
    assert len(await campus.new(DecideOutcome(*ANN, 9))) == 1


async def test_an_overridden_grade_reaches_the_outcome_of_a_learner_who_has_left(campus: Campus) -> None:
    """What is decided follows the scores: grade and outcome do not contradict each other, wherever the learner is."""
    paper = GradeAttempt("ann", "groups", score_bp=4_000)
    await campus.give(ASKED, PAPER, paper, CompleteUnit(*ANN, "q1", "instructor"), passed("q2", 4_000))
    await campus.give(DecideOutcome(*ANN, 9), WithdrawEnrollment(*ANN), OverrideGrade("ann", "groups", 1, 0, "copied"))
    assert await campus.new(DecideOutcome(*ANN, 12)) == [
        (STREAM, revised(("pass", "fail"), (4_000, 0), "weighted_mean", OTHER_OUTCOME, 12))
    ]


async def test_an_attempt_that_has_not_passed_after_all_completes_nothing(campus: Campus) -> None:
    """An override came before the unit was completed; another attempt that has passed still completes it."""
    right = SubmitAttempt("ann", "equations", 1, (1, 0))
    await campus.give(ASKED, right, GradeAttempt("ann", "equations"), OverrideGrade("ann", "equations", 1, 0, "copied"))
    assert await campus.new(passed("q1", 10_000)) == []
    await campus.give(replace(right, attempt_no=2), GradeAttempt("ann", "equations", 2))
    ((stream, said),) = await campus.new(passed("q1", 10_000))
    assert (stream, said.type, said.fields["score_bp"]) == (STREAM, "progress.unit_completed", 10_000)


async def test_who_never_asked_has_no_outcome(campus: Campus) -> None:
    """An outcome is that of an enrollment, be it one that was given up."""
    assert await campus.refused(DecideOutcome(*ANN, 1, "fail")) == "not_enrolled"
    assert await campus.refused(DecideOutcome(*ANN, 1)) == "not_enrolled"
    assert await campus.refused(DecideOutcome("ann", "nowhere", 1, "fail")) == "run_not_found"
    await campus.give(ASKED, WithdrawEnrollment(*ANN))
    assert await campus.refused(DecideOutcome(*ANN, 1, "lost")) == "unknown_outcome"
    assert await campus.new(DecideOutcome(*ANN, 1, "withdrawn")) == [
        (STREAM, decided("withdrawn", None, "instructor", 1))
    ]


async def test_learners_do_nothing_on_a_run_that_has_ended(campus: Campus) -> None:
    """What they do until its end counts; staff still complete units and grade after it."""
    last_moment = END - timedelta(seconds=1)
    await campus.give(ASKED)
    for command in (*DOINGS, WRONG, PAPER, WithdrawEnrollment(*ANN)):
        assert await campus.refused(command, at=END) == "run_is_over"
    for command in (*DOINGS, PAPER):
        assert await campus.new(command, at=last_moment)
    assert await campus.new(CompleteUnit(*ANN, "q1", "instructor"), at=END)
    assert await campus.new(GradeAttempt("ann", "groups", 1, 5_000), at=END)
    assert await campus.new(WithdrawEnrollment(*ANN), at=last_moment)
    assert await campus.new(WithdrawEnrollment(*ANN), at=END) == []


async def test_an_overridden_grade_changes_the_outcome(campus: Campus) -> None:
    """The rule decides by the present score, also against that with which the unit was completed before."""
    right = SubmitAttempt("ann", "equations", 1, (1, 0))
    await campus.give(ASKED, right, GradeAttempt("ann", "equations"), passed("q1", 10_000))
    await campus.give(PAPER, GradeAttempt("ann", "groups", score_bp=4_000), passed("q2", 4_000))
    assert await campus.new(DecideOutcome(*ANN, 9)) == [(STREAM, decided("pass", 6_400, "weighted_mean", 9))]
    await campus.give(OverrideGrade("ann", "equations", 1, 1_000, "copied"))  # though an attempt is left
    assert await campus.new(DecideOutcome(*ANN, 12)) == [
        (STREAM, revised(("pass", "fail"), (6_400, 2_800), "weighted_mean", OTHER_OUTCOME, 12))
    ]
    await campus.give(OverrideGrade("ann", "equations", 1, 10_000, "appeal"))
    assert await campus.new(passed("q1", 1_000)) == []
    assert await campus.new(DecideOutcome(*ANN, 15)) == [
        (STREAM, revised(("fail", "pass"), (2_800, 6_400), "weighted_mean", OTHER_OUTCOME, 15))
    ]


async def test_an_outcome_by_categories_drops_and_adds(campus: Campus) -> None:
    """Decided without the extra credit, and revised by it; the lowest quiz does not count; the facts name the rule."""
    units = [
        *(Unit(each, "quiz", each, weight=1, group="home") for each in ("h1", "h2")),
        Unit("more", "quiz", "More", weight=1, group="home", extra_credit=True),
    ]
    home, letters = Group("home", "Home", 1, drop_lowest=1), [Letter("A", 9_000), Letter("B", 6_000), Letter("F", 0)]
    course = PublishCourse("calculus", units, grading_policy="categories", groups=[home], letters=letters)
    await campus.give(CreateCourse("calculus", "Calculus"), course)
    await campus.give(ScheduleRun("calculus-1", "calculus", 1, START, END), OpenRun("calculus-1"))
    for unit_id in ("h1", "h2", "more"):
        await campus.give(PublishQuiz(unit_id, "calculus-1", unit_id, unit_id, kind="essay"))
    await campus.give(RequestEnrollment("ann", "calculus-1"), BringGrade("ann", "h1", 2_000, "on paper"))
    await campus.give(BringGrade("ann", "h2", 7_000, "on paper"))
    await campus.give(CompleteUnit("ann", "calculus-1", "h2", "quiz_passed", 7_000))
    ((_, first),) = await campus.new(DecideOutcome("ann", "calculus-1", 1))
    assert (first.fields["outcome"], first.fields["grade_bp"], first.fields["letter"]) == ("pass", 7_000, "B")
    assert first.fields["formula"] == "categories_exact"
    await campus.give(BringGrade("ann", "more", 2_500, "on paper"))
    ((_, second),) = await campus.new(DecideOutcome("ann", "calculus-1", 2))
    assert (second.fields["new"], second.fields["new_grade_bp"]) == ("distinction", 9_500)
    assert (second.fields["old_letter"], second.fields["new_letter"]) == ("B", "A")
