"""A thread: where it belongs, and what staff and its author decide about it; its posts have streams of their own."""

from enum import StrEnum
from typing import Any

from domain.aggregate import Aggregate, event, stream_id
from domain.forum.errors import (
    MergedIntoItself,
    ThreadClosed,
    ThreadExists,
    ThreadMerged,
    ThreadNotFound,
    TooManyMerged,
)
from domain.forum.rules import checked_seconds
from domain.forum.topics import FIRST_TOPIC

MOST_MERGED = 20  # threads that are merged into one


class ThreadKind(StrEnum):
    """A question can have an accepted answer; a discussion has none."""

    QUESTION = "question"
    DISCUSSION = "discussion"


class CloseGround(StrEnum):
    """Why a thread takes no posts any more, in words that name no one."""

    ANSWERED = "answered"
    DUPLICATE = "duplicate"
    OFF_TOPIC = "off_topic"
    HEATED = "heated"
    OVER = "over"


def thread_stream(thread_id: str) -> str:
    """The stream of a thread."""
    return stream_id("thread", thread_id)


class Thread(Aggregate):
    """
    One thread of a run.

    Attributes:
        accepted: the number of the accepted answer, None for none.
        into: the thread into which it was merged, None for none; it leads on to that one (decisions/0491).
        absorbed: the threads that were merged into this one; none of them has any itself.
        slow: seconds between two posts of a person in it, 0 for none.
    """

    category = "thread"
    ids = ("thread_id",)
    keyed_by = "thread_id"

    class Created(Aggregate.Event):
        TOPIC = "thread.created"
        class_version = 2
        run_id: str
        topic_id: str
        unit_id: str | None
        kind: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """Threads of before are in the first topic of their run."""
            state["topic_id"] = FIRST_TOPIC

    class Slowed(Aggregate.Event):
        """Seconds between two posts of a person, 0 for none."""

        TOPIC = "thread.slowed"
        old: int
        new: int

    class Pinned(Aggregate.Event):
        TOPIC = "thread.pinned"

    class Unpinned(Aggregate.Event):
        TOPIC = "thread.unpinned"

    class Closed(Aggregate.Event):
        TOPIC = "thread.closed"
        ground: str

    class Reopened(Aggregate.Event):
        TOPIC = "thread.reopened"

    class Moved(Aggregate.Event):
        """To another unit of the run, or to none."""

        TOPIC = "thread.moved"
        old_unit_id: str | None
        new_unit_id: str | None

    class TopicChanged(Aggregate.Event):
        """To another topic of the run."""

        TOPIC = "thread.topic_changed"
        old_topic_id: str
        new_topic_id: str

    class RunChanged(Aggregate.Event):
        """To another run, with a topic and a unit of that one, or none."""

        TOPIC = "thread.run_changed"
        old_run_id: str
        new_run_id: str
        old_topic_id: str
        new_topic_id: str
        old_unit_id: str | None
        new_unit_id: str | None

    class Merged(Aggregate.Event):
        """It leads on to the thread `new_into`; before, to `old_into`, or to none."""

        TOPIC = "thread.merged"
        old_into: str | None
        new_into: str

    class Separated(Aggregate.Event):
        """It goes on by itself."""

        TOPIC = "thread.separated"
        into: str

    class Absorbed(Aggregate.Event):
        """The thread `other_id` leads on to this one."""

        TOPIC = "thread.absorbed"
        other_id: str

    class Released(Aggregate.Event):
        TOPIC = "thread.released"
        other_id: str

    class AnswerAccepted(Aggregate.Event):
        """`learner_id` has written it; `old_post_no` was the accepted one before."""

        TOPIC = "answer.accepted"
        old_post_no: int | None
        new_post_no: int
        learner_id: str
        by_staff: bool

    class AnswerWithdrawn(Aggregate.Event):
        TOPIC = "answer.withdrawn"
        post_no: int
        by_staff: bool

    def initial_state(self) -> None:
        self.run_id = ""
        self.topic_id = FIRST_TOPIC
        self.unit_id: str | None = None
        self.kind = ThreadKind.DISCUSSION.value
        self.is_pinned = False
        self.is_closed = False
        self.accepted: int | None = None
        self.into: str | None = None
        self.absorbed: list[str] = []
        self.slow = 0

    def must_be_of(self, run_id: str) -> None:
        """Raise ThreadNotFound unless it is a thread of the run."""
        if not self.exists or self.run_id != run_id:
            raise ThreadNotFound(run_id=run_id, thread_id=self.id_of("thread_id"))

    def must_stand_alone(self) -> None:
        """Raise ThreadMerged if it leads on to another one."""
        if self.into is not None:
            raise ThreadMerged(thread_id=self.id_of("thread_id"), into=self.into)

    def must_be_open(self) -> None:
        """Raise ThreadClosed or ThreadMerged if it takes no posts."""
        self.must_stand_alone()
        if self.is_closed:
            raise ThreadClosed(thread_id=self.id_of("thread_id"))

    def create(self, run_id: str, topic_id: str, unit_id: str | None, kind: ThreadKind) -> None:
        """Create it."""
        if self.exists:
            raise ThreadExists(thread_id=self.id_of("thread_id"))
        self._created(run_id=run_id, topic_id=topic_id, unit_id=unit_id, kind=kind.value)

    @event(Created)
    def _created(self, run_id: str, topic_id: str, unit_id: str | None, kind: str) -> None:
        self.run_id, self.topic_id, self.unit_id, self.kind = run_id, topic_id, unit_id, kind

    def slow_down(self, seconds: int) -> None:
        """Have each person wait between two posts, or not any more."""
        if checked_seconds(seconds) != self.slow:
            self._slowed(old=self.slow, new=seconds)

    @event(Slowed)
    def _slowed(self, old: int, new: int) -> None:
        self.slow = new

    def pin(self, *, pinned: bool) -> None:
        """Show it before all others, or no longer."""
        if pinned and not self.is_pinned:
            self._pinned()
        elif self.is_pinned and not pinned:
            self._unpinned()

    @event(Pinned)
    def _pinned(self) -> None:
        self.is_pinned = True

    @event(Unpinned)
    def _unpinned(self) -> None:
        self.is_pinned = False

    def close(self, ground: CloseGround) -> None:
        """Take no more posts; a second time changes nothing."""
        if not self.is_closed:
            self._closed(ground=ground.value)

    @event(Closed)
    def _closed(self, ground: str) -> None:
        self.is_closed = True

    def reopen(self) -> None:
        """Take posts again."""
        if self.is_closed:
            self._reopened()

    @event(Reopened)
    def _reopened(self) -> None:
        self.is_closed = False

    def move(self, unit_id: str | None) -> None:
        """Tie it to another unit of the run, or to none."""
        if unit_id != self.unit_id:
            self._moved(old_unit_id=self.unit_id, new_unit_id=unit_id)

    @event(Moved)
    def _moved(self, old_unit_id: str | None, new_unit_id: str | None) -> None:
        self.unit_id = new_unit_id

    def change_topic(self, topic_id: str) -> None:
        """Put it into another topic of its run."""
        if topic_id != self.topic_id:
            self._topic_changed(old_topic_id=self.topic_id, new_topic_id=topic_id)

    @event(TopicChanged)
    def _topic_changed(self, old_topic_id: str, new_topic_id: str) -> None:
        self.topic_id = new_topic_id

    def change_run(self, run_id: str, topic_id: str, unit_id: str | None) -> None:
        """Let it be one of another run; within its run, `change_topic` and `move` do that."""
        if run_id != self.run_id:
            self._run_changed(
                old_run_id=self.run_id,
                new_run_id=run_id,
                old_topic_id=self.topic_id,
                new_topic_id=topic_id,
                old_unit_id=self.unit_id,
                new_unit_id=unit_id,
            )

    @event(RunChanged)
    def _run_changed(
        self,
        old_run_id: str,
        new_run_id: str,
        old_topic_id: str,
        new_topic_id: str,
        old_unit_id: str | None,
        new_unit_id: str | None,
    ) -> None:
        self.run_id, self.topic_id, self.unit_id = new_run_id, new_topic_id, new_unit_id

    def merge(self, into: "Thread") -> None:
        """Lead on to another thread, which knows of it; the same again changes nothing."""
        own, other = self.id_of("thread_id"), into.id_of("thread_id")
        if own == other:
            raise MergedIntoItself(thread_id=own)
        into.must_stand_alone()
        if self.into == other:
            return
        if len(into.absorbed) >= MOST_MERGED:
            raise TooManyMerged(thread_id=other, most=MOST_MERGED)
        into.absorb(own)
        self._merged(old_into=self.into, new_into=other)

    @event(Merged)
    def _merged(self, old_into: str | None, new_into: str) -> None:
        self.into = new_into
        self.absorbed = []

    def absorb(self, other_id: str) -> None:
        """Know of a thread that leads on to this one."""
        self._absorbed(other_id=other_id)

    @event(Absorbed)
    def _absorbed(self, other_id: str) -> None:
        self.absorbed.append(other_id)

    def separate(self, into: "Thread") -> None:
        """Go on by itself, and be no longer known of by the thread to which it led on."""
        into.release(self.id_of("thread_id"))
        self._separated(into=into.id_of("thread_id"))

    @event(Separated)
    def _separated(self, into: str) -> None:
        self.into = None

    def release(self, other_id: str) -> None:
        """Know no longer of a thread that goes on by itself."""
        self._released(other_id=other_id)

    @event(Released)
    def _released(self, other_id: str) -> None:
        self.absorbed = [each for each in self.absorbed if each != other_id]

    def accept(self, post_no: int, learner_id: str, *, by_staff: bool) -> None:
        """Say that a reply answers the question, in the place of the one before; the same once more changes nothing."""
        if post_no != self.accepted:
            self._accepted(old_post_no=self.accepted, new_post_no=post_no, learner_id=learner_id, by_staff=by_staff)

    @event(AnswerAccepted)
    def _accepted(self, old_post_no: int | None, new_post_no: int, learner_id: str, by_staff: bool) -> None:
        self.accepted = new_post_no

    def withdraw_answer(self, *, by_staff: bool) -> None:
        """Say that the question has no answer after all."""
        if self.accepted is not None:
            self._answer_withdrawn(post_no=self.accepted, by_staff=by_staff)

    @event(AnswerWithdrawn)
    def _answer_withdrawn(self, post_no: int, by_staff: bool) -> None:
        self.accepted = None
