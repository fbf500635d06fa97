"""What follows from the facts of signing in: mails to the person."""

from datetime import datetime, timedelta

from commands.auth import RevokeSessions
from domain.fact import Fact
from domain.roles import Role
from workers.reactions.job import Outside

MAIL_LASTS = timedelta(hours=1)
"""For how long a mail that was asked for is owed: the person has asked again by then."""
NOTICE_LASTS = timedelta(days=7)
"""For how long a mail is owed that says what has changed."""


def at_once(fact: Fact) -> datetime:
    """What a person waits for."""
    return fact.occurred_at


def when_replaced(fact: Fact) -> datetime | None:
    """A password was replaced; about the first one no mail is written."""
    return None if fact.data["cause"] == "registration" else fact.occurred_at


async def write_about(fact: Fact, outside: Outside) -> None:
    """The person is to get a mail about the fact."""
    await outside.write_about(fact, outside.key)


def impersonation_ends_at(fact: Fact) -> datetime:
    """When a session ends by itself in which an admin acts as a learner."""
    return datetime.fromisoformat(fact.data["until"])


def end_impersonation(fact: Fact) -> RevokeSessions:
    """Its time is over, if nothing has ended it before."""
    return RevokeSessions(fact.id("learner_id"), (fact.id("session_id"),), "time")


def when_admin_lost(fact: Fact) -> datetime | None:
    """A person is no admin any more."""
    return fact.occurred_at if fact.data["role"] == Role.ADMIN else None


async def end_impersonations(fact: Fact, outside: Outside) -> None:
    """All sessions end in which the person acts as learners."""
    await outside.end_impersonations(fact)


def nothing_to_record(fact: Fact) -> None:
    """That a mail was handed over is no fact."""
