"""Use cases of orders: what is ordered, paid once, and given up."""

from datetime import timedelta
from typing import Any

import pytest

from commands.catalog import CloseRun
from commands.payment.coupons import CreateCoupon, RetireCoupon
from commands.payment.disputes import OpenDispute
from commands.payment.orders import CancelOrder, ExpireOrder
from commands.payment.payments import (
    RecordActionRequired,
    RecordAuthorised,
    RecordCapture,
    RecordFee,
    RecordIntent,
    RecordPaymentCancelled,
    RecordPaymentFailed,
    StartPayment,
)
from commands.payment.products import ChangePrice, CreateProduct, RetireProduct
from commands.payment.refunds import RecordProviderRefund, RecordRefund, RequestRefund
from domain.payment.coupon import Coupon
from domain.payment.order import Order
from domain.payment.payment import Payment
from tests.support.given import fact
from tests.support.shop import PRICE, SHOP, buy, order, paid
from tests.support.usecases import AT, RUN, SHUT, SMALL, Campus

LATE = AT + timedelta(days=1)
ORDER, PAYMENT = "order-ann:o1", "payment-ann:o1.1"


@pytest.fixture
async def shop(campus: Campus) -> Campus:
    """A campus that sells."""
    await campus.give(*SHOP)
    return campus


async def types(campus: Campus, command: Any, at: Any = AT) -> list[str]:
    """The types of the facts that come of a command."""
    return [fact.type for fact in await campus.facts(command, at=at)]


async def test_an_order_says_all_that_follows(shop: Campus) -> None:
    """Its line has title, price, tax and what is granted; a payment is asked for in the same append."""
    requested, placed, started = await shop.new(order(country="DE", tax_bp=1_900))
    assert requested == (
        PAYMENT,
        fact(Payment.Requested, order_id="o1", amount=PRICE, currency="EUR", attempt=1, provider="stripe"),
    )
    assert started == (ORDER, fact(Order.PaymentStarted, payment_id="o1.1", amount=PRICE))
    assert placed[1].fields["lines"] == [
        {
            "line": 1,
            "product_id": "one",
            "title": "Algebra, first run",
            "grants": [{"course_id": "algebra", "run_id": RUN}],
            "price": PRICE,
            "discount": 0,
            "tax": 782,
            "tax_bp": 1_900,
            "total": PRICE,
            "access_days": None,
            "on_dispute": "suspend",
            "price_version": 2,
            "plan": None,
        }
    ]
    assert placed[1].fields["expires_at"] == "2026-02-03T09:00:00Z"
    assert await shop.repeats(order())


async def test_an_open_order_is_placed_once(shop: Campus) -> None:
    """Another order for the same product is answered with the open one; one for more than that is refused."""
    await shop.give(order())
    (placed, started) = await shop.log.stream(ORDER)
    assert await shop.give(order("o2")) == started.position
    assert await shop.refused(order("o2", "one", "small")) == "other_order_open"
    assert await types(shop, order("o2", "small"))
    assert await types(shop, order("o3", learner_id="ben"))
    assert placed.type == "order.placed"


async def test_what_is_paid_is_not_sold_again_before_it_is_granted(shop: Campus) -> None:
    """The reactor may be late; what was given back in the meantime may be bought again."""
    await shop.give(order(), paid())
    assert await shop.refused(order("o2")) == "already_owned"
    assert await shop.refused(order("o2", "one", "small")) == "already_owned"
    assert await types(shop, order("o2", "small"))
    await shop.give(RequestRefund("ann", "o1", "asked"))
    assert await shop.refused(order("o3")) == "already_owned"
    await shop.give(RecordRefund("ann", "o1.r1", "re_1"))
    assert await types(shop, order("o3"))


async def test_a_price_change_touches_no_order(shop: Campus) -> None:
    """What was placed is paid at its price."""
    await shop.give(order(), ChangePrice("one", "EUR", 9_900))
    assert await shop.new(paid()) == [
        (
            PAYMENT,
            fact(
                Payment.Captured,
                intent_id="pi_o1.1",
                charge_id="ch_o1.1",
                amount=PRICE,
                currency="EUR",
                provider_event_id="evt_1",
            ),
        ),
        (ORDER, fact(Order.Paid, payment_id="o1.1", amount=PRICE)),
    ]
    assert await shop.repeats(paid())


async def test_what_is_free_is_paid_at_once(shop: Campus) -> None:
    """Without a payment, and its coupon is redeemed."""
    await shop.give(ChangePrice("small", "EUR", 0), CreateCoupon("ALL", "percent", percent_bp=10_000))
    assert await types(shop, order("o1", "small")) == ["order.placed", "order.paid"]
    assert await types(shop, order("o2", coupon_id="ALL")) == [
        "coupon.reserved",
        "coupon.redeemed",
        "order.placed",
        "order.paid",
    ]


