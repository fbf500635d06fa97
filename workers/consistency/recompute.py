"""
The rows of one learner made anew from the log, beside what is live: for the auditor, for repairs, and to explain what
`verify` has found.

A learner's rows depend on the facts of that learner, on those facts of the catalog whose rows they need, and on
nothing else; so they cost some milliseconds, and not a fold of the log.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import NamedTuple

import msgspec

from adapters.postgres.connection import Connection
from adapters.postgres.log.history import common_facts, history_of
from domain.fact import Fact, partition_of_learner
from projections.engine.bulk.fold import OF_LEARNERS
from projections.engine.diff.lineage import needs_of
from projections.engine.live import Exclusions, OwnedSegments, fold_batch
from projections.engine.memory import MemoryStore
from projections.engine.projection import Projection, RowKey, Table, segment_of, tables_of_learners


def segment_of_learner(learner: str, segments: int) -> int:
    """The segment in which a learner's rows are."""
    return segment_of(partition_of_learner(learner), segments)


def learner_of(table: Table, key: tuple[str | int, ...]) -> str | None:
    """Whose row it is, by a part of its key that is called `learner_id`; None if there is none."""
    return str(key[table.key.index("learner_id")]) if "learner_id" in table.key else None


class ReferenceFacts:
    """The facts about no learner that *projection* reads, kept in memory and brought up to date by position."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self._types = sorted(projection.handlers.keys() - OF_LEARNERS)
        self._position = 0
        self._facts: list[tuple[Fact, set[RowKey]]] = []
        self._needing: defaultdict[RowKey, list[int]] = defaultdict(list)

    async def read(self, connection: Connection, until: int) -> None:
        """Read what has come, up to the position *until* at least."""
        if until <= self._position or not self._types:
            return
        for fact in await common_facts(connection, self._types, self._position, until):
            needs = needs_of(self.projection, fact)
            for key in needs:
                self._needing[key].append(len(self._facts))
            self._facts.append((fact, needs))
        self._position = until

    def relevant_to(self, rows: Iterable[RowKey]) -> list[Fact]:
        """The facts on which some rows depend, directly or through rows that these need, in log order."""
        found: set[int] = set()
        reached, waiting = set(rows), list(rows)
        while waiting:
            for number in self._needing.get(waiting.pop(), ()):
                if number not in found:
                    found.add(number)
                    more = self._facts[number][1] - reached
                    reached |= more
                    waiting += more
        return [self._facts[number][0] for number in sorted(found)]


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
