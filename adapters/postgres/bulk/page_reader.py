"""
The log in pages of columns, for a fold over all of it.

One row brings a page: a blob for each column, which the server strings together and Python takes apart at the speed of
C. That takes a third of the time of fetching rows. Positions and times come along if the page before was asked for its
own, and are else read when they are asked for. Every page is a statement of its own, so there is no transaction or
snapshot that lasts, and a server that has gone away for a while is waited for.

What does not fit this form (a line break within a stored fact, an old version, something that is no JSON) is read row
by row, page by page, as the live projectors do.
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
from adapters.postgres.connection import CONNECT_TIMEOUT, SILENCE, is_broken, options
from adapters.postgres.log.pages import fact_of, meta_of
from adapters.settings import Settings
from domain.fact import Meta
from domain.streams import PARTITIONS
from projections.engine.bulk.pages import EPOCH, MICROSECOND, RARE_COLUMNS, Page, SourceFailed, Wanted
from projections.engine.live import Unreadable

PATIENCE = 30.0  # seconds to wait for a server that has gone
PAUSE = 0.2  # seconds between attempts

T = TypeVar("T")
_decode_lines = msgspec.json.Decoder().decode_lines


def open_connection(settings: Settings) -> psycopg.Connection:
    """A connection for a rebuild, in autocommit mode."""
    return psycopg.connect(
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
        ahead: let the server make the next page while this one is folded. One process is then half as fast again, but
            it keeps more than one core busy; with a process on every core, none of them waits.
    """

    def __init__(self, settings: Settings, *, ahead: bool = False) -> None:
        self._settings, self._ahead = settings, ahead

    def pages(self, wanted: Wanted, after: int, until: int) -> Iterator[Page]:
        """The wanted facts with positions above *after*, up to and with *until*; raises SourceFailed."""
        if not wanted.types:
            return
        reading = Reading(self._settings, wanted)
        try:
            yield from reading.pages(after, until, ahead=self._ahead)
        finally:
            reading.end()


class Reading:
    """One way through the log: a connection for the pages, and one for what does not come with them."""

    def __init__(self, settings: Settings, wanted: Wanted) -> None:
        self._settings, self._wanted = settings, wanted
        self._wire: PipelinedReader | None = None
        self._aside: psycopg.Connection | None = None
        self._ended = False
        self._asked: set[str] = set()  # for which of NUMBERS the latest page has been asked
        self._along: tuple[str, ...] = ()  # which of them come with the answer that is under way

    def end(self) -> None:
        """Close both connections for good."""
        self._ended = True
        self._disconnect()

    def _disconnect(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        if self._aside is not None:
            self._aside.close()
            self._aside = None

    def pages(self, after: int, until: int, *, ahead: bool) -> Iterator[Page]:
        """As PageReader.pages."""
        spans = AdaptiveRanges(after, until, self._patiently(lambda: self._few(after, until)))
        span = spans.following()
        while span is not None:
            answer = self._patiently(partial(self._ask, span))
            if answer is None:  # too much for one answer
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
            raise SourceFailed("a page says nothing more once the reading has ended")
        if self._aside is None or self._aside.closed:
            self._aside = open_connection(self._settings)
        return self._aside

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
        """Let the server begin with a page; if it is gone, that shows when the page is asked for."""
        with suppress(psycopg.Error):
            if self._wire is not None:
                self._send(self._wire, span)

    def _patiently(self, work: Callable[[], T]) -> T:
        """Do *work*, again on new connections if the server goes away."""
        started = time.monotonic()
        while True:
            try:
                return work()
            except psycopg.Error as error:
                self._disconnect()
                if not is_broken(error) or time.monotonic() - started > PATIENCE:
                    raise SourceFailed(f"the log cannot be read: {str(error).strip()}") from error
                time.sleep(PAUSE)

    def _page(self, span: PositionRange, answer: list[bytes | None]) -> Page:
        """The page in an answer, or the same read row by row."""
        streams, data, kinds, *numbers = (part or b"" for part in answer)
        stream_ids = streams.decode().split("\n")
        facts = len(stream_ids)  # or more, if one has a line break
        if len(kinds) == 2 * facts and data.count(b"\n") == facts - 1:  # an old version has no kind
            try:
                decoded = _decode_lines(data)
                if len(decoded) == facts:  # an empty text is no line
                    return Page(
                        until=span.until,
                        stream_ids=stream_ids,
                        kinds=_unpacked("H", kinds),
                        data=decoded,
                        types=self._wanted.types,
                        numbers=partial(self._numbers, span, dict(zip(self._along, numbers, strict=True))),
                        load=partial(self._load, span),
                    )
            except ValueError:  # no JSON, or no UTF-8
                pass
        return self._slow_page(span)

    def _slow_page(self, span: PositionRange) -> Page:
        """The facts of a piece, each decoded by itself and brought to its newest version."""
        query = ROWS.format(piece=span.piece, wanted=condition(self._wanted))
        facts = [fact_of(row) for row in self._rows(query, span)]
        kinds = {name: number for number, name in enumerate(self._wanted.types)}
        numbers = {
            "position": [fact.position for fact in facts],
            "occurred_at": [(fact.occurred_at - EPOCH) // MICROSECOND for fact in facts],
        }
        return Page(
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
        """A column of numbers, which has come along with the page or is read now."""
        self._asked.add(column)
        if column not in along:
            query = COLUMN.format(number=NUMBERS[column], piece=span.piece, wanted=condition(self._wanted))
            ((blob,),) = self._rows(query, span)
            return _unpacked("q", blob)
        return _unpacked("q", along[column])

    def _load(self, span: PositionRange, column: str, type_name: str) -> Mapping[int, Any]:
        """A column that did not come with the page, for the facts of one type."""
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
    """Where facts come from, by position; decoded when asked for."""

    def __getitem__(self, position: int) -> Meta:
        """The meta of one fact, as far as it can be decoded."""
        return meta_of(super().__getitem__(position))


def _unpacked(code: str, blob: bytes) -> "array[int]":
    """Numbers as PostgreSQL sends them: the highest byte first."""
    numbers = array(code, blob)
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers
