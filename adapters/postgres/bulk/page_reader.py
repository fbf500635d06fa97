"""
Reads the log in pages of columns, for a fold over all of it.

A page is one row of the result: a blob for each column, which the server concatenates and Python splits at the speed of
C. That takes a third of the time of fetching rows. Positions and times come with a page if the fold asked for them in
the page before; otherwise they are read on demand. Each page is a statement of its own, so no transaction or snapshot
stays open, and the reader waits for a server that is away for a while.

A page that does not fit this form (a line break within a stored fact, an old version, invalid JSON) is read row by row,
as projectors read.
"""

import sys
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres.bulk.pipeline import PipelinedReader
from adapters.postgres.bulk.ranges import (
    COLUMN,
    NUMBERS,
    RARE,
    ROWS,
    AdaptiveRanges,
    PositionRange,
    blobs,
    condition,
    few_positions,
    literal,
)
from adapters.postgres.connection import CONNECT_TIMEOUT, SILENCE, PatientSyncConnection, is_broken, options
from adapters.postgres.log.decoding import fact_of, meta_of
from adapters.settings import Settings
from domain.fact import Meta
from domain.streams import PARTITIONS
from projections.engine.bulk.pages import EPOCH, MICROSECOND, RARE_COLUMNS, ColumnPage, FactFilter, SourceFailed
from projections.engine.rows import Unreadable

PATIENCE = 30.0  # seconds to wait for a server that is away
PAUSE = 0.2  # seconds between attempts

T = TypeVar("T")
_decode_lines = msgspec.json.Decoder().decode_lines


def open_connection(settings: Settings) -> PatientSyncConnection:
    """A connection for a rebuild, in autocommit mode."""
    return PatientSyncConnection.connect(
        make_conninfo(settings.postgres_url, **SILENCE),
        autocommit=True,
        options=options(
            settings.schema_name, jit="off", plan_cache_mode="force_generic_plan", default_transaction_read_only="on"
        ),
        application_name="campus:rebuild",
        connect_timeout=CONNECT_TIMEOUT,
    )


class PageReader:
    """
    Reads pages from PostgreSQL.

    Args:
        ahead: let the server prepare the next page while this one is folded. One process is then half as fast again,
            and uses more than one core.
    """

    def __init__(self, settings: Settings, *, ahead: bool = False) -> None:
        self._settings, self._ahead = settings, ahead

    def pages(self, wanted: FactFilter, after: int, until: int) -> Iterator[ColumnPage]:
        """Yield the wanted facts with positions above *after*, up to and with *until*; raises SourceFailed."""
        if not wanted.types:
            return
        reading = Reading(self._settings, wanted)
        try:
            yield from reading.pages(after, until, ahead=self._ahead)
        finally:
            reading.end()


