"""What a reaction is, which facts cause one, and the context in which its command is carried out."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from commands.log import Context
from domain.errors import DomainError
from domain.fact import Fact, is_import


class Reaction(NamedTuple):
    """
    What follows from a fact.

    Attributes:
        name: never changes, since it is part of the command's id.
        command: the command for a fact, None for none; of several in a list each is carried out by itself, and
            those that were refused are tried again.
        accepts: refusals by which what should follow is settled otherwise; it is then done.
        unnamed: whether what follows may not say who or what has caused it: it is in the history of another person, who
            may not know (decisions/0421).
    """

    name: str
    command: Callable[[Fact], Any | None]
    accepts: tuple[type[DomainError], ...] = ()
    unnamed: bool = False


def is_history(fact: Fact) -> bool:
    """Whether the fact was imported: its consequences, if any, were imported too, and nothing reacts to it."""
    return is_import(fact.meta.source)


def named(name: str, command: Any) -> str:
    """What tells one of several commands of a reaction or a job from the others, also from those of another try."""
    return f"{name}:{type(command).__name__}:{blake2b(repr(command).encode(), digest_size=8).hexdigest()}"


def context_of(fact: Fact, reaction: Reaction, life: str = "", outcome: str = "") -> Context:
    """
    The context of a reaction; its id comes from the fact, so that carrying it out twice changes nothing.

    Args:
        life: the life of the log in which the fact was read.
        outcome: what tells one of several commands from the others; empty where there is one.
    """
    outcome, named = outcome or reaction.name, not reaction.unnamed
    return Context(
        actor="reactor",
        at=fact.occurred_at,
        source=f"reactor:{reaction.name}",
        on_behalf_of=(fact.meta.on_behalf_of or fact.meta.actor) if named else None,
        causation_id=fact.meta.event_id if named else None,
        correlation_id=fact.meta.correlation_id if named else None,
        idempotency_key=f"reaction:{uuid5(UUID(fact.meta.event_id), outcome)}",
        fingerprint=outcome,
        life=life,
    )
