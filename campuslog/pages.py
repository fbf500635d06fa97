"""Facts of any source as the pages of columns that the fold over the whole log takes."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

from campuslog.blocking import iterate
from campuslog.progress import Report
from campuslog.source import Selection, Source
from domain.fact import PARTITIONS, Fact
from projections.bulk_facts import EPOCH, MICROSECOND, Page, Wanted
from projections.fold import Unreadable


def fold_pages(source: Source, wanted: Wanted, selection: Selection, report: Report) -> Generator[Page, None, None]:
    """The *wanted* facts among those selected, in the order of the log."""
    for page in iterate(source.pages(replace(selection, types=wanted.types))):
        if page.facts:
            yield _page(page.facts, wanted.types)
        report(page.until, page.last)


def _page(facts: list[Fact], types: tuple[str, ...]) -> Page:
    numbers = {name: number * PARTITIONS for number, name in enumerate(types)}

    def load(column: str, type_name: str) -> Mapping[int, Any]:
        return {fact.position: getattr(fact, column) for fact in facts if fact.type == type_name}

    return Page(
        positions=[fact.position for fact in facts],
        stream_ids=[fact.stream_id for fact in facts],
        kinds=[numbers[fact.type] + fact.partition for fact in facts],
        data=[fact.data for fact in facts],
        occurred=[(fact.occurred_at - EPOCH) // MICROSECOND for fact in facts],
        types=types,
        load=load,
        unreadable={fact.position: fact.error for fact in facts if isinstance(fact, Unreadable)},
    )