class Reading:
    """One pass over the log: a connection for pages, and one for what is read on demand."""

    def __init__(self, settings: Settings, wanted: FactFilter) -> None:
        self._settings, self._wanted = settings, wanted
        self._wire: PipelinedReader | None = None
        self._on_demand: psycopg.Connection | None = None
        self._ended = False
        self._asked: set[str] = set()  # those of NUMBERS that the fold has read of the latest page
        self._along: tuple[str, ...] = ()  # those of them that the pending result has

    def end(self) -> None:
        """Close both connections for good."""
        self._ended = True
        self._disconnect()

    def _disconnect(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        if self._on_demand is not None:
            self._on_demand.close()
            self._on_demand = None

    def pages(self, after: int, until: int, *, ahead: bool) -> Iterator[ColumnPage]:
        """Yield pages, as PageReader.pages."""
        spans = AdaptiveRanges(after, until, self._patiently(lambda: self._few(after, until)))
        span = spans.following()
        while span is not None:
            answer = self._patiently(partial(self._ask, span))
            if answer is None:  # too large for one result
                if span.until - span.after == 1:
                    yield self._slow_page(span)
                else:
                    spans.push_back(span.halves())
                span = spans.following()
                continue
            page = None if answer[0] is None else self._page(span, answer)
            spans.adjust(0 if page is None else len(page.kinds), sum(map(len, filter(None, answer[:3]))))
            following = spans.following()
            if ahead and following is not None:
                self._announce(following)
            if page is not None:
                self._asked.clear()
                yield page
            span = following

    def _few(self, after: int, until: int) -> list[int] | None:
        return few_positions(self._second(), self._wanted, after, until)

    def _second(self) -> psycopg.Connection:
        if self._ended:
            raise SourceFailed("the pass over the log has ended: columns of its pages can no longer be read")
        if self._on_demand is None or self._on_demand.closed:
            self._on_demand = open_connection(self._settings)
        return self._on_demand

    def _ask(self, span: PositionRange) -> list[bytes | None] | None:
        if self._wire is None:
            self._wire = PipelinedReader(open_connection(self._settings))
        self._send(self._wire, span)
        return self._wire.receive()

    def _send(self, wire: PipelinedReader, span: PositionRange) -> None:
        if wire.asked != span:
            self._along = tuple(sorted(self._asked))
            wire.send(span, blobs(self._wanted, span.piece, self._along))

    def _announce(self, span: PositionRange) -> None:
        """Let the server begin with a page; if it is away, receiving the page fails and retries."""
        with suppress(psycopg.Error):
            if self._wire is not None:
                self._send(self._wire, span)

    def _patiently(self, work: Callable[[], T]) -> T:
        """Do *work*; retry on new connections if the server is away, for up to PATIENCE."""
        started = time.monotonic()
        while True:
            try:
                return work()
            except psycopg.Error as error:
                self._disconnect()
                if not is_broken(error) or time.monotonic() - started > PATIENCE:
                    raise SourceFailed(f"the log cannot be read: {str(error).strip()}") from error
                time.sleep(PAUSE)

    def _page(self, span: PositionRange, answer: list[bytes | None]) -> ColumnPage:
        """The page in a result, or the same page read row by row."""
        streams, data, kinds, *numbers = (part or b"" for part in answer)
        stream_ids = streams.decode().split("\n")
        facts = len(stream_ids)  # or too many, if one has a line break
        if len(kinds) == 2 * facts and data.count(b"\n") == facts - 1:  # an old version has no kind
            try:
                decoded = _decode_lines(data)
                if len(decoded) == facts:  # an empty text is not a line
                    return ColumnPage(
                        until=span.until,
                        stream_ids=stream_ids,
                        kinds=_unpacked("H", kinds),
                        data=decoded,
                        types=self._wanted.types,
                        numbers=partial(self._numbers, span, dict(zip(self._along, numbers, strict=True))),
                        load=partial(self._load, span),
                    )
            except ValueError:  # invalid JSON or UTF-8
                pass
        return self._slow_page(span)

    def _slow_page(self, span: PositionRange) -> ColumnPage:
        """The facts of a range, each decoded by itself and upcast to its newest version."""
        query = ROWS.format(piece=span.piece, wanted=condition(self._wanted))
        facts = [fact_of(row) for row in self._rows(query, span)]
        kinds = {name: number for number, name in enumerate(self._wanted.types)}
        numbers = {
            "position": [fact.position for fact in facts],
            "occurred_at": [(fact.occurred_at - EPOCH) // MICROSECOND for fact in facts],
        }
        return ColumnPage(
            until=span.until,
            stream_ids=[fact.stream_id for fact in facts],
            kinds=[kinds[fact.type] * PARTITIONS + fact.partition for fact in facts],
            data=[fact.data for fact in facts],
            types=self._wanted.types,
            numbers=numbers.__getitem__,
            load=lambda column, name: {fact.position: getattr(fact, column) for fact in facts if fact.type == name},
            unreadable={fact.position: fact.error for fact in facts if isinstance(fact, Unreadable)},
        )

    def _numbers(self, span: PositionRange, along: Mapping[str, bytes], column: str) -> Sequence[int]:
        """A column of numbers, which came with the page or is read now."""
        self._asked.add(column)
        if column not in along:
            query = COLUMN.format(number=NUMBERS[column], piece=span.piece, wanted=condition(self._wanted))
            ((blob,),) = self._rows(query, span)
            return _unpacked("q", blob)
        return _unpacked("q", along[column])

    def _load(self, span: PositionRange, column: str, type_name: str) -> Mapping[int, Any]:
        """A column that is read on demand, for the facts of one type."""
        if column not in RARE_COLUMNS:
            raise ValueError(f"facts have no column {column}")
        rows = self._rows(RARE.format(column=column, piece=span.piece, type=literal(type_name)), span)
        return Metas(rows) if column == "meta" else dict(rows)

    def _rows(self, query: str, span: PositionRange) -> list[tuple[Any, ...]]:
        def work() -> list[tuple[Any, ...]]:
            cursor = psycopg.RawCursor(self._second())
            return cursor.execute(query.encode(), span.parameters, binary=True).fetchall()

        return self._patiently(work)


class Metas(dict[int, Any]):
    """The meta of facts by position, decoded on access."""

    def __getitem__(self, position: int) -> Meta:
        """The meta of one fact; fields that cannot be decoded are left out."""
        return meta_of(super().__getitem__(position))


def _unpacked(code: str, blob: bytes) -> "array[int]":
    """Numbers from a blob in network byte order."""
    numbers = array(code, blob)
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers
