"""
Percent, grade and outcome are one number wherever they stand: on random histories, what commands decide, what both
dashboards and the gradebook show, and a recount of the facts by fractions are the same.

Commands are carried out over a log in memory, with all their reactions; read models fold the same facts.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment
from commands.log import Context
from commands.progress import CompleteUnit, DecideOutcome
from commands.quiz import GradeAttempt, OverrideGrade, PublishQuiz, SubmitAttempt
from domain.catalog import Unit
from domain.errors import DomainError
from domain.fact import Fact
from domain.grading import PASSING_OUTCOMES
from domain.progress import BY_HAND, BY_RULE, BY_STAFF
from domain.quiz import Item
from domain.score import FULL
from projections.course_dashboard import ENROLLMENTS, CourseDashboard, CourseEnrollment
from projections.gradebook import GRADES, Grade, Gradebook
from projections.learner_dashboard import LearnerDashboard
from projections.learner_dashboard.rows import LEARNERS, Course, Dashboard
from tests.support.facts import History, fold, rows_of
from tests.support.memory_log import MemoryBus, MemoryLog
from workers.reactions import REACTIONS
from workers.reactions.reaction import context_of

START = datetime(2026, 2, 1, tzinfo=UTC)
ANN = ("ann", "run")
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
    PublishQuiz("q1", "run", "q1", "Three", items=ITEMS, key=[1, 1, 1], attempts_allowed=2, pass_bp=3_000),
    PublishQuiz("q2", "run", "q2", "Again", items=ITEMS, key=[1, 1, 1], attempts_allowed=2),
    PublishQuiz("essay", "run", "essay", "Essay", kind="exam", attempts_allowed=2),
    RequestEnrollment(*ANN),
)


def answers(quiz: str, number: int, right: int) -> SubmitAttempt:
    """An attempt with so many right answers of three."""
    return SubmitAttempt("ann", quiz, number, [1] * right + [0] * (3 - right))


def override(quiz: str, number: int, score_bp: int) -> OverrideGrade:
    return OverrideGrade("ann", quiz, number, score_bp, "appeal")


NUMBERS = st.integers(1, 2)
MARKS = st.one_of(st.integers(0, FULL), st.sampled_from([0, 3_999, 4_000, 8_500, FULL]))
COMMANDS = st.one_of(
    st.builds(answers, st.sampled_from(["q1", "q2"]), NUMBERS, st.integers(0, 3)),
    st.builds(lambda number: SubmitAttempt("ann", "essay", number), NUMBERS),
    st.builds(lambda number, score_bp: GradeAttempt("ann", "essay", number, score_bp), NUMBERS, MARKS),
    st.builds(override, st.sampled_from(["q1", "q2", "essay"]), NUMBERS, MARKS),
    st.builds(
        lambda unit_id, rule: CompleteUnit(*ANN, unit_id, rule),
        st.sampled_from(list(WEIGHTS)),
        st.sampled_from([BY_HAND, BY_STAFF]),
    ),
    st.builds(
        lambda outcome, reason: DecideOutcome(*ANN, 1, outcome, reason),
        st.sampled_from(["pass", "fail", "distinction", None]),
        st.sampled_from(["", "appeal"]),
    ),
    st.sampled_from([WithdrawEnrollment(*ANN), ReactivateEnrollment(*ANN)]),
)


class Recount(NamedTuple):
    """What the facts say: the exact final grade, None for none, the completed share, and the last decision."""

    grade: Fraction | None
    percent: Fraction
    decision: dict[str, Any] | None


class Shown(NamedTuple):
    """The rows of the learner."""

    learner: Course
    enrollment: CourseEnrollment
    grades: dict[str, Grade]


def recount(facts: list[Fact]) -> Recount:
    """By the book, without anything of domain/grading."""
    of_attempts: dict[tuple[str, str], Fraction] = {}
    of_completions: dict[str, Fraction] = {}
    completed: set[str] = set()
    excused: set[str] = set()
    decision = None
    for fact in facts:
        data = fact.data
        if fact.type in ("attempt.graded", "attempt.grade_overridden"):
            of_attempts[data["unit_id"], fact.stream_id] = Fraction(data["points"], data["possible"])
        if fact.type == "progress.unit_completed" and data["points"] is not None:
            of_completions[data["unit_id"]] = Fraction(data["points"], data["possible"])
        if fact.type == "progress.unit_completed":
            completed.add(data["unit_id"])
            (excused.discard if data["points"] is not None else excused.add)(data["unit_id"])
        if fact.type.startswith("progress.course_outcome"):
            decision = data
    scores = of_completions | {
        unit_id: max(share for (of, _), share in of_attempts.items() if of == unit_id) for unit_id, _ in of_attempts
    }
    counting = WEIGHTS.keys() - excused
    whole = sum(WEIGHTS[unit_id] for unit_id in counting)
    points = sum(WEIGHTS[unit_id] * scores[unit_id] for unit_id in counting if unit_id in scores)
    none = counting.isdisjoint(scores)
    share = Fraction(sum(WEIGHTS[unit_id] for unit_id in completed), sum(WEIGHTS.values()))
    return Recount(None if none else Fraction(points) / whole, share, decision)


def half_up(share: Fraction) -> int:
    return (share * FULL + Fraction(1, 2)).__floor__()


class Campus:
    """A campus in memory whose reactions follow at once; those that are refused are tried again after each step."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self._bus = MemoryBus(self.log)
        self._refused: list[tuple[Any, Context]] = []
        self._reacted = 0

    async def do(self, command: Any, at: datetime) -> None:
        await self._try(command, Context("test", at))
        await self._react()

    async def _try(self, command: Any, context: Context) -> bool:
        before = await self.log.head()
        try:
            await self._bus.handle(command, context)
        except DomainError as error:
            assert await self.log.head() == before
            return not error.can_pass
        return True

    async def _react(self) -> None:
        while True:
            waiting, self._refused = self._refused, []
            self._refused = [
                (command, context) for command, context in waiting if not await self._try(command, context)
            ]
            facts = await self.log.read(self._reacted, 1_000)
            if not facts:
                return
            self._reacted += len(facts)
            for fact in facts:
                await self._react_to(fact)

    async def _react_to(self, fact: Fact) -> None:
        for reaction in REACTIONS.get(fact.type, ()):
            command = reaction.command(fact)
            if command is not None and not await self._try(command, context_of(fact, reaction)):
                self._refused.append((command, context_of(fact, reaction)))


