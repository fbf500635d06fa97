"""The pages of a fold over the whole log, cut off at a time, with a report of how far they are."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from campuslog.progress_bar import BarReporter
from projections.engine.bulk.pages import EPOCH, MICROSECOND, ColumnPage, FactFilter, PageSource

T = TypeVar("T")


def fold_pages(
    source: PageSource, wanted: FactFilter, until: int, happened_by: datetime | None, report: BarReporter
) -> Iterator[ColumnPage]:
    """The *wanted* facts up to and with position *until*, without those that happened later than *happened_by*."""
    latest = None if happened_by is None else (happened_by - EPOCH) // MICROSECOND
    for page in source.pages(wanted, 0, until):
        yield page if latest is None else _up_to(page, latest)
        report(page.until, until)


def _up_to(page: ColumnPage, latest: int) -> ColumnPage:
    """The facts of a page that happened by *latest*, in microseconds from EPOCH."""
    kept = [number for number, occurred in enumerate(page.occurred) if occurred <= latest]
    if len(kept) == len(page.occurred):
        return page
    return replace(
        page,
        stream_ids=_taken(page.stream_ids, kept),
        kinds=_taken(page.kinds, kept),
        data=_taken(page.data, kept),
        numbers=lambda column: _taken(page.numbers(column), kept),
    )


def _taken(column: Sequence[T], kept: list[int]) -> list[T]:
    return [column[number] for number in kept]