async def test_what_is_refused(shop: Campus) -> None:
    """What is not sold, or cannot be entered, or is owned; and coupons and words that there are not."""
    await shop.give(
        CreateProduct("shut", "Algebra, shut", "run", run_id=SHUT),
        ChangePrice("shut", "EUR", 1),
        CreateProduct("later", "Algebra", "course", course_id="algebra"),
        ChangePrice("later", "EUR", 1, LATE),
    )
    assert await shop.refused(order("o1", "nothing")) == "product_not_found"
    assert await shop.refused(order("o1", "shut")) == "run_closed"
    assert await shop.refused(order("o1", "later")) == "no_price"
    assert await shop.refused(order("o1", "one", "one")) == "bad_order"
    assert await shop.refused(order("o1", "monthly", "small")) == "bad_order"
    assert await shop.refused(order("o1", coupon_id="NONE")) == "coupon_not_found"
    assert await shop.refused(order("o:1")) == "bad_identifier"
    await buy(shop, "o2")
    assert await shop.refused(order("o3")) == "already_owned"
    assert await types(shop, order("o3", "monthly"))
    await shop.give(RetireProduct("small"))
    assert await shop.refused(order("o4", "small")) == "product_retired"
    assert await shop.refused(CancelOrder("ann", "o9")) == "order_not_found"
    assert await shop.refused(ExpireOrder("ann", "o9")) == "order_not_found"
    assert await shop.refused(StartPayment("ann", "o2")) == "order_not_open"


async def test_a_run_that_is_full_or_over_is_not_sold(shop: Campus) -> None:
    """Nor a course without a run that is open."""
    await buy(shop, "o1", "small", amount=2_000)
    assert await shop.refused(order("o2", "small", learner_id="ben")) == "sold_out"
    assert await shop.refused(order("o2", "both", learner_id="ben")) == "sold_out"
    assert await shop.refused(order("o2"), at=AT + timedelta(days=365)) == "run_ended"
    await shop.give(CloseRun(RUN), CloseRun(SMALL), CreateProduct("any", "Algebra", "course", course_id="algebra"))
    await shop.give(ChangePrice("any", "EUR", 1))
    assert await shop.refused(order("o2", "any", learner_id="ben")) == "no_run_on_sale"


