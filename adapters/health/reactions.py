"""Has everything followed that should follow from facts? For `campus doctor`."""

from collections.abc import Sequence

from adapters.health.servers import Check, Unhealthy
from adapters.postgres.connection import connect
from adapters.postgres.ops.failed_reactions import FailedReaction, Selection, listed
from adapters.settings import Settings

NAMED = 2  # of those that wait


async def carried_out(settings: Settings) -> str:
    """Does no reaction wait that needs an operator: one that can never pass, or that fails in our code?"""
    async with await connect(settings, application="doctor") as connection:
        rows = await listed(connection, Selection())
    stuck = [row for row in rows if row.waits_for is None]
    passing = [row for row in rows if row.waits_for is not None]
    if stuck:
        also = f"; {_counted(passing)} refused for now" if passing else ""
        raise Unhealthy(
            f"{_counted(stuck)} not carried out: {_named(stuck)}{also}",
            "see why with `campus reactions failed`, then `… retry` or `… dismiss`",
        )
    if passing:
        return (
            f"{_counted(passing)} refused for now and tried again when that changes: {_named(passing)};"
            " see `campus reactions failed`"
        )
    return "no reaction waits"


def _counted(rows: Sequence[FailedReaction]) -> str:
    return "1 reaction" if len(rows) == 1 else f"{len(rows):,} reactions"


def _named(rows: Sequence[FailedReaction]) -> str:
    named = ", ".join(f"{row.reaction} of {row.key} ({row.code}: {row.sentence})" for row in rows[:NAMED])
    more = len(rows) - NAMED
    return named + (f" and {more:,} more" if more > 0 else "")


CHECKS: dict[str, Check] = {"reactions": carried_out}
