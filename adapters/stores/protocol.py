"""
What a generation of a read model needs from its store, whatever server that is.

A store is a class that implements `GenerationStore` and a line in adapters/stores/registry.py; nothing else names it.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import msgspec

from adapters.postgres.connection import Connection
from adapters.settings import Settings
from adapters.valkey.client import Valkey
from projections.engine.live import FactCounts, Fenced, Needed, RowSnapshot, Store
from projections.engine.projection import KeyedRow, Projection, RowKey, Table

StoredRow = tuple[int, RowKey, msgspec.Struct]
"""A row with its segment."""

PlainRow = tuple[int, Table, dict[str, Any]]
"""A row as names and values, with its segment and table."""

Positions = dict[int, int]
"""The checkpoint of each segment."""


class Servers(NamedTuple):
    """What a store may be opened with."""

    connection: Connection
    valkey: Valkey
    settings: Settings


class Overtaken(Fenced):
    """
    The store knows a later epoch of a segment than the one it is claimed in.

    It is the next owner's, or one from before PostgreSQL was restored to an earlier state.
    """

    def __init__(self, epoch: int) -> None:
        super().__init__(f"epoch {epoch}")
        self.epoch = epoch


class GenerationStore(Store, Protocol):
    """
    The rows and checkpoints of one generation of a read model.

    Attributes:
        LABEL: its name for people.
        ROOM: what the bytes of `size` are taken from, for people.
        LINGER: seconds for which the projector gathers facts before it folds them; BUSY_LINGER where there are many.
        WITH_VIEWS: readers query its tables through views in PostgreSQL, which have the tables' names.
        WITH_DOCUMENTS: the API looks its rows up in Valkey, one by one (adapters/valkey/document_reader.py).
        COMMITS_WITH_PARKED: rows and checkpoints are committed to the same database as parked keys, so that a power cut
            takes back all of them or none.
        epochs: of the segments that may be written here, by segment; see adapters/postgres/store/ownership.py.
    """

    LABEL: ClassVar[str]
    ROOM: ClassVar[str]
    LINGER: ClassVar[float]
    BUSY_LINGER: ClassVar[float]
    WITH_VIEWS: ClassVar[bool]
    WITH_DOCUMENTS: ClassVar[bool]
    COMMITS_WITH_PARKED: ClassVar[bool]
    epochs: dict[int, int]

    @classmethod
    def open(cls, servers: Servers, projection: Projection, generation: int, segments: int) -> Self:
        """The store of a generation that has so many segments; sends nothing to a server."""
        ...

    @classmethod
    def validated(cls, projection: Projection, rows: Iterable[KeyedRow]) -> Iterator[KeyedRow]:
        """
        Yield *rows* again, each checked against the types of the store; writes nothing.

        Raises:
            RowRejected: the store would not take a row; the message names the table, the row and the field.
        """
        ...

    async def create(self) -> None:
        """Make the generation empty and ready for rows, without indexes; deletes what is left under its name."""
        ...

    async def index(self) -> None:
        """Make the indexes that are missing, and gather statistics."""
        ...

    async def drop(self) -> None:
        """Delete all rows and checkpoints that are here."""
        ...

    async def sweep(self, known: Callable[[], Awaitable[Collection[int]]]) -> list[str]:
        """
        Delete what the store keeps under the read model's name and is of no generation; returns its names.

        It was left by a layout of older code, or by a generation that PostgreSQL has lost. *known*, the numbers of the
        generations, is asked after the store was looked at.
        """
        ...

    async def size(self) -> int:
        """Bytes of all rows, with their indexes; may be an estimate."""
        ...

    async def point_readers(self, deadline: float | None = None) -> None:
        """
        Lead readers to this generation, in the transaction of PostgreSQL that makes it live.

        Args:
            deadline: until when to wait for locks, as a time of `time.monotonic`.
        """
        ...

    async def publish_live(self) -> None:
        """Lead readers to this generation, after it has become live; safe to repeat."""
        ...

    async def is_published(self) -> bool:
        """Whether what `publish_live` leaves for readers is still there."""
        ...

    async def detach_readers(self) -> None:
        """Point what still leads to this generation to the live one, before a drop."""
        ...

    async def positions(self) -> Positions:
        """The checkpoint of each segment; 0 or less where a segment is not complete."""
        ...

    async def mark(self, segment: int) -> str:
        """The mark of a segment's checkpoint (`Batch.mark`); empty if none is kept."""
        ...

    async def claim(self, segment: int, epoch: int) -> int:
        """
        Write a segment from now on, in this epoch; returns its checkpoint.

        Raises:
            Overtaken: the store knows a later epoch.
        """
        ...

    async def forget(self, segment: int) -> None:
        """Delete the rows and the checkpoint of a segment, which are those of another log."""
        ...

    async def write_segment(self, segment: int, rows: Iterable[KeyedRow]) -> int:
        """
        Replace all rows of a segment that was claimed, table by table; returns the checkpoint that it has until `save`.

        Raises:
            Fenced: the segment is in a later epoch.
            RowRejected: the store does not take a row.
        """
        ...

    async def note_ignored(self, segment: int, facts: int) -> None:
        """Set how many facts of a segment the projection does not read, up to its checkpoint."""
        ...

    async def own_counts(self) -> dict[int, tuple[int, FactCounts]]:
        """Checkpoint and counts of each segment, if they are kept here and table `segments` has only a copy."""
        ...

    async def healed(self) -> list[int]:
        """Ids of the parked keys that were made good last and may not be forgotten yet."""
        ...

    async def look(self, keys: Needed) -> RowSnapshot:
        """Some rows and the checkpoints as they are at one moment."""
        ...

    async def keys_with(self, table: Table, values: Mapping[str, str], segment: int) -> set[RowKey]:
        """Keys of the rows of a segment with these values, as text, in their key; none if the store cannot search."""
        ...

    def snapshot(self) -> AbstractAsyncContextManager[tuple[Positions, Iterator[StoredRow]]]:
        """The checkpoints and all rows; those of a segment are as they are at one moment."""
        ...

    async def fields_of(self, table: Table) -> set[str]:
        """The names of the fields that this generation has of a table; empty if it does not have the table."""
        ...

    def plain_rows(self, tables: Sequence[Table]) -> AbstractAsyncContextManager[tuple[Positions, Iterator[PlainRow]]]:
        """As `snapshot`, for some tables whose rows other code has written."""
        ...
