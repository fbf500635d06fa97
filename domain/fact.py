"""A fact as the log keeps it and read models see it; domain/codec.py turns it into an aggregate's event and back."""

from datetime import datetime
from typing import Any

import msgspec

from domain.streams import id_of, key_of


class Meta(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """
    Where a fact comes from.

    Attributes:
        event_id: UUIDv7 of the fact.
        actor: who did it.
        on_behalf_of: for whom, if not for the actor.
        causation_id: the event or command that caused it.
        correlation_id: the trace it belongs to.
        source: `api`, `import:oulad`, `seed`, `reactor:…`.
        row: where an imported fact comes from: `IMPORT:TABLE:LINE`, the numbers of the import, of one of its tables and
            of a line in that. Facts that were imported before this was recorded have none.
        role: in which role the actor did it: `admin`, `instructor@run:algebra-2026`, `operator` for who works at the
            machine. None for what is the actor's own, for what programs do, and in facts from before this was recorded.
        reason: why, where the fact itself has no field for it; sealed, as words about a person are.
        ticket: where the matter is dealt with, such as `HELP-123`.
    """

    event_id: str
    actor: str
    source: str
    causation_id: str | None = None
    correlation_id: str | None = None
    on_behalf_of: str | None = None
    row: str | None = None
    role: str | None = None
    reason: str | None = None
    ticket: str | None = None


def is_import(source: str) -> bool:
    """Whether facts of this source were imported: what happened elsewhere has no cause here."""
    return source.startswith("import:")


class Fact(msgspec.Struct, frozen=True, gc=False):
    """
    One fact, as read models see it.

    Attributes:
        position: its place in the log, from 1, without gaps.
        stream_version: its place in its stream, from 1.
        type: its stable name, such as `enrollment.activated`.
        partition: 0 to 63, by key.
        data: its own fields in the newest version, times as RFC 3339 text.
    """

    position: int
    stream_id: str
    stream_version: int
    type: str
    schema_version: int
    partition: int
    data: dict[str, Any]
    meta: Meta
    occurred_at: datetime
    recorded_at: datetime

    @property
    def day(self) -> int:
        """The ordinal of the day (UTC) on which it happened."""
        return self.occurred_at.toordinal()

    @property
    def category(self) -> str:
        """First word of the stream's id."""
        return self.stream_id.partition("-")[0]

    @property
    def key(self) -> str:
        """What the fact belongs to: the learner, the whole stream, or what else its aggregate is keyed by."""
        return key_of(self.stream_id)

    def id(self, name: str) -> str:
        """The id of this name within the stream's id, such as `run_id`; raises UnknownId, a LookupError."""
        return id_of(self.stream_id, name)
