"""
Decision and display agree: the grade beside an outcome is the one that dashboards show, after any history.

Commands are carried out over a log in memory, with all their reactions; read models fold the same facts.
"""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from commands.enrollment import ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment
from commands.log import Context
from commands.progress import CompleteUnit, DecideOutcome
from commands.quiz import GradeAttempt, OverrideGrade, PublishQuiz, SubmitAttempt
from domain.errors import DomainError
from domain.fact import Fact
from domain.quiz import Item
from projections.course_dashboard import ENROLLMENTS, CourseDashboard, CourseEnrollment
from projections.learner_dashboard import LEARNERS, Course, Dashboard, LearnerDashboard
from tests.support.facts import History, fold, rows_of
from tests.support.memory_log import MemoryBus, MemoryLog
from tests.support.usecases import AT, COURSE, RUN, RUNS
from workers.reactions import REACTIONS
from workers.reactions.reaction import context_of

ANN = ("ann", RUN)
ITEMS = [Item(f"i{number}", "?", ["yes", "no"]) for number in range(3)]
QUIZZES = (
    PublishQuiz("equations", RUN, "q1", "Equations", items=ITEMS, key=[0] * 3, attempts_allowed=2, pass_bp=3_000),
    PublishQuiz("groups", RUN, "q2", "Groups", kind="exam", attempts_allowed=2),
)

ANSWERS = [(0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1)]
NO = st.sampled_from([1, 2])
STEP = st.one_of(
    st.builds(lambda no, answers: SubmitAttempt("ann", "equations", no, answers), NO, st.sampled_from(ANSWERS)),
    st.builds(lambda no: SubmitAttempt("ann", "groups", no), NO),
    st.builds(
        lambda no, score: GradeAttempt("ann", "groups", no, score), NO, st.sampled_from([0, 3_999, 4_000, 10_000])
    ),
    st.builds(
        lambda quiz, no, score: OverrideGrade("ann", quiz, no, score, "appeal"),
        st.sampled_from(["equations", "groups"]),
        NO,
        st.sampled_from([0, 3_000, 5_000, 10_000]),
    ),
    st.builds(
        lambda unit_id, rule: CompleteUnit(*ANN, unit_id, rule),
        st.sampled_from(["intro", "q1", "q2"]),
        st.sampled_from(["learner", "instructor"]),
    ),
    st.builds(
        lambda outcome, reason: DecideOutcome(*ANN, 1, outcome, reason),
        st.sampled_from(["pass", "fail", None]),
        st.sampled_from(["", "appeal"]),
    ),
    st.sampled_from([WithdrawEnrollment(*ANN), ReactivateEnrollment(*ANN)]),
)


class Campus:
    """A campus in memory whose reactions follow at once; those that are refused are tried again after each step."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self._bus = MemoryBus(self.log)
        self._refused: list[tuple[Any, Context]] = []
        self._reacted = 0

    async def do(self, *commands: Any) -> None:
        for command in commands:
            await self._try(command, Context("test", AT))
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


async def after(steps: list[Any]) -> tuple[list[Fact], Course, CourseEnrollment]:
    campus = Campus()
    await campus.do(*COURSE, *RUNS, *QUIZZES, RequestEnrollment(*ANN), *steps)
    history = History()
    history.facts = await campus.log.read(0, 10_000)
    (document,) = rows_of(fold(LearnerDashboard, history), LEARNERS, Dashboard)
    (row,) = rows_of(fold(CourseDashboard, history), ENROLLMENTS, CourseEnrollment)
    return history.facts, document.courses[0], row


@settings(max_examples=40, deadline=None)
@given(st.lists(STEP, max_size=14))
def test_decision_and_display_agree(steps: list[Any]) -> None:
    """The last decision has the outcome and the grade that both dashboards show; no 100 % stands beside a fail."""
    facts, course, row = asyncio.run(after(steps))
    assert (course.percent, course.grade_bp, course.grade_so_far_bp, course.outcome) == (
        row.percent,
        row.grade_bp,
        row.grade_so_far_bp,
        row.outcome,
    )
    assert (course.scores, course.status) == (row.scores, row.status)
    assert not (course.outcome == "fail" and course.percent == 10_000)
    if course.outcome is None:
        return
    decisions = [fact.data for fact in facts if fact.type.startswith("progress.course_outcome")]
    last = decisions[-1]
    assert last.get("new", last.get("outcome")) == course.outcome
    if last["policy"] == "weighted_mean":
        assert last.get("new_grade_bp", last.get("grade_bp")) == course.grade_bp
    if last["policy"] == "weighted_mean" and course.status in ("active", "completed"):
        assert (course.status == "completed") == (course.outcome in ("pass", "distinction"))


def test_staff_revise_a_fail() -> None:
    """Every attempt is used and the course is failed; what staff decide with a reason moves the enrollment as well."""
    wrong = [SubmitAttempt("ann", "equations", number, (1, 1, 1)) for number in (1, 2)]
    papers = [
        step
        for number in (1, 2)
        for step in (SubmitAttempt("ann", "groups", number), GradeAttempt("ann", "groups", number, 0))
    ]
    _, course, _ = asyncio.run(after([*wrong, *papers]))
    assert (course.outcome, course.grade_bp, course.status, course.next_unit) == ("fail", 0, "active", None)
    _, course, _ = asyncio.run(after([*wrong, *papers, DecideOutcome(*ANN, 1, "pass", "appeal")]))
    assert (course.outcome, course.status) == ("pass", "completed")
    _, course, _ = asyncio.run(
        after([*wrong, *papers, DecideOutcome(*ANN, 1, "pass", "appeal"), DecideOutcome(*ANN, 1, "fail", "copied")])
    )
    assert (course.outcome, course.status) == ("fail", "active")


def test_an_enrollment_follows_the_present_outcome_when_the_learner_is_back() -> None:
    """Overrides revise the outcome of a learner who has left; the return completes the enrollment if it is a pass."""
    left = [
        *(SubmitAttempt("ann", "equations", number, (1, 1, 1)) for number in (1, 2)),
        *(SubmitAttempt("ann", "groups", number) for number in (1, 2)),
        *(GradeAttempt("ann", "groups", number, 0) for number in (1, 2)),
        WithdrawEnrollment(*ANN),
        OverrideGrade("ann", "groups", 1, 10_000, "appeal"),
    ]
    _, course, _ = asyncio.run(after(left))
    assert (course.outcome, course.grade_bp, course.status) == ("pass", 6_000, "withdrawn")
    _, course, _ = asyncio.run(after([*left, ReactivateEnrollment(*ANN)]))
    assert (course.outcome, course.status) == ("pass", "completed")
    undone = OverrideGrade("ann", "groups", 1, 0, "copied")
    _, course, _ = asyncio.run(after([*left, undone, ReactivateEnrollment(*ANN)]))
    assert (course.outcome, course.status) == ("fail", "active")
