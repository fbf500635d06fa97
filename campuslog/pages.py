"""The pages of a fold over the log, without what happened after a time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, TypeVar

from projections.engine.bulk.pages import EPOCH, MICROSECOND, ColumnPage, FactFilter, PageSource

T = TypeVar("T")


class HappenedBy(NamedTuple):
    """The facts of *source* that had happened by *time*."""

    source: PageSource
    time: datetime

    def pages(self, wanted: FactFilter, after: int, until: int) -> Iterator[ColumnPage]:
        """As those of the source."""
        latest = (self.time - EPOCH) // MICROSECOND
        return (_up_to(page, latest) for page in self.source.pages(wanted, after, until))


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
