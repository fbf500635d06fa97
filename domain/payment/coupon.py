"""
Coupons: a percentage or an amount off, for so many orders.

An order reserves its coupon when it is placed, and the limit counts reservations: it can never be redeemed more often.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.payment.errors import BadCoupon, CouponExists, CouponNotFound, CouponNotValid, CouponUsedUp
from domain.payment.money import FULL, MOST, check_currency, unpayable

PERCENT, AMOUNT = KINDS = ("percent", "amount")


def coupon_stream(coupon_id: str) -> str:
    return stream_id("coupon", coupon_id)


class CouponTerms(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a coupon gives, and to whom.

    Attributes:
        percent_bp: of a percentage, in basis points.
        amount: minor units off, in *currency*.
        currency: of an amount; a percentage may be for one currency only, too.
        valid_until: from this time on it is not valid.
        limit, limit_per_learner: how often it can be used; None for no limit.
        products: the products that it is for; None for all.
    """

    kind: str
    percent_bp: int | None = None
    amount: int | None = None
    currency: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    limit: int | None = None
    limit_per_learner: int | None = None
    products: Sequence[str] | None = None


class Coupon(Aggregate):
    """A coupon, and the orders that use it."""

    category = "coupon"
    ids = ("coupon_id",)
    mentions_learner = True
    snapshot_every = 200
    snapshot_fields: ClassVar = {
        "terms": CouponTerms,
        "retired": bool,
        "reserved": dict[str, str],
        "redeemed": dict[str, str],
    }

    class Created(Aggregate.Event):
        TOPIC = "coupon.created"
        kind: str
        percent_bp: int | None
        amount: int | None
        currency: str | None
        valid_from: datetime | None
        valid_until: datetime | None
        limit: int | None
        limit_per_learner: int | None
        products: list[str] | None

    class Reserved(Aggregate.Event):
        TOPIC = "coupon.reserved"
        order_id: str
        learner_id: str

    class Redeemed(Aggregate.Event):
        TOPIC = "coupon.redeemed"
        order_id: str
        learner_id: str

    class Released(Aggregate.Event):
        TOPIC = "coupon.released"
        order_id: str
        learner_id: str
        reason: str

    class Retired(Aggregate.Event):
        TOPIC = "coupon.retired"
        reason: str

    def initial_state(self) -> None:
        self.terms = CouponTerms(kind="")
        self.retired = False
        self.reserved: dict[str, str] = {}  # the learner of each order
        self.redeemed: dict[str, str] = {}

    @property
    def coupon_id(self) -> str:
        """The coupon, from the stream's id."""
        return self.id_of("coupon_id")

    def create(self, terms: CouponTerms) -> None:
        """Give the coupon out."""
        if terms.products is not None:
            terms = msgspec.structs.replace(terms, products=list(terms.products))
        if self.exists:
            if terms != self.terms:
                raise CouponExists(coupon_id=self.coupon_id)
            return
        _check(terms)
        self._created(**msgspec.structs.asdict(terms))

    @event(Created)
    def _created(
        self,
        kind: str,
        percent_bp: int | None,
        amount: int | None,
        currency: str | None,
        valid_from: datetime | None,
        valid_until: datetime | None,
        limit: int | None,
        limit_per_learner: int | None,
        products: list[str] | None,
    ) -> None:
        self.terms = CouponTerms(
            kind=kind,
            percent_bp=percent_bp,
            amount=amount,
            currency=currency,
            valid_from=valid_from,
            valid_until=valid_until,
            limit=limit,
            limit_per_learner=limit_per_learner,
            products=products,
        )

    def reserve(self, order_id: str, learner_id: str, *, products: Sequence[str], currency: str, at: datetime) -> None:
        """
        Keep one use of the coupon for an order of *products*.

        Raises:
            CouponNotFound: there is no such coupon.
            CouponNotValid: it is retired, or not for this order, or not at this time.
            CouponUsedUp: all its uses are reserved or redeemed, in all or by this learner.
        """
        if not self.terms.kind:
            raise CouponNotFound(coupon_id=self.coupon_id)
        if order_id in self.reserved or order_id in self.redeemed:
            return
        self._must_be_for(products, currency, at)
        learners = [*self.reserved.values(), *self.redeemed.values()]
        for limit, used in (
            (self.terms.limit, len(learners)),
            (self.terms.limit_per_learner, learners.count(learner_id)),
        ):
            if limit is not None and used >= limit:
                raise CouponUsedUp(coupon_id=self.coupon_id, limit=limit)
        self._reserved(order_id=order_id, learner_id=learner_id)

    @event(Reserved)
    def _reserved(self, order_id: str, learner_id: str) -> None:
        self.reserved[order_id] = learner_id

    def redeem(self, order_id: str) -> None:
        """The order is paid."""
        if order_id in self.reserved:
            self._redeemed(order_id=order_id, learner_id=self.reserved[order_id])

    @event(Redeemed)
    def _redeemed(self, order_id: str, learner_id: str) -> None:
        self.reserved.pop(order_id, None)
        self.redeemed[order_id] = learner_id

    def release(self, order_id: str, reason: str) -> None:
        """The order was cancelled, or has expired: another one may have its use."""
        if order_id in self.reserved:
            self._released(order_id=order_id, learner_id=self.reserved[order_id], reason=reason)

    @event(Released)
    def _released(self, order_id: str, learner_id: str, reason: str) -> None:
        self.reserved.pop(order_id, None)

    def retire(self, reason: str) -> None:
        """Take it back; orders that have reserved it keep their discount."""
        if not self.terms.kind:
            raise CouponNotFound(coupon_id=self.coupon_id)
        if not self.retired:
            self._retired(reason=reason)

    @event(Retired)
    def _retired(self, reason: str) -> None:
        self.retired = True

    def _must_be_for(self, products: Sequence[str], currency: str, at: datetime) -> None:
        terms, name = self.terms, f"coupon {self.coupon_id}"
        if self.retired:
            raise CouponNotValid(f"{name} is not valid any more", coupon_id=self.coupon_id)
        if terms.valid_from is not None and at < terms.valid_from:
            raise CouponNotValid(
                f"{name} is valid from {terms.valid_from:%Y-%m-%d %H:%M} UTC on", coupon_id=self.coupon_id
            )
        if terms.valid_until is not None and at >= terms.valid_until:
            raise CouponNotValid(
                f"{name} was valid until {terms.valid_until:%Y-%m-%d %H:%M} UTC", coupon_id=self.coupon_id
            )
        if terms.currency not in (None, currency):
            raise CouponNotValid(f"{name} is for orders in {terms.currency}", coupon_id=self.coupon_id)
        if terms.products is not None and not set(terms.products) & set(products):
            raise CouponNotValid(f"{name} is for other products", coupon_id=self.coupon_id)


def _check(terms: CouponTerms) -> None:
    if terms.kind not in KINDS:
        raise BadCoupon(f"{terms.kind!r} is no kind of coupon; these are: {', '.join(KINDS)}")
    if terms.kind == PERCENT and (terms.amount is not None or not 0 < (terms.percent_bp or 0) <= FULL):
        raise BadCoupon(f"a percentage is 1 to {FULL} basis points, without an amount")
    if terms.kind == AMOUNT and (
        terms.percent_bp is not None or not 0 < (terms.amount or 0) <= MOST or terms.currency is None
    ):
        raise BadCoupon("an amount is 1 minor unit at least, of a currency, without a percentage")
    if terms.currency is not None:
        check_currency(terms.currency)
        if why := unpayable(terms.amount or 0, terms.currency):
            raise BadCoupon(f"a discount can be given, and {why}")
    if terms.valid_from is not None and terms.valid_until is not None and terms.valid_until <= terms.valid_from:
        raise BadCoupon("a coupon is valid for some time")
    if any(limit is not None and limit < 1 for limit in (terms.limit, terms.limit_per_learner)):
        raise BadCoupon("a coupon can be used once at least")
    if terms.products is not None and not terms.products:
        raise BadCoupon("a coupon is for some product, or for all")
