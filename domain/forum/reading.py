"""How far a person has read a thread, and how much of it the person wants to hear."""

from enum import StrEnum

from domain.aggregate import Aggregate, event, stream_id


class ThreadLevel(StrEnum):
    """What a person hears of a thread: each post, how many are new, that it is there, or nothing."""

    WATCHING = "watching"
    TRACKING = "tracking"
    NORMAL = "normal"
    MUTED = "muted"


def reading_stream(learner_id: str, thread_id: str) -> str:
    """The stream of a person's reading of a thread."""
    return stream_id("reading", learner_id, thread_id)


class Reading(Aggregate):
    """
    One person and one thread.

    Attributes:
        through: the number of the last post that was read, 0 for none; it only grows.
    """

    category = "reading"
    ids = ("learner_id", "thread_id")
    keyed_by = "learner_id"

    class Advanced(Aggregate.Event):
        TOPIC = "reading.advanced"
        old_post_no: int
        new_post_no: int

    class LevelChanged(Aggregate.Event):
        TOPIC = "reading.level_changed"
        old: str
        new: str

    def initial_state(self) -> None:
        self.through = 0
        self.level = ThreadLevel.NORMAL.value

    def read_through(self, post_no: int) -> None:
        """All up to this post was read; what was read before stays read."""
        if post_no > self.through:
            self._read_through(old_post_no=self.through, new_post_no=post_no)

    @event(Advanced)
    def _read_through(self, old_post_no: int, new_post_no: int) -> None:
        self.through = new_post_no

    def set_level(self, level: ThreadLevel) -> None:
        """Hear more or less of the thread."""
        if level != self.level:
            self._level_set(old=self.level, new=level.value)

    @event(LevelChanged)
    def _level_set(self, old: str, new: str) -> None:
        self.level = new
