"""A thread: where it belongs, and what staff and its author decide about it; its posts have streams of their own."""

from enum import StrEnum
from typing import Any

from domain.aggregate import Aggregate, event, stream_id
from domain.forum.errors import ThreadClosed, ThreadExists, ThreadNotFound
from domain.forum.topics import FIRST_TOPIC


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

    def must_be_of(self, run_id: str) -> None:
        """Raise ThreadNotFound unless it is a thread of the run."""
        if not self.exists or self.run_id != run_id:
            raise ThreadNotFound(run_id=run_id, thread_id=self.id_of("thread_id"))

    def must_be_open(self) -> None:
        """Raise ThreadClosed if it takes no posts."""
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
