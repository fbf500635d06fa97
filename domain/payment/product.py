"""
Products: what can be bought, and at which price from when on.

A product grants access to a course (its current run) or to one run, is a bundle of such products, or is a plan that is
paid for every interval. A price never changes in place: each is valid from a time on.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.payment.errors import BadPrice, BadProduct, NoPrice, ProductExists, ProductNotFound, ProductRetired
from domain.payment.money import MOST, check_currency, unpayable

COURSE, RUN, BUNDLE, PLAN = KINDS = ("course", "run", "bundle", "plan")
SUSPEND, KEEP = ON_DISPUTE = ("suspend", "keep")
INTERVALS = ("month", "year")


def product_stream(product_id: str) -> str:
    return stream_id("product", product_id)


class Price(msgspec.Struct, frozen=True):
    """
    A price in minor units.

    Attributes:
        version: the place of its fact in the stream of the product.
    """

    valid_from: datetime
    amount: int
    version: int


def price_at(prices: Iterable[Price], at: datetime) -> Price | None:
    """The one of the prices in a currency that is valid at a time, None for none."""
    valid = [price for price in prices if price.valid_from <= at]
    return max(valid, key=lambda price: (price.valid_from, price.version), default=None)


def present_prices(prices: Mapping[str, Sequence[Price]], at: datetime) -> dict[str, int]:
    """What a product costs at a time, by currency."""
    return {currency: price.amount for currency in prices if (price := price_at(prices[currency], at)) is not None}


def is_free(prices: Mapping[str, Sequence[Price]], at: datetime) -> bool:
    """Whether a product costs nothing at a time: it has a price, and each is 0."""
    present = present_prices(prices, at)
    return bool(present) and not any(present.values())


class Grants(Protocol):
    """What is known of a product that grants a course, a run of it, or what other products grant."""

    product_id: str
    course_id: str | None
    run_id: str | None
    products: list[str]


GrantsT = TypeVar("GrantsT", bound=Grants)


def granting(products: Sequence[GrantsT], course_id: str, run_id: str) -> list[GrantsT]:
    """Those of the products that grant a run of a course, by themselves or by a product that they consist of."""
    own = {each.product_id for each in products if each.course_id == course_id and each.run_id in (None, run_id)}
    return [each for each in products if each.product_id in own or not own.isdisjoint(each.products)]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a product is.

    Attributes:
        course_id: what a course product grants; of a run product the course of the run.
        products: what a bundle or a plan consists of: products of kind course or run.
        interval, interval_count: of a plan, such as every 3 months.
        trial_days: of a plan: how long it costs nothing.
        grace_days: of a plan: how long access lasts when a payment is late.
        access_days: how long access lasts; None: to the end of the run.
        on_dispute: whether access is suspended or kept while a payment is disputed.
    """

    title: str
    kind: str
    course_id: str | None = None
    run_id: str | None = None
    products: Sequence[str] = ()
    interval: str | None = None
    interval_count: int | None = None
    trial_days: int = 0
    grace_days: int = 0
    access_days: int | None = None
    on_dispute: str = SUSPEND


