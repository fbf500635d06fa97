"""
Is the log what was exported? `campus log verify --against`: by position against an export, or by digest.

The log and the export are read side by side in the same windows of positions. Windows are compared as bytes; only where
two of them differ are facts compared one by one.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from adapters.parquet.check import check as check_export
from adapters.parquet.columns import LOGGED, to_rows
from adapters.parquet.digest import Content, block_end
from adapters.parquet.manifest import ExportError
from adapters.parquet.read import Export
from adapters.parquet.source import FactBuffers, Gap, read_page
from adapters.postgres.connection import Connection, Link
from adapters.postgres.log.pages import read_head, read_rows
from adapters.settings import Settings

PATIENCE = 10.0  # seconds to wait for a server that has gone
MOST_DIFFERENCES = 100  # that are described; all are counted
COLUMNS = ("stream_id", "stream_version", "type", "schema_version", "partition", "data", "meta")
TIMES = ("occurred_at", "recorded_at")

Advance = Callable[[int], None]
Plain = dict[str, Any]


class Difference(msgspec.Struct, frozen=True):
    """
    A fact that is not what it was when it was exported.

    Attributes:
        changes: by column what was exported and what the log has; of `data` and `meta` the fields that differ, as
            `data.score_bp`. Empty where the log has no fact.
    """

    position: int
    stream: str
    type: str
    changes: dict[str, tuple[Any, Any]]


class Comparison(msgspec.Struct):
    """
    The result.

    Attributes:
        against: the directory, or the digest.
        position: up to which the log was compared.
        count: how many facts differ, or 1 where only a digest does.
        differences: the first of them.
        problem: what is wrong where no fact can be named.
    """

    against: str
    position: int
    count: int = 0
    differences: list[Difference] = msgspec.field(default_factory=list)
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether the log is what was exported."""
        return not self.count


async def compare_with_export(settings: Settings, directory: Path, begin: Callable[[int], Advance]) -> Comparison:
    """
    Compare the log with the export in *directory*, fact by fact.

    Args:
        begin: called with the number of facts to compare; gives the function to call with the number compared since.

    Raises:
        ExportError: there is no export, it is one of another campus, or damaged itself.
    """
    export = Export.open(directory)
    if export.manifest.campus != settings.name:
        raise ExportError(f"{directory} holds the log of the campus {export.manifest.campus}, not of {settings.name}")
    verdict = check_export(directory)
    if not verdict.ok:
        first = verdict.problems[0]
        raise ExportError(f"{directory} is not what was exported itself: {first.file}: {first.problem}")
    link = Link(settings, "log verify", patience=PATIENCE)
    found, advance = Comparison(str(directory), export.position), begin(export.position)
    try:
        for batch in export.batches(columns=LOGGED):
            first, last = batch.column("position")[0].as_py(), batch.column("position")[-1].as_py()
            if not await _same(link, batch, first - 1, last):
                rows = await link.run(_rows_between(first - 1, last))
                _note(found, _differences(batch, rows))
            advance(batch.num_rows)
    finally:
        await link.close()
    return found


async def compare_with_digest(
    settings: Settings, position: int, digest: str, begin: Callable[[int], Advance]
) -> Comparison:
    """Compare the digest of the log up to *position* with that of an export up to there (its `content`)."""
    link = Link(settings, "log verify", patience=PATIENCE)
    found, content = Comparison(f"{position}:{digest}", position), Content()
    try:
        head = await link.run(read_head)
        if head < position:
            found.count, found.problem = 1, f"the log ends at position {head:,}, before {position:,}"
            return found
        advance = begin(position)
        async for rows in _pages(link, position):
            content.add(rows)
            advance(rows.facts)
    except Gap as gap:
        found.count, found.problem = 1, str(gap)
        return found
    finally:
        await link.close()
    if content.digest.hex() != digest.lower():
        found.count = 1
        found.problem = (
            f"up to position {position:,} the log has the digest {content.digest.hex()}: facts were changed. An export"
            " of that time says which: campus log verify --against DIR"
        )
    return found


async def _pages(link: Link, until: int) -> AsyncIterator[FactBuffers]:
    after = 0
    while after < until:
        rows = await _page(link, after, min(until, block_end(after)))
        yield rows
        after += rows.facts


async def _page(link: Link, after: int, until: int) -> FactBuffers:
    return await link.run(lambda connection: read_page(connection, after, until))


async def _same(link: Link, batch: pa.RecordBatch, after: int, until: int) -> bool:
    """Whether the log has exactly the bytes of *batch*; its pages may be shorter."""
    begin = after
    while after < until:
        try:
            rows = await _page(link, after, until)
        except Gap:
            return False
        if to_rows(batch.slice(after - begin, rows.facts)) != rows:
            return False
        after += rows.facts
    return True


def _rows_between(after: int, until: int) -> Callable[[Connection], Any]:
    return lambda connection: read_rows(connection, after, until)


def _note(found: Comparison, differences: Iterator[Difference]) -> None:
    for difference in differences:
        found.count += 1
        if len(found.differences) < MOST_DIFFERENCES:
            found.differences.append(difference)


def _differences(batch: pa.RecordBatch, rows: list[tuple[Any, ...]]) -> Iterator[Difference]:
    """The facts of *batch* that the log has otherwise, or not at all."""
    logged = {row[0]: row for row in rows}
    for exported in batch.to_pylist():
        before = _plain(exported)
        row = logged.get(exported["position"])
        if row is None:
            yield Difference(exported["position"], exported["stream_id"], exported["type"], {})
            continue
        now = dict(zip((*COLUMNS, *TIMES), row[1:], strict=True))
        changes = {name: pair for column in now for name, pair in _changed(column, before[column], now[column])}
        if changes:
            yield Difference(exported["position"], exported["stream_id"], exported["type"], changes)


def _plain(exported: Plain) -> Plain:
    """A fact of an export in the form of the log."""
    data, meta = exported["data"], exported["meta"]
    return {
        **exported,
        "data": exported["data_bytes"] if data is None else data.encode(),
        "meta": exported["meta_bytes"] if meta is None else meta.encode(),
    }


def _changed(column: str, before: Any, now: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """What differs in a column, by field where it holds fields."""
    if before == now:
        return
    if not isinstance(before, bytes):
        yield column, (before, now)
        return
    fields = [_fields(bytes(value)) for value in (before, now)]
    names = dict.fromkeys([*fields[0], *fields[1]])
    differing = [name for name in names if fields[0].get(name) != fields[1].get(name)]
    for name in differing:
        yield f"{column}.{name}", (fields[0].get(name), fields[1].get(name))
    if not differing:  # the same fields in other bytes, or none that can be read
        yield column, (before.decode(errors="replace"), bytes(now).decode(errors="replace"))


def _fields(value: bytes) -> Plain:
    try:
        found = msgspec.json.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
