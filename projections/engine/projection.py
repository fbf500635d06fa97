"""
What a projection is: a pure fold from facts to rows, declared once and run live or in bulk.

A projection names its tables and, for every type of fact that it reads, which rows it needs and how they change.
It has no other effect than rows, so its rows can be thrown away at any time and come back the same.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

import msgspec

from domain.fact import Fact
from domain.registry import LEARNER_CATEGORIES

SEGMENTS = 4  # of a read model that several processes may work on; a segment is every fourth partition of the log

RowT = TypeVar("RowT", bound=msgspec.Struct)


class Table(msgspec.Struct, frozen=True, cache_hash=True):
    """
    A table of rows, or a family of documents.

    Attributes:
        name: of the table in Postgres, of the hash in Valkey.
        row: a msgspec.Struct whose first fields are the key; all other fields have defaults.
        key: names of the fields that identify a row.
        indexes: further column lists to index (Postgres only).
        distribution: how the rows lie on the segments of the projection.
            `partitioned`   each row is changed by the facts of one learner only, so it is in one segment.
            `replicated`  changed by facts of the catalog only, which every segment folds: each has its own copy.
            `partial`  changed by facts of many learners: each segment has a part of the row, and readers see the sum
                      (`projections.engine.merge`). No handler may decide by what such a row holds.
    """

    name: str
    row: type[msgspec.Struct]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    distribution: Literal["partitioned", "replicated", "partial"] = "partitioned"


class RowKey(NamedTuple):
    """One row: its table and the values of its key."""

    table: Table
    key: tuple[str | int, ...]


class Rows:
    """
    The rows that a batch of facts needs, in memory.

    `edit` marks a row as changed and makes it if it is missing; `read` only looks. What was changed is written
    once, however many facts changed it.
    """

    def __init__(self, loaded: Mapping[RowKey, msgspec.Struct] | None = None) -> None:
        self.rows: dict[RowKey, msgspec.Struct] = dict(loaded or {})
        self.changed: set[RowKey] = set()

    def edit(self, table: Table, row: type[RowT], *key: str | int) -> RowT:
        """The row of *table* with this key, to be changed; made with its defaults if there is none yet."""
        row_key = (table, key)  # equal to its RowKey, and made in a fifth of the time
        found = self.rows.get(row_key)  # type: ignore[call-overload]
        if found is None:
            found = self.rows[RowKey(table, key)] = row(*key)
        if row_key not in self.changed:
            self.changed.add(RowKey(table, key))
        return found  # type: ignore[no-any-return]

    def read(self, table: Table, row: type[RowT], *key: str | int) -> RowT | None:  # noqa: ARG002 - it says the type
        """The row of *table* with this key, not to be changed; None if there is none."""
        return self.rows.get((table, key))  # type: ignore[call-overload,no-any-return]


class ReplicaRows(Rows):
    """
    Rows as a common fact sees them in any segment but the first: what is summed over the segments is not for it.

    It would be counted in each of them.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def edit(self, table: Table, row: type[RowT], *key: str | int) -> RowT:
        """As in the rows beneath; a summed row is a blank one that nobody keeps."""
        return row(*key) if table.distribution == "partial" else self._rows.edit(table, row, *key)

    def read(self, table: Table, row: type[RowT], *key: str | int) -> RowT | None:
        """As in the rows beneath."""
        return self._rows.read(table, row, *key)


class Handler(NamedTuple):
    """What one type of fact does: the rows it needs, and how it changes them."""

    needs: Callable[[Fact], Iterable[RowKey]]
    apply: Callable[[Fact, Rows], None]


class Projection:
    """
    One read model.

    Attributes:
        name: stable; names its checkpoint, its tables and its metrics.
        version: of the code; raised with every change of meaning.
        store: where its rows live, by a name of adapters/stores/registry.py. In Valkey the API serves the rows of the
            first table, one by one, by their key.
        segments: into how many parts the work can be divided; 1 unless every table says how it is spread.
        tables: all its tables.
        handlers: by type of fact; facts of other types are passed over.
        newest: in Valkey, how many facts make its only document, the newest that it reads; None where a document is
            made of the facts of its key. The API folds it from these while Valkey is away.
        audience: whose stream of events announces its changes: that of each learner, of each run, or of the campus;
            a learner or a run is the first field of the key of a changed row.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    store: ClassVar[str]
    segments: ClassVar[int] = 1
    tables: ClassVar[tuple[Table, ...]]
    handlers: ClassVar[Mapping[str, Handler]]
    newest: ClassVar[int | None] = None
    audience: ClassVar[Literal["learner", "run", "campus"] | None] = None


def key_values(table: Table, row: msgspec.Struct) -> tuple[Any, ...]:
    """The values of a row's key."""
    return tuple(getattr(row, name) for name in table.key)


def tables_of_learners(projection: Projection) -> list[Table]:
    """The tables of a projection whose rows belong to one learner each."""
    return (
        [table for table in projection.tables if table.distribution == "partitioned"] if projection.segments > 1 else []
    )


def is_common(stream_id: str) -> bool:
    """Whether the facts of a stream are about no learner (courses, runs, quizzes): every segment folds them."""
    return stream_id.partition("-")[0] not in LEARNER_CATEGORIES


def segment_of(partition: int, segments: int) -> int:
    """The segment to which a partition of the log belongs."""
    return partition % segments
