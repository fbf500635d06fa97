"""Mails that say to a person what has changed, as jobs."""

from collections.abc import Callable
from datetime import datetime

from domain.fact import Fact
from workers.reactions import auth
from workers.reactions.job import Job


def notice(name: str, *, due: Callable[[Fact], datetime | None] = auth.at_once, awaited: bool = False) -> Job:
    """A mail that says to a person what has changed."""
    return Job(
        name,
        due=due,
        effect=auth.write_about,
        command=auth.nothing_to_record,
        settled_by=(),
        lasts=auth.NOTICE_LASTS,
        awaited=awaited,
    )
