"""Stored events with their whole envelope, and a mapper for projections that also reads the campus's own facts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, Notification, StoredEvent

from domain.codec import decode_event
from domain.registry import FACTS


@dataclass(frozen=True)
class LogEvent(StoredEvent):
    """An event of one stream, with all columns that the log has."""

    schema_version: int
    occurred_at: datetime


@dataclass(frozen=True)
class LogNotification(Notification):
    """An event of the whole log, with all columns that the log has."""

    schema_version: int
    occurred_at: datetime


class FactMapper(Mapper[Any]):
    """
    Reads the facts of the campus in their newest version, and everything else as the library does.

    A stock projection sees both with `MAPPER_TOPIC=adapters.recorder:FactMapper`.
    """

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[Any]:
        """The event for an aggregate or a projection."""
        if not isinstance(stored_event, LogEvent | LogNotification) or stored_event.topic not in FACTS:
            return super().to_domain_event(stored_event)
        fact = decode_event(
            stored_event.topic,
            stored_event.schema_version,
            stored_event.state,
            stream=str(stored_event.originator_id),
            version=stored_event.originator_version,
            occurred_at=stored_event.occurred_at,
        )
        return cast("DomainEventProtocol[Any]", fact)
