"""
What `campus payments simulate` orders: decided by a seed alone, so that the same seed orders the same once more.

Names are those of the plan; what is sent has the tag of its simulation before each, so that two of them never meet.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

RUNS = ("a", "b")
HALF, TEN, FREE = COUPONS = ("half", "ten", "free")
TWICE = 0.1  # of the learners buy twice
PAGE_PAUSE = 0.5  # seconds at most between two steps of a customer that race each other

PAID, DECLINED_FIRST, ASKED, ASKED_TWICE, TWO_TABS, SECOND_ATTEMPT, ABANDONED, CANCELLED, TOO_LATE = WAYS = (
    "paid",
    "declined_first",
    "three_d_secure",
    "three_d_secure_failed_first",
    "two_tabs",
    "second_attempt",
    "abandoned",
    "cancelled",
    "paid_while_cancelled",
)
"""How an order is paid, or is not."""
WAYS_BY_CHANCE = dict(zip(WAYS, (40, 12, 10, 5, 10, 6, 5, 6, 6), strict=True))

KEPT, WHOLE, BY_LINE, BY_AMOUNT, AT_ONCE, FAILS, THERE, OPEN, WON, LOST, TURNED = ENDS = (
    "kept",
    "refunded",
    "refunded_by_line",
    "refunded_by_amount",
    "refunded_twice_at_once",
    "refund_fails",
    "refunded_at_provider",
    "disputed",
    "dispute_won",
    "dispute_lost",
    "dispute_turned",
)
"""What becomes of the money; each dispute may come with a refund of an amount beside it."""
ENDS_BY_CHANCE = dict(zip(ENDS, (48, 9, 8, 8, 4, 4, 4, 4, 4, 4, 3), strict=True))


@dataclass(frozen=True)
class Product:
    """Something that is sold: access to *runs*, at a price for each currency in minor units."""

    name: str
    runs: tuple[str, ...]
    prices: dict[str, int]
    on_dispute: str = "suspend"
    products: tuple[str, ...] = ()
    """Of a bundle."""


PRODUCTS = (
    Product("one", ("a",), {"EUR": 4_900, "JPY": 7_800, "KWD": 15_000}),
    Product("two", ("b",), {"EUR": 2_000, "JPY": 3_200, "KWD": 6_200}, on_dispute="keep"),
    Product("both", RUNS, {"EUR": 6_000, "JPY": 9_800, "KWD": 19_000}, products=("one", "two")),
)
BASKETS = (("one",), ("two",), ("both",), ("one", "two"))
CURRENCIES = {"EUR": 80, "JPY": 10, "KWD": 10}


@dataclass(frozen=True)
class PlannedOrder:
    """
    One order, and what becomes of it.

    Attributes:
        part: of the money, in percent: what a refund of an amount gives back; if even, a decision that is turned was
            against us at first.
        refund_too: whether a part is refunded while the order is disputed, and a decision turned once it is known here.
        pause: seconds between two steps that race each other.
    """

    number: int
    products: tuple[str, ...]
    currency: str
    coupon: str | None = None
    country: str | None = None
    way: str = PAID
    end: str = KEPT
    part: int = 50
    refund_too: bool = False
    pause: float = 0.0

    @property
    def runs(self) -> set[str]:
        """The runs that it is for."""
        return {run for each in PRODUCTS if each.name in self.products for run in each.runs}


@dataclass(frozen=True)
class Journey:
    """A learner, and what they order, one after the other."""

    learner: str
    orders: tuple[PlannedOrder, ...] = field(default=())


def plan(orders: int, seed: int) -> list[Journey]:
    """So many orders, by learners of whom some buy twice."""
    journeys: list[Journey] = []
    number = 0
    while number < orders:
        chance = random.Random(f"{seed} {number}")  # noqa: S311 - repeatable on purpose
        first = _order(chance, number, chance.choice(BASKETS))
        taken = [first]
        if chance.random() < TWICE and number + 1 < orders:  # another product for the same run
            others = [basket for basket in BASKETS if not set(basket) & set(first.products)]
            taken.append(_order(chance, number + 1, chance.choice(others)))
        journeys.append(Journey(f"learner-{number}", tuple(taken)))
        number += len(taken)
    return journeys


def _order(chance: random.Random, number: int, products: Sequence[str]) -> PlannedOrder:
    def one_of(weights: dict[str, int]) -> str:
        return chance.choices([*weights], [*weights.values()])[0]

    currency = one_of(CURRENCIES)
    coupons = {"": 80, HALF: 12, FREE: 2} | ({TEN: 6} if currency == "EUR" else {})
    return PlannedOrder(
        number,
        tuple(products),
        currency,
        one_of(coupons) or None,
        chance.choice((None, "DE", "AT")),
        one_of(WAYS_BY_CHANCE),
        one_of(ENDS_BY_CHANCE),
        chance.randint(10, 90),
        chance.random() < 0.5,
        round(chance.random() * PAGE_PAUSE, 3),
    )
