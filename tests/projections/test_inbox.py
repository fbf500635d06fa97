"""The inbox of a person, as rows."""

from projections.inbox import INBOXES, NOTIFICATIONS, Inbox, Inboxes, InboxNotification
from tests.support.facts import History, day, fold, rows_of

STREAM = "notification-7:n1"


def planned(history: History, stream: str = STREAM, channel: str = "page") -> History:
    """Have something go out."""
    return history.add(
        stream,
        "notification.planned",
        day(1),
        cause_event_id="event-0",
        cause_position=0,
        channel=channel,
        template="enrolled",
        template_version=1,
        dedupe_key="event-0:page:enrolled",
        not_before=None,
    )


def rows(history: History) -> list[InboxNotification]:
    return rows_of(fold(Inboxes, history), NOTIFICATIONS, InboxNotification)


def test_a_notification_is_read_and_put_away() -> None:
    """Each at its own time."""
    history = planned(History())
    row = InboxNotification("7", "n1", 1, day(1), "enrolled", 1, "event-0", 0)
    assert rows(history) == [row]
    history.add(STREAM, "notification.read", day(2)).add(STREAM, "notification.archived", day(3))
    row.read_at, row.archived_at = day(2), day(3)
    assert rows(history) == [row]


def test_what_is_muted_or_goes_another_way_is_not_shown() -> None:
    """A muted one has no position, and one by another channel no row."""
    history = planned(History()).add(STREAM, "notification.suppressed", day(1), reason="muted")
    assert [row.position for row in rows(history)] == [0]
    history = planned(History(), channel="other").add(STREAM, "notification.suppressed", day(1), reason="muted")
    assert rows(history) == []


def test_all_is_read_up_to_a_position() -> None:
    """In one row of the person."""
    history = History().add("inbox-7", "inbox.read_through", day(1), old=0, new=5)
    history.add("inbox-7", "inbox.read_through", day(2), old=5, new=9)
    assert rows_of(fold(Inboxes, history), INBOXES, Inbox) == [Inbox("7", 9)]
