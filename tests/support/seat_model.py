"""
A random crowd on a run with few seats, and what must hold whatever it does.

The machine keeps a small model (who sits, to whom a seat is offered until when, who waits, who has left, who has
finished), and compares it after every step with the facts. Where the commands go, a list in memory or a campus on real
servers, is up to its caller.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from commands.catalog import ChangeCapacity
from commands.enrollment import (
    AcceptSeat,
    CompleteEnrollment,
    ExpireSeatOffer,
    FollowCapacity,
    OfferSeat,
    ReactivateEnrollment,
    RequestEnrollment,
    WithdrawEnrollment,
)
from commands.enrollment.invitations import AcceptInvitation, InviteToRun
from commands.enrollment.transfer import TransferEnrollment
from domain.capacity import EXCESS_POLICIES, EXCESS_WAITS
from domain.enrollment import (
    AlreadyCompleted,
    Enrollment,
    HasWithdrawn,
    InvitationOver,
    NoAccess,
    NoFreeSeat,
    NoSeatOffered,
    NotActive,
    NotEnrolled,
    NotInvited,
    OfferExpired,
    RunClosed,
    RunFull,
    Seats,
    Status,
    WasTransferred,
)
from domain.errors import DomainError
from tests.support.given import Said, replay

LEARNERS = ("ann", "ben", "cid", "dan")
HOLDING = (Status.ACTIVE, Status.COMPLETED, Status.OFFERED)
GONE = (Status.WITHDRAWN, Status.EXPIRED)
learners = st.sampled_from(LEARNERS)


class Seating(RuleBasedStateMachine):
    """Learners ask, accept, leave, come back and finish, seats are offered and offers expire, in any order."""

    run_id: str
    other: str
    capacity: int

    def open(self, capacity: int, seat_offer_hours: int | None, waitlist_limit: int | None) -> None:
        """Open a run with *capacity* seats, offered for so many hours, another run, and set `run_id`, `other`."""
        raise NotImplementedError

    def move(self, hours: int) -> None:
        """Move the clock forward."""
        raise NotImplementedError

    def at(self, hours: int) -> datetime:
        """The time so many hours from now."""
        raise NotImplementedError

    def send(self, command: Any, *, again: bool = False) -> int:
        """Carry out a command, perhaps *again* and elsewhere; the position of its last fact."""
        raise NotImplementedError

    def facts(self, stream: str) -> Sequence[Said]:
        """The facts of a stream."""
        raise NotImplementedError

    @initialize(
        capacity=st.integers(1, 2), hours=st.sampled_from((None, 0, 1, 2)), limit=st.sampled_from((None, None, 0, 1))
    )
    def begin(self, capacity: int, hours: int | None, limit: int | None) -> None:
        self.capacity, self.hours, self.limit = capacity, hours, limit
        self.now, self.until = 0, dict.fromkeys(LEARNERS, 0)  # in hours
        self.is_open = True
        self.status = dict.fromkeys(LEARNERS, Status.NONE)
        self.seated: list[str] = []  # or has an offer of a seat; who has finished keeps it
        self.queue: list[str] = []
        self.invited = dict.fromkeys(LEARNERS, 0)  # until when, in hours; 0 for who is not
        self.accepted: set[str] = set()
        self.elsewhere = dict.fromkeys(LEARNERS, Status.NONE)  # on the other run of the course, which has no limit
        self.moved = dict.fromkeys(LEARNERS, "")  # from which of both runs to the other a learner was transferred last
        self.open(capacity, hours, limit)

    def is_overdue(self, learner: str) -> bool:
        return self.status[learner] is Status.OFFERED and self.now >= self.until[learner]

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

    @property
    def not_admitted(self) -> type[DomainError] | None:
        """Why a learner who asks now is refused; None for a seat or a place in the queue."""
        if not self.is_open:
            return RunClosed
        free = max(0, self.capacity - len(self.seated))
        queues = bool(self.queue) or not free
        return RunFull if queues and self.limit is not None and len(self.queue) - free >= self.limit else None

    def sit_or_wait(self, learner: str) -> None:
        if self.moved[learner] == "out":
            self.moved[learner] = ""  # the learner has come back
        if len(self.seated) < self.capacity and not self.queue:
            self.status[learner] = Status.ACTIVE
            self.seated.append(learner)
        else:
            self.status[learner] = Status.WAITLISTED
            self.queue.append(learner)

    @rule(learner=learners)
    def ask(self, learner: str) -> None:
        new, left = self.status[learner] in (Status.NONE, Status.EXPIRED), self.status[learner] is Status.WITHDRAWN
        shut = self.not_admitted if new else None
        self.expect(
            RequestEnrollment(learner, self.run_id),
            lambda: self.sit_or_wait(learner) if new else None,
            HasWithdrawn if left else shut,
        )

    @rule(learner=learners)
    def leave(self, learner: str) -> None:
        def gone() -> None:
            if self.status[learner] is not Status.EXPIRED:
                self.status[learner] = Status.WITHDRAWN
            for line in (self.queue, self.seated):
                if learner in line:
                    line.remove(learner)

        refusals: dict[Status, type[DomainError]] = {Status.NONE: NotEnrolled, Status.COMPLETED: AlreadyCompleted}
        self.expect(WithdrawEnrollment(learner, self.run_id), gone, refusals.get(self.status[learner]))

    @rule(learner=learners)
    def come_back(self, learner: str) -> None:
        left = self.status[learner] in GONE
        refusals: dict[Status, type[DomainError]] = {Status.NONE: NotEnrolled, Status.COMPLETED: AlreadyCompleted}
        if (shut := self.not_admitted) is not None:
            refusals |= dict.fromkeys(GONE, shut)
        if self.moved[learner] == "out" and self.elsewhere[learner] is Status.ACTIVE:
            refusals[Status.WITHDRAWN] = WasTransferred
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
            Status.OFFERED: NotActive,
            Status.EXPIRED: NotActive,
            Status.WITHDRAWN: HasWithdrawn,
        }
        self.expect(CompleteEnrollment(learner, self.run_id), done, refusals.get(self.status[learner]))

    @rule()
    def offer(self) -> None:
        """Every free seat is given, or offered for a time, to the first in the queue; none on a run that is closed."""
        self.send(OfferSeat(self.run_id))
        while self.is_open and self.queue and len(self.seated) < self.capacity:
            learner = self.queue.pop(0)
            self.status[learner] = Status.OFFERED if self.hours else Status.ACTIVE
            self.until[learner] = self.now + (self.hours or 0)
            self.seated.append(learner)

    @rule(learner=learners, hours=st.integers(1, 3))
    def invite(self, learner: str, hours: int) -> None:
        """An invitation that stands for less long than the one before is none."""
        until = self.now + hours
        stands = learner not in self.accepted and self.now < self.invited[learner]
        is_new = not stands or until > self.invited[learner]

        def invited() -> None:
            if is_new:
                self.invited[learner] = until
                self.accepted.discard(learner)

        command = InviteToRun(learner, self.run_id, self.at(hours))
        self.expect(command, invited, RunClosed if is_new and not self.is_open else None)

    @rule(learner=learners)
    def accept_invitation(self, learner: str) -> None:
        """Once, and in time; there is a place as for who asks, or who comes back."""
        enters = self.status[learner] in (Status.NONE, *GONE)

        def accepted() -> None:
            if learner not in self.accepted:
                self.accepted.add(learner)
                if enters:
                    self.sit_or_wait(learner)

        error = self.not_admitted if enters else None
        if learner in self.accepted:
            error = None
        elif not self.invited[learner]:
            error = NotInvited
        elif self.now >= self.invited[learner]:
            error = InvitationOver
        self.expect(AcceptInvitation(learner, self.run_id), accepted, error)

    @rule(learner=learners)
    def transfer_out(self, learner: str) -> None:
        """To the other run, which has room for all; only who has access goes."""
        is_done = self.moved[learner] == "out" and self.status[learner] is Status.WITHDRAWN

        def gone() -> None:
            if not is_done:
                self.status[learner], self.elsewhere[learner] = Status.WITHDRAWN, Status.ACTIVE
                self.seated.remove(learner)
                self.moved[learner] = "out"

        refusals: dict[Status, type[DomainError]] = {Status.NONE: NotEnrolled, Status.COMPLETED: AlreadyCompleted}
        refusals |= dict.fromkeys((Status.WAITLISTED, Status.OFFERED, *GONE), NoAccess)
        error = None if is_done else refusals.get(self.status[learner])
        self.expect(TransferEnrollment(learner, self.run_id, self.other, "works"), gone, error)

    @rule(learner=learners)
    def transfer_in(self, learner: str) -> None:
        """From the other run: where a seat is free for which no learner waits, or offered to this one."""
        is_done = self.moved[learner] == "in" and self.elsewhere[learner] is Status.WITHDRAWN

        def come() -> None:
            if not is_done:
                if learner not in self.seated:
                    self.seated.append(learner)
                self.status[learner], self.elsewhere[learner] = Status.ACTIVE, Status.WITHDRAWN
                self.moved[learner] = "in"

        self.expect(
            TransferEnrollment(learner, self.other, self.run_id, "works"), come, None if is_done else self.kept(learner)
        )

    def kept(self, learner: str) -> type[DomainError] | None:
        """Why a learner does not come from the other run."""
        if self.elsewhere[learner] is not Status.ACTIVE:
            return NotEnrolled if self.elsewhere[learner] is Status.NONE else NoAccess
        if not self.is_open:
            return RunClosed
        if self.status[learner] is Status.COMPLETED:
            return AlreadyCompleted
        if self.is_overdue(learner):
            return OfferExpired
        has_room = len(self.seated) < self.capacity and not self.queue
        return None if learner in self.seated or has_room else NoFreeSeat

    @rule(capacity=st.integers(1, 3), excess=st.sampled_from(EXCESS_POLICIES))
    def change_capacity(self, capacity: int, excess: str) -> None:
        """Those who sit stay, or as many of the last as are too many wait again; new seats are not given yet."""
        self.send(ChangeCapacity(self.run_id, capacity, excess))
        self.expect(FollowCapacity(self.run_id, excess), lambda: self.resize(capacity, excess))

    def resize(self, capacity: int, excess: str) -> None:
        self.capacity = capacity
        movable = [each for each in self.seated if self.status[each] in (Status.ACTIVE, Status.OFFERED)]
        for learner in reversed(movable if excess == EXCESS_WAITS else []):
            if len(self.seated) > capacity:
                self.seated.remove(learner)
                self.queue.insert(0, learner)
                self.status[learner] = Status.WAITLISTED

    @rule(learner=learners)
    def accept(self, learner: str) -> None:
        """Who was offered a seat gets it, if it is not too late and the run is open."""

        def accepted() -> None:
            if self.status[learner] is Status.OFFERED:
                self.status[learner] = Status.ACTIVE

        refusals: dict[Status, type[DomainError]] = {
            Status.NONE: NotEnrolled,
            Status.WAITLISTED: NoSeatOffered,
            Status.WITHDRAWN: NoSeatOffered,
            Status.EXPIRED: OfferExpired,
        }
        if not self.is_open:
            refusals[Status.OFFERED] = RunClosed
        refusal = OfferExpired if self.is_overdue(learner) else refusals.get(self.status[learner])
        self.expect(AcceptSeat(learner, self.run_id), accepted, refusal)

    @rule(learner=learners)
    def lapse(self, learner: str) -> None:
        """The timer, which may be early, late, or about a learner who has accepted or left."""

        def over() -> None:
            if self.is_overdue(learner):
                self.status[learner] = Status.EXPIRED
                self.seated.remove(learner)

        self.expect(ExpireSeatOffer(learner, self.run_id), over)

    @rule(hours=st.integers(1, 2))
    def time_passes(self, hours: int) -> None:
        self.now += hours
        self.move(hours)

    @invariant()
    def the_seats_are_as_expected(self) -> None:
        """The same people sit and wait, the latter in the order in which they asked."""
        seats = replay(Seats, f"seats-{self.run_id}", self.facts(f"seats-{self.run_id}"))
        assert list(seats.seated) == self.seated
        assert set(self.seated) == {learner for learner, status in self.status.items() if status in HOLDING}
        assert list(seats.waiting) == self.queue

    @invariant()
    def every_learner_is_where_they_should_be(self) -> None:
        """The enrollments agree with the seats."""
        for learner, status in self.status.items():
            for run_id, expected in ((self.run_id, status), (self.other, self.elsewhere[learner])):
                stream = f"enrollment-{learner}:{run_id}"
                assert replay(Enrollment, stream, self.facts(stream)).status is expected

    @invariant()
    def nobody_overtakes(self) -> None:
        """By the facts alone: no seat is given that there is not; none to a learner while another has waited longer."""
        seated: set[str] = set()
        waiting: list[str] = []
        capacity = 0
        for said in self.facts(f"seats-{self.run_id}"):
            learner = str(said.fields.get("learner_id"))
            if said.type == "seats.taken":
                assert not waiting or waiting.pop(0) == learner
                seated.add(learner)
                assert len(seated) <= capacity
            elif said.type in ("seats.opened", "seats.capacity_changed"):
                capacity = int(said.fields.get("new", said.fields.get("capacity", 0)))
            elif said.type == "seats.moved_back":
                seated.remove(learner)
                waiting.insert(0, learner)
            elif said.type == "seats.queued":
                waiting.append(learner)
            elif said.type == "seats.released":
                seated.remove(learner)
            elif said.type == "seats.queue_left":
                waiting.remove(learner)
