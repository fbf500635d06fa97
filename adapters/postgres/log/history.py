"""
All facts of one key, the reference facts, and the newest facts: what the rows of read models are made of.

What cannot be decoded is `Unreadable`, as for any other reader of the log.
"""

from collections.abc import Sequence
from datetime import datetime

import psycopg

from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.postgres_log import COLUMNS, HISTORY, PAGE_OF_TYPES
from domain.fact import Fact
from domain.registry import AGGREGATES

FARTHEST_BACK = 100_000  # positions in which the newest facts are looked for
LATELY = 20_000  # positions that are sooner read than all reference streams

# One range scan for each category of reference streams.
REFERENCE = (
    " UNION ALL ".join(
        f"SELECT {COLUMNS} FROM events WHERE stream_id >= '{aggregate.category}-'"
        f" AND stream_id < '{aggregate.category}.'"
        " AND position > %(after)s AND position <= %(until)s AND type = ANY(%(types)s)"
        for aggregate in AGGREGATES
        if aggregate.scope == "reference"
    )
    + " ORDER BY position"
)

NEWEST = (
    f"SELECT {COLUMNS} FROM events WHERE position > %(after)s AND position <= %(until)s AND type = ANY(%(types)s)"
    " AND (%(valid_at)s::timestamptz IS NULL OR occurred_at <= %(valid_at)s) ORDER BY position DESC LIMIT %(number)s"
)

# The bytes are looked at first, and decoded where they have the learner.
OF_CATEGORY = (
    f"SELECT {COLUMNS} FROM events WHERE stream_id >= %(category)s || '-' AND stream_id < %(category)s || '.'"
    " AND position <= %(until)s AND type = ANY(%(types)s)"
    " AND (%(about)s::text IS NULL OR position(convert_to(%(about)s, 'UTF8') IN data) > 0"
    " AND json_or_null(data) ->> 'learner_id' = %(about)s) ORDER BY position"
)


async def history_of(connection: psycopg.AsyncConnection, key: str, until: int) -> list[Fact]:
    """Every fact of a key up to the position *until*, in the order of the log."""
    cursor = await connection.execute(HISTORY, {"key": key, "until": until}, binary=True)
    return [fact_of(row) for row in await cursor.fetchall()]


async def reference_facts(
    connection: psycopg.AsyncConnection, types: Sequence[str], after: int, until: int
) -> list[Fact]:
    """The facts of these reference types with positions above *after*, up to and with *until*."""
    if until - after > LATELY:
        parameters = {"after": after, "until": until, "types": list(types)}
        cursor = await connection.execute(REFERENCE, parameters, binary=True)
    else:
        cursor = await connection.execute(PAGE_OF_TYPES, (after, until, list(types)), binary=True)
    return [fact_of(row) for row in await cursor.fetchall()]


async def category_facts(
    connection: psycopg.AsyncConnection, category: str, types: Sequence[str], until: int, about: str | None = None
) -> list[Fact]:
    """The facts of all streams of a category up to *until*, in the order of the log; *about* one learner, or all."""
    parameters = {"category": category, "types": list(types), "until": until, "about": about}
    cursor = await connection.execute(OF_CATEGORY, parameters, binary=True)
    return [fact_of(row) for row in await cursor.fetchall()]


async def newest_facts(
    connection: psycopg.AsyncConnection,
    types: Sequence[str],
    until: int,
    number: int,
    valid_at: datetime | None = None,
) -> list[Fact]:
    """The newest *number* facts of some types up to *until*, happened by *valid_at*, in the order of the log."""
    after = until - FARTHEST_BACK if valid_at is None else 0  # what had happened may lie as far back as the log goes
    parameters = {"after": after, "until": until, "types": list(types), "number": number, "valid_at": valid_at}
    cursor = await connection.execute(NEWEST, parameters, binary=True)
    return [fact_of(row) for row in reversed(await cursor.fetchall())]
