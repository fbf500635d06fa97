"""What follows from the facts of an account."""

from datetime import datetime, timedelta

from commands.roles import EndRoles
from commands.user import LapseRegistration, NoteKeyDestroyed
from domain.fact import Fact
from workers.reactions.job import Outside

REGISTRATION_LASTS = timedelta(days=7)
"""For how long a person may complete a registration, by a link that was asked for meanwhile; then it is erased."""
LAPSE_LASTS = REGISTRATION_LASTS + timedelta(days=30)
RELEASE_LASTS = timedelta(days=30)
"""For how long an address that was replaced is owed its end, and the mail that says so."""
MAIL_LASTS = timedelta(hours=1)
"""For how long a mail that was asked for is owed: the person has asked again by then."""


def at_once(fact: Fact) -> datetime:
    """What a person waits for."""
    return fact.occurred_at


async def destroy_key(fact: Fact, outside: Outside) -> None:
    """The person is to be forgotten: destroy the key, and what leads from an address to the account."""
    await outside.forget(fact.id("learner_id"))


def end_roles(fact: Fact) -> EndRoles:
    """The person has no account any more: nor any role."""
    return EndRoles(fact.id("learner_id"))


def note_key_destroyed(fact: Fact) -> NoteKeyDestroyed:
    """The key is gone."""
    return NoteKeyDestroyed(fact.id("learner_id"))


async def write_about(fact: Fact, outside: Outside) -> None:
    """The person is to get a mail about the fact."""
    await outside.write_about(fact, outside.key)


def lapses_at(fact: Fact) -> datetime:
    """When a registration that is asked for now is given up."""
    return fact.occurred_at + REGISTRATION_LASTS


def lapse_registration(fact: Fact) -> LapseRegistration:
    """It was not completed in time, if this fact was the last to ask for it."""
    return LapseRegistration(fact.id("learner_id"), fact.stream_version)


def nothing_to_record(fact: Fact) -> None:
    """That a mail was handed over is no fact: what counts is whether the person comes back by its link."""