async def test_an_order_that_ends_gives_its_coupon_back(shop: Campus) -> None:
    """The limit holds while it is reserved, and after it is redeemed."""
    await shop.give(order(coupon_id="HALF"))
    assert await shop.refused(order("o2", learner_id="ben", coupon_id="HALF")) == "coupon_used_up"
    assert await shop.new(CancelOrder("ann", "o1", "learner")) == [
        ("coupon-HALF", fact(Coupon.Released, order_id="o1", learner_id="ann", reason="cancelled")),
        (ORDER, fact(Order.Cancelled, reason="learner")),
    ]
    assert await shop.repeats(CancelOrder("ann", "o1", "learner"))
    await shop.give(order("o2", learner_id="ben", coupon_id="HALF"))
    assert await types(shop, ExpireOrder("ben", "o2")) == []
    assert await types(shop, ExpireOrder("ben", "o2"), at=LATE) == ["coupon.released", "order.expired"]
    await shop.give(order("o3", learner_id="cid", coupon_id="HALF"))
    assert await types(shop, paid("o3.1", PRICE // 2, "cid")) == ["coupon.redeemed", "payment.captured", "order.paid"]
    assert await shop.refused(order("o4", learner_id="dan", coupon_id="HALF")) == "coupon_used_up"
    await shop.give(RetireCoupon("HALF"))
    assert await shop.refused(order("o4", learner_id="dan", coupon_id="HALF")) == "coupon_not_valid"


async def test_an_order_that_is_overdue_makes_room_when_its_timer_has_asked(shop: Campus) -> None:
    """Placing again does not end it: the provider was not asked whether it was paid. Other products can be ordered."""
    await shop.give(order(coupon_id="HALF"))
    assert await shop.refused(order("o2"), at=LATE) == "order_expiring"
    assert await shop.refused(order("o2", "one", "small"), at=LATE) == "order_expiring"
    assert await types(shop, order("o2", "small"), at=LATE)
    assert await types(shop, ExpireOrder("ann", "o1"), at=LATE) == ["coupon.released", "order.expired"]
    assert (await types(shop, order("o3", coupon_id="HALF"), at=LATE))[0] == "coupon.reserved"


async def test_another_attempt_is_made_when_one_is_over(shop: Campus) -> None:
    """Not while one goes on; the page of the first may still be paid, and then is too much."""
    await shop.give(order(), RecordIntent("ann", "o1.1", "cs_1", PRICE, "EUR", "pi_1", "https://pay.example", LATE))
    assert await types(shop, StartPayment("ann", "o1")) == []
    await shop.give(RecordPaymentFailed("ann", "o1.1", "card_declined"))
    assert await types(shop, StartPayment("ann", "o1")) == ["payment.requested", "order.payment_started"]
    await shop.give(paid("o1.2"))
    assert await types(shop, paid("o1.1")) == ["payment.captured", "order.overpaid"]


async def test_a_second_charge_is_a_payment_of_its_own(shop: Campus) -> None:
    """The provider has charged twice under one id: the second money is found, once, and goes back by itself."""
    again = RecordCapture("ann", "o1.1", PRICE, "EUR", "pi_2", "ch_2")
    await shop.give(order(), paid())
    stream = "payment-ann:pi_2"
    found = {"order_id": "o1", "original_id": "o1.1", "amount": PRICE, "currency": "EUR", "provider": "stripe"}
    charged = {"intent_id": "pi_2", "charge_id": "ch_2", "amount": PRICE, "currency": "EUR", "provider_event_id": None}
    assert await shop.new(again) == [
        (stream, fact(Payment.Found, **found)),
        (stream, fact(Payment.Captured, **charged)),
        (ORDER, fact(Order.Overpaid, payment_id="pi_2", amount=PRICE, reason="already_paid")),
    ]
    for repeated in (again, paid(), RecordCapture("ann", "pi_2", PRICE, "EUR", "pi_2", "ch_2")):
        assert await shop.repeats(repeated)
    for command, streams in (
        (RecordFee("ann", "o1.1", "txn_2", 91, PRICE - 91, "EUR", None, "pi_2"), [stream]),
        (RecordFee("ann", "o1.1", "txn_1", 91, PRICE - 91, "EUR", None, "pi_o1.1"), [PAYMENT]),
        (OpenDispute("ann", "dp_1", "o1.1", "dp_1", 100, "EUR", "x", None, "pi_2"), ["dispute-ann:dp_1", ORDER]),
    ):
        assert [each.stream_id for each in await shop.facts(command)] == streams
        assert await shop.repeats(command)
    assert (await shop.log.stream("dispute-ann:dp_1"))[0].data["payment_id"] == "pi_2"
    there = RecordProviderRefund("ann", "o1.1", "re_1", 900, "EUR", intent_id="pi_2")
    assert [each.data.get("payment_id") for each in await shop.facts(there)] == ["pi_2", "pi_2", None]
    asked = await shop.facts(RequestRefund("ann", "o1", "paid twice", PRICE - 1_000))
    assert (asked[0].data["payment_id"], asked[0].data["intent_id"], asked[0].data["lines"]) == ("pi_2", "pi_2", [])


async def test_a_second_charge_pays_an_order_that_the_first_has_not_paid(shop: Campus) -> None:
    """The amount of the first one differs; the coupon is redeemed with the second."""
    await shop.give(order(coupon_id="HALF"), paid(amount=100))
    assert await types(shop, RecordCapture("ann", "o1.1", PRICE // 2, "EUR", "pi_2", "ch_2")) == [
        "coupon.redeemed",
        "payment.found",
        "payment.captured",
        "order.paid",
    ]


async def test_the_page_that_was_made_again_after_a_capture_is_not_what_was_paid(shop: Campus) -> None:
    """A refund goes to the charge, whichever page became known later."""
    late = RecordIntent("ann", "o1.1", "cs_2", PRICE, "EUR", "pi_2", "https://pay.example", LATE)
    await shop.give(order(), paid(), late)
    asked = await shop.facts(RequestRefund("ann", "o1", "asked"))
    assert asked[0].data["intent_id"] == "pi_o1.1"


async def test_messages_about_a_payment_are_recorded_once(shop: Campus) -> None:
    """Each is a fact of the payment alone."""
    await shop.give(order())
    for command, new in (
        (RecordActionRequired("ann", "o1.1"), "payment.action_required"),
        (RecordAuthorised("ann", "o1.1", PRICE), "payment.authorised"),
        (RecordFee("ann", "o1.1", "txn_1", 91, PRICE - 91, "EUR"), "payment.fee_charged"),
        (RecordPaymentCancelled("ann", "o1.1", "expired"), "payment.cancelled"),
    ):
        assert await types(shop, command) == [new]
        assert await shop.repeats(command)
    assert await shop.refused(RecordFee("ann", "o9.1", "txn_1", 1, 1, "EUR")) == "payment_not_found"
    assert await shop.refused(paid("o9.1")) == "payment_not_found"
