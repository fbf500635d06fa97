"""
Facts in pages of columns, for a fold over the whole log: a fact is an object of a few words, and what handlers seldom
ask for stays where it is until they do.

A page comes from PostgreSQL (adapters/postgres/bulk/page_reader.py) or from Parquet; the fold
(projections/engine/bulk/fold.py) does not care which.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import repeat
from typing import Any, NamedTuple, Protocol

import msgspec

from domain.fact import Meta
from domain.streams import PARTITIONS, id_of, key_of
from projections.engine.rows import Interrupted

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # from which PostgreSQL counts, too
EPOCH_DAY = EPOCH.toordinal()
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1) // MICROSECOND

RARE_COLUMNS = ("stream_version", "schema_version", "meta", "recorded_at")


class SourceFailed(Interrupted):
    """A page could not be read: no fault of the fact that is folded."""


class FactFilter(NamedTuple):
    """
    The facts that a fold wants.

    Attributes:
        types: every type, in the order of its number.
        everywhere: those of them that are wanted from all partitions.
        partitions: from which the other types are wanted.
        valid_at: those that happened later are not wanted; None: all.
    """

    types: tuple[str, ...]
    everywhere: frozenset[str]
    partitions: frozenset[int]
    valid_at: datetime | None = None


@dataclass
class ColumnPage:
    """
    Some facts in log order, column by column; all columns are equally long.

    Attributes:
        until: the position up to which nothing that is wanted is missing; not before that of the last fact.
        kinds: for each fact, the number of its type among `types`, times 64, plus its partition.
        data: the facts' own fields in the newest version.
        types: as in `FactFilter`.
        numbers: reads `position` or `occurred_at`, the latter in microseconds since 2000-01-01 UTC, for all facts;
            raises SourceFailed.
        load: reads one of RARE_COLUMNS for all facts of a type, by position; raises SourceFailed.
        unreadable: by position, why a fact could not be decoded; its data is empty.
    """

    until: int
    stream_ids: Sequence[str]
    kinds: Sequence[int]
    data: Sequence[dict[str, Any]]
    types: tuple[str, ...]
    numbers: Callable[[str], Sequence[int]]
    load: Callable[[str, str], Mapping[int, Any]]
    unreadable: Mapping[int, str] = field(default_factory=dict)
    _rare: dict[tuple[str, str], Mapping[int, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns = (self.stream_ids, self.kinds, self.data)
        if len({len(column) for column in columns}) > 1:
            raise SourceFailed(f"a page has columns of {', '.join(str(len(column)) for column in columns)} facts")

    @cached_property
    def positions(self) -> Sequence[int]:
        """Where the facts are in the log."""
        return self._numbers("position")

    @cached_property
    def occurred(self) -> Sequence[int]:
        """When they happened: microseconds since 2000-01-01 UTC."""
        return self._numbers("occurred_at")

    def _numbers(self, column: str) -> Sequence[int]:
        found = self.numbers(column)
        if len(found) != len(self.kinds):
            raise SourceFailed(f"a page of {len(self.kinds)} facts has {len(found)} in its column {column}")
        return found

    def facts(self) -> "Iterator[BulkFact]":
        """The facts, each made when its turn comes."""
        return map(BulkFact, self.stream_ids, self.data, self.kinds, range(len(self.kinds)), repeat(self))

    def rare(self, column: str, fact: "BulkFact") -> Any:
        """What a rare column says of a fact of this page."""
        place = column, fact.type
        if place not in self._rare:
            self._rare[place] = self.load(*place)
        return self._rare[place][fact.position]


class PageSource(Protocol):
    """Where pages come from."""

    def pages(self, wanted: FactFilter, after: int, until: int) -> Iterator[ColumnPage]:
        """The wanted facts with positions above *after*, up to and with *until*; raises SourceFailed."""
        ...


@lru_cache(maxsize=1_024)
def _moment(microseconds: int) -> datetime:
    """A time; records of the past often say no more than the day, so many facts have the same."""
    return EPOCH + timedelta(0, 0, microseconds)


class BulkFact(msgspec.Struct, gc=False):
    """A fact of a page, its `index` from 0; it has the attributes of domain.fact.Fact."""

    stream_id: str
    data: dict[str, Any]
    kind: int
    index: int
    page: ColumnPage

    @property
    def position(self) -> int:
        """Its place in the log."""
        return self.page.positions[self.index]

    @property
    def type(self) -> str:
        """The stored name of its class."""
        return self.page.types[self.kind // PARTITIONS]

    @property
    def partition(self) -> int:
        """0 to 63."""
        return self.kind % PARTITIONS

    @property
    def occurred_at(self) -> datetime:
        """When it happened, UTC."""
        return _moment(self.page.occurred[self.index])

    @property
    def day(self) -> int:
        """The ordinal of the day (UTC) on which it happened."""
        return EPOCH_DAY + self.page.occurred[self.index] // DAY

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
    def key(self) -> str:
        """What the fact belongs to."""
        return key_of(self.stream_id)

    def id(self, name: str) -> str:
        """The id of this name within the stream's id."""
        return id_of(self.stream_id, name)
