"""
The facts of a key that have not done what was expected of them: passed over, irregular, skipped, or parked.

A fold from the log alone knows of no decisions of operators and of no key that waits; the live generation does.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from adapters.postgres.as_of.folder import KeyFolder
from adapters.postgres.connection import Connection
from adapters.postgres.store.generations import live
from adapters.postgres.store.parking import held
from domain.fact import Fact
from projections.engine.distribution import segment_of_key
from projections.engine.live import Exclusions
from projections.engine.moment import Moment

Reason = Literal["not_read", "irregular", "skipped", "parked"]


class Beside(NamedTuple):
    """A fact, and why it counts for less than expected."""

    fact: Fact
    reason: Reason


async def facts_beside(folder: KeyFolder, owner: str | None, moment: Moment, read: Sequence[Fact]) -> list[Beside]:
    """
    Which facts of a key the read model does not read, are irregular, or are held back in its live generation.

    Args:
        read: those that it reads.
    """
    name = folder.projection.name

    async def look(connection: Connection) -> Exclusions:
        found = await live(connection, name)
        return Exclusions() if found is None else await held(connection, name, found.number, found.version)

    excluded = await folder.link.run(look)
    segment = segment_of_key(owner or "", folder.projection.segments)
    unread = [] if owner is None else await folder.unread(owner, moment)
    found = [Beside(fact, "not_read") for fact in unread]
    for fact in read:
        if fact.position in excluded.skipped:
            found.append(Beside(fact, "skipped"))
        elif excluded.waits(segment, fact):
            found.append(Beside(fact, "parked"))
        elif fact.data.get("irregular") is not None:
            found.append(Beside(fact, "irregular"))
    return sorted(found, key=lambda each: each.fact.position)
