"""What follows from the facts of an account."""

from datetime import datetime, timedelta

from commands.user import NoteKeyDestroyed
from domain.fact import Fact
from workers.reactions.job import Outside

MAIL_LASTS = timedelta(hours=1)
"""For how long a mail that was asked for is owed: the person has asked again by then."""


def at_once(fact: Fact) -> datetime:
    """What a person waits for."""
    return fact.occurred_at


async def destroy_key(fact: Fact, outside: Outside) -> None:
    """The person is to be forgotten: destroy the key, and what leads from an address to the account."""
    await outside.forget(fact.id("learner_id"))


def note_key_destroyed(fact: Fact) -> NoteKeyDestroyed:
    """The key is gone."""
    return NoteKeyDestroyed(fact.id("learner_id"))


async def write_about_registration(fact: Fact, outside: Outside) -> None:
    """A person, or another one with that person's address, has asked for an account: write to the address."""
    await outside.write_about_registration(fact.id("learner_id"), outside.key, is_repeated=False)


async def write_about_repetition(fact: Fact, outside: Outside) -> None:
    """The same once more; if the account is in use by now, the mail says so."""
    await outside.write_about_registration(fact.id("learner_id"), outside.key, is_repeated=True)


def nothing_to_record(fact: Fact) -> None:
    """That a mail was handed over is no fact: what counts is whether the person comes back by its link."""
