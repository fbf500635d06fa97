"""
The base of all aggregates: the `eventsourcing` library's aggregate with text ids.

A stream begins empty: `Course.blank("course-AAA")` is the course before its first fact, at version 0. A command
method decides and calls an `@event` method, which only remembers. When history is recorded (an import), a rule
that today would refuse marks the fact as irregular instead, so that no fact of the past is lost.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from eventsourcing.domain import BaseAggregate, CanMutateAggregate, MetaDomainEvent, event

from domain.errors import BadIdentifier, DomainError

__all__ = ["Aggregate", "FactEvent", "event", "stream_id", "stream_ids"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ID_PATTERN = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")


def stream_id(category: str, *ids: str) -> str:
    """Join *ids* into the id of a stream, `category-a:b`; raises BadIdentifier for an id that could be mistaken."""
    for part in ids:
        if not ID_PATTERN.match(part):
            raise BadIdentifier(part)
    return f"{category}-{':'.join(ids)}"


def stream_ids(stream: str) -> tuple[str, ...]:
    """The ids within a stream's id: `enrollment-7:AAA` gives `("7", "AAA")`."""
    return tuple(stream.partition("-")[2].split(":"))


class FactEvent(CanMutateAggregate[str], metaclass=MetaDomainEvent):
    """What every fact has beside its own fields."""

    originator_id: str
    originator_version: int
    timestamp: datetime


class Aggregate(BaseAggregate[str]):
    """
    Something with rules, whose state is the fold of its facts.

    Attributes:
        category: first word of the ids of its streams.
        importing: whether what is recorded now happened in the past, and was not ours to refuse.
        learner_first: whether the first id of the stream is a learner's.
        snapshot_every: facts after which the state is stored beside the log, 0 for never.
        snapshot_fields: attributes that such a stored state holds, with their types.
        state_version: raised whenever the meaning of the stored state changes; older snapshots are then ignored.
    """

    category: ClassVar[str]
    importing: bool
    _irregular: str | None
    learner_first: ClassVar[bool] = False
    snapshot_every: ClassVar[int] = 0
    snapshot_fields: ClassVar[Mapping[str, Any]] = {}
    state_version: ClassVar[int] = 1

    class Event(FactEvent):
        """A fact of this aggregate."""

    @classmethod
    def blank(cls, stream: str) -> Self:
        """The aggregate as it is before its first fact."""
        self = object.__new__(cls)
        self.__base_init__(originator_id=stream, originator_version=0, timestamp=EPOCH)
        self.importing = False
        self._irregular = None
        self.initial_state()
        return self

    def initial_state(self) -> None:
        """Set the state that holds before the first fact."""
        raise NotImplementedError

    @property
    def exists(self) -> bool:
        """Whether anything has been recorded yet."""
        return self.version > 0

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids within the stream's id."""
        return stream_ids(self.id)

    def refuse(self, error: DomainError) -> None:
        """Raise *error*; when history is recorded, mark the fact that follows as irregular instead."""
        if not self.importing:
            raise error
        self._irregular = error.code

    def mark_irregular(self, reason: str) -> None:
        """Mark the next fact as irregular: it happened, though the records disagree with each other."""
        self._irregular = reason

    def collect_events(self) -> Sequence[Any]:
        """Hand over the new facts; a mark of irregularity that none of them has taken is forgotten."""
        self._irregular = None
        return super().collect_events()

    def trigger_event(self, event_class: Any, **kwargs: Any) -> None:
        """Record one fact, with the mark of irregularity if a rule was broken on the way to it."""
        super().trigger_event(event_class, **kwargs)
        if self._irregular is not None:
            object.__setattr__(self._pending_events[-1], "irregular", self._irregular)
            self._irregular = None
