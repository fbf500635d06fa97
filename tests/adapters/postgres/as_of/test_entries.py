"""The ledger's entries as of a moment, page by page from slices, are those of the whole table."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from adapters.postgres.as_of import entries as sliced
from adapters.postgres.as_of.entries import entries_at
from adapters.postgres.as_of.folder import KeyRows
from adapters.postgres.as_of.reader import AsOfReader
from adapters.postgres.queries import ledger
from adapters.postgres.queries.reader import Reader
from adapters.settings import Settings
from projections.engine.moment import Moment
from projections.engine.projection import RowKey
from projections.ledger.rows import ENTRIES, PAYOUT_ENTRIES, LedgerEntry, PayoutEntry

AT = datetime(2026, 3, 1, tzinfo=UTC)


def booked(position: int, months: int = 1) -> list[dict[str, Any]]:
    """Entries of some months."""
    amount = 100 + position
    postings = [
        {"account": "assets:clearing", "currency": "EUR" if position % 2 else "JPY", "amount": amount},
        {"account": "assets:receivable", "currency": "EUR" if position % 2 else "JPY", "amount": -amount},
    ]
    return [{"day": f"2026-0{month + 1}-01", "postings": postings} for month in range(months)]


def rows() -> dict[RowKey, msgspec.Struct]:
    """Rows of captures and payouts, in no order; a plan has an entry for each month."""
    found: dict[RowKey, msgspec.Struct] = {}
    for position in (9, 3, 12, 7, 1, 30, 21, 5):
        of_learner = {"learner_id": f"l{position % 3}", "position": position, "type": "payment.captured"}
        more = {"order_id": f"o{position}", "cause": "c", "occurred_on": "2026-01-01"}
        entry = msgspec.convert({**of_learner, **more, "entries": booked(position, 1 + position % 3)}, LedgerEntry)
        found[RowKey(ENTRIES, (entry.learner_id, position))] = entry
    for position in (8, 2, 25):
        of_payout = {"payout_id": f"p{position}", "position": position, "type": "payout.received"}
        booking = {"occurred_on": "2026-01-02", "entries": booked(position)}
        payout = msgspec.convert({**of_payout, **booking}, PayoutEntry)
        found[RowKey(PAYOUT_ENTRIES, (payout.payout_id, position))] = payout
    return found


@pytest.fixture
async def reader(settings: Settings) -> AsyncIterator[AsOfReader]:
    """The queries over these rows."""
    live = Reader(settings)
    await live.open()
    folded = KeyRows(rows(), [])
    tables = (ENTRIES, PAYOUT_ENTRIES)
    yield AsOfReader(live, Moment(40, AT), [(table, folded) for table in tables], tables)
    await live.close()


FILTERS: list[dict[str, Any]] = [
    {}, {"currency": "EUR"}, {"learner_id": "l0"}, {"order_id": "o21"}, {"since": "2026-02-01"}, {"account": "income"},
]  # fmt: skip


@pytest.mark.parametrize("filters", FILTERS, ids=lambda each: next(iter(each), "all"))
@pytest.mark.parametrize("descending", [False, True], ids=["asc", "desc"])
@pytest.mark.parametrize("size", [1, 3, 1_000])
async def test_pages_of_slices_are_pages_of_the_whole(
    reader: AsOfReader, monkeypatch: pytest.MonkeyPatch, filters: dict[str, Any], size: int, *, descending: bool
) -> None:
    """With every filter, in both orders, however large the slices are; true for the moment."""
    monkeypatch.setattr(sliced, "FIRST_SLICE", size)
    whole = (await ledger.entries(reader, filters, None, 100, descending=descending)).page.rows
    found: list[tuple[Any, ...]] = []
    after = None
    while True:
        page = (await entries_at(reader, filters, after, 4, descending=descending)).page
        assert page.position == 40
        found += page.rows
        if len(page.rows) < 4:
            break
        after = found[-1][:2]
    assert found == whole
    assert (found == []) is (filters == {"account": "income"})
