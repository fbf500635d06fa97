"""
Deliveries: what has become of each notification, for the staff; one that may have gone out twice is in doubt.

Reads     facts of domain.notification, in log order.
Writes    deliveries, one row for each notification and for each digest.
Serves    api.deliveries.
Rebuild   campus projections rebuild deliveries (safe: rows are its only effect, and nothing is sent by them).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from domain.fact import Fact
from domain.notification import Channel, Digest, SuppressedBy
from domain.streams import named_ids
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table

PLANNED, DIGEST = "planned", "digest"


class Delivery(msgspec.Struct):
    """
    A notification, and what has become of it.

    Attributes:
        notification_id: of a digest `digest.` and its day.
        outcome: `planned`, `sent`, `bounced`, `returned` after it was sent, `gathered` into a digest, or `suppressed`.
        reason: of one that is suppressed; the reply code of one that has bounced, the status of one that came back.
        planned_at: when its cause happened.
        doubt: the position of the fact that says that it may have gone out more often than it should; 0 if none does.
    """

    learner_id: str
    notification_id: str
    channel: str = ""
    template: str = ""
    outcome: str = ""
    reason: str = ""
    planned_at: datetime | None = None
    settled_at: datetime | None = None
    doubt: int = 0


DELIVERIES = Table("deliveries", Delivery, ("learner_id", "notification_id"), indexes=(("planned_at",), ("doubt",)))
_of_notification = named_ids("learner_id", "notification_id")
_of_digest = named_ids("learner_id", "day")


def _ids(fact: Fact) -> tuple[str, ...]:
    if fact.category != Digest.category:
        return _of_notification(fact.stream_id)
    learner_id, day = _of_digest(fact.stream_id)
    return learner_id, f"{DIGEST}.{day}"


def _needs(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(DELIVERIES, _ids(fact)),)


def _opened(fact: Fact, rows: Rows) -> None:
    row = rows.edit(DELIVERIES, Delivery, *_ids(fact))
    row.channel, row.template = Channel.EMAIL.value, DIGEST
    row.outcome, row.planned_at = PLANNED, fact.occurred_at


def _planned(fact: Fact, rows: Rows) -> None:
    row = rows.edit(DELIVERIES, Delivery, *_ids(fact))
    row.channel, row.template = fact.data["channel"], fact.data["template"]
    row.outcome, row.planned_at = PLANNED, fact.occurred_at


def _settled(fact: Fact, rows: Rows, reason: str, *, doubtful: bool) -> None:
    row = rows.edit(DELIVERIES, Delivery, *_ids(fact))
    row.outcome, row.reason, row.settled_at = fact.type.partition(".")[2], reason, fact.occurred_at
    row.doubt = fact.position if doubtful else 0


def _sent(fact: Fact, rows: Rows) -> None:
    _settled(fact, rows, "", doubtful=fact.data["doubtful"])


def _gathered(fact: Fact, rows: Rows) -> None:
    _settled(fact, rows, "", doubtful=False)


def _bounced(fact: Fact, rows: Rows) -> None:
    _settled(fact, rows, str(fact.data["status"]), doubtful=fact.data["doubtful"])


def _returned(fact: Fact, rows: Rows) -> None:
    row = rows.edit(DELIVERIES, Delivery, *_ids(fact))
    row.outcome, row.reason, row.settled_at = fact.type.partition(".")[2], fact.data["status"], fact.occurred_at


def _suppressed(fact: Fact, rows: Rows) -> None:
    reason = fact.data["reason"]
    _settled(fact, rows, reason, doubtful=reason == SuppressedBy.DOUBTFUL)


class Deliveries(Projection):
    """What has become of notifications."""

    name = "deliveries"
    version = 2
    store = "postgres"
    segments = SEGMENTS
    tables = (DELIVERIES,)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "notification.planned": Handler(_needs, _planned, writes=(DELIVERIES,)),
        "notification.sent": Handler(_needs, _sent, writes=(DELIVERIES,)),
        "notification.bounced": Handler(_needs, _bounced, writes=(DELIVERIES,)),
        "notification.gathered": Handler(_needs, _gathered, writes=(DELIVERIES,)),
        "notification.returned": Handler(_needs, _returned, writes=(DELIVERIES,)),
        "notification.suppressed": Handler(_needs, _suppressed, writes=(DELIVERIES,)),
        "digest.opened": Handler(_needs, _opened, writes=(DELIVERIES,)),
        "digest.sent": Handler(_needs, _sent, writes=(DELIVERIES,)),
        "digest.bounced": Handler(_needs, _bounced, writes=(DELIVERIES,)),
        "digest.returned": Handler(_needs, _returned, writes=(DELIVERIES,)),
        "digest.suppressed": Handler(_needs, _suppressed, writes=(DELIVERIES,)),
    }
