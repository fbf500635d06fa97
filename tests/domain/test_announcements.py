"""Announcements: published, changed field by field, withdrawn; and whom they are for."""

from datetime import UTC, datetime

import pytest

from domain.admin.announcements import (
    Announcement,
    AnnouncementNotFound,
    AnnouncementPublished,
    AnnouncementWithdrawn,
    Audience,
    BadAudience,
    audience_of,
)
from tests.support.given import fact, given

END = datetime(2026, 3, 9, tzinfo=UTC)
PUBLISHED = fact(Announcement.Published, scope="run:algebra-1", title="Closed", text="On Friday.", until=None)
WITHDRAWN = fact(Announcement.Withdrawn, reason="was a mistake")
ID = "a1"


def test_an_announcement_is_published_changed_and_withdrawn() -> None:
    """What is said twice changes nothing; a change has one fact for each field."""
    given(Announcement).when(lambda it: it.publish("run:algebra-1", "Closed", "On Friday.", None)).then(PUBLISHED)
    given(Announcement, PUBLISHED).when(lambda it: it.publish("run:algebra-1", "Closed", "On Friday.", None)).then()
    given(Announcement, PUBLISHED).when(lambda it: it.change("Open", "On Friday.", END)).then(
        fact(Announcement.Changed, field="title", old="Closed", new="Open"),
        fact(Announcement.Changed, field="until", old=None, new=END.isoformat()),
    )
    given(Announcement, PUBLISHED).when(lambda it: it.change("Closed", "On Friday.", None)).then()
    given(Announcement, PUBLISHED).when(lambda it: it.withdraw("was a mistake")).then(WITHDRAWN)
    given(Announcement, PUBLISHED, WITHDRAWN).when(lambda it: it.withdraw("again")).then()


def test_what_an_announcement_refuses() -> None:
    """Another one under its id, and changes of what is not shown."""
    given(Announcement, PUBLISHED).when(lambda it: it.publish("campus", "Closed", "On Friday.", None)).refused(
        AnnouncementPublished, announcement_id=ID
    )
    given(Announcement, PUBLISHED, WITHDRAWN).when(lambda it: it.change("Open", "x", None)).refused(
        AnnouncementWithdrawn, announcement_id=ID
    )
    given(Announcement).when(lambda it: it.change("Open", "x", None)).refused(AnnouncementNotFound, announcement_id=ID)
    given(Announcement).when(lambda it: it.withdraw("x")).refused(AnnouncementNotFound, announcement_id=ID)
    given(Announcement).when(lambda it: it.publish("all", "x", "y", None)).refused(BadAudience)


@pytest.mark.parametrize(
    ("scope", "audience"),
    [("campus", Audience()), ("course:algebra", Audience("algebra")), ("run:algebra-1", Audience(None, "algebra-1"))],
)
def test_whom_an_announcement_is_for(scope: str, audience: Audience) -> None:
    """The campus, a course, or a run."""
    assert audience_of(scope) == audience
