"""
The books and revenue: what is answered, examples, and the SQL over the rows of projections/ledger.

Sums are counts by name there: `EUR 2026-02-01 assets:clearing` and `EUR algebra`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader, RowPage
from domain.payment.posting import DEFERRED, Posting
from domain.words import Day, FactType

MOST_COUNTED = 10_000  # entries; one more stands for any number above
_AT = CHECKPOINT.format("ledger")


class Balance(msgspec.Struct, kw_only=True):
    """What was debited and credited on an account, in minor units; `balance` is the difference."""

    currency: str
    account: str
    debit: int
    credit: int
    balance: int


class Balances(msgspec.Struct, kw_only=True):
    """Every account that has entries; the balances of a currency add up to 0. `last_closed_day` may be null."""

    last_closed_day: Day | None
    balances: list[Balance]


class BookedEntry(msgspec.Struct, kw_only=True):
    """
    Postings of one day that add up to 0, a debit above 0, and the fact that has caused them.

    Attributes:
        no: which of the entries of the fact it is, from 1.
        day: on which it is booked; later than `occurred_on` if that day is closed, or if it is earned later.
        cause: the payment, refund, dispute or payout, or the order.
    """

    position: int
    no: int
    day: Day
    occurred_on: Day
    type: FactType
    learner_id: str | None
    order_id: str | None
    cause: str
    postings: list[Posting]


class RevenueRow(msgspec.Struct, kw_only=True):
    """
    What has come and gone, tax included; `net` is what is left of it. Course `none`: what was paid too much.

    Attributes:
        deferred: without tax, what of it was paid for plans, and is earned over their periods.
        earned: what of that is earned in this period, which may be one to come.
    """

    period: str
    currency: str
    course_id: str
    captured: int
    refunded: int
    disputed: int
    fees: int
    net: int
    deferred: int
    earned: int


EXAMPLE = Balances(
    last_closed_day="2026-01-31",
    balances=[
        Balance(currency="EUR", account="assets:clearing", debit=4_900, credit=98, balance=4_802),
        Balance(currency="EUR", account="expenses:fees", debit=98, credit=0, balance=98),
        Balance(currency="EUR", account="liabilities:tax", debit=0, credit=782, balance=-782),
        Balance(currency="EUR", account="revenues:courses:algebra", debit=0, credit=4_118, balance=-4_118),
    ],
)
ENTRY = BookedEntry(
    position=1713,
    no=1,
    day="2026-02-01",
    occurred_on="2026-02-01",
    type="payment.captured",
    learner_id="28400",
    order_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
    cause="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f.1",
    postings=[Posting("assets:clearing", "EUR", 4_900), Posting("assets:receivable", "EUR", -4_900)],
)
REVENUE_ROW = RevenueRow(
    period="2026-02-01",
    currency="EUR",
    course_id="algebra",
    captured=4_900,
    refunded=0,
    disputed=0,
    fees=98,
    net=4_802,
    deferred=0,
    earned=0,
)

_POSTED = """
    SELECT split_part(name, ' ', 1) AS currency, split_part(name, ' ', 2) AS day, split_part(name, ' ', 3) AS account,
           {debit} AS debit, {credit} AS credit
      FROM ledger_sums CROSS JOIN jsonb_each_text({side}) AS counted (name, amount)
"""
_DEBITS = _POSTED.format(side="debits", debit="amount::bigint", credit="0")
_CREDITS = _POSTED.format(side="credits", debit="0", credit="amount::bigint")
_WITHIN = "(%(since)s::text IS NULL OR {day} >= %(since)s) AND (%(until)s::text IS NULL OR {day} <= %(until)s)"
_BALANCE = json_object(Balance, balance="debit - credit")
_BALANCES = json_object(
    Balances,
    last_closed_day="(SELECT nullif(max(closed_until), '') FROM ledger_books)",
    balances=f"(SELECT {json_array(_BALANCE, 'currency, account')} FROM balances)",
)
BALANCES = f"""
WITH balances AS (
    SELECT currency, account COLLATE "C" AS account, sum(debit) AS debit, sum(credit) AS credit
      FROM ({_DEBITS} UNION ALL {_CREDITS}) AS posted
     WHERE {_WITHIN.format(day="day")} AND (%(currency)s::text IS NULL OR currency = %(currency)s)
     GROUP BY 1, 2)
SELECT {_AT}, {_BALANCES}::text
"""

BOOKED = """
    SELECT position, no, entry->>'day' AS day, occurred_on, type, learner_id, order_id, cause,
           entry->'postings' AS postings
      FROM (SELECT position, occurred_on, type, learner_id, nullif(order_id, '') AS order_id, cause, entries
              FROM ledger_entries
             UNION ALL SELECT position, occurred_on, type, NULL, NULL, payout_id, entries FROM ledger_payout_entries
           ) AS facts CROSS JOIN jsonb_array_elements(entries) WITH ORDINALITY AS booked (entry, no)
