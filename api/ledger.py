"""The books and revenue (read model ledger), for the staff."""

import re
from datetime import date
from typing import Annotated, Literal

import msgspec
from fastapi import Query, Request, Response
from pydantic import BeforeValidator, Field

from adapters.postgres.as_of.entries import entries_at
from adapters.postgres.as_of.reader import AsOfReader
from adapters.postgres.queries import ledger
from adapters.postgres.queries.ledger import Span
from api.http import paging
from api.http.as_of import AsOf
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.folds import LATER
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import ID, Limit
from commands.payment.books import ClosePeriod
from projections.ledger.rows import BOOKS, ENTRIES, PAYOUT_ENTRIES, REVENUE, SUMS

router = strict_router("ledger", "/v1")


def _written_out(day: object) -> object:
    """A day as text: a bare number would be taken for seconds."""
    if isinstance(day, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        raise ValueError("a day as 2026-02-01")
    return day


Day = Annotated[date, BeforeValidator(_written_out)]
Since = Annotated[Day | None, Query(description="The first day.", examples=["2026-02-01"])]
Until = Annotated[Day | None, Query(description="The last day, included.", examples=["2026-02-28"])]
Currency = Annotated[str | None, Query(pattern=r"^[A-Z]{3}$", description="Only this one.", examples=["EUR"])]
Account = Annotated[
    str | None,
    Query(pattern=r"^[A-Za-z0-9_.:-]{1,200}$", description="This account and those below it.", examples=["revenues"]),
]
OfId = Annotated[str | None, Query(pattern=ID, max_length=64, description="Only of this one.", examples=["28400"])]


class EntryPage(msgspec.Struct, kw_only=True):
    """Entries in the order of the log; `total` is null unless asked for, 10001 for more than 10,000."""

    total: int | None
    items: list[ledger.BookedEntry]
    next: str | None


class RevenuePage(msgspec.Struct, kw_only=True):
    """Revenue by period, currency and course."""

    items: list[ledger.RevenueRow]
    next: str | None


class ClosedDays(Body):
    """The last day that is closed; it must be over, and may not be before one that is closed."""

    model_config = example(until="2026-01-31")

    until: Annotated[Day, Field(strict=False)]


@router.post("/ledger/close", status_code=202, response_model=Accepted, responses=command(403))
async def close_days(body: ClosedDays, handle: Dispatch) -> Response:
    """Close the books up to a day; what concerns closed days from then on is booked on the first open day."""
    return await handle(ClosePeriod(body.until))


@router.get("/ledger/balances", responses={**query(ledger.EXAMPLE, 403), **LATER})
async def ledger_balances(
    *, ask: QueryDep, moment: AsOf, since: Since = None, until: Until = None, currency: Currency = None
) -> Response:
    """What was debited and credited on every account, by currency."""
    span = _span(since, until, currency)
    reader = await ask.whole_at(moment, SUMS, BOOKS)
    answer = await ask.read_at_least("ledger", lambda: ledger.balances(reader, span))
    return ask.reply(answer.body or b"", answer.position, ask.headers_at(moment, "ledger"))


@router.get(
    "/ledger/entries",
    responses={**query(EntryPage(total=1, items=[ledger.ENTRY], next=paging.NEXT), 403, 404), **LATER},
)
async def ledger_entries(
    *,
    request: Request,
    ask: QueryDep,
    moment: AsOf,
    since: Since = None,
    until: Until = None,
    currency: Currency = None,
    account: Account = None,
    order_id: OfId = None,
    learner_id: OfId = None,
    order: Annotated[Literal["asc", "desc"], Query(description="Ascending or descending.")] = "asc",
    total: Annotated[bool, Query(description="Count the entries of all pages, too.")] = False,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What was booked, entry by entry, and which fact has caused it."""
    listing = f"ledger:{order}"
    after = paging.after(listing, cursor, [int, int])
    filters = {
        "since": _text(since),
        "until": _text(until),
        "currency": currency,
        "account": account,
        "order_id": order_id,
        "learner_id": learner_id,
    }
    reader, descending = await ask.whole_at(moment, ENTRIES, PAYOUT_ENTRIES), order == "desc"
    if isinstance(reader, AsOfReader) and not total:
        found = await entries_at(reader, filters, after, limit + 1, descending=descending)
    else:
        found = await ask.read_at_least(
            "ledger",
            lambda: ledger.entries(reader, filters, after, limit + 1, descending=descending, total=total),
        )
    if learner_id is not None and not found.page.rows:
        await ask.check_learner(learner_id, moment)
    members = b'"total":%s,' % msgspec.json.encode(found.total)
    headers = ask.headers_at(moment, "ledger")
    return paging.reply(request, ask, found.page, listing, limit, members=members, headers=headers)


@router.get(
    "/revenue", responses={**query(RevenuePage(items=[ledger.REVENUE_ROW], next=paging.NEXT), 403, 404), **LATER}
)
async def revenue(
    *,
    request: Request,
    ask: QueryDep,
    moment: AsOf,
    by: Annotated[Literal["day", "month", "year"], Query(description="What to add up.")] = "day",
    since: Since = None,
    until: Until = None,
    currency: Currency = None,
    course_id: OfId = None,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What was captured, refunded, disputed, charged as fees, deferred and earned, by period, currency and course."""
    after = paging.after(f"revenue:{by}", cursor, [str, str, str])
    span, reader = _span(since, until, currency, course_id), await ask.whole_at(moment, REVENUE, SUMS)
    if course_id is not None:
        await ask.check_course(course_id, await ask.catalog_at(moment))
    page = await ask.read_at_least("ledger", lambda: ledger.revenue(reader, span, by, after, limit + 1))
    return paging.reply(request, ask, page, f"revenue:{by}", limit, headers=ask.headers_at(moment, "ledger"))


def _span(since: date | None, until: date | None, currency: str | None, course_id: str | None = None) -> Span:
    return Span(since=_text(since), until=_text(until), currency=currency, course_id=course_id)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
