"""
Attempts and regrades in any order, against a model that is as simple as what it says.

Answers come late, twice and out of order, clocks of clients mean nothing, the server ends what is over, and keys change
afterwards: an acknowledged answer stands, an attempt is there once, and every score is that of the key which holds.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from commands.enrollment import RequestEnrollment
from commands.log import Context
from commands.quiz import (
    CommitRegrade,
    ContinueRegrade,
    EndAttempt,
    GradeAttempt,
    GrantAllowance,
    ProposeRegrade,
    PublishQuiz,
    SaveAnswer,
    StartAttempt,
    SubmitAttempt,
)
from commands.quiz.regrading import Wanted, preview
from domain.errors import DomainError
from domain.quiz import QuizAttempt
from domain.quiz.regrade import NewItem
from tests.support.memory_log import MemoryLog, MemoryUnit
from tests.support.usecases import AT, COURSE, ITEMS, RUN, RUNS, Campus

LIMIT, GRACE = 600, 5  # seconds
QUIZ = PublishQuiz("timed", RUN, "q1", "Timed", items=ITEMS, key=[1, 0], time_limit=LIMIT, attempts_allowed=2)
LEARNERS = st.sampled_from(("ann", "ben"))
ITEM_IDS, OPTIONS = st.sampled_from(("i1", "i2")), st.sampled_from(("0", "1"))
SEQUENCES = st.integers(1, 6)


@dataclass
class Sat:
    """An attempt as the model knows it: when it ends, the answers, whether and when it has ended."""

    ends_at: datetime
    extra: int
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    ended_at: datetime | None = None
    graded: bool = False


class Attempts(RuleBasedStateMachine):
    """Two learners, two attempts each at most, one quiz of two items."""

    def __init__(self) -> None:
        super().__init__()
        self.log = MemoryLog()
        self.campus = Campus(self.log)
        self.now = AT
        self.sat: dict[tuple[str, int], Sat] = {}
        self.extra = {"ann": 0, "ben": 0}
        self.key = {"i1": "1", "i2": "0"}
        self.keys: list[dict[str, str]] = []  # before each regrade
        self._run(self.campus.give(*COURSE, *RUNS, QUIZ, *(RequestEnrollment(each, RUN) for each in self.extra)))

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run(work)

    def _do(self, command: Any) -> str:
        """The code with which a command is refused, empty if it is not."""
        try:
            self._run(self.campus.bus.handle(command, Context("test", self.now)))
        except DomainError as error:
            return error.code
        return ""

    def _running(self, learner: str) -> int | None:
        return next((no for (who, no), sat in self.sat.items() if who == learner and sat.ended_at is None), None)

    @rule(seconds=st.sampled_from((1, 30, 299, 604, 3_600)))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(learner=LEARNERS)
    def start(self, learner: str) -> None:
        taken = [no for who, no in self.sat if who == learner]
        refused = self._do(StartAttempt(learner, "timed"))
        if self._running(learner) is None:
            assert refused == ("no_attempts_left" if len(taken) == 2 else "")
            if not refused:
                ends_at = self.now + timedelta(seconds=LIMIT + self.extra[learner])
                self.sat[learner, len(taken) + 1] = Sat(ends_at, self.extra[learner])
        else:
            assert refused == ""

    @rule(learner=LEARNERS, number=st.integers(1, 2), item=ITEM_IDS, seq=SEQUENCES, option=OPTIONS)
    def save(self, learner: str, number: int, item: str, seq: int, option: str) -> None:
        response = {"kind": "single_choice", "option_id": option}
        refused = self._do(SaveAnswer(learner, "timed", number, item, seq, response))
        sat = self.sat.get((learner, number))
        if sat is None:
            assert refused == "attempt_not_found"
        elif seq <= sat.answers.get(item, (0, ""))[0]:
            assert refused == ""
        elif sat.ended_at is not None or self.now >= sat.ends_at + timedelta(seconds=GRACE):
            assert refused in ("attempt_ended", "time_is_up")
        else:
            assert refused == ""
            sat.answers[item] = seq, option

    @rule(learner=LEARNERS, number=st.integers(1, 2))
    def submit(self, learner: str, number: int) -> None:
        sat = self.sat.get((learner, number))
        refused = self._do(SubmitAttempt(learner, "timed", number))
        assert refused == ("" if sat else "attempt_not_started")
        if sat is not None and sat.ended_at is None:
            sat.ended_at = min(self.now, sat.ends_at) if self._is_over(sat) else self.now

    @rule(learner=LEARNERS, number=st.integers(1, 2))
    def server_ends(self, learner: str, number: int) -> None:
        sat = self.sat.get((learner, number))
        refused = self._do(EndAttempt(learner, "timed", number))
        if sat is None:
            assert refused == "attempt_not_found"
        elif sat.ended_at is None and not self._is_over(sat):
            assert refused == "attempt_still_running"
        elif sat.ended_at is None:
            sat.ended_at = sat.ends_at

    @rule(learner=LEARNERS, seconds=st.sampled_from((0, 300, 600)))
    def allow(self, learner: str, seconds: int) -> None:
        assert self._do(GrantAllowance(learner, "timed", "why", extra_seconds=seconds)) == ""
        number = self._running(learner)
        if number is not None:
            sat = self.sat[learner, number]
            sat.ends_at += timedelta(seconds=seconds - sat.extra)
            sat.extra = seconds
        self.extra[learner] = seconds

    @rule(learner=LEARNERS, number=st.integers(1, 2))
    def grade(self, learner: str, number: int) -> None:
        sat = self.sat.get((learner, number))
        refused = self._do(GradeAttempt(learner, "timed", number))
        assert (refused == "") == (sat is not None and sat.ended_at is not None)
        if sat is not None and not refused:
            sat.graded = True

    @rule(item=ITEM_IDS)
    def regrade(self, item: str) -> None:
        right = "0" if self.key[item] == "1" else "1"
        key = {"kind": "single_choice", "shares": {right: "1"}}
        self.keys.append(dict(self.key))
        self.key[item] = right
        self._carry_out(Wanted("timed", items=(NewItem(item, key=key),)))

    @precondition(lambda self: self.keys and self.keys[-1] != self.key)
    @rule()
    def undo(self) -> None:
        before = self.keys.pop()
        self.keys.append(dict(self.key))
        self.key = before
        self._carry_out(Wanted("timed", undo=max(self._quiz_numbers())))

    def _quiz_numbers(self) -> list[int]:
        return [fact.data["regrade_no"] for fact in self.log.of("quiz-timed") if fact.type == "regrade.proposed"]

    def _carry_out(self, wanted: Wanted) -> None:
        """What was foreseen comes, and a second run changes nothing."""
        number, found = self._run(preview(MemoryUnit(self.log, Context("test", self.now)), wanted))
        foreseen = {each.attempt.id: each.foreseen.score for each in found}
        assert self._do(ProposeRegrade(wanted, "why", number, len(found))) == ""
        regrade_no = max(self._quiz_numbers())
        assert self._do(CommitRegrade("timed", regrade_no)) == ""
        head = self._run(self.log.head())
        assert self._do(ContinueRegrade("timed", regrade_no)) == ""
        touched = {fact.stream_id for fact in self._run(self.log.read(head, 99)) if fact.stream_id != "quiz-timed"}
        assert touched == foreseen.keys()
        for stream, score in foreseen.items():
            assert self.log.replay(QuizAttempt, stream).score == score
        head = self._run(self.log.head())
        assert self._do(ContinueRegrade("timed", regrade_no)) == ""
        assert self._run(self.log.head()) == head

    def _is_over(self, sat: Sat) -> bool:
        return self.now >= sat.ends_at + timedelta(seconds=GRACE)

    @invariant()
    def every_attempt_is_as_the_model_says(self) -> None:
        for (learner, number), sat in self.sat.items():
            attempt = self.log.replay(QuizAttempt, f"attempt-{learner}:timed:{number}")
            assert attempt.answers == {item: seq for item, (seq, _) in sat.answers.items()}
            assert attempt.submitted == (sat.ended_at is not None)
            facts = self.log.of(attempt.id)
            ends = [fact.occurred_at for fact in facts if fact.type == "attempt.submitted"]
            assert ends == ([] if sat.ended_at is None else [sat.ended_at])
            assert [fact.type for fact in facts].count("attempt.graded") == sat.graded
            if sat.graded:
                right = sum(sat.answers.get(item, (0, ""))[1] == option for item, option in self.key.items())
                assert attempt.score is not None
                assert attempt.score.points * 2 == right * attempt.score.possible


@pytest.mark.parametrize("examples", [10, pytest.param(2_000, marks=pytest.mark.slow)])
def test_attempts_in_any_order(examples: int) -> None:
    """As the model says, after every step."""
    run_state_machine_as_test(
        Attempts,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
