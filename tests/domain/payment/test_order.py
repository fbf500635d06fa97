"""An order knows what it costs, what was captured for it, and what of that can go back."""

from datetime import timedelta
from typing import Any

import pytest

from domain.payment.errors import BadRefund, NotRefundable, OrderNotFound, OrderNotOpen, RefundReasonNeeded, UnknownLine
from domain.payment.order import Order
from domain.payment.order_line import Grant, Line, LineAmount, Plan
from domain.payment.order_state import Status
from tests.support.given import AT, Said, fact, given, replay

EXPIRES = AT + timedelta(days=1)
WHY = "not what was wanted"


def line(number: int, total: int, plan: Plan | None = None) -> Line:
    return Line(
        number, f"p{number}", "Algebra", [Grant("algebra", None)], total, 0, 0, 0, total, None, "suspend", 2, plan
    )


def placed(*totals: int, **change: Any) -> Said:
    lines = [line(number, total) for number, total in enumerate(totals, 1)]
    fields = {
        "lines": lines,
        "currency": "EUR",
        "subtotal": sum(totals),
        "discount": 0,
        "tax": 0,
        "total": sum(totals),
        "coupon_id": None,
        "country": None,
        "subscription_id": None,
        "expires_at": EXPIRES,
    }
    return fact(Order.Placed, **{**fields, **change})


ONE, THREE = placed(1_000), placed(500, 300, 200)
STARTED = fact(Order.PaymentStarted, payment_id="o1.1", amount=1_000)
PAID = fact(Order.Paid, payment_id="o1.1", amount=1_000)
CANCELLED, EXPIRED = fact(Order.Cancelled, reason="learner"), fact(Order.Expired)
DISPUTED = fact(Order.Disputed, dispute_id="dp_1", payment_id="o1.1", amount=1_000)


def overpaid(reason: str = "already_paid", payment_id: str = "o1.2", amount: int = 1_000) -> Said:
    return fact(Order.Overpaid, payment_id=payment_id, amount=amount, reason=reason)


def closed(outcome: str) -> Said:
    return fact(Order.DisputeClosed, dispute_id="dp_1", outcome=outcome)


def requested(number: int, amount: int, *lines: tuple[int, int], payment_id: str = "o1.1") -> Said:
    return fact(
        Order.RefundRequested,
        refund_id=f"o1.r{number}",
        payment_id=payment_id,
        amount=amount,
        lines=[LineAmount(*each) for each in lines],
        reason=WHY,
    )


def refunded(number: int, amount: int, *lines: tuple[int, int], whole: bool = False) -> Said:
    lines_of = [LineAmount(*each) for each in lines]
    return fact(Order.Refunded, refund_id=f"o1.r{number}", amount=amount, whole=whole, lines=lines_of)


def refund(amount: int | None = None, lines: list[int] | None = None) -> Any:
    """Ask for a refund; the answer is left out."""

    def act(order: Order) -> None:
        order.request_refund(WHY, amount, lines)

    return act


def place(*lines: Line) -> Any:
    return lambda order: order.place(lines, "EUR", expires_at=EXPIRES)


def status(*facts: Said) -> Status:
    return replay(Order, "order-ann:o1", facts).status


def test_an_order_is_placed_once() -> None:
    """It adds up its lines; placing it again changes nothing."""
    given(Order).when(place(line(1, 500), line(2, 300), line(3, 200))).then(THREE)
    given(Order, THREE).when(place(line(1, 1))).then()


def test_what_costs_nothing_is_paid_at_once() -> None:
    """Without a payment; but a subscription that begins with a trial has to be begun by the provider."""
    given(Order).when(place(line(1, 0))).then(placed(0), fact(Order.Paid, payment_id=None, amount=0))
    trial = line(1, 0, Plan("month", 1, 7, 0, 900))
    given(Order).when(place(trial)).then(placed(0, lines=[trial]))
    given(Order, placed(0, lines=[trial])).when(lambda order: order.pay_nothing()).then(
        fact(Order.Paid, payment_id=None, amount=0)
    )
    given(Order, ONE).when(lambda order: order.pay_nothing()).then()


def test_an_open_order_can_be_paid_in_several_attempts() -> None:
    """Each has an id that follows from the order's."""
    given(Order, ONE).when(lambda order: order.start_payment()).then(STARTED, answer="o1.1")
    given(Order, ONE, STARTED).when(lambda order: order.start_payment()).then(
        fact(Order.PaymentStarted, payment_id="o1.2", amount=1_000), answer="o1.2"
    )
    given(Order, ONE, PAID).when(lambda order: order.start_payment()).refused(
        OrderNotOpen, order_id="o1", status="paid"
    )


