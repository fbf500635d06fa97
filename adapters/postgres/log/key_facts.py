"""The facts of which the rows of one key are made: its own, and the reference facts that these rows need."""

from collections.abc import Iterable
from operator import attrgetter

from adapters.postgres.connection import Connection
from adapters.postgres.log.history import history_of
from adapters.postgres.log.reference_facts import ReferenceFacts
from domain.fact import Fact
from projections.engine.diff.lineage import needs_of
from projections.engine.projection import RowKey


async def facts_of_key(
    connection: Connection, reference: ReferenceFacts, key: str | None, until: int, wanted: Iterable[RowKey] = ()
) -> list[Fact]:
    """
    What the read model of *reference* folds for a key, up to the position *until*, in the order of the log.

    Args:
        key: None for reference facts alone.
        wanted: further rows whose reference facts are wanted.
    """
    projection, needed = reference.projection, set(wanted)
    own = [] if key is None else await history_of(connection, key, until)
    own = [fact for fact in own if fact.type in projection.handlers]
    needed.update(row for fact in own for row in needs_of(projection, fact))
    await reference.read(connection, until)
    relevant = [fact for fact in reference.relevant_to(needed) if fact.position <= until]
    return sorted(own + relevant, key=attrgetter("position"))
