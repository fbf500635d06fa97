"""
A history step by step: for each fact, what it changed in each document of a learner, of an order or of a run.

A document is a row that belongs to the learner in a read model, such as the dashboard, a grade, an enrollment; of an
order, the rows that name it; of a run, its rows in the catalog. They are the rows as they are stored: what follows from
the clock when a row is read (decisions/0102) is not in them.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from adapters.postgres.as_of.folder import KeyFolder
from domain.fact import Fact
from projections.catalog import Catalog
from projections.engine.moment import Moment
from projections.engine.projection import Projection, RowKey
from projections.engine.steps import Change, Step, steps


class ReplayStep(NamedTuple):
    """
    A fact and what it changed.

    Attributes:
        changes: with the documents that are meant, in the order of the read models.
        failed: the read models whose rules fail at the fact, and why.
    """

    fact: Fact
    changes: list[Change]
    failed: list[tuple[str, str]]


class Source(NamedTuple):
    """What one read model makes of some facts: changes of rows of *tables*; of these *rows* alone, if any are named."""

    projection: Projection
    facts: Sequence[Fact]
    tables: frozenset[str]
    rows: frozenset[RowKey] | None = None
    order_id: str | None = None

    def steps(self) -> Iterator[Step]:
        """The steps of the fold."""
        return steps(self.projection, self.facts, self._is_meant)

    def _is_meant(self, key: RowKey, row: Any) -> bool:
        if key.table.name not in self.tables or (self.rows is not None and key not in self.rows):
            return False
        return self.order_id is None or getattr(row, "order_id", None) == self.order_id


async def of_learner(
    folders: Mapping[str, KeyFolder], learner_id: str, moment: Moment, order_id: str | None = None
) -> list[Source]:
    """What the read models make of a learner's facts, up to a moment; with *order_id*, of that order alone."""
    found = []
    for folder in folders.values():
        tables = frozenset(table.name for table in folder.own_tables)
        if tables:
            facts = await folder.facts(learner_id, moment)
            found.append(Source(folder.projection, facts, tables, order_id=order_id))
    return found


async def of_run(folders: Mapping[str, KeyFolder], run_id: str, moment: Moment) -> list[Source]:
    """What the catalog makes of the facts of a run."""
    folder = folders[Catalog.name]
    rows = await folder.keys_of_run(run_id, moment)
    facts = await folder.facts(None, moment, rows)
    return [Source(folder.projection, facts, frozenset(table.name for table in Catalog.tables), frozenset(rows))]


def replay_of(sources: Iterable[Source]) -> Iterator[ReplayStep]:
    """The steps of all read models, one for each fact, in the order of the log."""
    merged = heapq.merge(*(source.steps() for source in sources), key=attrgetter("fact.position"))
    waiting: ReplayStep | None = None
    for step in merged:
        if waiting is not None and waiting.fact.position != step.fact.position:
            yield waiting
            waiting = None
        waiting = waiting or ReplayStep(step.fact, [], [])
        waiting.changes.extend(step.changes)
        if step.error is not None:
            waiting.failed.append((step.projection.name, step.error))
    if waiting is not None:
        yield waiting


def begun_at(
    all_of_it: Iterator[ReplayStep], since: int | datetime | None
) -> tuple[list[Change], Iterator[ReplayStep]]:
    """
    The documents before a beginning, each as one change from nothing, and the steps from there on.

    Args:
        since: after this position; or from the first fact that happened then or later.
    """
    before: dict[RowKey, Change] = {}
    for step in all_of_it:
        if _begins(step.fact, since):
            return list(before.values()), _with(step, all_of_it)
        before.update((change.row, Change(change.row, None, change.after)) for change in step.changes)
    return list(before.values()), iter(())


def _begins(fact: Fact, since: int | datetime | None) -> bool:
    if since is None:
        return True
    return fact.occurred_at >= since if isinstance(since, datetime) else fact.position > since


def _with(first: ReplayStep, rest: Iterator[ReplayStep]) -> Iterator[ReplayStep]:
    yield first
    yield from rest


def name_of(row: RowKey) -> str:
    """How a document is called: the view, and the values of its key with commas, as `campus why` takes them."""
    return f"{row.table.name}/{','.join(map(str, row.key))}"
