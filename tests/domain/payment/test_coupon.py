"""A coupon is valid for some orders, at some time, so many times."""

from datetime import timedelta
from typing import Any

import pytest

from domain.payment.coupon import Coupon, CouponTerms
from domain.payment.errors import BadCoupon, CouponExists, CouponNotFound, CouponNotValid, CouponUsedUp
from tests.support.given import AT, Said, fact, given

FIELDS: dict[str, Any] = {
    "kind": "percent",
    "percent_bp": 1_000,
    "amount": None,
    "currency": None,
    "valid_from": AT,
    "valid_until": AT + timedelta(days=30),
    "limit": 2,
    "limit_per_learner": 1,
    "products": ["algebra"],
}
CREATED = fact(Coupon.Created, **FIELDS)


def reserved(order_id: str, learner_id: str) -> Said:
    return fact(Coupon.Reserved, order_id=order_id, learner_id=learner_id)


def reserve(order_id: str = "o1", learner_id: str = "ann", **change: Any) -> Any:
    """What an order asks of the coupon."""
    asked = {"products": ["algebra", "other"], "currency": "EUR", "at": AT, **change}
    return lambda coupon: coupon.reserve(order_id, learner_id, **asked)


def test_a_coupon_is_given_out_once() -> None:
    """The same once more is nothing new, other terms are refused."""
    given(Coupon).when(lambda coupon: coupon.create(CouponTerms(**FIELDS))).then(CREATED)
    given(Coupon, CREATED).when(lambda coupon: coupon.create(CouponTerms(**FIELDS))).then()
    given(Coupon, CREATED).when(lambda coupon: coupon.create(CouponTerms(**{**FIELDS, "limit": 3}))).refused(
        CouponExists, coupon_id="SPRING"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "gift"},
        {"percent_bp": 0},
        {"percent_bp": 10_001},
        {"amount": 5},
        {"kind": "amount"},
        {"kind": "amount", "percent_bp": None, "amount": 500},
        {"kind": "amount", "percent_bp": None, "amount": 0, "currency": "EUR"},
        {"kind": "amount", "percent_bp": None, "amount": 1_005, "currency": "BHD"},
        {"valid_until": AT},
        {"limit": 0},
        {"limit_per_learner": 0},
        {"products": []},
    ],
)
def test_what_contradicts_itself_is_no_coupon(change: dict[str, Any]) -> None:
    """A percentage has no amount, an amount has a currency, and it can be used at some time, for something."""
    made = given(Coupon).when(lambda coupon: coupon.create(CouponTerms(**{**FIELDS, **change})))
    made.refused_because(BadCoupon)


def test_an_order_uses_a_coupon_once() -> None:
    """It is reserved, then redeemed; each a second time is nothing new."""
    given(Coupon, CREATED).when(reserve()).then(reserved("o1", "ann"))
    used = (CREATED, reserved("o1", "ann"))
    given(Coupon, *used).when(reserve()).then()
    redeemed = fact(Coupon.Redeemed, order_id="o1", learner_id="ann")
    given(Coupon, *used).when(lambda coupon: coupon.redeem("o1")).then(redeemed)
    given(Coupon, *used, redeemed).when(lambda coupon: coupon.redeem("o1")).then()
    given(Coupon, *used, redeemed).when(reserve()).then()
    given(Coupon, *used, redeemed).when(lambda coupon: coupon.release("o1", "expired")).then()


def test_a_coupon_has_limits() -> None:
    """Reservations count as much as what is redeemed, in all and of one learner."""
    ann, ben = reserved("o1", "ann"), reserved("o2", "ben")
    given(Coupon, CREATED, ann, ben).when(reserve("o3", "cid")).refused(CouponUsedUp, coupon_id="SPRING", limit=2)
    given(Coupon, CREATED, ann).when(reserve("o3", "ann")).refused(CouponUsedUp, coupon_id="SPRING", limit=1)
    given(Coupon, CREATED, ann, fact(Coupon.Redeemed, order_id="o1", learner_id="ann"), ben).when(
        reserve("o3", "cid")
    ).refused(CouponUsedUp, coupon_id="SPRING", limit=2)


def test_what_is_given_back_can_be_used_again() -> None:
    """An order that has ended without a payment frees its use."""
    ann, ben = reserved("o1", "ann"), reserved("o2", "ben")
    released = fact(Coupon.Released, order_id="o1", learner_id="ann", reason="expired")
    given(Coupon, CREATED, ann, ben).when(lambda coupon: coupon.release("o1", "expired")).then(released)
    given(Coupon, CREATED, ann, ben, released).when(reserve("o3", "ann")).then(reserved("o3", "ann"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"at": AT - timedelta(seconds=1)}, "valid from"),
        ({"at": AT + timedelta(days=30)}, "valid until"),
        ({"products": ["other"]}, "other products"),
    ],
)
def test_a_coupon_is_for_some_orders(change: dict[str, Any], why: str) -> None:
    """At some time, and for some products."""
    given(Coupon, CREATED).when(reserve(**change)).refused_because(CouponNotValid, why)


def test_an_amount_is_in_its_currency() -> None:
    """It is worth nothing in another one."""
    terms = {**FIELDS, "kind": "amount", "percent_bp": None, "amount": 500, "currency": "USD", "products": None}
    given(Coupon, fact(Coupon.Created, **terms)).when(reserve()).refused_because(CouponNotValid, "USD")


def test_a_coupon_that_is_taken_back_is_not_valid() -> None:
    """What was reserved before stays reserved; one that was never given out cannot be taken back."""
    retired = fact(Coupon.Retired, reason="spring is over")
    given(Coupon, CREATED).when(lambda coupon: coupon.retire("spring is over")).then(retired)
    given(Coupon, CREATED, retired).when(lambda coupon: coupon.retire("")).then()
    given(Coupon, CREATED, retired).when(reserve()).refused_because(CouponNotValid, "any more")
    given(Coupon).when(lambda coupon: coupon.retire("")).refused(CouponNotFound, coupon_id="SPRING")
    given(Coupon).when(reserve()).refused(CouponNotFound, coupon_id="SPRING")
