"""
Progress under edits of the authors, in any order, against what the read models show.

Versions are published, runs follow them, learners join, complete units and are judged, and pages of those who follow
come late and twice: a percentage is between 0 and 100, it never falls for who has completed the course, both read
models say the same, and no edit changes an outcome.
"""

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from commands.catalog import ChangeRunVersion, CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.log import Context
from commands.progress import CompleteUnit, DecideOutcome, OpenUnit
from commands.progress.following import FollowRun
from domain.catalog import Course, Run, Unit
from domain.errors import DomainError
from domain.grading import PASSING_OUTCOMES, percent_bp, scheme_of
from domain.progress import CourseProgress
from domain.score import FULL
from projections.course_dashboard import ENROLLMENTS, CourseDashboard, CourseEnrollment
from projections.learner_dashboard import LearnerDashboard
from projections.learner_dashboard.rows import LEARNERS, Dashboard
from tests.support.facts import History, fold, rows_of
from tests.support.memory_log import MemoryLog
from tests.support.usecases import AT, END, START, Campus

RUN = "algebra-1"
UNIT_IDS = ("u1", "u2", "u3", "u4")
LEARNERS_OF_RUN = ("ann", "ben", "cat")
LEARNER, UNIT = st.sampled_from(LEARNERS_OF_RUN), st.sampled_from(UNIT_IDS)
WEIGHTS = st.dictionaries(UNIT, st.sampled_from((0, 1, 3_333, 6_667, 10_000)), min_size=1)


def units(weights: dict[str, int]) -> list[Unit]:
    return [Unit(unit_id, "quiz", unit_id, weight=weight, due_after_days=14) for unit_id, weight in weights.items()]


class Edited(RuleBasedStateMachine):
    """Three learners, one of whom may come later, on a run of a course that is edited."""

    def __init__(self) -> None:
        super().__init__()
        self.log = MemoryLog()
        self.campus = Campus(self.log)
        self.shown: dict[str, tuple[int, str | None]] = {}
        course = (
            CreateCourse("algebra", "Algebra"),
            PublishCourse("algebra", units({"u1": 4_000, "u2": 6_000})),
            ScheduleRun(RUN, "algebra", 1, START, END),
            OpenRun(RUN),
        )
        self._wait(self.campus.give(*course, RequestEnrollment("ann", RUN), RequestEnrollment("ben", RUN)))

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run(work)

    def _do(self, command: Any) -> list[str]:
        """The facts that came of a command; none if it was refused."""
        head = self._wait(self.log.head())
        try:
            self._wait(self.campus.bus.handle(command, Context("test", AT)))
        except DomainError:
            assert self._wait(self.log.head()) == head
        return [fact.type for fact in self._wait(self.log.read(head, 100))]

    @property
    def _run(self) -> Run:
        return self.log.replay(Run, f"run-{RUN}")

    @rule(weights=WEIGHTS)
    def publish(self, weights: dict[str, int]) -> None:
        assert set(self._do(PublishCourse("algebra", units(weights)))) <= {"course.version_published"}

    @rule(version=st.integers(1, 6))
    def change(self, version: int) -> None:
        assert set(self._do(ChangeRunVersion(RUN, version))) <= {"run.version_changed"}

    @rule(back=st.sampled_from((0, 0, 0, 1)))
    def follow(self, back: int) -> None:
        number = len(self._run.versions) - 1 - back
        facts = self._do(FollowRun(RUN, number))
        assert set(facts) <= {"progress.rebased", "rebase.progressed"}
        assert not facts or not back
        assert self._do(FollowRun(RUN, number)) == []

    @rule(learner=LEARNER)
    def join(self, learner: str) -> None:
        self._do(RequestEnrollment(learner, RUN))

    @rule(learner=LEARNER, unit=UNIT)
    def open(self, learner: str, unit: str) -> None:
        self._do(OpenUnit(learner, RUN, unit))

    @rule(learner=LEARNER, unit=UNIT, points=st.sampled_from((None, 0, 3_999, 10_000)))
    def complete(self, learner: str, unit: str, points: int | None) -> None:
        self._do(CompleteUnit(learner, RUN, unit, "instructor", points))

    @rule(learner=LEARNER)
    def decide(self, learner: str) -> None:
        self._do(DecideOutcome(learner, RUN, 1))

    @rule(learner=LEARNER, outcome=st.sampled_from(("pass", "fail")))
    def judge(self, learner: str, outcome: str) -> None:
        self._do(DecideOutcome(learner, RUN, 1, outcome, "looked at it again"))

    @invariant()
    def percentages_are_true(self) -> None:
        history = cast("History", SimpleNamespace(facts=self._wait(self.log.read(0, 10_000))))
        documents = rows_of(fold(LearnerDashboard, history), LEARNERS, Dashboard)
        rows = {row.learner_id: row for row in rows_of(fold(CourseDashboard, history), ENROLLMENTS, CourseEnrollment)}
        course, run = self.log.replay(Course, "course-algebra"), self._run
        for document in documents:
            learner, (shown,) = document.learner_id, document.courses
            progress = self.log.replay(CourseProgress, f"progress-{learner}:{RUN}")
            scheme = scheme_of(course.versions[progress.follows(run.versions)])
            assert 0 <= shown.percent <= FULL
            assert shown.outcome == rows[learner].outcome == (progress.outcome or None)
            if progress.exists:
                assert shown.percent == percent_bp(scheme, progress.completed, progress.outcome)
                assert (shown.percent, shown.grade_bp) == (rows[learner].percent, rows[learner].grade_bp)
            percent, outcome = self.shown.get(learner, (0, None))
            if (percent == FULL or outcome in PASSING_OUTCOMES) and shown.outcome != "fail":
                assert shown.percent >= percent
            self.shown[learner] = shown.percent, shown.outcome


@pytest.mark.parametrize("examples", [10, pytest.param(2_000, marks=pytest.mark.slow)])
def test_progress_under_edits(examples: int) -> None:
    """After every step."""
    run_state_machine_as_test(
        Edited,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
