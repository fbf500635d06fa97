"""Rules of completion and the order of units, through the use cases and what follows from facts."""

from dataclasses import replace
from typing import Any

from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.enrollment.transfer import TransferEnrollment
from commands.progress import CompleteUnit, OpenUnit, RecordActivity
from commands.quiz import GradeAttempt, GrantAllowance, PublishQuiz, StartAttempt, SubmitAttempt
from domain.catalog import Unit, UnitCompletion
from domain.quiz import Item
from tests.support.usecases import END, START, Campus, react
from workers.reactions import REACTIONS

RUN = "rules-1"
UNITS = [
    Unit("intro", "page", "", completion=UnitCompletion("opened")),
    Unit("essay", "essay", "", after=["intro"], completion=UnitCompletion("submitted")),
    Unit("quiz", "quiz", "", after=["essay"], completion=UnitCompletion("passed", 5_000)),
    Unit("talk", "page", "", completion=UnitCompletion("by_staff")),
]
ITEMS = [Item(f"i{number}", "?", ["no", "yes"]) for number in (1, 2)]
OPENED = (
    CreateCourse("rules", "Rules"),
    PublishCourse("rules", UNITS),
    ScheduleRun(RUN, "rules", 1, START, END),
    OpenRun(RUN),
    PublishQuiz("essay-1", RUN, "essay", "Essay", kind="essay"),
    PublishQuiz("quiz-1", RUN, "quiz", "Quiz", items=ITEMS, key=[1, 1], attempts_allowed=3, pass_bp=10_000),
    RequestEnrollment("ann", RUN),
)
ANN = ("ann", RUN)


async def follow(campus: Campus, attempt: str, *, twice: bool = False) -> None:
    """Carry out what completes units after the newest fact of an attempt that has such a reaction."""
    for fact in reversed(await campus.log.stream(attempt)):
        for reaction in REACTIONS.get(fact.type, ()):
            if reaction.name.startswith("complete_"):
                for _ in range(1 + twice):
                    await campus.give(reaction.command(fact))
                return


async def completed(campus: Campus) -> list[tuple[Any, ...]]:
    """Units with their rule, score and evidence, in the order in which they were completed."""
    facts = [each for each in await campus.log.stream(f"progress-ann:{RUN}") if each.type == "progress.unit_completed"]
    return [tuple(each.data[name] for name in ("unit_id", "rule", "score_bp", "evidence")) for each in facts]


async def test_units_are_completed_by_their_rules_in_their_order(campus: Campus) -> None:
    """Opened, handed in, passed by the mark of the unit and not of the quiz; each once, with what was looked at."""
    await campus.give(*OPENED)
    essay, quiz = SubmitAttempt("ann", "essay-1"), SubmitAttempt("ann", "quiz-1", 1, (0, 0))
    for command in (OpenUnit(*ANN, "essay"), RecordActivity(*ANN, "essay"), essay, StartAttempt("ann", "essay-1")):
        assert await campus.refused(command) == "unit_locked"
    for unit_id, code in (("intro", "not_by_hand"), ("talk", "not_by_hand"), ("essay", "unit_locked")):
        assert await campus.refused(CompleteUnit(*ANN, unit_id)) == code
    await campus.give(OpenUnit(*ANN, "intro"))
    assert await campus.repeats(OpenUnit(*ANN, "intro"))
    assert await campus.refused(quiz) == "unit_locked"
    await campus.give(essay)
    await follow(campus, "attempt-ann:essay-1:1", twice=True)
    await campus.give(quiz, GradeAttempt("ann", "quiz-1"))
    await follow(campus, "attempt-ann:quiz-1:1")
    assert [each[0] for each in await completed(campus)] == ["intro", "essay"]
    await campus.give(replace(quiz, attempt_no=2, responses=(1, 0)), GradeAttempt("ann", "quiz-1", 2))
    await follow(campus, "attempt-ann:quiz-1:2", twice=True)
    await campus.give(CompleteUnit(*ANN, "talk", "instructor"))
    assert await completed(campus) == [
        ("intro", "opened", None, None),
        ("essay", "submitted", None, "attempt-ann:essay-1:1"),
        ("quiz", "passed", 5_000, "attempt-ann:quiz-1:2"),
        ("talk", "instructor", None, None),
    ]


