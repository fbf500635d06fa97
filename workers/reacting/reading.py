"""The facts that the reactor reacts to, also those that this code cannot read."""

from collections.abc import Collection

import msgspec

from adapters.postgres.connection import PostgresError, Unavailable
from adapters.postgres.log import pages
from adapters.postgres.log.postgres_log import PostgresLog
from domain.codec import UnknownFact
from domain.fact import Fact


async def read_facts(log: PostgresLog, after: int, until: int, types: Collection[str]) -> list[Fact]:
    """
    Facts of *types* with positions above *after*, up to and with *until*.

    One whose upcast raises is `Unreadable` with its meta, so that it stops no fact after it.

    Raises:
        UnknownFact: a later release has written one: that release reacts to it.
    """
    try:
        return await log.read(after, until - after, types)
    except (PostgresError, Unavailable, UnknownFact):
        raise
    except Exception:  # noqa: BLE001 - upcasters are our code, and may raise anything
        rows = await log.link.run(lambda connection: pages.read_rows(connection, after, until))
    found = ((pages.fact_of(row), pages.meta_of(row[7])) for row in rows if row[3] in types)
    return [msgspec.structs.replace(fact, meta=meta) for fact, meta in found]