class Product(Aggregate):
    """Something that can be bought, and its prices."""

    category = "product"
    ids = ("product_id",)

    class Created(Aggregate.Event):
        TOPIC = "product.created"
        title: str
        kind: str
        course_id: str | None
        run_id: str | None
        products: list[str]
        interval: str | None
        interval_count: int | None
        trial_days: int
        grace_days: int
        access_days: int | None
        on_dispute: str

    class Retired(Aggregate.Event):
        TOPIC = "product.retired"
        reason: str

    class PriceChanged(Aggregate.Event):
        TOPIC = "product.price_changed"
        currency: str
        old: int | None
        new: int
        valid_from: datetime

    def initial_state(self) -> None:
        self.terms = Terms(title="", kind="")
        self.retired = False
        self.prices: dict[str, list[Price]] = {}

    @property
    def product_id(self) -> str:
        """The product, from the stream's id."""
        return self.id_of("product_id")

    def create(self, terms: Terms) -> None:
        """Put the product up for sale; it cannot be bought before it has a price."""
        terms = msgspec.structs.replace(terms, products=list(terms.products))
        if self.exists:
            if terms != self.terms:
                raise ProductExists(product_id=self.product_id)
            return
        _check(terms)
        self._created(**msgspec.structs.asdict(terms))

    @event(Created)
    def _created(
        self,
        title: str,
        kind: str,
        course_id: str | None,
        run_id: str | None,
        products: list[str],
        interval: str | None,
        interval_count: int | None,
        trial_days: int,
        grace_days: int,
        access_days: int | None,
        on_dispute: str,
    ) -> None:
        self.terms = Terms(
            title=title,
            kind=kind,
            course_id=course_id,
            run_id=run_id,
            products=products,
            interval=interval,
            interval_count=interval_count,
            trial_days=trial_days,
            grace_days=grace_days,
            access_days=access_days,
            on_dispute=on_dispute,
        )

    def retire(self, reason: str) -> None:
        """Sell it no more; who has bought it keeps what was bought."""
        self.must_exist()
        if not self.retired:
            self._retired(reason=reason)

    @event(Retired)
    def _retired(self, reason: str) -> None:
        self.retired = True

    def change_price(self, currency: str, amount: int, valid_from: datetime | None, at: datetime) -> None:
        """
        Sell it at *amount* from *valid_from* on (None: from now on, which is *at*); orders of before keep their price.

        Raises:
            BadPrice: the amount is negative, too much or cannot be paid, or the price would be valid in the past.
        """
        self._must_be_sold()
        check_currency(currency)
        if not 0 <= amount <= MOST:
            raise BadPrice(f"a price is 0 to {MOST} minor units, not {amount}", amount=amount)
        if why := unpayable(amount, currency):
            raise BadPrice(f"a price can be paid, and {why}", amount=amount)
        valid_from = valid_from or at
        if valid_from < at:
            raise BadPrice(f"a price cannot be valid since {valid_from:%Y-%m-%d %H:%M}, which is past")
        now = self.price_at(currency, valid_from)
        old = None if now is None else now.amount
        if old != amount:
            self._price_changed(currency=currency, old=old, new=amount, valid_from=valid_from)

    @event(PriceChanged)
    def _price_changed(self, currency: str, old: int | None, new: int, valid_from: datetime) -> None:
        self.prices.setdefault(currency, []).append(Price(valid_from, new, self.version + 1))

    def price(self, currency: str, at: datetime) -> Price:
        """
        The price at which it is sold.

        Raises:
            ProductNotFound, ProductRetired: it is not sold.
            NoPrice: it has no price in this currency, or none yet.
        """
        self._must_be_sold()
        price = self.price_at(currency, at)
        if price is None:
            raise NoPrice(product_id=self.product_id, currency=currency)
        return price

    def is_free(self, at: datetime) -> bool:
        """Whether it costs nothing: it is sold, and each of its prices is 0."""
        return not self.retired and is_free(self.prices, at)

    def price_at(self, currency: str, at: datetime) -> Price | None:
        """The price in a currency at a time, None for none."""
        return price_at(self.prices.get(currency, ()), at)

    def must_exist(self) -> None:
        """Refuse a product that was never made."""
        if not self.terms.kind:
            raise ProductNotFound(product_id=self.product_id)

    def _must_be_sold(self) -> None:
        self.must_exist()
        if self.retired:
            raise ProductRetired(product_id=self.product_id)


def _check(terms: Terms) -> None:
    """Refuse a product that grants nothing, or two things, or has terms that its kind cannot have."""
    if terms.kind not in KINDS:
        raise BadProduct(f"{terms.kind!r} is no kind of product; these are: {', '.join(KINDS)}", kind=terms.kind)
    if not terms.title.strip():
        raise BadProduct("a product has a title", kind=terms.kind)
    if terms.on_dispute not in ON_DISPUTE:
        raise BadProduct(f"in a dispute access is one of {', '.join(ON_DISPUTE)}", kind=terms.kind)
    has_course, has_run, has_parts = terms.course_id is not None, terms.run_id is not None, bool(terms.products)
    fits = {
        COURSE: has_course and not has_run and not has_parts,
        RUN: has_course and has_run and not has_parts,
        BUNDLE: has_parts and not has_course and not has_run,
        PLAN: has_parts != has_course and (has_course or not has_run),
    }[terms.kind]
    if not fits:
        raise BadProduct(
            "a course product grants a course, a run product a run of a course, a bundle products, a plan one of these",
            kind=terms.kind,
        )
    if len(set(terms.products)) < len(terms.products):
        raise BadProduct("a product is listed twice", kind=terms.kind)
    if terms.access_days is not None and terms.access_days < 1:
        raise BadProduct("access lasts a day at least", kind=terms.kind)
    _check_interval(terms)


def _check_interval(terms: Terms) -> None:
    if terms.kind != PLAN:
        if (terms.interval, terms.interval_count, terms.trial_days, terms.grace_days) != (None, None, 0, 0):
            raise BadProduct("only a plan has an interval, a trial and days of grace", kind=terms.kind)
        return
    if terms.interval not in INTERVALS or not 1 <= (terms.interval_count or 0) <= 36:
        raise BadProduct(f"a plan is paid for every 1 to 36 of {', '.join(INTERVALS)}", kind=terms.kind)
    if min(terms.trial_days, terms.grace_days) < 0 or terms.access_days is not None:
        raise BadProduct("a plan has 0 or more days of trial and of grace, and lasts as long as it is paid for")
