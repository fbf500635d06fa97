"""
What a projection is: a pure fold from facts to rows, declared once and run live or in bulk.

A projection names its tables and, for every type of fact that it reads, which rows it needs and how they change.
It has no other effect than rows, so its rows can be thrown away at any time and come back the same.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

import msgspec

from domain.fact import Fact
from projections.engine.distribution import check_distribution

SEGMENTS = 4  # of a read model that several processes may work on; a segment is every fourth partition of the log

RowT = TypeVar("RowT", bound=msgspec.Struct)
_encode = msgspec.json.Encoder().encode


class Table(msgspec.Struct, frozen=True, cache_hash=True):
    """
    A table of rows, or a family of documents.

    Attributes:
        name: of the table in Postgres, of the hash in Valkey.
        row: a msgspec.Struct whose first fields are the key; all other fields have defaults.
        key: names of the fields that identify a row.
        indexes: further column lists to index (Postgres only).
        searched: columns in which readers search (Postgres only): `projections.engine.words.Lexemes` for words, a text
            for what looks like another one.
        distribution: how the rows lie on the segments of the projection.
            `partitioned`  the facts of one key change a row, so it is in one segment; its key has the ids that make up
                the key of the fact.
            `replicated`  only reference facts change a row, which every segment folds: each has its own copy.
            `partial`  facts of many keys change a row: each segment has a part of it, and readers see the sum
                (`projections.engine.merge`). No handler may decide by what such a row holds.
    """

    name: str
    row: type[msgspec.Struct]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    searched: tuple[str, ...] = ()
    distribution: Literal["partitioned", "replicated", "partial"] = "partitioned"


KeyValues = tuple[str | int, ...]


class RowKey(NamedTuple):
    """One row: its table and the values of its key."""

    table: Table
    key: KeyValues


KeyedRow = tuple[RowKey, msgspec.Struct]


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

    def copy_of(self, key: RowKey) -> Any:
        """The row as it is now, for `put_back`: as JSON, which takes a hundredth of the time of a deep copy."""
        row = self.rows.get(key)
        return None if row is None else _encode(row), key in self.changed

    def put_back(self, key: RowKey, row: Any) -> None:
        """Restore a row as `copy_of` has found it."""
        stored, was_changed = row
        if stored is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = msgspec.json.decode(stored, type=key.table.row)
        if not was_changed:
            self.changed.discard(key)


class ReplicaRows(Rows):
    """
    Rows as a reference fact sees them in any segment but the first: changes of `partial` tables are dropped.

    They would count once per segment.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def edit(self, table: Table, row: type[RowT], *key: str | int) -> RowT:
        """A row of the wrapped rows; of a `partial` table, a blank one that is dropped."""
        return row(*key) if table.distribution == "partial" else self._rows.edit(table, row, *key)

    def read(self, table: Table, row: type[RowT], *key: str | int) -> RowT | None:
        """A row of the wrapped rows."""
        return self._rows.read(table, row, *key)


class Handler(NamedTuple):
    """
    What one type of fact does.

    Attributes:
        needs: the rows that a fact may read or change.
        apply: how it changes them.
        writes: the tables that it changes; a projection that is divided into segments must name them.
    """

    needs: Callable[[Fact], Iterable[RowKey]]
    apply: Callable[[Fact, Rows], None]
    writes: tuple[Table, ...] = ()


class RuleFile(NamedTuple):
    """The text of a changed rule, and the module whose place it takes when it is deployed."""

    module: str
    text: str


RESERVED_NAMES = frozenset({"jobs"})
"""What stands in a URL where the name of a read model could: `/v1/projections/jobs`."""


class ReservedName(Exception):
    """A read model has a name by which it could not be asked for."""


class Projection:
    """
    One read model.

    Raises, when it is made, BadDistribution if its tables do not fit its division into segments, and ReservedName.

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
        beside: in Valkey, `replicated` tables whose rows are joined with documents when these are read; a change of one
            is announced as one of every document.
        rule_file: what it was loaded from, if it is not deployed yet.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    store: ClassVar[str]
    segments: ClassVar[int] = 1
    tables: ClassVar[tuple[Table, ...]]
    handlers: ClassVar[Mapping[str, Handler]]
    newest: ClassVar[int | None] = None
    audience: ClassVar[Literal["learner", "run", "campus"] | None] = None
    beside: ClassVar[tuple[Table, ...]] = ()
    rule_file: ClassVar[RuleFile | None] = None

    def __init__(self) -> None:
        if getattr(self, "name", None) in RESERVED_NAMES:
            raise ReservedName(
                f"no read model is called {self.name}: /v1/projections/{self.name} is about something else"
            )
        check_distribution(type(self))


def key_values(table: Table, row: msgspec.Struct) -> tuple[Any, ...]:
    """The values of a row's key."""
    return tuple(getattr(row, name) for name in table.key)
