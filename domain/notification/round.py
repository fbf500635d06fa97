"""A round: many people are notified of one thing, page by page; what is here is how far that is."""

from domain.aggregate import Aggregate, event, stream_id


def round_stream(round_id: str) -> str:
    """The stream of a round."""
    return stream_id("notice_round", round_id)


class Round(Aggregate):
    """
    One round.

    Attributes:
        last: the last of whom it has reached, in the order of their streams; empty for none.
    """

    category = "notice_round"
    ids = ("round_id",)

    class Progressed(Aggregate.Event):
        """A page of people was seen, `planned` of whom are notified; `done` and `planned` are sums of all pages."""

        TOPIC = "notice_round.progressed"
        cause_event_id: str
        cause_position: int
        last: str
        done: int
        planned: int
        finished: bool

    def initial_state(self) -> None:
        self.last = ""
        self.done = self.planned = 0
        self.finished = False

    def is_at(self, after: str) -> bool:
        """Whether the page after this one is the next."""
        return not self.finished and self.last == after

    def note_page(self, cause: tuple[str, int], last: str, *, done: int, planned: int, finished: bool) -> None:
        """A page is done; nothing where all of them fit into one."""
        if self.exists or not finished:
            self._progressed(
                cause_event_id=cause[0],
                cause_position=cause[1],
                last=last,
                done=self.done + done,
                planned=self.planned + planned,
                finished=finished,
            )

    @event(Progressed)
    def _progressed(
        self, cause_event_id: str, cause_position: int, last: str, done: int, planned: int, finished: bool
    ) -> None:
        self.last, self.done, self.planned, self.finished = last, done, planned, finished
