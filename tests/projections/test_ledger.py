"""The books: what each fact books, and that they balance whatever happens."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.payment.posting import Entry, Posting
from projections.ledger import Ledger
from projections.ledger.rows import (
    ENTRIES,
    PAYOUT_ENTRIES,
    REVENUE,
    LedgerEntry,
    PayoutEntry,
    Revenue,
)
from tests.support.booked import balances, booked
from tests.support.facts import START, History, day, fold, rows_of

TODAY = "2013-10-01"


def line(number: int, total: int, tax: int, *courses: str, plan: bool = False) -> dict[str, Any]:
    """A line of an order, with what the books read of it."""
    grants = [{"course_id": course, "run_id": None} for course in courses]
    return {"line": number, "grants": grants, "total": total, "tax": tax, "plan": {} if plan else None}


class Shop(History):
    """Facts of one learner's money."""

    def placed(self, *lines: dict[str, Any], currency: str = "EUR", order: str = "o1", at: datetime = START) -> "Shop":
        """An order with one attempt to pay it, in the order in which the facts are appended."""
        total = sum(each["total"] for each in lines)
        self.asked(order, 1, total, currency, at)
        self.add(f"order-7:{order}", "order.placed", at, lines=list(lines), currency=currency)
        return self.started(order, 1, total, at)

    def asked(self, order: str, attempt: int, amount: int, currency: str, at: datetime = START) -> "Shop":
        """A payment is asked for."""
        data = {"order_id": order, "amount": amount, "currency": currency, "attempt": attempt}
        self.add(f"payment-7:{order}.{attempt}", "payment.requested", at, **data)
        return self

    def started(self, order: str, attempt: int, amount: int, at: datetime = START) -> "Shop":
        """Its order says so."""
        payment_id = f"{order}.{attempt}"
        self.add(f"order-7:{order}", "order.payment_started", at, payment_id=payment_id, amount=amount)
        return self

    def captured(
        self, amount: int, type_name: str = "paid", currency: str = "EUR", order: str = "o1", no: int = 1, **more: Any
    ) -> "Shop":
        """Money has come, and its order is paid, or overpaid."""
        at = more.get("at", day(0))
        self.add(f"payment-7:{order}.{no}", "payment.captured", at, amount=amount, currency=currency)
        self.add(f"order-7:{order}", f"order.{type_name}", at, payment_id=f"{order}.{no}", amount=amount)
        return self

    def refunded(self, amount: int, *lines: tuple[int, int], no: int = 1, at: datetime = START) -> "Shop":
        """The provider has given money back, of lines."""
        parts = [{"line": number, "amount": part} for number, part in lines]
        data = {"refund_id": f"o1.r{no}", "amount": amount, "lines": parts, "whole": False}
        self.add("order-7:o1", "order.refunded", at, **data)
        return self

    def dispute(self, type_name: str, at: datetime = START, **data: Any) -> "Shop":
        """A fact of a dispute."""
        self.add("dispute-7:d1", f"dispute.{type_name}", at, **data)
        return self


def test_a_second_charge_for_a_payment_is_owed_to_the_learner() -> None:
    """It is no revenue; its fee is a cost of no course; what goes back of it is no refund of a course."""
    shop = Shop().placed(line(1, 100, 0, "algebra")).captured(100)
    shop.add("payment-7:pi_2", "payment.found", order_id="o1", original_id="o1.1", amount=100, currency="EUR")
    shop.add("payment-7:pi_2", "payment.captured", amount=100, currency="EUR")
    shop.add("order-7:o1", "order.overpaid", payment_id="pi_2", amount=100)
    shop.add("payment-7:pi_2", "payment.fee_charged", fee=3, net=97, currency="EUR", balance_id="txn_2")
    held = {"EUR clearing": 197, "EUR courses:algebra": -100, "EUR customer_credit": -100, "EUR fees": 3}
    assert balances(booked(shop)) == held
    assert balances(booked(shop.refunded(100))) == {"EUR clearing": 97, "EUR courses:algebra": -100, "EUR fees": 3}