async def log_after(commands: list[tuple[Any, int]]) -> list[Fact]:
    """The log after commands on some days of the run, with all that follows from each by the reactions."""
    campus = Campus()
    for number, (command, days) in enumerate([*((command, 0) for command in CAMPUS), *commands]):
        await campus.do(command, START + timedelta(days=days, seconds=number))
    return await campus.log.read(0, 10_000)


def shown(facts: list[Fact]) -> Shown:
    history = History()
    history.facts = facts
    (dashboard,) = rows_of(fold(LearnerDashboard, history), LEARNERS, Dashboard)
    (enrollment,) = rows_of(fold(CourseDashboard, history), ENROLLMENTS, CourseEnrollment)
    grades = rows_of(fold(Gradebook, history), GRADES, Grade)
    return Shown(dashboard.courses[0], enrollment, {grade.unit_id: grade for grade in grades})


def after(steps: list[Any]) -> Course:
    """What the learner's dashboard shows after some steps, one after the other on the first day."""
    return shown(asyncio.run(log_after([(step, 0) for step in steps]))).learner


@effort(max_examples=80)
@given(st.lists(st.tuples(COMMANDS, st.integers(0, 40)), max_size=14))
def test_commands_read_models_and_a_recount_say_the_same(commands: list[tuple[Any, int]]) -> None:
    """The grade is rounded once, half up; an outcome by the rule is that of the grade; no *fail* beside 100 %."""
    facts = asyncio.run(log_after(commands))
    recounted, (learner, enrollment, grades) = recount(facts), shown(facts)
    assert learner.grade_bp == enrollment.grade_bp == (None if recounted.grade is None else half_up(recounted.grade))
    assert (learner.grade_so_far_bp, learner.percent) == (enrollment.grade_so_far_bp, enrollment.percent)
    assert (learner.scores, learner.status) == (enrollment.scores, enrollment.status)
    assert enrollment.half_way == (2 * recounted.percent >= 1)
    assert learner.percent < FULL or learner.outcome != "fail"
    if learner.outcome != "fail":
        assert (learner.percent == FULL) == (recounted.percent == 1)
    assert {unit_id: grade.best_bp for unit_id, grade in grades.items() if grade.best_bp is not None} == {
        unit_id: score_bp for unit_id, score_bp in learner.scores.items() if unit_id in grades
    }
    agrees_with(recounted.decision, recounted.grade, learner)
    assert learner.outcome == enrollment.outcome


def agrees_with(decision: dict[str, Any] | None, grade: Fraction | None, learner: Course) -> None:
    """The last decision has the outcome and the grade that are shown; one by the rule, also that of the enrollment."""
    if decision is None:
        assert learner.outcome is None
        return
    assert decision.get("new", decision.get("outcome")) == learner.outcome
    assert decision.get("new_grade_bp", decision.get("grade_bp")) == learner.grade_bp
    if decision["policy"] != BY_RULE:
        return
    if grade is not None:
        assert (learner.outcome in PASSING_OUTCOMES) == (grade >= Fraction(2, 5))
        assert (learner.outcome == "distinction") == (grade >= Fraction(17, 20))
    if learner.status in ("active", "completed"):
        assert (learner.status == "completed") == (learner.outcome in PASSING_OUTCOMES)


FAILED = [
    CompleteUnit(*ANN, "page"),
    *(answers(quiz, number, 0) for quiz in ("q1", "q2") for number in (1, 2)),
    *(SubmitAttempt("ann", "essay", number) for number in (1, 2)),
    *(GradeAttempt("ann", "essay", number, 0) for number in (1, 2)),
]


def test_staff_revise_a_fail() -> None:
    """Every attempt is used and the course is failed; what staff decide with a reason moves the enrollment as well."""
    course = after(FAILED)
    assert (course.outcome, course.grade_bp, course.status, course.next_unit) == ("fail", 0, "active", None)
    appeal = [*FAILED, DecideOutcome(*ANN, 1, "pass", "appeal")]
    course = after(appeal)
    assert (course.outcome, course.status) == ("pass", "completed")
    course = after([*appeal, DecideOutcome(*ANN, 1, "fail", "copied")])
    assert (course.outcome, course.status) == ("fail", "active")


def test_an_enrollment_follows_the_present_outcome_when_the_learner_is_back() -> None:
    """Overrides revise the outcome of a learner who has left; the return completes the enrollment if it is a pass."""
    left = [*FAILED, WithdrawEnrollment(*ANN), override("q2", 1, FULL)]
    course = after(left)
    assert (course.outcome, course.grade_bp, course.status) == ("pass", 5_294, "withdrawn")
    course = after([*left, ReactivateEnrollment(*ANN)])
    assert (course.outcome, course.status) == ("pass", "completed")
    course = after([*left, override("q2", 1, 0), ReactivateEnrollment(*ANN)])
    assert (course.outcome, course.status) == ("fail", "active")
