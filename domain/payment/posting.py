"""
Double entry: which fact about money books what, in which accounts.

An amount above 0 is a debit, one below 0 a credit. Every entry is made so that the amounts of each currency add up to
0: what is rounded, or belongs to no line, is the rest of a whole. docs/decisions/0157-postings.md has the table.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from domain.payment.money import rounded, spread

RECEIVABLE = "assets:receivable"
CLEARING = "assets:clearing"
BANK = "assets:bank"
RESERVE = "assets:dispute_reserve"
TAX = "liabilities:tax"
CREDIT = "liabilities:customer_credit"
DEFERRED = "liabilities:deferred"  # by course, as the next four that end so
REVENUE = "revenues:courses"
REFUNDS = "revenues:refunds"
DISPUTES = "expenses:disputes"
FEES = "expenses:fees"
EXCHANGE = "equity:exchange"

NO_COURSE = "none"  # of what was paid too much, or grants no course


class Posting(msgspec.Struct, frozen=True):
    """An amount in minor units on one account; above 0 a debit."""

    account: str
    currency: str
    amount: int


class Entry(msgspec.Struct, frozen=True):
    """Postings of one day that add up to 0 in each currency."""

    day: str
    postings: list[Posting]


class SoldLine(msgspec.Struct):
    """
    What the books know of a line of an order.

    Attributes:
        total: with *tax*.
        is_deferred: whether it is earned over a period, as a subscription is.
        back, tax_back: what of *total* and of *tax* was refunded.
    """

    line: int
    courses: list[str]
    total: int
    tax: int
    is_deferred: bool = False
    back: int = 0
    tax_back: int = 0

    @property
    def net(self) -> int:
        """What of it is ours."""
        return self.total - self.tax


def sold_line(line: Mapping[str, Any]) -> SoldLine:
    """A line as `order.placed` has it."""
    courses = list(dict.fromkeys(grant["course_id"] for grant in line["grants"]))
    return SoldLine(line["line"], courses or [NO_COURSE], line["total"], line["tax"], line["plan"] is not None)


def by_course(amount: int, lines: Sequence[SoldLine]) -> dict[str, int]:
    """An amount of an order, divided by what each line costs, and each part equally among the courses of its line."""
    weights = [line.total for line in lines]
    amounts: dict[str, int] = {}
    if not sum(weights):
        return {NO_COURSE: amount} if amount else {}
    for line, part in zip(lines, _signed(amount, weights), strict=True):
        for course, share in _shares(part, line.courses):
            amounts[course] = amounts.get(course, 0) + share
    return {course: share for course, share in amounts.items() if share}


def captured(currency: str, amount: int) -> list[Posting]:
    """Money has come; its order says in the same append what it is for."""
    return _posted(currency, (CLEARING, amount), (RECEIVABLE, -amount))


def sold(currency: str, amount: int, lines: Sequence[SoldLine]) -> list[Posting]:
    """An order is paid: tax and revenue by course, or deferred revenue of a plan."""
    postings = [(RECEIVABLE, amount), (TAX, -sum(line.tax for line in lines))]
    for line in lines:
        account = DEFERRED if line.is_deferred else REVENUE
        postings += [(f"{account}:{course}", -share) for course, share in _shares(line.net, line.courses)]
    return _posted(currency, *postings, (CREDIT, sum(line.total for line in lines) - amount))


def overpaid(currency: str, amount: int) -> list[Posting]:
    """What has come is too much: we owe it."""
    return _posted(currency, (RECEIVABLE, amount), (CREDIT, -amount))


def refunded(currency: str, amount: int, lines: Sequence[SoldLine], parts: Mapping[int, int]) -> list[Posting]:
    """
    Money goes back, of lines by number, the rest of what was paid too much; below 0 it has come back to us.

    The tax that was given back of a line is always that of all that was given back of it, rounded once.
    """
    postings: list[tuple[str, int]] = [(CLEARING, -amount)]
    of = {line.line: line for line in lines}
    for number, part in parts.items():
        line = of[number]
        line.back += part
        tax = rounded(line.tax * min(max(line.back, 0), line.total), line.total) if line.total else 0
        postings.append((TAX, tax - line.tax_back))
        rest = part - (tax - line.tax_back)
        line.tax_back = tax
        postings += [(f"{REFUNDS}:{course}", share) for course, share in _shares(rest, line.courses)]
    return _posted(currency, *postings, (CREDIT, amount - sum(parts.values())))


def back_by_course(amount: int, lines: Sequence[SoldLine], parts: Mapping[int, int]) -> dict[str, int]:
    """What goes back, tax included, by course."""
    amounts = {NO_COURSE: amount - sum(parts.values())}
    of = {line.line: line for line in lines}
    for number, part in parts.items():
        for course, share in _shares(part, of[number].courses):
            amounts[course] = amounts.get(course, 0) + share
    return {course: share for course, share in amounts.items() if share}


def earned(currency: str, lines: Sequence[SoldLine], start: datetime, end: datetime) -> list[Entry]:
    """Deferred revenue becomes revenue, month by month by days, on the last day of each part of the period."""
    parts = _months(start.date(), end.date())
    amounts: dict[str, int] = {}
    for line in lines:
        if line.is_deferred:
            for course, share in _shares(line.net, line.courses):
                amounts[course] = amounts.get(course, 0) + share
    shares = {course: spread(amount, [days for _, days in parts]) for course, amount in amounts.items()}
    return [
        Entry(
            last.isoformat(),
            _posted(
                currency,
                *((f"{DEFERRED}:{course}", share[place]) for course, share in shares.items()),
                *((f"{REVENUE}:{course}", -share[place]) for course, share in shares.items()),
            ),
        )
        for place, (last, _) in enumerate(parts)
    ]


def fee_charged(currency: str, fee: int, net: int, paid: tuple[str, int]) -> list[Posting]:
    """What the provider keeps of a payment; *paid* in another currency than that of our account is exchanged there."""
    paid_currency, amount = paid
    if currency == paid_currency:
        return _posted(currency, (FEES, fee), (CLEARING, -fee))
    return [
        *_posted(paid_currency, (EXCHANGE, amount), (CLEARING, -amount)),
        *_posted(currency, (CLEARING, net), (FEES, fee), (EXCHANGE, -net - fee)),
    ]


def refund_moved(currency: str, amount: int, fee: int, paid: tuple[str, int]) -> list[Posting]:
    """
    Our account at the provider has paid for a refund (below 0), or got it back, with a fee.

    What is *paid* in the currency of the payment is booked with the refund; in another one it is exchanged there.
    """
    paid_currency, paid_amount = paid
    if currency == paid_currency:
        return _posted(currency, (FEES, fee), (CLEARING, -fee))
    return [
        *_posted(paid_currency, (EXCHANGE, paid_amount), (CLEARING, -paid_amount)),
        *_posted(currency, (CLEARING, amount - fee), (FEES, fee), (EXCHANGE, -amount)),
    ]


def funds_moved(currency: str, amount: int, fee: int, lost_by_course: Mapping[str, int] | None) -> list[Posting]:
    """
    The provider takes the money of a dispute and a fee; below 0 it gives both back.

    Args:
        lost_by_course: *amount* by course if the dispute is lost already; None where it is held in reserve.
    """
    held = (
        [(RESERVE, amount)] if lost_by_course is None else [(f"{DISPUTES}:{c}", a) for c, a in lost_by_course.items()]
    )
    return _posted(currency, *held, (FEES, fee), (CLEARING, -amount - fee))


def lost(currency: str, amounts: Mapping[str, int]) -> list[Posting]:
    """The bank has decided against us: what is held in reserve is gone, by course."""
    postings = [(f"{DISPUTES}:{course}", amount) for course, amount in amounts.items()]
    return _posted(currency, *postings, (RESERVE, -sum(amounts.values())))


def paid_out(currency: str, amount: int) -> list[Posting]:
    """The provider has sent money to our bank; below 0 it was sent back."""
    return _posted(currency, (BANK, amount), (CLEARING, -amount))


def _posted(currency: str, *amounts: tuple[str, int]) -> list[Posting]:
    """One posting for each account that has an amount."""
    sums: dict[str, int] = {}
    for account, amount in amounts:
        sums[account] = sums.get(account, 0) + amount
    return [Posting(account, currency, amount) for account, amount in sums.items() if amount]


def _shares(amount: int, courses: Sequence[str]) -> Iterable[tuple[str, int]]:
    return zip(courses, _signed(amount, [1] * len(courses)), strict=True)


def _signed(amount: int, weights: Sequence[int]) -> list[int]:
    """As `spread`, and what is taken back is divided as what was given."""
    parts = spread(abs(amount), weights)
    return parts if amount >= 0 else [-part for part in parts]


def _months(start: date, end: date) -> list[tuple[date, int]]:
    """The last day of each part of a period that lies in one month, and its days; *end* is not in it."""
    parts: list[tuple[date, int]] = []
    while start < end:
        after = min((start.replace(day=1) + timedelta(days=32)).replace(day=1), end)
        parts.append((after - timedelta(days=1), (after - start).days))
        start = after
    return parts or [(start, 1)]
