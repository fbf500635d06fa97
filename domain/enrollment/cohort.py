"""
Cohorts of a run: learners who begin together, and whose days count from then.

Each cohort is a stream of its own; the enrollment of a learner says in which one the learner is, and from when on. A
cohort that begins at another time is followed by its learners page by page, by facts of their enrollments.
"""

from collections.abc import Callable
from datetime import datetime

from domain.aggregate import Aggregate, event, stream_id
from domain.enrollment.extensions import Extended


def cohort_stream(run_id: str, cohort_id: str) -> str:
    """The stream of a cohort of a run."""
    return stream_id("cohort", run_id, cohort_id)


class Cohort(Aggregate):
    """
    Learners of a run who begin together.

    Attributes:
        change_no: how often it was changed.
        followed_no: which change its learners followed last, up to the enrollment *last*, by its stream; *finished*:
            whether there were no more.
    """

    category = "cohort"
    ids = ("run_id", "cohort_id")
    keyed_by = "run_id"

    class Planned(Aggregate.Event):
        TOPIC = "cohort.planned"
        name: str
        begins_at: datetime

    class Changed(Aggregate.Event):
        """It has another name, or begins at another time; changes count from 1."""

        TOPIC = "cohort.changed"
        old_name: str
        new_name: str
        old_begins_at: datetime
        new_begins_at: datetime
        change_no: int

    class Followed(Aggregate.Event):
        """A page of enrollments, up to `last`: `done` were looked at, and `moved` of them count from its begin now."""

        TOPIC = "cohort.followed"
        change_no: int
        last: str
        done: int
        moved: int
        finished: bool

    def initial_state(self) -> None:
        self.name = ""
        self.begins_at: datetime | None = None
        self.change_no = 0
        self.followed_no = 0
        self.last = ""
        self.finished = True

    def plan(self, name: str, begins_at: datetime) -> None:
        """Make it, or let it have this name and begin then; the same again changes nothing."""
        if self.begins_at is None:
            self._planned(name=name, begins_at=begins_at)
        elif (name, begins_at) != (self.name, self.begins_at):
            self._changed(
                old_name=self.name,
                new_name=name,
                old_begins_at=self.begins_at,
                new_begins_at=begins_at,
                change_no=self.change_no + 1,
            )

    @event(Planned)
    def _planned(self, name: str, begins_at: datetime) -> None:
        self.name, self.begins_at = name, begins_at

    @event(Changed)
    def _changed(
        self, old_name: str, new_name: str, old_begins_at: datetime, new_begins_at: datetime, change_no: int
    ) -> None:
        self.name, self.begins_at, self.change_no = new_name, new_begins_at, change_no

    def place(self, change_no: int) -> str | None:
        """After which stream the next page begins; None where a change is followed by all, or is not the last one."""
        if change_no != self.change_no:
            return None
        if change_no != self.followed_no:
            return ""
        return None if self.finished else self.last

    def note_page(self, change_no: int, *, last: str, done: int, moved: int, finished: bool) -> None:
        """Note a page; the learners of it follow in the same append."""
        self._followed(change_no=change_no, last=last, done=done, moved=moved, finished=finished)

    @event(Followed)
    def _followed(self, change_no: int, last: str, done: int, moved: int, finished: bool) -> None:
        self.followed_no, self.last, self.finished = change_no, last, finished


class CohortChanged(Aggregate.Event):
    """The learner is in another cohort, or in none (null), or the cohort begins at another time: days count from it."""

    TOPIC = "enrollment.cohort_changed"
    old_cohort: str | None
    new_cohort: str | None
    old_begins_at: datetime | None
    new_begins_at: datetime | None


class InCohort(Extended):
    """What decides about the cohort of an enrollment, in the place of `Enrollment`, which remembers it."""

    _cohort_changed: Callable[..., None]

    def join(self, cohort: Cohort | None) -> None:
        """Be in this cohort from now on, or in none; the same again changes nothing."""
        self.must_have_asked()
        new, begins_at = (None, None) if cohort is None else (cohort.id_of("cohort_id"), cohort.begins_at)
        if (new, begins_at) != (self.cohort_id, self.cohort_begins_at):
            self._cohort_changed(
                old_cohort=self.cohort_id,
                new_cohort=new,
                old_begins_at=self.cohort_begins_at,
                new_begins_at=begins_at,
            )
