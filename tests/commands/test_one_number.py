"""
Percent, grade and outcome are one number wherever they stand: on random histories, what commands decide, what both
dashboards and the gradebook show, and a recount of the facts by fractions are the same.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.log import Context
from commands.progress import CompleteUnit, DecideOutcome
from commands.quiz import GradeAttempt, OverrideGrade, PublishQuiz, SubmitAttempt
from domain.catalog import Unit
from domain.errors import DomainError
from domain.fact import Fact
from domain.grading import PASSING_OUTCOMES
from domain.progress import BY_RULE, BY_STAFF
from domain.quiz import Item
from domain.score import FULL
from projections.course_dashboard import ENROLLMENTS, CourseDashboard, CourseEnrollment
from projections.gradebook import GRADES, Grade, Gradebook
from projections.learner_dashboard import LEARNERS, Course, Dashboard, LearnerDashboard
from tests.support.facts import History, fold, rows_of
from tests.support.memory_log import MemoryBus, MemoryLog
from workers.reactions import REACTIONS
from workers.reactions.reaction import context_of

START = datetime(2026, 2, 1, tzinfo=UTC)
WHO = ("ann", "run")
UNITS = (
    Unit("page", "page", "Read", weight=7),
    Unit("q1", "quiz", "Three questions", weight=5, due_after_days=10),
    Unit("q2", "quiz", "Again", weight=9, due_after_days=20),
    Unit("essay", "exam", "Essay", weight=3, due_after_days=30),
)
WEIGHTS = {unit.unit_id: unit.weight for unit in UNITS}
ITEMS = [Item(f"i{number}", "right?", ["no", "yes"]) for number in range(3)]
CAMPUS = (
    CreateCourse("course", "Course"),
    PublishCourse("course", UNITS),
    ScheduleRun("run", "course", 1, START, START + timedelta(days=90)),
    OpenRun("run"),
    PublishQuiz("q1", "run", "q1", "Three questions", items=ITEMS, key=[1, 1, 1], attempts_allowed=2),
    PublishQuiz("q2", "run", "q2", "Again", items=ITEMS, key=[1, 1, 1], attempts_allowed=2),
    PublishQuiz("essay", "run", "essay", "Essay", kind="exam"),
    RequestEnrollment(*WHO),
)
NUMBERS = st.integers(1, 2)
COMMANDS = st.one_of(
    st.builds(
        lambda quiz, number, right: SubmitAttempt("ann", quiz, number, [1] * right + [0] * (3 - right)),
        st.sampled_from(["q1", "q2"]),
        NUMBERS,
        st.integers(0, 3),
    ),
    st.just(SubmitAttempt("ann", "essay")),
    st.builds(lambda score_bp: GradeAttempt("ann", "essay", 1, score_bp), st.integers(0, FULL)),
    st.builds(
        lambda quiz, number, score_bp: OverrideGrade("ann", quiz, number, score_bp, "appeal"),
        st.sampled_from(["q1", "q2", "essay"]),
        NUMBERS,
        st.integers(0, FULL),
    ),
    st.just(CompleteUnit(*WHO, "page")),
    st.builds(lambda unit_id: CompleteUnit(*WHO, unit_id, BY_STAFF), st.sampled_from(list(WEIGHTS))),
    st.builds(
        lambda outcome: DecideOutcome(*WHO, 0, outcome, "appeal"), st.sampled_from(["pass", "fail", "distinction"])
    ),
)


class Recount(NamedTuple):
    """What the facts say: the exact final grade, None for none, the completed share, and how it ended."""

    grade: Fraction | None
    percent: Fraction
    outcome: str | None
    by_rule: bool


class Shown(NamedTuple):
    """The rows of the learner."""

    learner: Course
    enrollment: CourseEnrollment
    grades: dict[str, Grade]


def recount(facts: list[Fact]) -> Recount:
    """By the book, without anything of domain/grading.py."""
    of_attempts: dict[tuple[str, str], Fraction] = {}
    of_completions: dict[str, Fraction] = {}
    completed: set[str] = set()
    excused: set[str] = set()
    outcome, by_rule = None, False
    for fact in facts:
        data = fact.data
        if fact.type in ("attempt.graded", "attempt.grade_overridden"):
            of_attempts[data["unit_id"], fact.stream_id] = Fraction(data["points"], data["possible"])
        if fact.type == "progress.unit_completed" and data["points"] is not None:
            of_completions[data["unit_id"]] = Fraction(data["points"], data["possible"])
        if fact.type == "progress.unit_completed":
            completed.add(data["unit_id"])
            (excused.discard if data["points"] is not None else excused.add)(data["unit_id"])
        if fact.type in ("progress.course_outcome_decided", "progress.course_outcome_revised"):
            outcome, by_rule = data.get("outcome") or data["new"], data["policy"] == BY_RULE
    scores = of_completions | {
        unit_id: max(share for (of, _), share in of_attempts.items() if of == unit_id) for unit_id, _ in of_attempts
    }
    counting = WEIGHTS.keys() - excused
    whole = sum(WEIGHTS[unit_id] for unit_id in counting)
    points = sum(WEIGHTS[unit_id] * scores[unit_id] for unit_id in counting if unit_id in scores)
    none = counting.isdisjoint(scores)
    share = Fraction(sum(WEIGHTS[unit_id] for unit_id in completed), sum(WEIGHTS.values()))
    return Recount(None if none else Fraction(points) / whole, share, outcome, by_rule)


def half_up(share: Fraction) -> int:
    return (share * FULL + Fraction(1, 2)).__floor__()


def shown(facts: list[Fact]) -> Shown:
    history = History()
    history.facts = facts
    (dashboard,) = rows_of(fold(LearnerDashboard, history), LEARNERS, Dashboard)
    (enrollment,) = rows_of(fold(CourseDashboard, history), ENROLLMENTS, CourseEnrollment)
    grades = rows_of(fold(Gradebook, history), GRADES, Grade)
    return Shown(dashboard.courses[0], enrollment, {grade.unit_id: grade for grade in grades})


async def log_after(commands: list[tuple[Any, int]]) -> list[Fact]:
    """The log after the last command, with all that follows from each by the reactions."""
    log = MemoryLog()
    bus, done = MemoryBus(log), 0
    for number, (command, days) in enumerate([*((command, 0) for command in CAMPUS), *commands]):
        at = START + timedelta(days=days, seconds=number)
        with suppress(DomainError):
            await bus.handle(command, Context("test", at))
        while facts := await log.read(done, 1):
            (fact,) = facts
            done += 1
            for reaction in REACTIONS.get(fact.type, ()):
                with suppress(DomainError):
                    if (follows := reaction.command(fact)) is not None:
                        await bus.handle(follows, context_of(fact, reaction))
    return await log.read(0, 10_000)


@effort(max_examples=60)
@given(st.lists(st.tuples(COMMANDS, st.integers(0, 40)), max_size=14))
def test_commands_read_models_and_a_recount_say_the_same(commands: list[tuple[Any, int]]) -> None:
    """The grade is rounded once, half up; an outcome by the rule is that of the grade; no *fail* beside 100 %."""
    facts = asyncio.run(log_after(commands))
    recounted, (learner, enrollment, grades) = recount(facts), shown(facts)
    assert learner.grade_bp == enrollment.grade_bp == (None if recounted.grade is None else half_up(recounted.grade))
    assert learner.grade_so_far_bp == enrollment.grade_so_far_bp
    assert learner.percent == enrollment.percent
    assert learner.outcome == enrollment.outcome == recounted.outcome
    assert enrollment.half_way == (2 * recounted.percent >= 1)
    if recounted.outcome != "fail":
        assert (learner.percent == FULL) == (recounted.percent == 1)
    assert learner.percent < FULL or learner.outcome != "fail"
    if recounted.by_rule and recounted.grade is not None:
        assert (learner.outcome in PASSING_OUTCOMES) == (recounted.grade >= Fraction(2, 5))
        assert (learner.outcome == "distinction") == (recounted.grade >= Fraction(17, 20))
    assert {unit_id: grade.best_bp for unit_id, grade in grades.items() if grade.best_bp is not None} == {
        unit_id: score_bp for unit_id, score_bp in learner.scores.items() if unit_id in grades
    }