def test_a_capture_pays_once() -> None:
    """The same message twice is one capture, another payment is too much."""
    given(Order, ONE).when(lambda order: order.capture("o1.1", 1_000)).then(PAID)
    given(Order, ONE, PAID).when(lambda order: order.capture("o1.1", 1_000)).then()
    given(Order, ONE, PAID).when(lambda order: order.capture("o1.2", 1_000)).then(overpaid())
    given(Order, ONE, PAID, overpaid()).when(lambda order: order.capture("o1.2", 1_000)).then()


@pytest.mark.parametrize(
    ("before", "amount", "reason"),
    [([CANCELLED], 1_000, "cancelled"), ([EXPIRED], 1_000, "expired"), ([], 999, "amount_differs")],
)
def test_money_that_pays_nothing_is_excess(before: list[Said], amount: int, reason: str) -> None:
    """It came after the end of the order, or is not what it costs; it can be refunded."""
    excess = overpaid(reason, "o1.1", amount)
    given(Order, ONE, *before).when(lambda order: order.capture("o1.1", amount)).then(excess)
    given(Order, ONE, *before, excess).when(refund()).then(requested(1, amount))


def test_an_order_can_be_cancelled_as_long_as_it_is_open() -> None:
    """Twice is once."""
    given(Order, ONE).when(lambda order: order.cancel("learner")).then(CANCELLED)
    given(Order, ONE, CANCELLED).when(lambda order: order.cancel("again")).then()
    for end, name in ((PAID, "paid"), (EXPIRED, "expired")):
        given(Order, ONE, end).when(lambda order: order.cancel("")).refused(OrderNotOpen, order_id="o1", status=name)


def test_an_order_expires_at_its_time() -> None:
    """Not before, not when it is paid, and once."""
    given(Order, ONE).when(lambda order: order.expire(EXPIRES - timedelta(seconds=1))).then()
    given(Order, ONE).when(lambda order: order.expire(EXPIRES)).then(EXPIRED)
    for end in (PAID, EXPIRED, CANCELLED):
        given(Order, ONE, end).when(lambda order: order.expire(EXPIRES)).then()


def test_all_is_refunded_if_nothing_else_is_said() -> None:
    """Line by line, and the excess of another payment as a refund of its own."""
    given(Order, THREE, PAID).when(refund()).then(requested(1, 1_000, (1, 500), (2, 300), (3, 200)))
    given(Order, THREE, PAID, overpaid()).when(refund()).then(
        requested(1, 1_000, payment_id="o1.2"), requested(2, 1_000, (1, 500), (2, 300), (3, 200))
    )


def test_some_lines_are_refunded() -> None:
    """Whole, or an amount from them."""
    given(Order, THREE, PAID).when(refund(lines=[2])).then(requested(1, 300, (2, 300)))
    given(Order, THREE, PAID).when(refund(100, [1, 2])).then(requested(1, 100, (1, 62), (2, 38)))
    given(Order, THREE, PAID, overpaid()).when(refund(lines=[2])).then(requested(1, 300, (2, 300)))


def test_an_amount_is_divided_between_lines() -> None:
    """After the excess, which goes back first; it is never above what is left of a line."""
    given(Order, THREE, PAID).when(refund(10)).then(requested(1, 10, (1, 5), (2, 3), (3, 2)))
    given(Order, THREE, PAID, overpaid()).when(refund(1_000)).then(requested(1, 1_000, payment_id="o1.2"))
    given(Order, THREE, PAID, requested(1, 300, (2, 300))).when(refund(700)).then(requested(2, 700, (1, 500), (3, 200)))


@pytest.mark.parametrize(
    ("facts", "ask", "wanted", "left"),
    [
        ([ONE], refund(), 0, 0),
        ([ONE, CANCELLED], refund(1), 1, 0),
        ([ONE, PAID], refund(1_001), 1_001, 1_000),
        ([ONE, PAID], refund(0), 0, 1_000),
        ([ONE, PAID], refund(-1), -1, 1_000),
        ([ONE, PAID, requested(1, 600, (1, 600))], refund(401), 401, 400),
        ([ONE, PAID, requested(1, 1_000, (1, 1_000)), refunded(1, 1_000, (1, 1_000), whole=True)], refund(), 0, 0),
        ([THREE, PAID], refund(301, [2]), 301, 300),
        ([THREE, PAID, requested(1, 300, (2, 300))], refund(lines=[2]), 0, 0),
        ([ONE, PAID, DISPUTED], refund(), 0, 0),
        ([ONE, PAID, DISPUTED, closed("lost")], refund(1), 1, 0),
    ],
)
def test_no_more_is_refunded_than_was_captured(facts: list[Said], ask: Any, wanted: int, left: int) -> None:
    """What is requested, issued, disputed or lost cannot go back once more; nor more of a line than it has cost."""
    given(Order, *facts).when(ask).refused(NotRefundable, order_id="o1", wanted=wanted, left=left)


