"""Announcements of the staff: to the campus, to a course or to a run; published, changed, withdrawn."""

from datetime import datetime
from typing import NamedTuple

from domain.aggregate import ID_PATTERN, Aggregate, event, stream_id
from domain.errors import Conflict, NotFound, Rejected

TO_CAMPUS, TO_COURSE, TO_RUN = "campus", "course:", "run:"
TITLE, TEXT, UNTIL = "title", "text", "until"


class AnnouncementNotFound(NotFound):
    """No announcement has this id."""

    code = "announcement_not_found"
    template = "there is no announcement {announcement_id}"


class AnnouncementPublished(Conflict):
    """An announcement of this id is there, and says something else."""

    code = "announcement_published"
    template = "announcement {announcement_id} is published: change it, or take another id"


class AnnouncementWithdrawn(Conflict):
    """The announcement was withdrawn."""

    code = "announcement_withdrawn"
    template = "announcement {announcement_id} is withdrawn: publish another one"


class BadAudience(Rejected):
    """An announcement is to no one that there could be."""

    code = "bad_audience"
    template = "an announcement is to `campus`, `course:ID` or `run:ID`"


class Audience(NamedTuple):
    """Whom an announcement is for: a course, a run, or (neither) the campus."""

    course_id: str | None = None
    run_id: str | None = None


def audience_of(scope: str) -> Audience:
    """Whom a scope means; raises BadAudience."""
    kind, _, name = scope.partition(":")
    if scope == TO_CAMPUS:
        return Audience()
    if kind not in ("course", "run") or ID_PATTERN.match(name) is None:
        raise BadAudience
    return Audience(course_id=name) if kind == "course" else Audience(run_id=name)


def announcement_stream(announcement_id: str) -> str:
    """The stream of an announcement."""
    return stream_id("announcement", announcement_id)


class Announcement(Aggregate):
    """One announcement; what it says is in clear, for all whom it is for."""

    category = "announcement"
    ids = ("announcement_id",)

    class Published(Aggregate.Event):
        TOPIC = "announcement.published"
        scope: str
        title: str
        text: str
        until: datetime | None

    class Changed(Aggregate.Event):
        TOPIC = "announcement.changed"
        field: str
        old: str | None
        new: str | None

    class Withdrawn(Aggregate.Event):
        TOPIC = "announcement.withdrawn"
        reason: str

    def initial_state(self) -> None:
        self.audience = ""
        self.says: dict[str, str | None] = {}
        self.is_withdrawn = False

    @property
    def announcement_id(self) -> str:
        """The id of the announcement, from the stream's id."""
        return self.id_of("announcement_id")

    def publish(self, scope: str, title: str, text: str, until: datetime | None) -> None:
        """
        Show it to all whom it is for, until a time if one is given; the same once more changes nothing.

        Raises:
            BadAudience, AnnouncementPublished.
        """
        audience_of(scope)
        if not self.exists:
            self._published(scope=scope, title=title, text=text, until=until)
        elif (self.audience, self.says) != (scope, _says(title, text, until)):
            raise AnnouncementPublished(announcement_id=self.announcement_id)

    @event(Published)
    def _published(self, scope: str, title: str, text: str, until: datetime | None) -> None:
        self.audience, self.says = scope, _says(title, text, until)

    def change(self, title: str, text: str, until: datetime | None) -> None:
        """Have it say something else: one fact for each field that becomes another."""
        self._must_be_shown()
        for field, new in _says(title, text, until).items():
            if new != (old := self.says[field]):
                self._changed(field=field, old=old, new=new)

    @event(Changed)
    def _changed(self, field: str, old: str | None, new: str | None) -> None:
        self.says[field] = new

    def withdraw(self, reason: str) -> None:
        """Show it no more; a second time changes nothing."""
        if not self.is_withdrawn:
            self._must_be_shown()
            self._withdrawn(reason=reason)

    @event(Withdrawn)
    def _withdrawn(self, reason: str) -> None:
        self.is_withdrawn = True

    def _must_be_shown(self) -> None:
        if not self.exists:
            raise AnnouncementNotFound(announcement_id=self.announcement_id)
        if self.is_withdrawn:
            raise AnnouncementWithdrawn(announcement_id=self.announcement_id)


def _says(title: str, text: str, until: datetime | None) -> dict[str, str | None]:
    return {TITLE: title, TEXT: text, UNTIL: None if until is None else until.isoformat()}
