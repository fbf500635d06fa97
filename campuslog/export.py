"""
An export of the log as a source: the same facts, without a campus.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from adapters.parquet.pages import ExportPages
from adapters.parquet.read import Export
from adapters.postgres.log.decoding import fact_of
from campuslog.source import FactPage, Selection
from domain.fact import Fact
from projections.engine.bulk.pages import PageSource

COLUMNS: tuple[str, ...] = ("position", "stream_id", "stream_version", "type", "schema_version", "partition")
COLUMNS += ("data", "meta", "occurred_at", "recorded_at")
"""In the order in which `fact_of` takes them."""

ALSO = ("data_bytes", "meta_bytes", "learner_id")


class ExportSource:
    """
    The log as far as it was exported.

    Args:
        directory: where `campus log export` has put it.

    Raises:
        ExportError: there is no export.
    """

    def __init__(self, directory: Path) -> None:
        self.export = Export.open(directory)
        self.for_fold: PageSource = ExportPages(self.export)

    @property
    def name(self) -> str:
        """The campus that it is of."""
        return self.export.manifest.campus

    async def head(self) -> int:
        """The position of the last fact that was exported."""
        return self.export.position

    async def position_at(self, time: datetime) -> int:
        """The position of the last fact that was recorded by then; 0 for none."""
        last = 0
        for batch in self.export.batches(columns=("position", "recorded_at")):
            recorded = batch.filter(pc.field("recorded_at") <= _scalar(time))
            if recorded.num_rows:
                last = int(recorded["position"][recorded.num_rows - 1].as_py() or 0)
        return last

    async def pages(self, selection: Selection) -> AsyncIterator[FactPage]:
        """The facts, a window of positions at a time."""
        last = self.export.position if selection.until is None else min(selection.until, self.export.position)
        batches = self.export.batches(
            types=selection.types, after=selection.after, until=last, columns=(*COLUMNS, *ALSO)
        )
        for batch in batches:
            facts = list(_facts(_chosen(batch, selection)))
            until = batch["position"][-1].as_py()
            yield FactPage(facts, until, last)


def _chosen(batch: pa.RecordBatch, selection: Selection) -> pa.RecordBatch:
    """Those facts of a batch that concern the learner and happened in time."""
    if selection.learner is not None:
        batch = batch.filter(pc.field("learner_id") == selection.learner)
    if selection.since is not None:
        batch = batch.filter(pc.field("occurred_at") >= _scalar(selection.since))
    if selection.by is not None:
        batch = batch.filter(pc.field("occurred_at") <= _scalar(selection.by))
    return batch


def _scalar(time: datetime) -> Any:
    return pa.scalar(time, pa.timestamp("us", "UTC"))


def _facts(batch: pa.RecordBatch) -> Iterator[Fact]:
    columns = {name: batch[name].to_pylist() for name in COLUMNS}
    for name in ("data", "meta"):
        raw = batch[f"{name}_bytes"].to_pylist()
        columns[name] = [text if data is None else data for text, data in zip(columns[name], raw, strict=True)]
    yield from map(fact_of, zip(*columns.values(), strict=True))