def test_a_refund_has_a_reason_and_real_lines() -> None:
    """Staff say why, and of what."""
    given(Order, ONE, PAID).when(lambda order: order.request_refund(" ")).refused(RefundReasonNeeded, order_id="o1")
    given(Order, ONE, PAID).when(refund(lines=[2])).refused(UnknownLine, order_id="o1", line=2)


def test_a_dispute_that_was_won_frees_the_money() -> None:
    """As if it had never been."""
    given(Order, ONE, PAID, DISPUTED, closed("won")).when(refund()).then(requested(1, 1_000, (1, 1_000)))


def test_a_refund_is_issued_once() -> None:
    """It is whole if nothing that was captured is left."""
    part, rest = requested(1, 300, (2, 300)), requested(2, 700, (1, 500), (3, 200))
    given(Order, THREE, PAID, part).when(lambda order: order.refund("o1.r1")).then(refunded(1, 300, (2, 300)))
    done = refunded(1, 300, (2, 300))
    given(Order, THREE, PAID, part, done).when(lambda order: order.refund("o1.r1")).then()
    given(Order, THREE, PAID, part, done, rest).when(lambda order: order.refund("o1.r2")).then(
        refunded(2, 700, (1, 500), (3, 200), whole=True)
    )
    given(Order, THREE, PAID).when(lambda order: order.refund("o1.r1")).then()


def test_a_refund_that_has_failed_can_be_asked_for_again() -> None:
    """Also one that the bank has sent back after it was issued; what fails stays failed."""
    asked, failed = requested(1, 1_000, (1, 1_000)), fact(Order.RefundFailed, refund_id="o1.r1", reason="closed")
    issued = refunded(1, 1_000, (1, 1_000), whole=True)
    given(Order, ONE, PAID, asked).when(lambda order: order.fail_refund("o1.r1", "closed")).then(failed)
    given(Order, ONE, PAID, asked, issued).when(lambda order: order.fail_refund("o1.r1", "closed")).then(failed)
    given(Order, ONE, PAID, asked, failed).when(lambda order: order.fail_refund("o1.r1", "closed")).then()
    given(Order, ONE, PAID, asked, failed).when(lambda order: order.refund("o1.r1")).then()
    given(Order, ONE, PAID, asked, failed).when(refund()).then(requested(2, 1_000, (1, 1_000)))


def found(number: int, amount: int, *lines: tuple[int, int], payment_id: str = "o1.1") -> Said:
    """A refund that was made at the provider."""
    amounts = [LineAmount(*each) for each in lines]
    ids = {"refund_id": f"re_{number}", "payment_id": payment_id}
    return fact(Order.RefundFound, **ids, amount=amount, lines=amounts, reason="duplicate", cause="provider")


def find(number: int, amount: int, payment_id: str = "o1.1") -> Any:
    """The provider says that it has given money back."""
    return lambda order: order.find_refund(f"re_{number}", payment_id, amount, "duplicate", "provider")


def issued(refund_id: str, amount: int, *lines: tuple[int, int], whole: bool = False) -> Said:
    """A refund of that id was carried out."""
    amounts = [LineAmount(*each) for each in lines]
    return fact(Order.Refunded, refund_id=refund_id, amount=amount, whole=whole, lines=amounts)


def test_a_refund_made_at_the_provider_is_taken_as_it_is() -> None:
    """Once: whole, in part, of what was paid too much, and also if a refund of ours has reserved the money."""
    all_lines = (1, 500), (2, 300), (3, 200)
    whole = found(1, 1_000, *all_lines), issued("re_1", 1_000, *all_lines, whole=True)
    given(Order, THREE, PAID).when(find(1, 1_000)).then(*whole)
    given(Order, THREE, PAID, *whole).when(find(1, 1_000)).then()
    given(Order, THREE, PAID, *whole).when(refund(1)).refused(NotRefundable, order_id="o1", wanted=1, left=0)
    part = (1, 50), (2, 30), (3, 20)
    given(Order, THREE, PAID).when(find(1, 100)).then(found(1, 100, *part), issued("re_1", 100, *part))
    excess = found(1, 1_000, payment_id="o1.2"), issued("re_1", 1_000)
    given(Order, THREE, PAID, overpaid()).when(find(1, 1_000, "o1.2")).then(*excess)
    reserved = requested(1, 300, (2, 300))
    other = (1, 500), (3, 200)
    given(Order, THREE, PAID, reserved).when(find(1, 700)).then(found(1, 700, *other), issued("re_1", 700, *other))
    given(Order, THREE, PAID, reserved).when(find(1, 1_000)).then(*whole)


