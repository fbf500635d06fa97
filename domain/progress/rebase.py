"""How far the learners of a run have followed it to another version of its course."""

from domain.aggregate import Aggregate, event, stream_id


def rebase_stream(run_id: str) -> str:
    """The stream of how far the learners of a run are."""
    return stream_id("rebase", run_id)


class RunRebase(Aggregate):
    """
    The pages by which the learners of a run follow it to other versions.

    Attributes:
        change_no: which change of the run's version was followed last.
        last: the enrollment at which the last page ended, by its stream.
        finished: whether there were no more.
    """

    category = "rebase"
    ids = ("run_id",)

    class Progressed(Aggregate.Event):
        """A page of learners, up to `last`: `done` were looked at, and `moved` of them follow `to_version` now."""

        TOPIC = "rebase.progressed"
        change_no: int
        to_version: int
        last: str
        done: int
        moved: int
        finished: bool

    def initial_state(self) -> None:
        self.change_no = 0
        self.last = ""
        self.finished = True

    def place(self, change_no: int) -> str | None:
        """After which stream the next page begins; None where a change is followed by all, or a later one has begun."""
        if change_no == self.change_no:
            return None if self.finished else self.last
        return "" if change_no > self.change_no else None

    def note_page(self, change_no: int, to_version: int, *, last: str, done: int, moved: int, finished: bool) -> None:
        """Note a page; the learners of it follow in the same append."""
        self._progressed(
            change_no=change_no, to_version=to_version, last=last, done=done, moved=moved, finished=finished
        )

    @event(Progressed)
    def _progressed(self, change_no: int, to_version: int, last: str, done: int, moved: int, finished: bool) -> None:
        self.change_no, self.last, self.finished = change_no, last, finished
