"""
Which segment a row is in, and what a divided projection may therefore do.

A fact of a keyed aggregate is folded by the segment of its partition, one of a reference aggregate by every segment. A
row of a `partitioned` table must be changed by one segment only, so only facts of its own key may change it. What does
not hold that is refused when the projection is first used: no test of one segment would show it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

import msgspec

from domain.aggregate import Aggregate, stream_id
from domain.errors import BadIdentifier
from domain.registry import AGGREGATE_OF
from domain.streams import UnknownId, ids_of, key_of, partition_of_key

if TYPE_CHECKING:
    from projections.engine.projection import Projection, Table


class BadDistribution(TypeError):
    """Two segments of a projection would write the same row, or the copies of one would differ."""


class KeyColumns(NamedTuple):
    """
    By what the rows of a partitioned table are keyed.

    Attributes:
        names: the fields of the row that hold the key: the id that the aggregate is keyed by, or all of its stream's.
        category: of the streams that are keys as a whole; None where an id is the key.
    """

    names: tuple[str, ...]
    category: str | None

    def __str__(self) -> str:
        return self.names[0] if self.category is None else f"the stream {self.category}-…"


def key_columns(aggregate: type[Aggregate]) -> KeyColumns:
    """What a row needs to be the own of one key of an aggregate."""
    if aggregate.keyed_by is None:
        return KeyColumns(aggregate.ids, aggregate.category)
    return KeyColumns((aggregate.keyed_by,), None)


def check_distribution(projection: "type[Projection]") -> None:
    """
    Refuse a divided projection whose rows depend on how it is divided.

    Raises:
        BadDistribution: the sentence names the table, the handler and the fact.
    """
    if projection.segments == 1:
        return
    keyed: dict[str, tuple[KeyColumns, str]] = {}
    for fact, table in _written(projection):
        aggregate = AGGREGATE_OF[fact]
        by = key_columns(aggregate)
        of = f"{projection.__name__}: the handler of {fact} writes the {table.distribution} table {table.name}"
        if table.distribution == "partitioned" and aggregate.scope == "reference":
            raise BadDistribution(
                f"{of}, but {fact} is a reference fact, which each of {projection.segments} segments folds: each would"
                f" write the row; make the table `replicated` or `partial`"
            )
        if table.distribution == "replicated" and aggregate.scope == "keyed":
            raise BadDistribution(
                f"{of}, but only one segment folds a {fact}: the copies would differ; make the table `partitioned` or"
                f" `partial`"
            )
        if table.distribution == "partitioned" and (missing := sorted(set(by.names) - set(table.key))):
            raise BadDistribution(
                f"{of}, but its key ({', '.join(table.key)}) lacks {', '.join(missing)}, which {fact} is keyed by:"
                f" facts of two segments could write one row; put it into the key, or make the table `partial`"
            )
        if table.distribution == "partitioned":
            first, its_fact = keyed.setdefault(table.name, (by, fact))
            if first != by:
                raise BadDistribution(
                    f"{of}, but {fact} is keyed by {by}, and {its_fact}, whose handler writes it too, by {first}: their"
                    f" segments could write one row; write a table for each"
                )


def _written(projection: "type[Projection]") -> "Iterator[tuple[str, Table]]":
    """The tables that each handler writes, by type of fact."""
    for fact, handler in projection.handlers.items():
        of = f"{projection.__name__}: the handler of {fact}"
        if fact not in AGGREGATE_OF:
            raise BadDistribution(f"{of} has no fact: no aggregate of domain.registry records a {fact}")
        if not handler.writes:
            raise BadDistribution(
                f"{of} does not say which tables it writes, as it must in {projection.segments} segments: say"
                f" Handler(needs, apply, writes=(…,))"
            )
        for table in handler.writes:
            if table not in projection.tables:
                raise BadDistribution(f"{of} writes {table.name}, which is not among the projection's tables")
            yield fact, table


def partitioned_tables(projection: "Projection") -> "dict[Table, KeyColumns]":
    """The tables of a divided projection whose rows belong to one key each, and by what they are keyed."""
    if projection.segments == 1:
        return {}
    return {
        table: key_columns(AGGREGATE_OF[fact])
        for fact, handler in projection.handlers.items()
        for table in handler.writes
        if table.distribution == "partitioned"
    }


def key_of_row(columns: KeyColumns, table: "Table", key: tuple[str | int, ...]) -> str | None:
    """The key to which a row of a partitioned table belongs; None if no stream can have such ids."""
    values = [str(key[table.key.index(name)]) for name in columns.names]
    if columns.category is None:
        return values[0]
    try:
        return stream_id(columns.category, *values)
    except BadIdentifier:
        return None


def owner_of(columns: KeyColumns | None, key: str) -> str:
    """The key to whose segment the row belongs that has *key* alone as its key."""
    return key if columns is None or columns.category is None else f"{columns.category}-{key}"


def columns_of(key: str, columns: KeyColumns) -> dict[str, str] | None:
    """What the rows of a key have in the fields by which they are keyed; None if the key is of another kind."""
    if columns.category is None:
        return {columns.names[0]: key}
    if not key.startswith(f"{columns.category}-") or key_of(key) != key:
        return None
    try:
        return dict(ids_of(key))
    except UnknownId:
        return None


def whole_key(table: "Table", values: dict[str, str]) -> tuple[Any, ...] | None:
    """The key of the only row that has these values, if they are all of its key; None if they are not."""
    if set(table.key) != set(values):
        return None
    hints = get_type_hints(table.row)
    try:
        return tuple(msgspec.convert(values[name], hints[name], strict=False) for name in table.key)
    except msgspec.ValidationError:
        return None


def segment_of(partition: int, segments: int) -> int:
    """The segment to which a partition of the log belongs."""
    return partition % segments


def segment_of_key(key: str, segments: int) -> int:
    """The segment in which the rows of a key are."""
    return segment_of(partition_of_key(key), segments)
