"""
Inbox: what a person is notified of on the pages, and what of it is read.

Reads     facts of domain.notification, in log order.
Writes    notifications, one row for each that is planned for the pages; inboxes, up to where a person has read all.
Serves    api.notification, with the number at the bell of every page.
Rebuild   campus projections rebuild inbox (safe: rows are its only effect, and nothing is sent by them).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from domain.fact import Fact
from domain.notification import Channel
from domain.streams import named_ids
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table


class InboxNotification(msgspec.Struct):
    """
    A notification; one by another channel, or one that is muted, has a row without a `position`, which no one sees.

    Attributes:
        position: of the fact that planned it, by which the inbox is sorted.
        cause_event_id, cause_position: the fact that it is about.
    """

    learner_id: str
    notification_id: str
    position: int = 0
    planned_at: datetime | None = None
    template: str = ""
    template_version: int = 0
    cause_event_id: str = ""
    cause_position: int = 0
    read_at: datetime | None = None
    archived_at: datetime | None = None


class Inbox(msgspec.Struct):
    """The inbox of a person: all up to `read_through` is read."""

    learner_id: str
    read_through: int = 0


NOTIFICATIONS = Table(
    "notifications", InboxNotification, ("learner_id", "notification_id"), indexes=(("learner_id", "position"),)
)
INBOXES = Table("inboxes", Inbox, ("learner_id",))
_ids = named_ids("learner_id", "notification_id")


def _needs(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(NOTIFICATIONS, _ids(fact.stream_id)),)


def _needs_if_on_page(fact: Fact) -> Iterable[RowKey]:
    return _needs(fact) if fact.data["channel"] == Channel.PAGE else ()


def _planned(fact: Fact, rows: Rows) -> None:
    if fact.data["channel"] != Channel.PAGE:
        return
    row = rows.edit(NOTIFICATIONS, InboxNotification, *_ids(fact.stream_id))
    row.position, row.planned_at = fact.position, fact.occurred_at
    row.template, row.template_version = fact.data["template"], fact.data["template_version"]
    row.cause_event_id, row.cause_position = fact.data["cause_event_id"], fact.data["cause_position"]


def _suppressed(fact: Fact, rows: Rows) -> None:
    key = _ids(fact.stream_id)
    if rows.read(NOTIFICATIONS, InboxNotification, *key) is not None:  # of another channel there is no row
        rows.edit(NOTIFICATIONS, InboxNotification, *key).position = 0


def _read(fact: Fact, rows: Rows) -> None:
    rows.edit(NOTIFICATIONS, InboxNotification, *_ids(fact.stream_id)).read_at = fact.occurred_at


def _archived(fact: Fact, rows: Rows) -> None:
    rows.edit(NOTIFICATIONS, InboxNotification, *_ids(fact.stream_id)).archived_at = fact.occurred_at


def _needs_inbox(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(INBOXES, (fact.id("learner_id"),)),)


def _read_through(fact: Fact, rows: Rows) -> None:
    rows.edit(INBOXES, Inbox, fact.id("learner_id")).read_through = fact.data["new"]


class Inboxes(Projection):
    """Inboxes by person."""

    name = "inbox"
    version = 1
    store = "postgres"
    segments = SEGMENTS
    tables = (NOTIFICATIONS, INBOXES)
    audience = "learner"
    handlers: ClassVar[Mapping[str, Handler]] = {
        "notification.planned": Handler(_needs_if_on_page, _planned, writes=(NOTIFICATIONS,)),
        "notification.suppressed": Handler(_needs, _suppressed, writes=(NOTIFICATIONS,)),
        "notification.read": Handler(_needs, _read, writes=(NOTIFICATIONS,)),
        "notification.archived": Handler(_needs, _archived, writes=(NOTIFICATIONS,)),
        "inbox.read_through": Handler(_needs_inbox, _read_through, writes=(INBOXES,)),
    }
