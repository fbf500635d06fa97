"""Orders of the sample campus: paid, with a coupon, refunded, disputed, given up; and the studies that were bought."""

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from adapters.payments.paysim import balance
from commands.enrollment.staff import WaivePrerequisites
from commands.payment.disputes import OpenDispute
from commands.payment.orders import CancelOrder, PlaceOrder
from commands.payment.payments import RecordCapture, RecordFee, RecordIntent
from commands.payment.refunds import RecordRefund, RequestRefund
from workers.seeding.sample.cast import ADA, KOFI, LEARNERS, Person
from workers.seeding.sample.studies import Study, steps_of
from workers.seeding.sample.timetable import BY_ID, COUPONS, PRICES, SampleRun, Step

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
FULL = 10_000  # basis points
BUYERS = 14
NEWCOMERS = 4
DATABASES = 6


class Purchase(NamedTuple):
    """A learner buys a place on a run; *fate* is what becomes of the order."""

    buyer: Person
    run: SampleRun
    at: datetime
    currency: str
    coupon: str | None
    fate: str

    @property
    def order_id(self) -> str:
        """The order's id."""
        return f"order-{self.run.product}-{self.buyer.learner_id[:12]}"

    @property
    def total(self) -> int:
        """What is paid, in minor units."""
        price = PRICES[self.run.product][self.currency]
        off = next((each.percent_bp or 0 for each in COUPONS if each.coupon_id == self.coupon), 0)
        return price - price * off // FULL


def shop_steps(now: datetime, dice: random.Random) -> Iterator[Step]:
    """All orders, and what their buyers do on the runs; the sample learner has bought the one that is to come."""
    others = dice.sample(LEARNERS[1:], BUYERS + NEWCOMERS + DATABASES - 1)
    fates = ("paid",) * (BUYERS - 5) + ("refunded", "refunded", "disputed", "cancelled", "open")
    yield from _writers("WRIT-110-1", zip(others[:BUYERS], fates, strict=True), now, dice)
    newcomers = others[BUYERS : BUYERS + NEWCOMERS]
    yield from _writers("WRIT-110-2", ((each, "paid") for each in newcomers), now, dice)
    databases = BY_ID["CS-230-1"]
    fates = ("paid", "paid", "paid", "free", "free", "cancelled")
    for buyer, fate in zip((ADA, *others[BUYERS + NEWCOMERS :]), fates, strict=True):
        at = now - timedelta(hours=dice.randint(60, 200))
        waive = WaivePrerequisites(buyer.learner_id, databases.run_id, "knows Python from work")
        yield Step(at - DAY, databases.teacher.learner_id, waive, buyer.learner_id)
        coupon = "SCHOLAR" if fate == "free" else None
        yield from _order(Purchase(buyer, databases, at, "EUR", coupon, fate), now)


def _writers(run_id: str, buyers: Iterable[tuple[Person, str]], now: datetime, dice: random.Random) -> Iterator[Step]:
    """Who buys a run of the writing course, and studies there."""
    writing = BY_ID[run_id]
    for buyer, fate in buyers:
        at = writing.starts_at(now) - DAY * dice.randint(1, 20) - MINUTE * dice.randint(0, 600)
        coupon = "WELCOME20" if dice.random() < 0.4 else None
        at = now - timedelta(hours=3) if fate == "open" else at
        purchase = Purchase(buyer, writing, at, dice.choice(("EUR", "EUR", "USD")), coupon, fate)
        yield from _order(purchase, now)
        if fate in ("paid", "disputed"):
            yield from steps_of(Study(buyer, writing, at + 2 * DAY, now, dice.betavariate(5, 2)), now, dice)


def _order(purchase: Purchase, now: datetime) -> Iterator[Step]:
    buyer, at = purchase.buyer.learner_id, purchase.at

    def step(after: timedelta, command: object, actor: str = buyer, *, is_past: bool = False) -> Step:
        return Step(at + after, actor, command, buyer, is_past)

    place = PlaceOrder(
        buyer, purchase.order_id, [purchase.run.product], purchase.currency, coupon_id=purchase.coupon, country="DE"
    )
    goes_on = purchase.fate in ("open", "free")
    yield step(timedelta(), place, is_past=not goes_on)
    if goes_on:
        return
    if purchase.fate == "cancelled":
        yield step(40 * MINUTE, CancelOrder(buyer, purchase.order_id, "changed plans"), is_past=True)
        return
    yield from (step(5 * MINUTE, each, "dispatcher", is_past=True) for each in _paid(purchase))
    capture = RecordCapture(
        buyer,
        _payment(purchase),
        purchase.total,
        purchase.currency,
        f"pi_{_number(purchase)}",
        f"ch_{_number(purchase)}",
    )
    yield step(6 * MINUTE, capture, "dispatcher")
    yield step(7 * MINUTE, _fee(purchase), "dispatcher")
    yield from _afterwards(purchase, now)


def _paid(purchase: Purchase) -> Iterator[RecordIntent]:
    yield RecordIntent(
        purchase.buyer.learner_id,
        _payment(purchase),
        f"cs_{_number(purchase)}",
        purchase.total,
        purchase.currency,
        f"pi_{_number(purchase)}",
    )


def _fee(purchase: Purchase) -> RecordFee:
    fee = balance.fee_of(purchase.total)
    return RecordFee(
        purchase.buyer.learner_id,
        _payment(purchase),
        f"txn_{_number(purchase)}",
        fee,
        purchase.total - fee,
        purchase.currency,
        (purchase.at + 2 * DAY).date(),
        f"pi_{_number(purchase)}",
    )


def _afterwards(purchase: Purchase, now: datetime) -> Iterator[Step]:
    """The money goes back, or a bank asks for it."""
    buyer, at = purchase.buyer.learner_id, min(purchase.at + 6 * DAY, now - DAY)
    if purchase.fate == "refunded":
        ask = RequestRefund(buyer, purchase.order_id, "withdrew within two weeks")
        yield Step(at, KOFI.learner_id, ask, buyer, is_past=True)
        given = RecordRefund(buyer, f"{purchase.order_id}.r1", f"re_{_number(purchase)}")
        yield Step(at + DAY / 2, "dispatcher", given, buyer)
    elif purchase.fate == "disputed":
        dispute = OpenDispute(
            buyer,
            f"dp_{_number(purchase)}",
            _payment(purchase),
            f"dp_{_number(purchase)}",
            purchase.total,
            purchase.currency,
            "product_not_received",
            now + 7 * DAY,
        )
        yield Step(now - timedelta(hours=20), "dispatcher", dispute, buyer)


def _payment(purchase: Purchase) -> str:
    return f"{purchase.order_id}.1"


def _number(purchase: Purchase) -> str:
    """What the ids of the provider have in common."""
    return f"sample_{purchase.run.product}_{purchase.buyer.learner_id[:12]}"