def test_a_sale_with_its_fee() -> None:
    """Money at the provider is revenue by course, and tax; what rounds is the rest of its whole; the fee is a cost."""
    shop = Shop().placed(line(1, 101, 16, "algebra", "logic"), line(2, 49, 8, "algebra")).captured(150)
    shop.add("payment-7:o1.1", "payment.fee_charged", fee=33, net=117, currency="EUR", balance_id="txn_1")
    stored = booked(shop)
    assert balances(stored) == {
        "EUR clearing": 117,
        "EUR courses:algebra": -83,
        "EUR courses:logic": -43,
        "EUR tax": -24,
        "EUR fees": 33,
    }
    assert rows_of(stored, ENTRIES, LedgerEntry)[0] == LedgerEntry(
        "7",
        4,
        "payment.captured",
        "o1",
        "o1.1",
        TODAY,
        [Entry(TODAY, [Posting("assets:clearing", "EUR", 150), Posting("assets:receivable", "EUR", -150)])],
    )
    assert rows_of(stored, REVENUE, Revenue) == [
        Revenue(TODAY, {"EUR algebra": 99, "EUR logic": 51}, fees={"EUR algebra": 22, "EUR logic": 11})
    ]


def test_an_order_books_nothing_before_money_comes() -> None:
    """An order that is placed, or costs nothing, books nothing."""
    shop = Shop().placed(line(1, 100, 16, "algebra"))
    shop.add("order-7:o2", "order.placed", lines=[line(1, 0, 0, "algebra")], currency="EUR")
    shop.add("order-7:o2", "order.paid", payment_id=None, amount=0)
    assert balances(booked(shop)) == {}


def test_refunds_give_all_of_the_tax_back() -> None:
    """Parts of a line carry its tax, together exactly all of it; a refund that fails later is taken back."""
    shop = Shop().placed(line(1, 100, 17, "algebra")).captured(100)
    shop.refunded(33, (1, 33)).refunded(33, (1, 33), no=2).refunded(34, (1, 34), no=3)
    assert balances(booked(shop)) == {"EUR courses:algebra": -83, "EUR refunds:algebra": 83}
    shop.add("order-7:o1", "order.refund_failed", refund_id="o1.r2", reason="the account is closed")
    assert balances(booked(shop)) == {
        "EUR clearing": 33,
        "EUR courses:algebra": -83,
        "EUR refunds:algebra": 56,
        "EUR tax": -6,
    }
    shop.add("order-7:o1", "order.refund_failed", refund_id="o1.r4", reason="refused")
    assert balances(booked(shop))["EUR clearing"] == 33


def test_what_is_paid_twice_is_owed() -> None:
    """An excess is no revenue: it is owed to the learner until it is given back."""
    shop = Shop().placed(line(1, 100, 0, "algebra")).captured(100)
    shop.asked("o1", 2, 100, "EUR").started("o1", 2, 100).captured(100, "overpaid", no=2)
    assert balances(booked(shop))["EUR customer_credit"] == -100
    stored = booked(shop.refunded(100))
    assert balances(stored) == {"EUR clearing": 100, "EUR courses:algebra": -100}
    assert rows_of(stored, REVENUE, Revenue) == [
        Revenue(TODAY, {"EUR algebra": 100, "EUR none": 100}, refunded={"EUR none": 100})
    ]


def test_a_dispute_is_held_until_it_is_decided() -> None:
    """Its money is in reserve; lost, it is a cost of the courses, in any order of messages, unless an appeal is won."""
    shop = Shop().placed(line(1, 100, 0, "algebra")).captured(100)
    shop.dispute("opened", order_id="o1", payment_id="o1.1", currency="EUR", amount=100)
    shop.dispute("funds_withdrawn", amount=100, fee=15, currency="EUR", balance_id="t1")
    held = balances(booked(shop))
    assert (held["EUR dispute_reserve"], held["EUR clearing"], held["EUR fees"]) == (100, -15, 15)
    won = balances(booked(shop.dispute("funds_reinstated", amount=100, fee=15, currency="EUR", balance_id="t2")))
    assert won == {"EUR clearing": 100, "EUR courses:algebra": -100}
    lost = {"EUR clearing": -15, "EUR courses:algebra": -100, "EUR disputes:algebra": 100, "EUR fees": 15}
    shop.dispute("funds_withdrawn", amount=100, fee=15, currency="EUR", balance_id="t3").dispute(
        "closed", outcome="lost"
    )
    assert balances(booked(shop)) == lost
    late = Shop().placed(line(1, 100, 0, "algebra")).captured(100)
    late.dispute("opened", order_id="o1", payment_id="o1.1", currency="EUR", amount=100).dispute(
        "closed", outcome="lost"
    )
    assert (
        balances(booked(late.dispute("funds_withdrawn", amount=100, fee=15, currency="EUR", balance_id="t1"))) == lost
    )
    late.dispute("closed", outcome="won")
    late.dispute("funds_reinstated", amount=100, fee=15, currency="EUR", balance_id="t2")
    assert balances(booked(late)) == won


