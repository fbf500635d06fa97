"""The inbox of a person: up to where all of it is read, in one fact however much that is."""

from domain.aggregate import Aggregate, event, stream_id


def inbox_stream(learner_id: str) -> str:
    """The stream of a person's inbox."""
    return stream_id("inbox", learner_id)


class Inbox(Aggregate):
    """The inbox of one person."""

    category = "inbox"
    ids = ("learner_id",)
    keyed_by = "learner_id"

    class ReadThrough(Aggregate.Event):
        TOPIC = "inbox.read_through"
        old: int
        new: int

    def initial_state(self) -> None:
        self.through = 0

    def read_through(self, position: int) -> None:
        """
        All that was planned up to a position of the log is read; what is read already changes nothing.

        Args:
            position: that for which the list was true in which the person said so: what came after it was not seen.
        """
        if position > self.through:
            self._read_through(old=self.through, new=position)

    @event(ReadThrough)
    def _read_through(self, old: int, new: int) -> None:
        self.through = new
