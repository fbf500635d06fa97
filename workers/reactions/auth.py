"""What follows from the facts of signing in: mails to the person."""

from datetime import datetime, timedelta

from domain.fact import Fact
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


def nothing_to_record(fact: Fact) -> None:
    """That a mail was handed over is no fact."""
