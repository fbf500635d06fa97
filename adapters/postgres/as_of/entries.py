"""
A page of the ledger's entries as of a moment, from slices of the folded rows.

The rows of a moment travel to PostgreSQL with the query that reads them (reader.py). A page needs few of them, so they
go in slices, in the order of the page, until it is full; the first slice is enough unless a filter passes most over.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from adapters.postgres.as_of.reader import AsOfReader
from adapters.postgres.queries.ledger import Listed, entries
from adapters.postgres.queries.reader import RowPage
from projections.ledger.rows import ENTRIES, PAYOUT_ENTRIES

FIRST_SLICE, LARGEST_SLICE = 1_000, 64_000  # rows; each slice has four times as many as the one before


async def entries_at(
    reader: AsOfReader, filters: dict[str, Any], after: Sequence[Any] | None, limit: int, *, descending: bool
) -> Listed:
    """Up to *limit* entries, as `queries.ledger.entries` of the whole tables has them, without a count of all."""
    place = None if after is None else int(after[0])
    found: list[tuple[Any, ...]] = []
    position = 0
    for some in slices(reader, place, descending=descending):
        page = (await entries(some, filters, after, limit - len(found), descending=descending)).page
        position = page.position
        found += page.rows
        if len(found) >= limit:
            break
    return Listed(RowPage(found, position), None)


def slices(reader: AsOfReader, place: int | None, *, descending: bool) -> Iterator[AsOfReader]:
    """Readers of some of the rows, from a position on, one at least; the entries of a fact are in one slice."""
    rows = [
        (row.position, table.name, row)  # type: ignore[attr-defined]
        for table in (ENTRIES, PAYOUT_ENTRIES)
        for row in reader.folded(table)
        if place is None or (row.position <= place if descending else row.position >= place)  # type: ignore[attr-defined]
    ]
    rows.sort(key=lambda row: row[0], reverse=descending)
    start, size = 0, FIRST_SLICE
    while start < len(rows) or start == 0:
        some = rows[start : start + size]
        by_table = {table: [row for _, name, row in some if name == table.name] for table in (ENTRIES, PAYOUT_ENTRIES)}
        yield reader.with_rows(by_table)
        start, size = start + size, min(4 * size, LARGEST_SLICE)
