"""Payouts, receipts and closed days."""

from datetime import date
from typing import Any

from domain.payment.books import Books, Payout, Receipts
from domain.payment.errors import BadPeriod
from tests.support.given import AT, Said, fact, given

RECEIVED = fact(Payout.Received, amount=4_319, currency="EUR", arrived_on=date(2026, 3, 11), transactions=2)
TODAY = date(2026, 4, 1)
FAILED = fact(Payout.Failed, reason="account_closed")
MARCH = fact(Books.PeriodClosed, until=date(2026, 3, 31))


def ask(order_id: str) -> Any:
    return lambda receipts: receipts.issue("ann", order_id, 500, "EUR", AT)


def close(until: date) -> Any:
    return lambda books: books.close(until, TODAY)


def issued(number: str, order_id: str) -> Said:
    return fact(
        Receipts.Issued, number=number, learner_id="ann", order_id=order_id, total=500, currency="EUR", issued_at=AT
    )


def test_a_payout_arrives_once_and_may_fail() -> None:
    """Each once."""
    receive = lambda payout: payout.receive(4_319, "EUR", date(2026, 3, 11), 2)  # noqa: E731
    given(Payout).when(receive).then(RECEIVED)
    given(Payout, RECEIVED).when(receive).then()
    given(Payout, RECEIVED).when(lambda payout: payout.fail("account_closed")).then(FAILED)
    given(Payout, RECEIVED, FAILED).when(lambda payout: payout.fail("")).then()


def test_receipts_have_no_gaps() -> None:
    """The number is the place in the year, and an order has one."""
    first, second = issued("2026-000001", "o1"), issued("2026-000002", "o2")
    given(Receipts).when(ask("o1")).then(first, answer="2026-000001")
    given(Receipts, first).when(ask("o2")).then(second, answer="2026-000002")
    given(Receipts, first, second).when(ask("o1")).then(answer="2026-000001")


def test_days_that_are_over_are_closed_once() -> None:
    """Never today, and never back."""
    given(Books).when(close(date(2026, 3, 31))).then(MARCH)
    given(Books, MARCH).when(close(date(2026, 3, 31))).then()
    given(Books, MARCH).when(close(date(2026, 2, 28))).refused_because(BadPeriod, "closed until")
    given(Books).when(close(TODAY)).refused_because(BadPeriod, "not over")
