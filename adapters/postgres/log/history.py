"""
All facts about one learner, all about none, and the newest ones: what the rows of read models are made of.

What cannot be decoded is `Unreadable`, as for whoever follows the log.
"""

from collections.abc import Sequence

import psycopg

from adapters.postgres.log.pages import fact_of
from adapters.postgres.log.postgres_log import COLUMNS, HISTORY, PAGE_OF_TYPES
from domain.fact import Fact
from domain.registry import AGGREGATES

FARTHEST_BACK = 100_000  # positions in which the newest facts are looked for
LATELY = 20_000  # positions that are sooner read than the streams of the catalog

# One range scan for each category of streams that are about no learner.
CATALOG = (
    " UNION ALL ".join(
        f"SELECT {COLUMNS} FROM events WHERE stream_id >= '{category}-' AND stream_id < '{category}.'"
        " AND position > %(after)s AND position <= %(until)s AND type = ANY(%(types)s)"
        for category in [aggregate.category for aggregate in AGGREGATES if not aggregate.learner_first]
    )
    + " ORDER BY position"
)

NEWEST = (
    f"SELECT {COLUMNS} FROM events WHERE position > %s AND position <= %s AND type = ANY(%s)"
    " ORDER BY position DESC LIMIT %s"
)


async def history_of(connection: psycopg.AsyncConnection, learner: str, until: int) -> list[Fact]:
    """Every fact about a learner up to the position *until*, in the order of the log."""
    cursor = await connection.execute(HISTORY, {"learner": learner, "until": until}, binary=True)
    return [fact_of(row) for row in await cursor.fetchall()]


async def common_facts(connection: psycopg.AsyncConnection, types: Sequence[str], after: int, until: int) -> list[Fact]:
    """The facts of some types about no learner, behind *after* up to and with *until*."""
    if until - after > LATELY:
        parameters = {"after": after, "until": until, "types": list(types)}
        cursor = await connection.execute(CATALOG, parameters, binary=True)
    else:
        cursor = await connection.execute(PAGE_OF_TYPES, (after, until, list(types)), binary=True)
    return [fact_of(row) for row in await cursor.fetchall()]


async def newest_facts(
    connection: psycopg.AsyncConnection, types: Sequence[str], until: int, number: int
) -> list[Fact]:
    """The newest *number* facts of some types up to the position *until*, in the order of the log."""
    parameters = (until - FARTHEST_BACK, until, list(types), number)
    cursor = await connection.execute(NEWEST, parameters, binary=True)
    return [fact_of(row) for row in reversed(await cursor.fetchall())]