def merged(first: tuple[str, ...], second: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Every way in which two sequences can come, each in its own order."""
    if not (first and second):
        yield first + second
        return
    yield from ((first[0], *rest) for rest in merged(first[1:], second))
    yield from ((second[0], *rest) for rest in merged(first, second[1:]))


@pytest.mark.parametrize("decided", ["won lost", "lost won", "won lost won", "lost won lost"])
def test_a_decision_that_is_turned_moves_the_money_once_more(decided: str) -> None:
    """Whether money or decision is said first: in the end it is a cost if the last one is `lost`, else nothing."""
    decisions = tuple(decided.split())
    is_lost = decisions[-1] == "lost"
    moves = ("withdrawn", "reinstated", "withdrawn", "reinstated")[: decisions.count("won") * 2 + is_lost]
    ways = set(merged(decisions, moves))
    assert len(ways) > 5
    for way in ways:
        shop = Shop().placed(line(1, 100, 0, "algebra")).captured(100)
        shop.dispute("opened", order_id="o1", payment_id="o1.1", currency="EUR", amount=100)
        for number, each in enumerate(way):
            if each in decisions:
                shop.dispute("closed", outcome=each)
            else:
                shop.dispute(f"funds_{each}", amount=100, fee=15, currency="EUR", balance_id=f"t{number}")
        sold = {"EUR courses:algebra": -100}
        cost = {"EUR clearing": -15, "EUR disputes:algebra": 100, "EUR fees": 15} if is_lost else {"EUR clearing": 100}
        assert balances(booked(shop)) == sold | cost, way


def test_another_currency_is_exchanged_at_the_provider() -> None:
    """A fee in the currency of our account moves what was paid in another one there, each currency by itself."""
    shop = Shop().placed(line(1, 1_000, 0, "algebra"), currency="JPY").captured(1_000, currency="JPY")
    shop.add("payment-7:o1.1", "payment.fee_charged", fee=50, net=550, currency="EUR", balance_id="t1")
    assert balances(booked(shop)) == {
        "JPY courses:algebra": -1_000,
        "JPY exchange": 1_000,
        "EUR clearing": 550,
        "EUR fees": 50,
        "EUR exchange": -600,
    }


def test_a_refund_takes_back_what_was_exchanged() -> None:
    """At the rate of then; where the account has the currency of the payment only a fee is left to book."""
    shop = Shop().placed(line(1, 1_000, 0, "algebra"), currency="JPY").captured(1_000, currency="JPY")
    shop.add("payment-7:o1.1", "payment.fee_charged", fee=50, net=550, currency="EUR", balance_id="t1")
    shop.refunded(1_000, (1, 1_000))
    moved: dict[str, Any] = {"order_id": "o1", "balance_id": "t2", "paid_currency": "JPY", "paid_amount": -1_000}
    shop.add("refund-7:o1.r1", "refund.funds_moved", **moved, amount=-620, fee=0, currency="EUR")
    assert balances(booked(shop)) == {
        "JPY courses:algebra": -1_000,
        "JPY refunds:algebra": 1_000,
        "EUR clearing": -70,
        "EUR fees": 50,
        "EUR exchange": 20,
    }
    back = {**moved, "balance_id": "t3", "paid_amount": 1_000}
    shop.add("order-7:o1", "order.refund_failed", refund_id="o1.r1", reason="closed")
    shop.add("refund-7:o1.r1", "refund.funds_moved", **back, amount=600, fee=5, currency="EUR")
    assert balances(booked(shop)) == {
        "JPY courses:algebra": -1_000,
        "JPY exchange": 1_000,
        "EUR clearing": 525,
        "EUR fees": 55,
        "EUR exchange": -580,
    }
    same = Shop().placed(line(1, 1_000, 0, "algebra")).captured(1_000).refunded(1_000, (1, 1_000))
    before = balances(booked(same))
    moved = {"order_id": "o1", "balance_id": "t2", "paid_currency": "EUR", "paid_amount": -1_000}
    same.add("refund-7:o1.r1", "refund.funds_moved", **moved, amount=-1_000, fee=0, currency="EUR")
    assert balances(booked(same)) == before


def test_a_dispute_moves_money_of_our_account() -> None:
    """Its money is in reserve, and lost, in the currency of our account, which may not be that of the payment."""
    shop = Shop().placed(line(1, 1_000, 0, "algebra"), currency="JPY").captured(1_000, currency="JPY")
    shop.dispute("opened", order_id="o1", payment_id="o1.1", currency="JPY", amount=1_000)
    shop.dispute("funds_withdrawn", amount=600, fee=15, currency="EUR", balance_id="t1")
    assert balances(booked(shop))["EUR dispute_reserve"] == 600
    lost = balances(booked(shop.dispute("closed", outcome="lost")))
    euros = {name: amount for name, amount in lost.items() if name.startswith("EUR")}
    assert euros == {"EUR clearing": -615, "EUR fees": 15, "EUR disputes:algebra": 600}


def test_a_payout_goes_to_the_bank_and_may_come_back() -> None:
    """It is booked on the day on which it arrives; one that fails is at the provider again."""
    shop = Shop()
    received = {"amount": 70, "currency": "EUR", "arrived_on": "2013-10-04", "transactions": 3}
    shop.add("payout-po_1", "payout.received", day(2), **received)
    stored = booked(shop)
    assert balances(stored, "2013-10-03") == {}
    assert balances(stored) == {"EUR bank": 70, "EUR clearing": -70}
    shop.add("payout-po_1", "payout.failed", day(4), reason="the account is closed")
    assert balances(booked(shop)) == {}


def test_a_plan_is_earned_month_by_month() -> None:
    """What a period of a plan costs is owed until its days are over; nothing depends on what is known first."""
    period: dict[str, Any] = {
        "order_id": "o1",
        "period_start": "2013-10-17T09:00:00Z",
        "period_end": "2014-01-17T09:00:00Z",
    }
    shop = Shop().placed(line(1, 920, 0, "algebra", plan=True)).captured(920)
    assert balances(booked(shop))["EUR deferred:algebra"] == -920
    shop.add("subscription-7:s1", "subscription.started", **period)
    first = Shop().placed(line(1, 920, 0, "algebra", plan=True))
    first.add("subscription-7:s1", "subscription.started", **period)
    for history in (shop, first.captured(920)):
        stored = booked(history)
        earned = [-balances(stored, until).get("EUR courses:algebra", 0) for until in ("2013-10-30", "2013-10-31")]
        earned += [
            -balances(stored, until)["EUR courses:algebra"] for until in ("2013-11-30", "2013-12-31", "2014-01-16")
        ]
        assert earned == [0, 150, 450, 760, 920]
        assert balances(stored) == {"EUR clearing": 920, "EUR courses:algebra": -920}


def test_a_closed_day_takes_no_more_entries() -> None:
    """What concerns it later is booked on the first open day; when it happened stays, and so does what was booked."""
    shop = Shop().placed(line(1, 100, 0, "algebra")).captured(60, "overpaid")
    shop.add("books-main", "books.period_closed", day(3), until="2013-10-03")
    shop.captured(40, "overpaid", no=2, at=day(1)).captured(100, no=3, at=day(5))
    stored = booked(shop)
    days = [(row.occurred_on, row.entries[0].day) for row in rows_of(stored, ENTRIES, LedgerEntry)]
    assert sorted(set(days)) == [(TODAY, TODAY), ("2013-10-02", "2013-10-04"), ("2013-10-06", "2013-10-06")]
    assert balances(stored, "2013-10-03") == {"EUR clearing": 60, "EUR customer_credit": -60}


AMOUNTS = st.integers(0, 10_000)
LINES = st.lists(
    st.builds(
        lambda total, tax_bp, courses, plan: (total, total * tax_bp // (10_000 + tax_bp), courses, plan),
        AMOUNTS,
        st.integers(0, 3_000),
        st.lists(st.sampled_from("abc"), max_size=3, unique=True),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)
KINDS = ("paid", "overpaid", "refunded", "refund_failed", "fee", "other_fee", "withdrawn", "reinstated", "closed")
STEPS = st.lists(
    st.tuples(st.sampled_from((*KINDS, "period", "payout", "books")), AMOUNTS, st.integers(0, 40), st.integers(1, 3)),
    max_size=25,
)


def step(shop: Shop, lines: list[dict[str, Any]], happens: tuple[str, int, int, int]) -> None:
    """One thing that happens, however odd after what has happened before."""
    kind, amount, at, no = happens
    when = day(at)
    match kind:
        case "paid" | "overpaid":
            shop.captured(amount, kind, no=no, at=when)
        case "refunded":
            part = min(amount, lines[0]["total"])
            shop.refunded(amount, (1, part), no=no, at=when)
        case "refund_failed":
            shop.add("order-7:o1", "order.refund_failed", when, refund_id=f"o1.r{no}", reason="")
        case "fee" | "other_fee":
            currency = "EUR" if kind == "fee" else "KWD"
            data = {"fee": no, "net": amount, "currency": currency, "balance_id": str(at)}
            shop.add("payment-7:o1.1", "payment.fee_charged", when, **data)
        case "withdrawn" | "reinstated":
            shop.dispute(f"funds_{kind}", when, amount=amount, fee=no, currency=("EUR", "KWD", "JPY")[no - 1])
        case "closed":
            shop.dispute("closed", when, outcome=("lost", "won", "warning_closed")[no - 1])
        case "period":
            end = day(at + amount % 400).isoformat()
            shop.add(
                "subscription-7:s1",
                "subscription.renewed",
                order_id="o1",
                period_start=when.isoformat(),
                period_end=end,
            )
        case "payout":
            received = {"amount": amount, "currency": "EUR", "arrived_on": when.date().isoformat(), "transactions": 1}
            shop.add(f"payout-p{no}", "payout.received", when, **received)
            if amount % 2:
                shop.add(f"payout-p{no}", "payout.failed", when, reason="")
        case "books":
            shop.add("books-main", "books.period_closed", when, until=when.date().isoformat())


@settings(max_examples=60, deadline=None)
@given(lines=LINES, steps=STEPS)
def test_the_books_balance_whatever_happens(lines: list[Any], steps: list[tuple[str, int, int, int]]) -> None:
    """After every fact of any history, each entry, the sums of each day and each currency add up to 0."""
    sold = [line(no, total, tax, *courses, plan=plan) for no, (total, tax, courses, plan) in enumerate(lines, 1)]
    shop = Shop().placed(*sold).dispute("opened", order_id="o1", payment_id="o1.1", currency="EUR", amount=1)
    for each in steps:
        step(shop, sold, each)
    stored = booked(shop)
    totals: dict[str, int] = defaultdict(int)
    rows: list[Any] = [*rows_of(stored, ENTRIES, LedgerEntry), *rows_of(stored, PAYOUT_ENTRIES, PayoutEntry)]
    for row in sorted(rows, key=lambda row: row.position):
        for entry in row.entries:
            for each in entry.postings:
                assert isinstance(each, Posting)
                totals[each.currency] += each.amount
        assert not any(totals.values())


def test_nothing_is_booked_on_a_guess() -> None:
    """A fact before the one that says in which currency it is fails, so that it is parked; it is not passed over."""
    for stream, type_name, data in (
        ("order-7:o1", "order.paid", {"payment_id": "o1.1", "amount": 1}),
        ("dispute-7:d1", "dispute.funds_withdrawn", {"amount": 1, "fee": 0, "currency": "EUR"}),
        ("payout-p1", "payout.failed", {"reason": ""}),
    ):
        with pytest.raises(LookupError, match="in which currency"):
            fold(Ledger, History().add(stream, type_name, **data))
