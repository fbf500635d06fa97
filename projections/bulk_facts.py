"""
Facts in pages of columns, for a fold over the whole log: a fact is an object of a few words, and what handlers seldom
ask for stays where it is until they do.

A page comes from PostgreSQL (adapters/postgres/bulk_read.py) or from Parquet; the fold (projections/bulk.py) does not
care which.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import msgspec

from domain.fact import PARTITIONS, Meta, partition_key
from projections.streams import ids

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # from which PostgreSQL counts, too
EPOCH_DAY = EPOCH.toordinal()
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1) // MICROSECOND

RARE_COLUMNS = ("stream_version", "schema_version", "meta", "recorded_at")


class SourceFailed(Exception):
    """A page could not be read: no fault of the fact at hand."""


class Wanted(NamedTuple):
    """
    The facts that a fold wants.

    Attributes:
        types: every type, in the order of its number.
        everywhere: those of them that are wanted from all partitions.
        partitions: from which the other types are wanted.
    """

    types: tuple[str, ...]
    everywhere: frozenset[str]
    partitions: frozenset[int]


@dataclass(slots=True)
class Page:
    """
    Some facts in log order, column by column; all columns are equally long.

    Attributes:
        kinds: for each fact, the number of its type among `types`, times 64, plus its partition.
        data: the facts' own fields in the newest version.
        occurred: microseconds since 2000-01-01 UTC.
        types: as in `Wanted`.
        unreadable: by position, why a fact could not be decoded; its data is empty.
        load: reads one of RARE_COLUMNS for all facts of a type, by position; raises SourceFailed.
    """

    positions: Sequence[int]
    stream_ids: Sequence[str]
    kinds: Sequence[int]
    data: Sequence[dict[str, Any]]
    occurred: Sequence[int]
    types: tuple[str, ...]
    load: Callable[[str, str], Mapping[int, Any]]
    unreadable: Mapping[int, str] = field(default_factory=dict)
    _rare: dict[tuple[str, str], Mapping[int, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = (self.positions, self.stream_ids, self.kinds, self.data, self.occurred)
        if len({len(column) for column in columns}) > 1:
            raise SourceFailed(f"a page has columns of {', '.join(str(len(column)) for column in columns)} facts")

    def facts(self) -> "Iterator[BulkFact]":
        """The facts, each made when its turn comes."""
        names = [name for name in self.types for _ in range(PARTITIONS)]
        page = [self] * len(self.kinds)
        types = map(names.__getitem__, self.kinds)
        return map(BulkFact, self.positions, self.stream_ids, types, self.data, self.occurred, self.kinds, page)

    def rare(self, column: str, fact: "BulkFact") -> Any:
        """What a column that is not at hand says of a fact of this page."""
        place = column, fact.type
        if place not in self._rare:
            self._rare[place] = self.load(*place)
        return self._rare[place][fact.position]


class PageSource(Protocol):
    """Where pages come from."""

    def pages(self, wanted: Wanted, after: int, until: int) -> Iterator[Page]:
        """The wanted facts with positions above *after*, up to and with *until*; raises SourceFailed."""
        ...


@lru_cache(maxsize=1_024)
def _moment(microseconds: int) -> datetime:
    """A time; records of the past often say no more than the day, so many facts have the same."""
    return EPOCH + timedelta(0, 0, microseconds)


class BulkFact(msgspec.Struct, gc=False):
    """A fact of a page; it has the attributes of domain.fact.Fact."""

    position: int
    stream_id: str
    type: str
    data: dict[str, Any]
    occurred: int
    kind: int
    page: Page

    @property
    def partition(self) -> int:
        """0 to 63."""
        return self.kind % PARTITIONS

    @property
    def occurred_at(self) -> datetime:
        """When it happened, UTC."""
        return _moment(self.occurred)

    @property
    def day(self) -> int:
        """The ordinal of the day (UTC) on which it happened."""
        return EPOCH_DAY + self.occurred // DAY

    @property
    def stream_version(self) -> int:
        """Its place in its stream, from 1."""
        version: int = self.page.rare("stream_version", self)
        return version

    @property
    def schema_version(self) -> int:
        """The version in which it is stored; `data` is in the newest."""
        version: int = self.page.rare("schema_version", self)
        return version

    @property
    def meta(self) -> Meta:
        """Where it comes from."""
        meta: Meta = self.page.rare("meta", self)
        return meta

    @property
    def recorded_at(self) -> datetime:
        """When it was recorded, UTC."""
        recorded_at: datetime = self.page.rare("recorded_at", self)
        return recorded_at

    @property
    def category(self) -> str:
        """First word of the stream's id."""
        return self.stream_id.partition("-")[0]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids within the stream's id."""
        return ids(self.stream_id)

    @property
    def key(self) -> str:
        """What the fact is about: the learner where there is one, else the stream."""
        return partition_key(self.stream_id)