async def test_who_has_left_is_refused_only_where_a_unit_would_be_completed(campus: Campus) -> None:
    """What completes nothing waits for nothing."""
    await campus.give(*OPENED, OpenUnit(*ANN, "intro"), SubmitAttempt("ann", "essay-1"))
    await follow(campus, "attempt-ann:essay-1:1")
    await campus.give(SubmitAttempt("ann", "quiz-1", 1, (0, 0)), SubmitAttempt("ann", "quiz-1", 2, (1, 1)))
    await campus.give(WithdrawEnrollment(*ANN), GradeAttempt("ann", "quiz-1"))
    await follow(campus, "attempt-ann:quiz-1:1")
    await campus.give(GradeAttempt("ann", "quiz-1", 2))
    graded = (await campus.log.stream("attempt-ann:quiz-1:2"))[-1]
    (reaction,) = (each for each in REACTIONS[graded.type] if each.name.startswith("complete_"))
    assert await campus.refused(reaction.command(graded)) == "no_access"


async def test_late_grades_after_a_transfer_count_by_the_rule_of_the_unit(campus: Campus) -> None:
    """A mark of the unit below that of the quiz, and above it; work that is handed in, and whatever score."""
    units = [
        Unit("low", "quiz", "", completion=UnitCompletion("passed", 5_000)),
        Unit("high", "quiz", "", completion=UnitCompletion("passed", 9_000)),
        Unit("essay", "essay", "", completion=UnitCompletion("submitted")),
        Unit("any", "quiz", "", completion=UnitCompletion("scored")),
    ]
    await campus.give(CreateCourse("rules", "Rules"), PublishCourse("rules", units))
    for run_id in (RUN, "rules-2"):
        await campus.give(ScheduleRun(run_id, "rules", 1, START, END), OpenRun(run_id))
    await campus.give(RequestEnrollment("ann", RUN))
    for unit_id, kind, pass_bp in (("low", "quiz", 10_000), ("high", "quiz", 1), ("any", "quiz", 10_000)):
        quiz = PublishQuiz(unit_id, RUN, unit_id, "", kind=kind, items=ITEMS, key=[1, 1], pass_bp=pass_bp)
        await campus.give(quiz, SubmitAttempt("ann", unit_id, 1, (1, 0)))
    await campus.give(PublishQuiz("essay", RUN, "essay", "", kind="essay"), SubmitAttempt("ann", "essay"))
    await campus.give(TransferEnrollment("ann", RUN, "rules-2", "works"))
    for quiz_id in ("low", "high", "any"):
        await campus.give(GradeAttempt("ann", quiz_id))
        await follow(campus, f"attempt-ann:{quiz_id}:1", twice=True)
    facts = await campus.log.stream("progress-ann:rules-2")
    done = {each.data["unit_id"]: each.data["score_bp"] for each in facts if each.type == "progress.unit_completed"}
    assert done == {"low": 5_000, "essay": None, "any": 5_000}


async def outcomes(campus: Campus) -> list[tuple[str, str]]:
    """The types and outcomes of the decisions about ann."""
    facts = await campus.log.stream(f"progress-ann:{RUN}")
    return [
        (each.type.rpartition("_")[2], each.data.get("outcome") or each.data["new"])
        for each in facts
        if "outcome" in each.type
    ]


async def test_attempts_that_are_taken_back_decide_what_waited_for_them(campus: Campus) -> None:
    """Ann has failed with one left: decided when that is taken back, it stays so with another, and is revised by it."""
    await campus.give(CreateCourse("rules", "Rules"), PublishCourse("rules", [Unit("quiz", "quiz", "")]))
    await campus.give(ScheduleRun(RUN, "rules", 1, START, END), OpenRun(RUN), RequestEnrollment("ann", RUN))
    await campus.give(PublishQuiz("quiz-1", RUN, "quiz", "Quiz", items=ITEMS, key=[1, 1]))
    more = GrantAllowance("ann", "quiz-1", "fell ill", extra_attempts=1)
    await react(campus, more)
    await react(campus, SubmitAttempt("ann", "quiz-1", 1, (0, 0)))
    assert await outcomes(campus) == []
    await react(campus, replace(more, extra_attempts=0, extra_seconds=60))
    assert await outcomes(campus) == [("decided", "fail")]
    await react(campus, replace(more, extra_attempts=2))
    await react(campus, replace(more, extra_attempts=1))
    assert await outcomes(campus) == [("decided", "fail")]
    await react(campus, SubmitAttempt("ann", "quiz-1", 2, (1, 1)))
    assert await outcomes(campus) == [("decided", "fail"), ("revised", "pass")]