def test_a_dispute_is_opened_and_closed_once() -> None:
    """The same decision is recorded once, and what the dispute has turned once more."""
    given(Order, ONE, PAID).when(lambda order: order.dispute("dp_1", "o1.1", 1_000)).then(DISPUTED)
    given(Order, ONE, PAID, DISPUTED).when(lambda order: order.dispute("dp_1", "o1.1", 1_000)).then()
    given(Order, ONE, PAID, DISPUTED).when(lambda order: order.close_dispute("dp_1", "won")).then(closed("won"))
    given(Order, ONE, PAID, DISPUTED, closed("won")).when(lambda order: order.close_dispute("dp_1", "lost")).then(
        closed("lost")
    )
    given(Order, ONE, PAID, DISPUTED, closed("won")).when(lambda order: order.close_dispute("dp_1", "won")).then()
    given(Order, ONE, PAID).when(lambda order: order.close_dispute("dp_1", "won")).then()


def test_the_status_of_an_order() -> None:
    """An open dispute is shown first, then what was refunded, then that it was paid."""
    part, rest = requested(1, 300, (2, 300)), requested(2, 700, (1, 500), (3, 200))
    assert status() is Status.NONE
    assert status(THREE) is Status.OPEN
    assert [status(THREE, end) for end in (PAID, CANCELLED, EXPIRED)] == ["paid", "cancelled", "expired"]
    assert status(THREE, PAID, part) is Status.PAID
    assert status(THREE, PAID, part, refunded(1, 300, (2, 300))) is Status.PARTLY_REFUNDED
    all_of_it = (part, refunded(1, 300, (2, 300)), rest, refunded(2, 700, (1, 500), (3, 200), whole=True))
    assert status(THREE, PAID, *all_of_it) is Status.REFUNDED
    assert status(THREE, PAID, DISPUTED) is Status.DISPUTED
    assert status(THREE, PAID, DISPUTED, closed("lost")) is Status.PAID


def test_which_lines_have_ended() -> None:
    """Those that are wholly refunded; one that cost nothing ends with all the others."""
    gift = placed(500, 0, 500)
    part = (requested(1, 500, (1, 500)), refunded(1, 500, (1, 500)))
    rest = (requested(2, 500, (3, 500)), refunded(2, 500, (3, 500), whole=True))
    assert replay(Order, "order-ann:o1", [gift, PAID]).ended_lines == set()
    assert replay(Order, "order-ann:o1", [gift, PAID, part[0]]).ended_lines == set()
    assert replay(Order, "order-ann:o1", [gift, PAID, *part]).ended_lines == {1}
    assert replay(Order, "order-ann:o1", [gift, PAID, *part, *rest]).ended_lines == {1, 2, 3}


def test_only_a_dispute_about_what_pays_the_lines_is_about_access() -> None:
    """Money that came twice may be taken back without harm."""
    other = fact(Order.Disputed, dispute_id="dp_1", payment_id="o1.2", amount=1_000)
    for dispute, concerned in ((DISPUTED, True), (other, False)):
        assert replay(Order, "order-ann:o1", [ONE, PAID, overpaid(), dispute]).is_disputed is concerned
        assert replay(Order, "order-ann:o1", [ONE, PAID, overpaid(), dispute, closed("lost")]).is_lost is concerned
        assert not replay(Order, "order-ann:o1", [ONE, PAID, overpaid(), dispute, closed("won")]).is_lost


@pytest.mark.parametrize(
    "act",
    [
        lambda order: order.start_payment(),
        lambda order: order.capture("o1.1", 1),
        lambda order: order.cancel(""),
        refund(),
        lambda order: order.dispute("dp_1", "o1.1", 1),
    ],
)
def test_an_order_that_was_never_placed_is_unknown(act: Any) -> None:
    """Whatever is asked of it."""
    given(Order).when(act).refused(OrderNotFound, learner_id="ann", order_id="o1")


def test_a_refund_in_three_digits_can_be_paid() -> None:
    """It is refused where it is asked for, not by the provider; what is left of each line can be given back later."""
    dinars = [
        placed(500, 300, 200, currency="KWD"),
        STARTED,
        PAID,
    ]
    given(Order, *dinars).when(refund(105)).refused_because(BadRefund, "0.105 KWD is no multiple of 0.010 KWD")
    given(Order, *dinars).when(refund(110)).then(requested(1, 110, (1, 50), (2, 30), (3, 30)))
    given(Order, *dinars, requested(1, 110, (1, 50), (2, 30), (3, 30))).when(refund(lines=[2])).then(
        requested(2, 270, (2, 270))
    )
