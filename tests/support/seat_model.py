"""
A random crowd on a run with few seats, and what must hold whatever it does.

The machine keeps a small model (who sits, who waits, who has left, who has finished), and compares it after every
step with the facts. Where the commands go, a list in memory or a campus on real servers, is up to whoever drives it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from commands.enrollment import (
    CompleteEnrollment,
    OfferSeat,
    ReactivateEnrollment,
    RequestEnrollment,
    WithdrawEnrollment,
)
from domain.enrollment import AlreadyCompleted, Enrollment, HasWithdrawn, NotActive, NotEnrolled, Seats, Status
from domain.errors import DomainError
from tests.support.given import Said, replay

LEARNERS = ("ann", "ben", "cid", "dan")
learners = st.sampled_from(LEARNERS)


class Seating(RuleBasedStateMachine):
    """Learners ask, leave, come back and finish, and seats are offered, in any order."""

    run_id: str
    capacity: int

    def open(self, capacity: int) -> None:
        """Open a run with *capacity* seats and set `run_id`."""
        raise NotImplementedError

    def send(self, command: Any, *, again: bool = False) -> int:
        """Carry out a command, perhaps *again* and elsewhere; the position of its last fact."""
        raise NotImplementedError

    def facts(self, stream: str) -> Sequence[Said]:
        """The facts of a stream."""
        raise NotImplementedError

    @initialize(capacity=st.integers(1, 2))
    def begin(self, capacity: int) -> None:
        self.capacity = capacity
        self.status = dict.fromkeys(LEARNERS, Status.NONE)
        self.queue: list[str] = []
        self.open(capacity)

    @property
    def seated(self) -> set[str]:
        """Who has a seat; who has finished keeps it."""
        return {learner for learner, status in self.status.items() if status in (Status.ACTIVE, Status.COMPLETED)}

    def expect(self, command: Any, change: Callable[[], None], error: type[DomainError] | None = None) -> None:
        """Send a command that changes the model or is refused; once more, it changes nothing and answers the same."""
        answers = {self.answer(command), self.answer(command, again=True)}
        assert len(answers) == 1
        if error is None:
            assert isinstance(answers.pop(), int)
            change()
        else:
            assert answers == {error.code}

    def answer(self, command: Any, *, again: bool = False) -> int | str:
        """The position, or the code of the refusal."""
        try:
            return self.send(command, again=again)
        except DomainError as error:
            return error.code

    def sit_or_wait(self, learner: str) -> None:
        if len(self.seated) < self.capacity and not self.queue:
            self.status[learner] = Status.ACTIVE
        else:
            self.status[learner] = Status.WAITLISTED
            self.queue.append(learner)

    @rule(learner=learners)
    def ask(self, learner: str) -> None:
        new, left = self.status[learner] is Status.NONE, self.status[learner] is Status.WITHDRAWN
        self.expect(
            RequestEnrollment(learner, self.run_id),
            lambda: self.sit_or_wait(learner) if new else None,
            HasWithdrawn if left else None,
        )

    @rule(learner=learners)
    def leave(self, learner: str) -> None:
        def gone() -> None:
            self.status[learner] = Status.WITHDRAWN
            if learner in self.queue:
                self.queue.remove(learner)

        refusals: dict[Status, type[DomainError]] = {Status.NONE: NotEnrolled, Status.COMPLETED: AlreadyCompleted}
        self.expect(WithdrawEnrollment(learner, self.run_id), gone, refusals.get(self.status[learner]))

    @rule(learner=learners)
    def come_back(self, learner: str) -> None:
        left = self.status[learner] is Status.WITHDRAWN
        refusals: dict[Status, type[DomainError]] = {Status.NONE: NotEnrolled, Status.COMPLETED: AlreadyCompleted}
        self.expect(
            ReactivateEnrollment(learner, self.run_id),
            lambda: self.sit_or_wait(learner) if left else None,
            refusals.get(self.status[learner]),
        )

    @rule(learner=learners)
    def finish(self, learner: str) -> None:
        def done() -> None:
            self.status[learner] = Status.COMPLETED

        refusals: dict[Status, type[DomainError]] = {
            Status.NONE: NotEnrolled,
            Status.WAITLISTED: NotActive,
            Status.WITHDRAWN: HasWithdrawn,
        }
        self.expect(CompleteEnrollment(learner, self.run_id), done, refusals.get(self.status[learner]))

    @rule()
    def offer(self) -> None:
        """A seat is offered to the first in the queue, if there is a seat, and one at a time."""
        self.send(OfferSeat(self.run_id))
        if self.queue and len(self.seated) < self.capacity:
            self.status[self.queue.pop(0)] = Status.ACTIVE

    @invariant()
    def the_seats_are_as_expected(self) -> None:
        """The same people sit and wait, the latter in the order in which they asked."""
        seats = replay(Seats, f"seats-{self.run_id}", self.facts(f"seats-{self.run_id}"))
        assert seats.seated == self.seated
        assert list(seats.waiting) == self.queue

    @invariant()
    def every_learner_is_where_they_should_be(self) -> None:
        """The enrollments agree with the seats."""
        for learner, status in self.status.items():
            stream = f"enrollment-{learner}:{self.run_id}"
            assert replay(Enrollment, stream, self.facts(stream)).status is status

    @invariant()
    def nobody_overtakes(self) -> None:
        """By the facts alone: never more seated than seats, and no seat for anybody while somebody waits longer."""
        seated: set[str] = set()
        waiting: list[str] = []
        for said in self.facts(f"seats-{self.run_id}"):
            learner = str(said.fields.get("learner_id"))
            if said.type == "seats.taken":
                assert not waiting or waiting.pop(0) == learner
                seated.add(learner)
                assert len(seated) <= self.capacity
            elif said.type == "seats.queued":
                waiting.append(learner)
            elif said.type == "seats.released":
                seated.remove(learner)
            elif said.type == "seats.queue_left":
                waiting.remove(learner)
