"""
Ledger: double entry, derived from facts only, and what was captured, refunded, disputed and charged by day and course.

Reads     facts of domain.payment about money, in log order.
Writes    ledger_entries, one row per fact that books something, and ledger_payout_entries, of payouts; ledger_sums,
          what the facts of a day have booked; revenue, one row per day; ledger_books, up to which day the books are
          closed; and what later facts need of an order, a payment, a dispute and a payout.
Serves    api.ledger, `campus ledger`.
Rebuild   campus projections rebuild ledger (safe: rows are its only effect).

Sums are counts by name (`EUR 2026-02-01 assets:clearing`, `EUR algebra`): which accounts a fact touches is not known
before the rows that it needs are read. An entry whose day is closed is booked on the first open day, and keeps its own
as `occurred_on`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import ClassVar

import msgspec

from domain.fact import Fact
from domain.payment import posting
from domain.payment.books import BOOK
from domain.payment.posting import NO_COURSE, Entry, Posting, SoldLine
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows
from projections.ledger.rows import (
    BOOKS,
    DISPUTES,
    ENTRIES,
    ORDERS,
    PAYMENTS,
    PAYOUT_ENTRIES,
    PAYOUTS,
    REVENUE,
    SUMS,
    LedgerBooks,
    LedgerDispute,
    LedgerEntry,
    LedgerOrder,
    LedgerPayment,
    LedgerPayout,
    LedgerSums,
    PayoutEntry,
    Revenue,
)


def _day(fact: Fact) -> str:
    return fact.occurred_at.date().isoformat()


def _order(fact: Fact) -> RowKey:
    order_id = fact.id("order_id") if fact.category == "order" else fact.data["order_id"]
    return RowKey(ORDERS, (fact.id("learner_id"), order_id))


def _payment(fact: Fact) -> RowKey:
    return RowKey(PAYMENTS, (fact.id("learner_id"), fact.id("payment_id")))


def _attempt(fact: Fact) -> RowKey:
    return RowKey(PAYMENTS, (fact.id("learner_id"), fact.data["payment_id"]))


def _dispute(fact: Fact) -> RowKey:
    return RowKey(DISPUTES, (fact.id("learner_id"), fact.id("dispute_id")))


def _booked(fact: Fact) -> tuple[RowKey, ...]:
    """The rows that an entry needs."""
    return (
        RowKey(ENTRIES, (fact.id("learner_id"), fact.position)),
        RowKey(SUMS, (_day(fact),)),
        RowKey(REVENUE, (_day(fact),)),
        RowKey(BOOKS, (BOOK,)),
    )


def _of_payout(fact: Fact) -> Iterable[RowKey]:
    payout_id = fact.id("payout_id")
    return (
        RowKey(PAYOUTS, (payout_id,)),
        RowKey(PAYOUT_ENTRIES, (payout_id, fact.position)),
        RowKey(SUMS, (_day(fact),)),
        RowKey(BOOKS, (BOOK,)),
    )


def _books(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(BOOKS, (fact.id("book"),)),)


def _known_order(fact: Fact, rows: Rows) -> LedgerOrder:
    order = rows.edit(ORDERS, LedgerOrder, *_order(fact).key)
    _must_be_known(fact, order.currency)
    return order


def _known_dispute(fact: Fact, rows: Rows) -> LedgerDispute:
    dispute = rows.edit(DISPUTES, LedgerDispute, *_dispute(fact).key)
    _must_be_known(fact, dispute.currency)
    return dispute


def _must_be_known(fact: Fact, currency: str) -> None:
    """Refuse a fact before the one that says what its amounts are: it is parked, and nothing is guessed."""
    if not currency:
        raise LookupError(f"{fact.stream_id} has {fact.type} before anything says in which currency it is")


def _lines(fact: Fact, rows: Rows) -> list[SoldLine]:
    """A copy of the lines of an order, as they are now."""
    order = rows.read(ORDERS, LedgerOrder, *_order(fact).key)
    return [] if order is None else [msgspec.structs.replace(line) for line in order.lines]


def _open_day(day: str, rows: Rows) -> str:
    """The day, or the first one that is open if it is closed."""
    books = rows.read(BOOKS, LedgerBooks, BOOK)
    if books is None or day > books.closed_until:
        return day
    return (date.fromisoformat(books.closed_until) + timedelta(days=1)).isoformat()


def _open(entries: Iterable[Entry], fact: Fact, rows: Rows) -> list[Entry]:
    """The entries that book something, each on an open day, counted among the sums of the day."""
    found = [Entry(_open_day(entry.day, rows), entry.postings) for entry in entries if entry.postings]
    if found:
        sums = rows.edit(SUMS, LedgerSums, _day(fact))
        for entry in found:
            for each in entry.postings:
                side, amount = (sums.debits, each.amount) if each.amount > 0 else (sums.credits, -each.amount)
                _add(side, f"{each.currency} {entry.day} {each.account}", amount)
    return found


def _add(counts: dict[str, int], name: str, amount: int) -> None:
    counts[name] = counts.get(name, 0) + amount
    if not counts[name]:
        del counts[name]


def _book(fact: Fact, rows: Rows, cause: tuple[str, str], postings: list[Posting], later: Iterable[Entry] = ()) -> None:
    """Book what a fact says, today and later; its cause is an order, and the payment, refund or dispute."""
    if found := _open([Entry(_day(fact), postings), *later], fact, rows):
        row = rows.edit(ENTRIES, LedgerEntry, fact.id("learner_id"), fact.position)
        row.type, (row.order_id, row.cause), row.occurred_on, row.entries = fact.type, cause, _day(fact), found


def _count(fact: Fact, rows: Rows, what: str, currency: str, amounts: Mapping[str, int]) -> None:
    """Count amounts by course in the revenue of the day."""
    counts = getattr(rows.edit(REVENUE, Revenue, _day(fact)), what)
    for course, amount in amounts.items():
        _add(counts, f"{currency} {course}", amount)


def _placed(fact: Fact, rows: Rows) -> None:
    order = rows.edit(ORDERS, LedgerOrder, *_order(fact).key)
    order.currency = fact.data["currency"]
    order.lines = [posting.sold_line(line) for line in fact.data["lines"]]


def _requested(fact: Fact, rows: Rows) -> None:
    payment = rows.edit(PAYMENTS, LedgerPayment, *_payment(fact).key)
    payment.order_id, payment.currency, payment.amount = (fact.data[n] for n in ("order_id", "currency", "amount"))


def _payment_started(fact: Fact, rows: Rows) -> None:
    payment = rows.edit(PAYMENTS, LedgerPayment, *_attempt(fact).key)
    payment.lines = _lines(fact, rows)


def _captured(fact: Fact, rows: Rows) -> None:
    payment = rows.edit(PAYMENTS, LedgerPayment, *_payment(fact).key)
    payment.currency, payment.amount = fact.data["currency"], fact.data["amount"]
    postings = posting.captured(payment.currency, payment.amount)
    _book(fact, rows, (payment.order_id, fact.id("payment_id")), postings)


def _fee_charged(fact: Fact, rows: Rows) -> None:
    payment = rows.edit(PAYMENTS, LedgerPayment, *_payment(fact).key)
    _must_be_known(fact, payment.currency)
    currency, fee = fact.data["currency"], fact.data["fee"]
    postings = posting.fee_charged(currency, fee, fact.data["net"], (payment.currency, payment.amount))
    _book(fact, rows, (payment.order_id, fact.id("payment_id")), postings)
    _count(fact, rows, "fees", currency, posting.by_course(fee, payment.lines))


def _paid(fact: Fact, rows: Rows) -> None:
    order, amount = _known_order(fact, rows), fact.data["amount"]
    order.is_paid = True
    postings = posting.sold(order.currency, amount, order.lines) if amount else []
    _book(fact, rows, (order.order_id, fact.data["payment_id"] or order.order_id), postings, _earned(order))
    _count(fact, rows, "captured", order.currency, posting.by_course(amount, order.lines))


def _overpaid(fact: Fact, rows: Rows) -> None:
    order, amount = _known_order(fact, rows), fact.data["amount"]
    postings = posting.overpaid(order.currency, amount)
    _book(fact, rows, (order.order_id, fact.data["payment_id"]), postings)
    _count(fact, rows, "captured", order.currency, {NO_COURSE: amount})


def _refunded(fact: Fact, rows: Rows) -> None:
    order, refund_id, amount = _known_order(fact, rows), fact.data["refund_id"], fact.data["amount"]
    if refund_id not in order.refunds:
        order.refunds[refund_id] = amount
        order.issued[refund_id] = {str(part["line"]): part["amount"] for part in fact.data["lines"]}
        _give_back(fact, rows, order, amount, order.issued[refund_id])


def _refund_failed(fact: Fact, rows: Rows) -> None:
    """A refund that was carried out has come back; one that never was books nothing."""
    order, refund_id = _known_order(fact, rows), fact.data["refund_id"]
    if refund_id in order.refunds:
        amount, parts = order.refunds.pop(refund_id), order.issued.pop(refund_id)
        _give_back(fact, rows, order, -amount, {line: -part for line, part in parts.items()})


def _give_back(fact: Fact, rows: Rows, order: LedgerOrder, amount: int, parts: dict[str, int]) -> None:
    by_line = {int(line): part for line, part in parts.items()}
    postings = posting.refunded(order.currency, amount, order.lines, by_line)
    _book(fact, rows, (order.order_id, fact.data["refund_id"]), postings)
    amounts = posting.back_by_course(amount, order.lines, by_line)
    _count(fact, rows, "refunded", order.currency, amounts)


def _refund_funds(fact: Fact, rows: Rows) -> None:
    order, data = _known_order(fact, rows), fact.data
    moved, paid = (data["amount"], data["fee"]), (data["paid_currency"], data["paid_amount"])
    _book(fact, rows, (order.order_id, fact.id("refund_id")), posting.refund_moved(data["currency"], *moved, paid))
    _count(fact, rows, "fees", data["currency"], posting.by_course(data["fee"], order.lines))


def _period(fact: Fact, rows: Rows) -> None:
    """The period that an order of a plan pays for."""
    order = rows.edit(ORDERS, LedgerOrder, *_order(fact).key)
    if not order.period:
        order.period = [datetime.fromisoformat(fact.data[name]) for name in ("period_start", "period_end")]
        _book(fact, rows, (order.order_id, order.order_id), [], _earned(order))


def _earned(order: LedgerOrder) -> list[Entry]:
    """When a plan is earned; nothing as long as it is not paid, or its period is unknown."""
    if not order.is_paid or not order.period:
        return []
    start, end = order.period
    return posting.earned(order.currency, order.lines, start, end)


def _opened(fact: Fact, rows: Rows) -> None:
    dispute = rows.edit(DISPUTES, LedgerDispute, *_dispute(fact).key)
    dispute.order_id, dispute.currency = fact.data["order_id"], fact.data["currency"]
    dispute.lines = _lines(fact, rows)


def _funds(sign: int) -> Callable[[Fact, Rows], None]:
    """Money of a dispute is taken (1), or given back (-1)."""

    def apply(fact: Fact, rows: Rows) -> None:
        dispute = _known_dispute(fact, rows)
        currency, amount, fee = fact.data["currency"], sign * fact.data["amount"], sign * fact.data["fee"]
        courses = posting.by_course(amount, dispute.lines)
        postings = posting.funds_moved(currency, amount, fee, courses if dispute.is_lost else None)
        if not dispute.is_lost:
            _add(dispute.held, currency, amount)
        _book(fact, rows, (dispute.order_id, dispute.dispute_id), postings)
        _count(fact, rows, "disputed", currency, courses)
        _count(fact, rows, "fees", currency, posting.by_course(fee, dispute.lines))

    return apply


def _closed(fact: Fact, rows: Rows) -> None:
    dispute = _known_dispute(fact, rows)
    if fact.data["outcome"] == "lost":
        dispute.is_lost = True
        postings: list[Posting] = []
        for currency, amount in dispute.held.items():
            postings += posting.lost(currency, posting.by_course(amount, dispute.lines))
        dispute.held = {}
        _book(fact, rows, (dispute.order_id, dispute.dispute_id), postings)


def _payout(fact: Fact, rows: Rows, payout: LedgerPayout, amount: int, day: str) -> None:
    if found := _open([Entry(day, posting.paid_out(payout.currency, amount))], fact, rows):
        row = rows.edit(PAYOUT_ENTRIES, PayoutEntry, payout.payout_id, fact.position)
        row.type, row.occurred_on, row.entries = fact.type, day, found


def _payout_received(fact: Fact, rows: Rows) -> None:
    payout = rows.edit(PAYOUTS, LedgerPayout, fact.id("payout_id"))
    payout.currency, payout.amount = fact.data["currency"], fact.data["amount"]
    _payout(fact, rows, payout, payout.amount, fact.data["arrived_on"])


def _payout_failed(fact: Fact, rows: Rows) -> None:
    payout = rows.edit(PAYOUTS, LedgerPayout, fact.id("payout_id"))
    _must_be_known(fact, payout.currency)
    _payout(fact, rows, payout, -payout.amount, _day(fact))
    payout.amount = 0


def _period_closed(fact: Fact, rows: Rows) -> None:
    rows.edit(BOOKS, LedgerBooks, fact.id("book")).closed_until = fact.data["until"]


BOOKED = (ENTRIES, SUMS, REVENUE)


def _of(*keys: Callable[[Fact], RowKey]) -> Callable[[Fact], Iterable[RowKey]]:
    """What a fact that books something needs."""
    return lambda fact: (*(key(fact) for key in keys), *_booked(fact))


class Ledger(Projection):
    """The books, and revenue."""

    name = "ledger"
    version = 1
    store = "postgres"
    segments = SEGMENTS
    tables = (ORDERS, PAYMENTS, DISPUTES, ENTRIES, PAYOUTS, PAYOUT_ENTRIES, SUMS, REVENUE, BOOKS)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "order.placed": Handler(lambda fact: (_order(fact),), _placed, writes=(ORDERS,)),
        "payment.requested": Handler(lambda fact: (_payment(fact),), _requested, writes=(PAYMENTS,)),
        "payment.found": Handler(lambda fact: (_payment(fact),), _requested, writes=(PAYMENTS,)),
        "order.payment_started": Handler(
            lambda fact: (_attempt(fact), _order(fact)), _payment_started, writes=(PAYMENTS,)
        ),
        "payment.captured": Handler(_of(_payment), _captured, writes=(PAYMENTS, *BOOKED)),
        "payment.fee_charged": Handler(_of(_payment), _fee_charged, writes=(PAYMENTS, *BOOKED)),
        "order.paid": Handler(_of(_order), _paid, writes=(ORDERS, *BOOKED)),
        "order.overpaid": Handler(_of(_order), _overpaid, writes=(ORDERS, *BOOKED)),
        "order.refunded": Handler(_of(_order), _refunded, writes=(ORDERS, *BOOKED)),
        "order.refund_failed": Handler(_of(_order), _refund_failed, writes=(ORDERS, *BOOKED)),
        "refund.funds_moved": Handler(_of(_order), _refund_funds, writes=(ORDERS, *BOOKED)),
        "subscription.started": Handler(_of(_order), _period, writes=(ORDERS, *BOOKED)),
        "subscription.renewed": Handler(_of(_order), _period, writes=(ORDERS, *BOOKED)),
        "subscription.prorated": Handler(_of(_order), _period, writes=(ORDERS, *BOOKED)),
        "dispute.opened": Handler(lambda fact: (_dispute(fact), _order(fact)), _opened, writes=(DISPUTES,)),
        "dispute.funds_withdrawn": Handler(_of(_dispute), _funds(1), writes=(DISPUTES, *BOOKED)),
        "dispute.funds_reinstated": Handler(_of(_dispute), _funds(-1), writes=(DISPUTES, *BOOKED)),
        "dispute.closed": Handler(_of(_dispute), _closed, writes=(DISPUTES, *BOOKED)),
        "payout.received": Handler(_of_payout, _payout_received, writes=(PAYOUTS, PAYOUT_ENTRIES, SUMS)),
        "payout.failed": Handler(_of_payout, _payout_failed, writes=(PAYOUTS, PAYOUT_ENTRIES, SUMS)),
        "books.period_closed": Handler(_books, _period_closed, writes=(BOOKS,)),
    }
