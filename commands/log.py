"""
What a use case sees of the log: aggregates go out, new facts come back.

adapters/command_bus/unit_of_work.py implements it. A `Log` serves one command with its `Context`.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from commands.clock import Clock
from domain.aggregate import Aggregate
from domain.errors import OwnMatter
from domain.fact import Fact
from domain.personal import PersonalKey
from domain.tags import Query

AggregateT = TypeVar("AggregateT", bound=Aggregate)

Position = int


@dataclass(frozen=True)
class Context:
    """
    Who sent a command, when, and why.

    Attributes:
        at: when the user acted; becomes `occurred_at` of the facts.
        source: `api`, `import:…`, `seed`, `reactor:…`.
        importing: record what breaks today's rules as an irregular fact instead of refusing it.
        idempotency_key: a second command with this key gets the first answer.
        fingerprint: digest of the request; a key with another fingerprint is refused.
        row: the row of an import that the command comes from, as in `domain.fact.Meta`.
        role: in which role the actor acts, as in `domain.fact.Meta`; None for what is the actor's own.
        reason: why, for facts that have no field for it.
        ticket: where the matter is dealt with.
        life: the life of the log in which its cause was read, if that is a fact; in another one it is not carried out.
    """

    actor: str
    at: datetime = field(default_factory=Clock().now)
    source: str = "api"
    on_behalf_of: str | None = None
    causation_id: str | None = None
    correlation_id: str | None = None
    importing: bool = False
    row: str | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""
    life: str = ""
    role: str | None = None
    reason: str | None = None
    ticket: str | None = None


class Log(Protocol):
    """The log, for the length of one command."""

    context: Context

    def now(self) -> datetime:
        """The present time by the clock of this process, for deadlines that begin now, whenever their cause was."""
        ...

    async def load(self, cls: type[AggregateT], stream: str) -> AggregateT:
        """The aggregate with all facts of *stream*; blank if there are none."""
        ...

    async def read(self, cls: type[AggregateT], stream: str, max_age: float = 0.0) -> AggregateT:
        """The aggregate of *stream*, only to read; its state may be *max_age* seconds old."""
        ...

    async def facts(self, query: Query) -> list[Fact]:
        """All facts that match, in the order of the log; if there is one more at the append, all is decided again."""
        ...

    async def streams(self, query: Query) -> list[str]:
        """The streams of the facts that match, under the same condition."""
        ...

    async def personal_key(self, stream: str) -> PersonalKey:
        """The key that seals personal data in facts of *stream*, made when it is first asked for."""
        ...

    async def words_key(self, stream: str) -> PersonalKey | None:
        """The key that seals words in facts of *stream*; None in a campus that keeps no keys at all."""
        ...

    def serialize(self, stream: str) -> AbstractAsyncContextManager[object]:
        """Wait until no other command of this process works on the contended *stream*; this avoids conflicts."""
        ...

    async def save(self, *aggregates: Aggregate) -> Position:
        """
        Append the new facts of *aggregates* as one unit, and answer with the position of the last.

        The aggregate that the command is about comes last: without new facts, nothing is appended and the answer is the
        position of its last fact. So a repeated command gets the first answer.
        """
        ...


def present(log: Log) -> datetime:
    """When a command is carried out: as its user acted, or now if it follows from an earlier fact."""
    return max(log.context.at, log.now()) if log.context.causation_id else log.context.at


def must_be_of_another(log: Log, learner_id: str) -> None:
    """Raise OwnMatter if the sender is the learner: for what staff decide in files, which no policy looks into."""
    if log.context.actor == learner_id:
        raise OwnMatter(learner_id=learner_id)
