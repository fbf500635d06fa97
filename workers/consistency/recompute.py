"""
The rows of one learner made anew from the log, beside what is live: for the auditor, for repairs, and to explain what
`verify` has found.

A learner's rows depend on the facts of that learner, on those facts of the catalog whose rows they need, and on
nothing else; so they cost some milliseconds, and not a fold of the log.
"""

from collections.abc import Collection
from operator import attrgetter
from typing import NamedTuple

import msgspec

from adapters.postgres.connection import Connection
from adapters.postgres.log.history import history_of
from adapters.postgres.log.reference_facts import ReferenceFacts
from domain.fact import Fact, partition_of_learner
from projections.engine.diff.lineage import needs_of
from projections.engine.live import Exclusions, OwnedSegments, fold_batch
from projections.engine.memory import MemoryStore
from projections.engine.projection import RowKey, Table, segment_of, tables_of_learners


def segment_of_learner(learner: str, segments: int) -> int:
    """The segment in which a learner's rows are."""
    return segment_of(partition_of_learner(learner), segments)


def learner_of(table: Table, key: tuple[str | int, ...]) -> str | None:
    """Whose row it is, by a part of its key that is called `learner_id`; None if there is none."""
    return str(key[table.key.index("learner_id")]) if "learner_id" in table.key else None


class RecomputedRows(NamedTuple):
    """
    A learner's rows as the log has them.

    Attributes:
        rows: of the tables of learners.
        keys: of these tables, all rows that the learner's facts could have made.
        facts: on which all this rests, in log order, without those that somebody has decided to do without.
    """

    rows: dict[RowKey, msgspec.Struct]
    keys: set[RowKey]
    facts: list[Fact]


async def recompute_rows(
    connection: Connection, common: ReferenceFacts, learner: str, until: int, held: Exclusions
) -> RecomputedRows:
    """The rows of a learner up to the position *until*; facts that are parked or skipped are left out."""
    projection = common.projection
    await common.read(connection, until)
    own = [fact for fact in await history_of(connection, learner, until) if fact.type in projection.handlers]
    needs = {key for fact in own for key in needs_of(projection, fact)}
    behind = [fact for fact in common.relevant_to(needs) if fact.position <= until]
    facts = sorted(own + behind, key=attrgetter("position"))
    segment = segment_of_learner(learner, projection.segments)
    share = OwnedSegments(projection.segments, (segment,))
    folded = await fold_batch(projection, facts, held, MemoryStore(share), share)
    rows = folded.rows[segment]
    tables = tables_of_learners(projection)
    return RecomputedRows(
        {key: rows.rows[key] for key in rows.changed if key.table in tables},
        {key for key in needs if key.table in tables} | own_keys(tables, learner),
        [fact for fact in facts if fact.position not in held.skipped],
    )


def own_keys(tables: Collection[Table], learner: str) -> set[RowKey]:
    """The rows of which the learner is the whole key."""
    return {RowKey(table, (learner,)) for table in tables if table.key == ("learner_id",)}


def waiting_in(held: Exclusions, segment: int) -> dict[str, int]:
    """The keys that are parked in a segment, and the position of the first fact of each that waits."""
    return {key: first for (of, key), first in held.waiting.items() if of == segment}
