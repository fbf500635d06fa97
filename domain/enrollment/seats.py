"""The seats of one course run: who sits, and who waits, in the order in which they asked."""

from collections.abc import Sequence
from typing import ClassVar

from domain.aggregate import Aggregate, event, stream_id
from domain.enrollment_errors import RunFull


def seats_stream(run_id: str) -> str:
    """The stream of the seats of a run."""
    return stream_id("seats", run_id)


class Seats(Aggregate):
    """The seats of one course run, and who waits for one."""

    category = "seats"
    ids = ("run_id",)
    mentions_learner = True
    snapshot_every = 200
    snapshot_fields: ClassVar = {"capacity": int, "seated": dict[str, None], "waiting": dict[str, None]}
    state_version = 2

    class Opened(Aggregate.Event):
        TOPIC = "seats.opened"
        capacity: int

    class Taken(Aggregate.Event):
        TOPIC = "seats.taken"
        learner_id: str

    class Queued(Aggregate.Event):
        TOPIC = "seats.queued"
        learner_id: str

    class Released(Aggregate.Event):
        TOPIC = "seats.released"
        learner_id: str

    class QueueLeft(Aggregate.Event):
        TOPIC = "seats.queue_left"
        learner_id: str

    class CapacityChanged(Aggregate.Event):
        TOPIC = "seats.capacity_changed"
        old: int
        new: int

    class MovedBack(Aggregate.Event):
        TOPIC = "seats.moved_back"
        learner_id: str

    def initial_state(self) -> None:
        self.capacity = 0
        self.seated: dict[str, None] = {}  # a dict keeps the order and finds by key
        self.waiting: dict[str, None] = {}

    @property
    def excess(self) -> int:
        """How many more learners sit than there are seats, since the capacity was lowered."""
        return max(0, len(self.seated) - self.capacity)

    def open(self, capacity: int, learners: Sequence[str] = ()) -> None:
        """
        Set out the seats when the first learner asks, or when the run gets a limit: all *learners* keep their places.

        Where they are more than the capacity there are as many seats first, so that no more are given than there are.
        """
        if self.exists:
            return
        self._opened(capacity=max(capacity, len(learners)))
        for learner_id in learners:
            self._taken(learner_id=learner_id)
        self.resize(capacity)

    @event(Opened)
    def _opened(self, capacity: int) -> None:
        self.capacity = capacity

    def resize(self, capacity: int) -> None:
        """Have so many seats from now on; who sits stays, and no seat is given before one is free."""
        if not self.exists:
            self._opened(capacity=capacity)
        elif capacity != self.capacity:
            self._capacity_changed(old=self.capacity, new=capacity)

    @event(CapacityChanged)
    def _capacity_changed(self, old: int, new: int) -> None:
        self.capacity = new

    def move_back(self, learner_id: str) -> None:
        """Take a seat back from a learner, who is then the first in the queue."""
        if learner_id in self.seated:
            self._moved_back(learner_id=learner_id)

    @event(MovedBack)
    def _moved_back(self, learner_id: str) -> None:
        self.seated.pop(learner_id, None)
        self.waiting = {learner_id: None, **self.waiting}

    def take(self, learner_id: str, waitlist_limit: int | None = None) -> bool:
        """
        Give *learner_id* a seat if one is free and the queue is empty, else a place in the queue; True: seated.

        Args:
            waitlist_limit: how many may wait for a seat that is taken; None for no limit.

        Raises:
            RunFull: so many are, not counting those for whom a seat is free.
        """
        if learner_id in self.seated:
            return True
        if learner_id in self.waiting:
            return False
        if len(self.seated) < self.capacity and not self.waiting:
            self._taken(learner_id=learner_id)
            return True
        waiting = len(self.waiting) - max(0, self.capacity - len(self.seated))  # a free seat is on its way to the first
        if waitlist_limit is not None and waiting >= waitlist_limit:
            self.refuse(RunFull(run_id=self.id_of("run_id"), capacity=self.capacity, waitlist_limit=waitlist_limit))
        self._queued(learner_id=learner_id)
        return False

    @event(Taken)
    def _taken(self, learner_id: str) -> None:
        self.waiting.pop(learner_id, None)
        self.seated[learner_id] = None

    @event(Queued)
    def _queued(self, learner_id: str) -> None:
        self.waiting[learner_id] = None

    def release(self, learner_id: str) -> None:
        """Free the seat, or the place in the queue, of *learner_id*."""
        if learner_id in self.seated:
            self._released(learner_id=learner_id)
        elif learner_id in self.waiting:
            self._queue_left(learner_id=learner_id)

    @event(Released)
    def _released(self, learner_id: str) -> None:
        self.seated.pop(learner_id, None)

    @event(QueueLeft)
    def _queue_left(self, learner_id: str) -> None:
        self.waiting.pop(learner_id, None)

    def seat_next(self) -> str | None:
        """Seat the first learner in the queue, if a seat is free; returns that learner."""
        if not self.waiting or len(self.seated) >= self.capacity:
            return None
        learner_id = next(iter(self.waiting))
        self._taken(learner_id=learner_id)
        return learner_id
