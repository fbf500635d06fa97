"""
A person in the forum of a run: times of silence, and notes of the staff about the person.

All words are sealed with the key of the person whom they are about, and gone with it. Notes are for the staff: no page
or history shows them to the person, whose export has them, as the law asks for (decisions/0472).
"""

from datetime import datetime, timedelta

from domain.aggregate import Aggregate, event, stream_id
from domain.errors import Forbidden, NotFound, Rejected
from domain.forum.post import RemovalGround
from domain.forum.report import checked_words
from domain.personal import StaffWords, Words

LONGEST_SILENCE = timedelta(days=366)


class PersonSilenced(Forbidden):
    """The staff have the person not write for a time."""

    code = "silenced"
    template = "you do not write in the forum of run {run_id} until {until}: the staff of the run have said why"


class BadSilence(Rejected):
    """A silence that ends before it begins, or lasts too long."""

    code = "bad_silence"
    template = "a silence ends after now, and within {days} days"


class NoteNotFound(NotFound):
    """There is no such note about the person."""

    code = "note_not_found"
    template = "there is no note {note_no} about {learner_id} on run {run_id}"


def conduct_stream(learner_id: str, run_id: str) -> str:
    """The stream of a person in the forum of a run."""
    return stream_id("conduct", learner_id, run_id)


class Conduct(Aggregate):
    """
    One person and one run.

    Attributes:
        until: when the silence ends; null without one.
        notes: how many were written, *removed* the numbers of those that are not shown any more.
    """

    category = "conduct"
    ids = ("learner_id", "run_id")
    keyed_by = "learner_id"

    class Silenced(Aggregate.Event):
        """From then on until a time, for a ground and in words to the person."""

        TOPIC = "conduct.silenced"
        old_until: datetime | None
        new_until: datetime
        ground: str
        words: Words

    class SilenceEnded(Aggregate.Event):
        """By the staff, before its time."""

        TOPIC = "conduct.silence_ended"
        until: datetime

    class Noted(Aggregate.Event):
        """By one of the staff, for the others; notes count from 1."""

        TOPIC = "conduct.noted"
        note_no: int
        words: StaffWords

    class NoteRemoved(Aggregate.Event):
        TOPIC = "conduct.note_removed"
        note_no: int

    def initial_state(self) -> None:
        self.until: datetime | None = None
        self.notes = 0
        self.removed: set[int] = set()

    def must_speak(self, at: datetime) -> None:
        """Raise PersonSilenced as long as it lasts."""
        if self.until is not None and at < self.until:
            raise PersonSilenced(run_id=self.id_of("run_id"), until=self.until.isoformat())

    def silence(self, until: datetime, ground: RemovalGround, words: str, *, at: datetime) -> None:
        """Have the person not write until then; the same time once more changes nothing."""
        if not at < until <= at + LONGEST_SILENCE:
            raise BadSilence(days=LONGEST_SILENCE.days)
        if until != self.until:
            self._silenced(old_until=self.until, new_until=until, ground=ground.value, words=checked_words(words))

    @event(Silenced)
    def _silenced(self, old_until: datetime | None, new_until: datetime, ground: str, words: str) -> None:
        self.until = new_until

    def end_silence(self, *, at: datetime) -> None:
        """Have the person write again; what is over by itself is not ended."""
        if self.until is not None and at < self.until:
            self._silence_ended(until=self.until)

    @event(SilenceEnded)
    def _silence_ended(self, until: datetime) -> None:
        self.until = None

    def note(self, words: str) -> None:
        """Write something down about the person, for others of the staff."""
        self._noted(note_no=self.notes + 1, words=checked_words(words, needed=True))

    @event(Noted)
    def _noted(self, note_no: int, words: str) -> None:
        self.notes = note_no

    def remove_note(self, note_no: int) -> None:
        """Show a note no more; a second time changes nothing."""
        if not 1 <= note_no <= self.notes:
            raise NoteNotFound(note_no=note_no, learner_id=self.id_of("learner_id"), run_id=self.id_of("run_id"))
        if note_no not in self.removed:
            self._note_removed(note_no=note_no)

    @event(NoteRemoved)
    def _note_removed(self, note_no: int) -> None:
        self.removed.add(note_no)
