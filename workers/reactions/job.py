"""What a job is, which facts end one, and the context in which its command is carried out."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from commands.log import Context
from domain.fact import Fact

TRIES = 8  # with growing pauses, about two minutes


class Job(NamedTuple):
    """
    What is due later because of a fact, or touches the outside world.

    Attributes:
        name: never changes, since it is part of the job's key.
        due: when it is due, by the clock of the campus; None: there is no job for this fact.
        command: what records the outcome, an idempotent command.
        settled_by: facts of the same stream, after this one, that end the job: its outcome, or what makes it needless.
        effect: what is done outside before the outcome is recorded; may be done twice when a worker dies in between.
        gave_up: the command that records that the job has failed for good, from the fact and the cause.
        tries: how often it is tried before it fails for good.
    """

    name: str
    due: Callable[[Fact], datetime | None]
    command: Callable[[Fact], Any]
    settled_by: tuple[str, ...]
    effect: Callable[[Fact], Awaitable[None]] | None = None
    gave_up: Callable[[Fact, str], Any] | None = None
    tries: int = TRIES


def key_of(fact: Fact, name: str) -> str:
    """The key of the job of this name that follows from a fact."""
    return f"{fact.meta.event_id}:{name}"


def context_of(fact: Fact, name: str, at: datetime, *, gave_up: bool = False, life: str = "") -> Context:
    """The context of a job's command; its id comes from the job's key, so that doing it twice changes nothing."""
    outcome = f"{name}:gave_up" if gave_up else name
    return Context(
        actor="dispatcher",
        at=at,
        source=f"dispatcher:{name}",
        on_behalf_of=fact.meta.on_behalf_of or fact.meta.actor,
        causation_id=fact.meta.event_id,
        correlation_id=fact.meta.correlation_id,
        idempotency_key=f"job:{uuid5(UUID(fact.meta.event_id), outcome)}",
        fingerprint=outcome,
        life=life,
    )
