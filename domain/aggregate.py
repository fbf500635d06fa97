"""
The base of all aggregates: the `eventsourcing` library's aggregate with text ids.

A stream begins empty: `Course.blank("course-AAA")` is the course before its first fact, at version 0. A command
method decides and calls an `@event` method, which only remembers. When history is recorded (an import), a rule
that today would refuse marks the fact as irregular instead, so that no fact of the past is lost.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, Self

from eventsourcing.domain import BaseAggregate

from domain.errors import BadIdentifier, DomainError
from domain.recording import FactEvent, event, new_fact

__all__ = ["Aggregate", "FactEvent", "event", "stream_id"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ID_PATTERN = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")


def stream_id(category: str, *ids: str) -> str:
    """Join *ids* into the id of a stream, `category-a:b`; raises BadIdentifier for an id that could be mistaken."""
    for part in ids:
        if not ID_PATTERN.match(part):
            raise BadIdentifier(part)
    return f"{category}-{':'.join(ids)}"


class Aggregate(BaseAggregate[str]):
    """
    Something with rules, whose state is the fold of its facts.

    Attributes:
        category: first word of the ids of its streams.
        ids: names of the ids that follow the category in the id of a stream, in their order.
        scope: `keyed`: a fact belongs to one key, and one segment of a read model folds it; `reference`: every segment
            folds it (a course, a run, a quiz).
        keyed_by: the id that is the key of a keyed aggregate, the first of `ids`; None if the whole stream is the key.
            The partition of every stored fact comes from it: it never changes.
        tagged_by: fields of its facts that are tags as well, such as `course_id`; ids of the stream always are.
        mentions_learner: whether its facts are not a learner's own and name one in `learner_id`: they belong to the
            history of that learner. Tags are for ever, and this may be added.
        importing: whether what is recorded now happened in the past, and was not ours to refuse.
        snapshot_every: facts after which the state is stored beside the log, 0 for never.
        snapshot_fields: attributes that such a stored state holds, with their types.
        state_version: raised whenever the meaning of the stored state changes; older snapshots are then ignored.
    """

    category: ClassVar[str]
    ids: ClassVar[tuple[str, ...]]
    scope: ClassVar[Literal["keyed", "reference"]] = "keyed"
    keyed_by: ClassVar[str | None] = None
    tagged_by: ClassVar[tuple[str, ...]] = ()
    mentions_learner: ClassVar[bool] = False
    importing: bool
    _irregular: str | None
    snapshot_every: ClassVar[int] = 0
    snapshot_fields: ClassVar[Mapping[str, Any]] = {}
    state_version: ClassVar[int] = 1

    class Event(FactEvent):
        """A fact of this aggregate."""

    def __init_subclass__(cls, **options: Any) -> None:
        """
        Let all aggregates have one base of their facts.

        Otherwise the library gives each aggregate a base of its own, and derives every fact from that as a second
        class, which is half of what importing the domain takes, in every process.
        """
        cls.Event = Aggregate.Event  # type: ignore[misc]
        super().__init_subclass__(**options)

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

    def id_of(self, name: str) -> str:
        """The id of this name within the stream's id."""
        return self.id.partition("-")[2].split(":")[self.ids.index(name)]

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
        fact = new_fact(event_class, self._id, self._version + 1, kwargs)
        if fact is None:
            super().trigger_event(event_class, **kwargs)
        else:
            fact.mutate(self)
            self._pending_events.append(fact)
        if self._irregular is not None:
            object.__setattr__(self._pending_events[-1], "irregular", self._irregular)
            self._irregular = None
