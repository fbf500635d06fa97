"""
Folds the rows of one key of a read model from the log, up to any moment, by the handlers that fold it live.

Its facts are those of its key and the reference facts that these need; or, if the projection says so, the `newest`
ones that it reads. A fact at which the handlers fail leaves the rows as they were, and later ones of its key wait, as
in a rebuild.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from adapters.postgres.as_of.turns import Turns
from adapters.postgres.connection import Connection, Link
from adapters.postgres.log.history import category_facts, history_of, newest_facts
from adapters.postgres.log.key_facts import facts_of_key
from adapters.postgres.log.reference_facts import ReferenceFacts
from domain.admin import Record
from domain.fact import Fact
from domain.registry import AGGREGATE_OF
from projections.engine.distribution import partitioned_tables, segment_of_key
from projections.engine.live import Exclusions, Folded, OwnedSegments, Poison, fold_batch
from projections.engine.memory import MemoryStore
from projections.engine.moment import Moment
from projections.engine.projection import Projection, RowKey, Table


class KeyRows(NamedTuple):
    """
    The rows of a key at a moment.

    Attributes:
        rows: those of partitioned tables that are the key's own, and those of replicated tables that they need.
        poison: the facts at which the fold failed.
    """

    rows: Mapping[RowKey, msgspec.Struct]
    poison: Sequence[Poison]

    def of(self, table: Table) -> list[msgspec.Struct]:
        """The rows of one table."""
        return [row for key, row in self.rows.items() if key.table == table]


class KeyFolder:
    """
    Folds single keys of one read model.

    Args:
        turns: folds for another moment than now give way by these.
    """

    def __init__(self, link: Link, projection: Projection, turns: Turns | None = None) -> None:
        self.projection = projection
        self._turns = turns or Turns()
        self.link = link
        self._reference = ReferenceFacts(projection)

    @property
    def own_tables(self) -> list[Table]:
        """The tables whose rows belong to learners."""
        return tables_of_learners(self.projection)

    async def rows(self, key: str | None, moment: Moment, wanted: Iterable[RowKey] = ()) -> KeyRows:
        """
        The rows of a key.

        Args:
            key: a learner or a stream; None for rows of reference facts alone.
            wanted: further rows that reference facts make.
        """
        if moment.is_present:  # it is waited for by those who read what is now, while Valkey is away
            return await self._rows(key, moment, wanted)
        async with self._turns.take():
            return await self._rows(key, moment, wanted)

    async def _rows(self, key: str | None, moment: Moment, wanted: Iterable[RowKey]) -> KeyRows:
        return await fold_key(self.projection, key, await self.facts(key, moment, wanted))

    async def rows_of_run(self, run_id: str, moment: Moment) -> KeyRows:
        """The rows that reference facts make of a run and of what belongs to it, such as its quizzes."""
        return await self.rows(None, moment, await self.keys_of_run(run_id, moment))

    async def keys_of_run(self, run_id: str, moment: Moment) -> set[RowKey]:
        """Which rows reference facts make of a run and of what belongs to it."""
        await self.link.run(lambda connection: self._reference.read(connection, moment.position))
        return self._reference.rows_of_run(run_id)

    async def reference_rows(self, moment: Moment) -> KeyRows:
        """All rows that reference facts make."""
        await self.link.run(lambda connection: self._reference.read(connection, moment.position))
        return await self.rows(None, moment, self._reference.all_rows())

    async def rows_of_streams(self, category: str, moment: Moment, about: str | None = None) -> KeyRows:
        """
        The rows that the facts of all streams of a category make.

        Args:
            about: leaves out facts whose fields do not have this learner.
        """
        types = sorted(self.projection.handlers)
        async with self._turns.take():
            found = await self.link.run(
                lambda connection: category_facts(connection, category, types, moment.position, about)
            )
            known = [fact for fact in found if moment.has(fact)]
            folded = await _folded(self.projection, known, range(self.projection.segments))
        rows = {key: row for of_segment in folded.rows.values() for key, row in of_segment.rows.items()}
        return _kept(rows, folded.poison)

    async def facts(self, key: str | None, moment: Moment, wanted: Iterable[RowKey] = ()) -> list[Fact]:
        """The facts that make these rows, in the order of the log."""
        found = await self.link.run(lambda connection: self._facts(connection, key, moment, wanted))
        return [fact for fact in found if moment.has(fact)]

    async def unread(self, key: str, moment: Moment) -> list[Fact]:
        """The facts of a key that the read model does not read; without looks at it, which change nothing anywhere."""
        found = await self.link.run(lambda connection: history_of(connection, key, moment.position))
        passed_over = [fact for fact in found if fact.type not in self.projection.handlers]
        return [fact for fact in passed_over if moment.has(fact) and AGGREGATE_OF.get(fact.type) is not Record]

    async def _facts(
        self, connection: Connection, key: str | None, moment: Moment, wanted: Iterable[RowKey]
    ) -> list[Fact]:
        projection, until = self.projection, moment.position
        if projection.newest is not None:
            types = sorted(projection.handlers)
            return await newest_facts(connection, types, until, projection.newest, moment.valid_at)
        return await facts_of_key(connection, self._reference, key, until, wanted)


def _kept(rows: Mapping[RowKey, msgspec.Struct], poison: Sequence[Poison]) -> KeyRows:
    """Rows without those that add up over many keys, of which the facts of some give a part only."""
    return KeyRows({key: row for key, row in rows.items() if key.table.distribution != "partial"}, poison)


def tables_of_learners(projection: Projection) -> list[Table]:
    """The tables of a read model whose rows belong to learners."""
    partitioned = partitioned_tables(projection)
    return [table for table, columns in partitioned.items() if columns.names == ("learner_id",)]


async def fold_key(projection: Projection, key: str | None, facts: Sequence[Fact]) -> KeyRows:
    """The rows that *facts*, in the order of the log, make of a key; None for reference facts alone."""
    segment = segment_of_key(key or "", projection.segments)
    folded = await _folded(projection, facts, (segment,))
    return _kept(folded.rows[segment].rows, folded.poison)


async def _folded(projection: Projection, facts: Sequence[Fact], segments: Iterable[int]) -> Folded:
    share = OwnedSegments(projection.segments, tuple(segments))
    return await fold_batch(projection, facts, Exclusions(), MemoryStore(share), share)
