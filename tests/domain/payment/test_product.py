"""What a product is, and from when on it has which price."""

from datetime import timedelta
from typing import Any

import pytest

from domain.payment.errors import (
    BadPrice,
    BadProduct,
    NoPrice,
    ProductExists,
    ProductNotFound,
    ProductRetired,
    UnknownCurrency,
)
from domain.payment.product import Product, Terms
from tests.support.given import AT, Said, fact, given, replay

FIELDS: dict[str, Any] = {
    "title": "Algebra",
    "kind": "course",
    "course_id": "algebra",
    "run_id": None,
    "products": [],
    "interval": None,
    "interval_count": None,
    "trial_days": 0,
    "grace_days": 0,
    "access_days": None,
    "on_dispute": "suspend",
}
CREATED = fact(Product.Created, **FIELDS)
RETIRED = fact(Product.Retired, reason="old")
LATER = AT + timedelta(days=30)


def price(new: int, old: int | None = None, *, valid_from: Any = AT, currency: str = "EUR") -> Said:
    return fact(Product.PriceChanged, currency=currency, old=old, new=new, valid_from=valid_from)


def test_a_product_is_made_once() -> None:
    """The same once more is nothing new, another product of this id is refused."""
    given(Product).when(lambda product: product.create(Terms(**FIELDS))).then(CREATED)
    given(Product, CREATED).when(lambda product: product.create(Terms(**FIELDS))).then()
    given(Product, CREATED).when(lambda product: product.create(Terms(**{**FIELDS, "title": "Other"}))).refused(
        ProductExists, product_id="algebra"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "gift"},
        {"title": " "},
        {"on_dispute": "shrug"},
        {"course_id": None},
        {"run_id": "algebra-1"},
        {"kind": "run"},
        {"kind": "bundle"},
        {"kind": "bundle", "course_id": None, "products": ["a", "a"]},
        {"products": ["a"]},
        {"access_days": 0},
        {"trial_days": 7},
        {"interval": "month", "interval_count": 1},
        {"kind": "plan"},
        {"kind": "plan", "interval": "week", "interval_count": 1},
        {"kind": "plan", "interval": "month", "interval_count": 0},
        {"kind": "plan", "interval": "month", "interval_count": 1, "grace_days": -1},
        {"kind": "plan", "interval": "month", "interval_count": 1, "access_days": 30},
        {"kind": "plan", "interval": "month", "interval_count": 1, "products": ["a"]},
    ],
)
def test_what_contradicts_itself_is_no_product(change: dict[str, Any]) -> None:
    """A product grants one kind of thing, and only a plan has an interval."""
    made = given(Product).when(lambda product: product.create(Terms(**{**FIELDS, **change})))
    made.refused_because(BadProduct)


@pytest.mark.parametrize(
    "terms",
    [
        {"kind": "run", "run_id": "algebra-1"},
        {"kind": "bundle", "course_id": None, "products": ["a", "b"]},
        {"kind": "plan", "interval": "month", "interval_count": 3, "trial_days": 7, "grace_days": 3},
        {"kind": "plan", "course_id": None, "products": ["a"], "interval": "year", "interval_count": 1},
    ],
)
def test_a_product_may_be_a_run_a_bundle_or_a_plan(terms: dict[str, Any]) -> None:
    """Each with what belongs to it."""
    given(Product).when(lambda product: product.create(Terms(**{**FIELDS, **terms}))).then(
        fact(Product.Created, **{**FIELDS, **terms})
    )


def test_a_price_is_valid_from_a_time_on() -> None:
    """What was sold before keeps its price, and a price that comes later is known now."""
    product = replay(Product, "product-algebra", [CREATED, price(4_900), price(5_900, 4_900, valid_from=LATER)])
    assert product.price("EUR", AT).amount == product.price("EUR", LATER - timedelta(seconds=1)).amount == 4_900
    assert (product.price("EUR", LATER).amount, product.price("EUR", LATER).version) == (5_900, 3)


def test_a_price_is_changed_once() -> None:
    """The same price is no change; a later one knows what it replaces."""
    given(Product, CREATED).when(lambda product: product.change_price("EUR", 4_900, None, AT)).then(price(4_900))
    given(Product, CREATED, price(4_900)).when(lambda product: product.change_price("EUR", 4_900, LATER, AT)).then()
    given(Product, CREATED, price(4_900)).when(lambda product: product.change_price("EUR", 0, LATER, AT)).then(
        price(0, 4_900, valid_from=LATER)
    )


def test_a_price_does_not_change_the_past() -> None:
    """Nor is it negative, or in no currency."""
    made = given(Product, CREATED)
    made.when(lambda product: product.change_price("EUR", 1, AT - timedelta(days=1), AT)).refused_because(
        BadPrice, "past"
    )
    made.when(lambda product: product.change_price("EUR", -1, None, AT)).refused_because(BadPrice, "minor units")
    made.when(lambda product: product.change_price("KWD", 5_125, None, AT)).refused_because(
        BadPrice, "a price can be paid, and 5.125 KWD is no multiple of 0.010 KWD"
    )
    made.when(lambda product: product.change_price("XXL", 1, None, AT)).refused(UnknownCurrency, currency="XXL")


def test_what_is_not_sold_has_no_price() -> None:
    """Products that do not exist, are retired, or have no price in a currency, or none yet."""
    given(Product).when(lambda product: product.price("EUR", AT)).refused(ProductNotFound, product_id="algebra")
    given(Product).when(lambda product: product.retire("")).refused(ProductNotFound, product_id="algebra")
    given(Product, CREATED, price(4_900), RETIRED).when(lambda product: product.price("EUR", AT)).refused(
        ProductRetired, product_id="algebra"
    )
    soon = given(Product, CREATED, price(4_900, valid_from=LATER))
    soon.when(lambda product: product.price("EUR", AT)).refused(NoPrice, product_id="algebra", currency="EUR")
    soon.when(lambda product: product.price("USD", AT)).refused(NoPrice, product_id="algebra", currency="USD")


def test_a_product_is_retired_once() -> None:
    """A second time is nothing new."""
    given(Product, CREATED).when(lambda product: product.retire("old")).then(RETIRED)
    given(Product, CREATED, RETIRED).when(lambda product: product.retire("older")).then()


@pytest.mark.parametrize(
    ("facts", "free"),
    [
        ([], False),
        ([price(0)], True),
        ([price(0), price(100, currency="USD")], False),
        ([price(0), price(100, 0, valid_from=LATER)], True),
        ([price(0), RETIRED], False),
    ],
)
def test_a_product_is_free_if_all_its_prices_are_nothing(facts: list[Said], *, free: bool) -> None:
    """And it is sold: what is retired lets no learner in."""
    assert replay(Product, "product-algebra", [CREATED, *facts]).is_free(AT) is free
