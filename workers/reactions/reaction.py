"""What a reaction is, which facts cause one, and the context in which its command is carried out."""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from commands.log import Context
from domain.fact import Fact


class Reaction(NamedTuple):
    """
    What follows from a fact.

    Attributes:
        name: never changes, since it is part of the command's id.
        command: the command for a fact, None for none.
    """

    name: str
    command: Callable[[Fact], Any | None]


def is_history(fact: Fact) -> bool:
    """Whether the fact was imported: its consequences, if any, were imported too, and nothing reacts to it."""
    return fact.meta.source.startswith("import:")


def context_of(fact: Fact, reaction: Reaction, life: str = "") -> Context:
    """
    The context of a reaction; its id comes from the fact, so that carrying it out twice changes nothing.

    Args:
        life: the life of the log in which the fact was read.
    """
    return Context(
        actor="reactor",
        at=fact.occurred_at,
        source=f"reactor:{reaction.name}",
        on_behalf_of=fact.meta.on_behalf_of or fact.meta.actor,
        causation_id=fact.meta.event_id,
        correlation_id=fact.meta.correlation_id,
        idempotency_key=f"reaction:{uuid5(UUID(fact.meta.event_id), reaction.name)}",
        fingerprint=reaction.name,
        life=life,
    )
