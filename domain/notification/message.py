"""
A message of the staff to learners of a run: planned, undone until it leaves, and then on its way, page by page.

What it says is in clear, as an announcement is: it is for many, and stays when one of them is erased.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Conflict, NotFound, Rejected

SHORTEST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(days=30)
LONGEST_MESSAGE_TITLE, LONGEST_MESSAGE_TEXT = 200, 10_000  # characters


class Addressees(StrEnum):
    """
    To which learners of a run a message is.

    `on_run`: those with a place, `not_started`: of these who have done nothing yet, `at_risk`: by the rule of
    `domain.progress.at_risk`, `waiting`: those on the waiting list, `cohort`: those with a place in a cohort.
    """

    ON_RUN = "on_run"
    NOT_STARTED = "not_started"
    AT_RISK = "at_risk"
    WAITING = "waiting"
    COHORT = "cohort"


class MessageNotFound(NotFound):
    """The run has no message of this id."""

    code = "message_not_found"
    template = "run {run_id} has no message {message_id}"


class MessageLeft(Conflict):
    """A message that is on its way cannot be undone."""

    code = "message_left"
    template = "message {message_id} has left: it can be undone no more"


class BadMessage(Rejected):
    """A message says nothing, or is to no one that there could be."""

    code = "bad_message"
    template = "a message has title and text in its first language, and is to a cohort only if it names one"


def message_stream(message_id: str) -> str:
    """The stream of a message."""
    return stream_id("staff_message", message_id)


class StaffMessage(Aggregate):
    """
    One message.

    Attributes:
        send_at: when it leaves.
        last: the id of the last learner whom it has reached; empty for none.
    """

    category = "staff_message"
    ids = ("message_id",)
    tagged_by = ("run_id",)

    class Planned(Aggregate.Event):
        """`titles` and `texts` by language; `language` is the one for readers of others."""

        TOPIC = "staff_message.planned"
        run_id: str
        addressees: str
        cohort_id: str | None
        language: str
        titles: dict[str, str]
        texts: dict[str, str]
        send_at: datetime

    class Undone(Aggregate.Event):
        TOPIC = "staff_message.undone"

    class Progressed(Aggregate.Event):
        """A page of learners was notified; `done` is the sum of all pages."""

        TOPIC = "staff_message.progressed"
        last: str
        done: int
        finished: bool

    def initial_state(self) -> None:
        self.run_id = ""
        self.send_at: datetime | None = None
        self.undone = self.finished = False
        self.last = ""
        self.done = 0

    def must_be_of(self, run_id: str) -> None:
        """Raise MessageNotFound unless it is a message of the run."""
        if not self.exists or self.run_id != run_id:
            raise MessageNotFound(run_id=run_id, message_id=self.id_of("message_id"))

    def plan(
        self,
        run_id: str,
        addressees: Addressees,
        cohort_id: str | None,
        language: str,
        titles: dict[str, str],
        texts: dict[str, str],
        send_at: datetime,
    ) -> None:
        """Have it leave at a time; once more changes nothing."""
        says = titles.keys() == texts.keys() and language in titles and all((*titles.values(), *texts.values()))
        if not says or (addressees is Addressees.COHORT) != (cohort_id is not None):
            raise BadMessage
        if not self.exists:
            self._planned(
                run_id=run_id,
                addressees=addressees.value,
                cohort_id=cohort_id,
                language=language,
                titles=titles,
                texts=texts,
                send_at=send_at,
            )

    @event(Planned)
    def _planned(
        self,
        run_id: str,
        addressees: str,
        cohort_id: str | None,
        language: str,
        titles: dict[str, str],
        texts: dict[str, str],
        send_at: datetime,
    ) -> None:
        self.run_id, self.send_at = run_id, send_at

    def undo(self, at: datetime) -> None:
        """Have it not leave; refused from when it leaves on, whether or not anyone was reached."""
        if self.undone:
            return
        if self.send_at is None or at >= self.send_at or self.last:
            raise MessageLeft(message_id=self.id_of("message_id"))
        self._undone()

    @event(Undone)
    def _undone(self) -> None:
        self.undone = True

    def is_at(self, after: str) -> bool:
        """Whether the page after this learner is the next."""
        return self.exists and not self.undone and not self.finished and self.last == after

    def note_page(self, last: str, *, done: int, finished: bool) -> None:
        """A page is done."""
        self._progressed(last=last, done=self.done + done, finished=finished)

    @event(Progressed)
    def _progressed(self, last: str, done: int, finished: bool) -> None:
        self.last, self.done, self.finished = last, done, finished
