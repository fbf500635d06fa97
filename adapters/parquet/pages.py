"""
The pages of `projections.engine.bulk.pages` from an export instead of PostgreSQL, for a fold over the whole log.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from adapters.parquet.manifest import ExportError
from adapters.parquet.read import Export
from adapters.postgres.bulk.page_reader import Metas
from adapters.proofs.leaves import SINCE_1970
from domain.codec import decode_data, version_of
from domain.registry import FACTS
from domain.streams import PARTITIONS
from projections.engine.bulk.pages import RARE_COLUMNS, ColumnPage, FactFilter, SourceFailed

COLUMNS = ("position", "stream_id", "type", "schema_version", "partition", "data", "data_bytes", "occurred_at")
PLAIN = -1  # stands for the version of a type that this code does not know

_decode_lines = msgspec.json.Decoder(dict[str, Any]).decode_lines


class ExportPages:
    """A `PageSource` over an export."""

    def __init__(self, export: Export) -> None:
        self._export = export

    def pages(self, wanted: FactFilter, after: int, until: int) -> Iterator[ColumnPage]:
        """
        The wanted facts with positions above *after*, up to and with *until*.

        Raises:
            SourceFailed: a file is missing or damaged, *until* is after the end of the export, or facts are wanted by
                when they happened, which PostgreSQL alone finds.
        """
        if wanted.valid_at is not None:
            raise SourceFailed("an export is not read by when facts happened: read PostgreSQL")
        if until > self._export.position:
            raise SourceFailed(f"{self._export.directory} ends at position {self._export.position:,}, before {until:,}")
        try:
            for batch in self._export.batches(
                types=wanted.types, after=after, until=until, columns=COLUMNS, where=_condition(wanted)
            ):
                yield self._page(batch, wanted.types)
        except ExportError as error:
            raise SourceFailed(str(error)) from error

    def _page(self, batch: pa.RecordBatch, types: tuple[str, ...]) -> ColumnPage:
        numbers: Any = pc.index_in(batch.column("type"), pa.array(types))
        kinds: Any = pc.add(pc.multiply(numbers, PARTITIONS), batch.column("partition"))
        positions: Any = batch.column("position").to_pylist()
        stream_ids: Any = batch.column("stream_id").to_pylist()
        occurred: Any = pc.subtract(batch.column("occurred_at").view(pa.int64()), SINCE_1970)
        data, unreadable = _decoded(batch, types, numbers, positions)
        load = partial(self._load, positions[0] - 1, positions[-1])
        numbers = {"position": positions, "occurred_at": occurred.to_pylist()}.__getitem__
        return ColumnPage(positions[-1], stream_ids, kinds.to_pylist(), data, types, numbers, load, unreadable)

    def _load(self, after: int, until: int, column: str, type_name: str) -> Mapping[int, Any]:
        """One of the rarer columns of the facts of one type, by position."""
        if column not in RARE_COLUMNS:
            raise ValueError(f"facts have no column {column}")
        columns = ("position", "meta", "meta_bytes") if column == "meta" else ("position", column)
        found: dict[int, Any] = Metas() if column == "meta" else {}
        try:
            for batch in self._export.batches(types=[type_name], after=after, until=until, columns=columns):
                positions: Any = batch.column("position").to_pylist()
                values: Any = _bytes(batch, "meta") if column == "meta" else batch.column(column).to_pylist()
                found.update(zip(positions, values, strict=True))
        except ExportError as error:
            raise SourceFailed(str(error)) from error
        return found


def _condition(wanted: FactFilter) -> ds.Expression | None:
    """Which facts of the wanted types are wanted; None when all of them are."""
    if wanted.everywhere.issuperset(wanted.types) or len(wanted.partitions) == PARTITIONS:
        return None
    everywhere: Any = pa.array(sorted(wanted.everywhere), pa.string())
    partitions: Any = pa.array(sorted(wanted.partitions), pa.int16())
    return ds.field("type").isin(everywhere) | ds.field("partition").isin(partitions)


def _decoded(
    batch: pa.RecordBatch, types: tuple[str, ...], numbers: Any, positions: list[int]
) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """The fields of all facts in their newest version, and why some of them could not be decoded."""
    newest = pa.array([version_of(FACTS[name]) if name in FACTS else PLAIN for name in types], pa.int16())
    raw = _bytes(batch, "data")
    current = pc.all(pc.equal(batch.column("schema_version"), newest.take(numbers))).as_py()
    joined = b"\n".join(raw)
    if current and joined.count(b"\n") == len(raw) - 1:
        try:
            data = _decode_lines(joined)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            data = []
        if len(data) == len(raw):
            return data, {}
    return _decoded_one_by_one(batch, raw, positions)


def _decoded_one_by_one(
    batch: pa.RecordBatch, raw: list[bytes], positions: list[int]
) -> tuple[list[dict[str, Any]], dict[int, str]]:
    data: list[dict[str, Any]] = []
    unreadable: dict[int, str] = {}
    names: Any = batch.column("type").to_pylist()
    versions: Any = batch.column("schema_version").to_pylist()
    for position, name, version, value in zip(positions, names, versions, raw, strict=True):
        try:
            data.append(decode_data(name, version, value))
        except Exception as error:  # noqa: BLE001 - upcasters are our code, and may raise anything
            data.append({})
            unreadable[position] = f"{type(error).__name__}: {error}"
    return data, unreadable


def _bytes(batch: pa.RecordBatch, column: str) -> list[bytes]:
    """The exact bytes of `data` or `meta`."""
    values: Any = pc.coalesce(batch.column(column).cast(pa.binary()), batch.column(f"{column}_bytes"))
    found: list[bytes] = values.to_pylist()
    return found