"""
CONDITIONS = {
    "since": "day >= %(since)s",
    "until": "day <= %(until)s",
    "currency": "EXISTS (SELECT FROM jsonb_array_elements(postings) AS p WHERE p->>'currency' = %(currency)s)",
    "account": "EXISTS (SELECT FROM jsonb_array_elements(postings) AS p"
    " WHERE p->>'account' = %(account)s OR starts_with(p->>'account', %(account)s || ':'))",
    "order_id": "order_id = %(order_id)s",
    "learner_id": "learner_id = %(learner_id)s",
    "up_to": "position <= %(up_to)s",
}
"""By filter, which entries fit it."""
ENTRIES = """
SELECT {at}, {total}, page.position, page.no, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT position, no, {entry}::text AS body FROM ({booked}) AS entries WHERE true{narrowed}{after}
     ORDER BY position {direction}, no {direction} LIMIT %(limit)s) AS page ON true
 ORDER BY page.position {direction}, page.no {direction}
"""
TOTAL = "(SELECT count(*) FROM (SELECT FROM ({booked}) AS entries WHERE true{narrowed} LIMIT %(most)s) AS counted)"

_MOVED = "SELECT name, {} FROM jsonb_each_text({}) AS counted (name, amount)"
_KINDS = ("captured", "refunded", "disputed", "fees")
_ALL_MOVED = " UNION ALL ".join(
    _MOVED.format(", ".join("amount::bigint" if kind == each else "0" for each in _KINDS), kind) for kind in _KINDS
)
PERIODS = {"day": "day", "month": "left(day, 7)", "year": "left(day, 4)"}
_REVENUE = f"""
    SELECT {{period}} AS period, currency, course_id, sum(c) AS captured, sum(r) AS refunded, sum(d) AS disputed,
           sum(f) AS fees, sum(deferred) AS deferred, sum(earned) AS earned
      FROM (SELECT day, split_part(name, ' ', 1) AS currency, split_part(name, ' ', 2) AS course_id, c, r, d, f,
                   0 AS deferred, 0 AS earned
              FROM revenue CROSS JOIN LATERAL ({_ALL_MOVED}) AS moved (name, c, r, d, f)
             UNION ALL
            SELECT day, currency, substr(account, {len(DEFERRED) + 2}), 0, 0, 0, 0, credit, debit
              FROM ({_DEBITS} UNION ALL {_CREDITS}) AS posted WHERE starts_with(account, '{DEFERRED}:')) AS moved
     WHERE {_WITHIN.format(day="day")} GROUP BY 1, 2, 3
"""
REVENUE = """
SELECT {at}, page.period, page.currency, page.course_id, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT period, currency, course_id, {row}::text AS body FROM ({revenue}) AS revenue
     WHERE (%(currency)s::text IS NULL OR currency = %(currency)s)
       AND (%(course_id)s::text IS NULL OR course_id = %(course_id)s)
       AND (period COLLATE "C", currency COLLATE "C", course_id COLLATE "C") > (%(a)s, %(b)s, %(c)s)
     ORDER BY period COLLATE "C", currency COLLATE "C", course_id COLLATE "C" LIMIT %(limit)s) AS page ON true
 ORDER BY page.period COLLATE "C", page.currency COLLATE "C", page.course_id COLLATE "C"
"""
_REVENUE_ROW = json_object(RevenueRow, net="captured - refunded - disputed - fees")


class Listed(msgspec.Struct, frozen=True):
    """A page, how many entries there are on all pages if that was asked for, and the position."""

    page: RowPage
    total: int | None

    @property
    def position(self) -> int:
        """The position for which it is true."""
        return self.page.position


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Which days, both included, and which currency and course; None for all."""

    since: str | None = None
    until: str | None = None
    currency: str | None = None
    course_id: str | None = None


async def balances(reader: Reader, span: Span) -> Answer:
    """What was debited and credited on every account."""
    return await reader.answer(BALANCES, msgspec.structs.asdict(span))


async def entries(
    reader: Reader,
    filters: dict[str, Any],
    after: Sequence[Any] | None,
    limit: int,
    *,
    descending: bool = False,
    total: bool = False,
) -> Listed:
    """Up to *limit* entries that fit the *filters* (by name of `CONDITIONS`), after a position and a number."""
    filters = {name: value for name, value in filters.items() if value is not None}
    narrowed = "".join(f" AND {CONDITIONS[name]}" for name in filters)
    query = ENTRIES.format(
        at=_AT,
        total=TOTAL.format(booked=BOOKED, narrowed=narrowed) if total else "NULL::bigint",
        entry=json_object(BookedEntry),
        booked=BOOKED,
        narrowed=narrowed,
        after=f" AND (position, no) {'<' if descending else '>'} (%(a)s, %(b)s)" if after else "",
        direction="DESC" if descending else "ASC",
    )
    a, b = after or (None, None)
    found = await reader.rows(query, {**filters, "a": a, "b": b, "limit": limit, "most": MOST_COUNTED + 1})
    page = RowPage([row[2:] for row in found if row[-1] is not None], found[0][0] or 0)
    return Listed(page, found[0][1])


async def revenue(reader: Reader, span: Span, by: str, after: Sequence[str] | None, limit: int) -> RowPage:
    """Up to *limit* rows of revenue by a period (of `PERIODS`), currency and course, after these three."""
    grouped = _REVENUE.format(period=PERIODS[by])
    query = REVENUE.format(at=_AT, row=_REVENUE_ROW, revenue=grouped)
    a, b, c = after or ("", "", "")
    return await reader.page(query, {**msgspec.structs.asdict(span), "a": a, "b": b, "c": c, "limit": limit})
