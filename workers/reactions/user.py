"""What follows from the facts of an account."""

from datetime import datetime

from commands.user import NoteKeyDestroyed
from domain.fact import Fact
from workers.reactions.job import Outside


def at_once(fact: Fact) -> datetime:
    """What a person waits for."""
    return fact.occurred_at


async def destroy_key(fact: Fact, outside: Outside) -> None:
    """The person is to be forgotten: destroy the key, and what leads from an address to the account."""
    await outside.forget(fact.id("learner_id"))


def note_key_destroyed(fact: Fact) -> NoteKeyDestroyed:
    """The key is gone."""
    return NoteKeyDestroyed(fact.id("learner_id"))
