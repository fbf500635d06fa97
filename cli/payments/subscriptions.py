"""
Subscriptions of a simulation: begun by the drivers of orders, then moved on by months of paysim's clock.

How each is to go follows from its number alone. Two months pass for all of them at once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cli.payments.client import Client, Refused, until
from cli.payments.drive import DECLINED_LATER, VISA, Driver, Payer, Placed
from cli.payments.plan import PlannedOrder

COURSE, RUN = "plans", "plans-a"
MONTHLY, TRIAL, LONG_TRIAL, MORE = "monthly", "trial", "long-trial", "more"
AMOUNTS = {MONTHLY: 1_900, TRIAL: 1_900, LONG_TRIAL: 1_900, MORE: 3_900}
TRIAL_DAYS = {TRIAL: 28, LONG_TRIAL: 58}
GRACE_DAYS = 10
MONTHS = (32, 31)  # days

RENEWED, TRIED, CANCELLED, RESUMED, CHANGED, UNPAID, RECOVERED, LATE = WAYS = (
    "renewed",
    "renewed_after_a_trial",
    "cancelled",
    "resumed",
    "plan_changed",
    "never_paid_after_a_trial",
    "paid_late",
    "past_due_in_the_end",
)
"""How a subscription goes; each that is past due has days of grace."""
PRODUCTS = {TRIED: TRIAL, UNPAID: TRIAL, RECOVERED: TRIAL, LATE: LONG_TRIAL}
CARDS = dict.fromkeys((UNPAID, RECOVERED, LATE), DECLINED_LATER)


@dataclass(frozen=True)
class Subscriber:
    """A learner with a subscription, and how it is to go."""

    way: str
    placed: Placed

    @property
    def subscription_id(self) -> str:
        """The subscription, which has the id of its order."""
        return self.placed.order_id


async def stock(driver: Driver) -> None:
    """Sell plans of a course of their own."""
    await driver.open_course(COURSE, [RUN])
    for product, amount in AMOUNTS.items():
        terms: dict[str, Any] = {"interval": "month", "interval_count": 1, "grace_days": GRACE_DAYS}
        terms |= {"trial_days": TRIAL_DAYS.get(product, 0), "course_id": driver.name(COURSE)}
        await driver.sell(product, {"EUR": amount}, kind="plan", run_id=driver.name(RUN), **terms)


async def drive(driver: Driver, number: int) -> None:
    """Begin so many subscriptions, let two months pass, and do what each learner does meanwhile."""
    client = driver.client
    begun = [await _begin(driver, n) for n in range(number) if not driver.stop.is_set()]
    await asyncio.gather(*(_ask(client, each, driver.name(MORE)) for each in begun))
    for days in () if driver.stop.is_set() else MONTHS:
        await client.control("clock/advance", {"days": days})
        await asyncio.gather(*(_pay_late(client, each) for each in begun if each.way == RECOVERED))


async def clear(driver: Driver) -> None:
    """Sell no plan any more."""
    await driver.retire(AMOUNTS)


async def _begin(driver: Driver, number: int) -> Subscriber:
    way = WAYS[number % len(WAYS)]
    order = PlannedOrder(number, (PRODUCTS.get(way, MONTHLY),), "EUR")
    placed = await driver.place(driver.name(f"subscriber-{number}"), order)
    await Payer(driver.client, placed).pay_with(CARDS.get(way, VISA))
    driver.advance(1)
    return Subscriber(way, placed)


async def _ask(client: Client, who: Subscriber, other_plan: str) -> None:
    """Ask the campus for an end, to go on after all, or for another plan, and wait until the provider has it."""
    if who.way in (CANCELLED, RESUMED):
        await _send(client, who, "cancel")
        await _until_there(client, who, lambda found: found["cancel_at_period_end"])
    if who.way == RESUMED:
        await _send(client, who, "resume")
        await _until_there(client, who, lambda found: not found["cancel_at_period_end"])
    if who.way == CHANGED:
        await _send(client, who, "plan", product_id=other_plan)
        await _until_there(client, who, lambda found: "change" in found["metadata"])


async def _send(client: Client, who: Subscriber, what: str, **body: str) -> None:
    """Send a command, once the campus knows the subscription."""

    async def is_taken() -> bool:
        try:
            await client.send(f"/subscriptions/{who.subscription_id}/{what}", body, user=who.placed.learner_id)
        except Refused as refused:
            if refused.code != "subscription_not_found":
                raise
            return False
        return True

    await until(is_taken, f"the campus does not know subscription {who.subscription_id}")


async def _until_there(client: Client, who: Subscriber, holds: Any) -> None:
    async def is_so() -> bool:
        return any(holds(each) for each in await _of(client, who, "subscriptions", status="all"))

    await until(is_so, f"the provider has not been asked about subscription {who.subscription_id}")


async def _of(client: Client, who: Subscriber, kind: str, **parameters: Any) -> Sequence[dict[str, Any]]:
    found = await client.objects(kind, **parameters)
    return [each for each in found if each["metadata"].get("order_id") == who.subscription_id]


async def _pay_late(client: Client, who: Subscriber) -> None:
    """Pay the invoice that is open with another card."""
    for subscription in await _of(client, who, "subscriptions", status="past_due"):
        for invoice in await client.objects("invoices", subscription=subscription["id"], status="open"):
            await client.pay_invoice(invoice["id"], VISA)
