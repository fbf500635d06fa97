"""A fact over HTTP, as it stands in the log."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from domain.fact import Fact, Meta
from domain.words import FactType

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)


class HistoryFact(msgspec.Struct, kw_only=True):
    """One fact as it stands in the log."""

    position: int
    stream_id: str
    stream_version: int
    type: FactType
    data: dict[str, Any]
    meta: Meta
    occurred_at: datetime
    recorded_at: datetime


FACT = HistoryFact(
    position=1713,
    stream_id="enrollment-28400:algebra-2026",
    stream_version=2,
    type="enrollment.activated",
    data={"access_from": None, "access_until": None, "entitlement_id": None},
    meta=Meta("0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f", "28400", "api"),
    occurred_at=AT,
    recorded_at=AT,
)


def view(fact: Fact) -> HistoryFact:
    """A fact as it stands in the log."""
    return HistoryFact(
        position=fact.position,
        stream_id=fact.stream_id,
        stream_version=fact.stream_version,
        type=fact.type,
        data=fact.data,
        meta=fact.meta,
        occurred_at=fact.occurred_at,
        recorded_at=fact.recorded_at,
    )


def shown(fact: Fact) -> bytes:
    """The same as JSON."""
    return msgspec.json.encode(view(fact))
