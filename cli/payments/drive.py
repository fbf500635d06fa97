"""
Learners who order and pay, and staff who refund, as the plan says: over the API and paysim's controls.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cli.console import Failure
from cli.payments import plan as planned
from cli.payments.client import Client, Refused, until
from cli.payments.plan import PRODUCTS, RUNS, Journey, PlannedOrder
from workers.support.progress import Advance

CONCURRENT = 48  # learners at once: some of them wait until a fault is made good
FLUSH_INTERVAL = 10.0  # seconds; a message that is late by hours of paysim's clock is late by so much
VISA, DECLINED, ASKS = "pm_card_visa", "pm_card_chargeDeclined", "pm_card_threeDSecure2Required"
REFUND_FAILS, DECLINED_LATER = "pm_card_refundFail", "pm_card_chargeCustomerFail"
REASON = "simulated"


@dataclass(frozen=True)
class Placed:
    """An order that the campus has taken."""

    plan: PlannedOrder
    learner_id: str
    order_id: str
    checkout_url: str | None
    position: int


@dataclass
class Driver:
    """
    Drives the journeys of a plan.

    Attributes:
        tag: what comes before all names, so that nothing else on the campus has them.
        placed: the orders, as the campus has acknowledged them.
        stop: once it is set no more orders are placed; what was placed goes its way.
    """

    client: Client
    tag: str
    advance: Advance
    placed: list[Placed] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def name(self, name: str) -> str:
        """A name of the plan as the campus knows it."""
        return f"{self.tag}-{name}"

    async def open_course(self, course: str, runs: Iterable[str]) -> None:
        """A course of a page, with open runs."""
        units = [{"unit_id": "page", "kind": "page", "title": "Page"}]
        times = {"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2126-01-01T00:00:00Z"}
        course_id = self.name(course)
        await self.client.send("/courses", {"course_id": course_id, "title": "Simulated payments"})
        await self.client.send(f"/courses/{course_id}/versions", {"units": units})
        for run in map(self.name, runs):
            await self.client.send("/runs", {"run_id": run, "course_id": course_id, **times})
            await self.client.send(f"/runs/{run}/open")

    async def sell(self, product: str, prices: Mapping[str, int], **what: Any) -> None:
        """A product at its prices."""
        product_id = self.name(product)
        await self.client.send("/products", {"product_id": product_id, "title": f"Simulated: {product}", **what})
        for currency, amount in prices.items():
            await self.client.send(f"/products/{product_id}/prices", {"currency": currency, "amount": amount})

    async def retire(self, products: Iterable[str]) -> None:
        """Sell these products no more."""
        for product in products:
            await self.client.send(f"/products/{self.name(product)}/retire", {"reason": REASON})

    async def stock(self, orders: int) -> None:
        """Open the runs of a course of their own, and sell them."""
        await self.open_course("course", RUNS)
        for product in PRODUCTS:
            what: dict[str, Any] = {"kind": "run", "run_id": self.name(product.runs[0])}
            if product.products:
                what = {"kind": "bundle", "products": [*map(self.name, product.products)]}
            await self.sell(product.name, product.prices, on_dispute=product.on_dispute, **what)
        few = max(1, orders // 20)  # fewer than are wanted
        for coupon, terms in {
            planned.HALF: {"kind": "percent", "percent_bp": 5_000, "limit": few},
            planned.TEN: {"kind": "amount", "amount": 1_000, "currency": "EUR", "limit": few},
            planned.FREE: {"kind": "percent", "percent_bp": 10_000},
        }.items():
            await self.client.send("/coupons", {"coupon_id": self.name(coupon), **terms})

    async def clear(self) -> None:
        """Sell none of it any more."""
        await self.retire(product.name for product in reversed(PRODUCTS))

    async def drive(self, journeys: Sequence[Journey]) -> None:
        """Drive all of them, some at once; the first failure ends the others."""
        waiting = iter(journeys)

        async def some() -> None:
            for journey in waiting:
                for order in journey.orders:
                    if self.stop.is_set():
                        return
                    await self._order(self.name(journey.learner), order)
                    self.advance(1)

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(CONCURRENT):
                    tasks.create_task(some())
        except* Failure as failures:
            raise failures.exceptions[0] from None

    @asynccontextmanager
    async def flushing(self) -> AsyncIterator[None]:
        """Have the messages delivered within the block that wait for paysim's clock, which is left where it is."""

        async def flush() -> None:
            while True:
                await asyncio.sleep(FLUSH_INTERVAL)
                await self.client.control("deliveries/flush")

        task = asyncio.create_task(flush())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _order(self, learner_id: str, order: PlannedOrder) -> None:
        placed = await self.place(learner_id, order)
        if placed.checkout_url is None:
            return
        intent = await Payer(self.client, placed).pay()
        if intent is not None:
            await Aftermath(self.client, placed, intent).follow()

    async def place(self, learner_id: str, order: PlannedOrder) -> Placed:
        """Place it, without the coupon if that is used up."""
        body: dict[str, Any] = {"products": [*map(self.name, order.products)], "currency": order.currency}
        body |= {"country": order.country} if order.country else {}
        coupon = {"coupon": self.name(order.coupon)} if order.coupon else {}
        try:
            answer = await self.client.send("/orders", {**body, **coupon}, user=learner_id)
        except Refused as refused:
            if refused.code != "coupon_used_up":
                raise
            answer = await self.client.send("/orders", body, user=learner_id)
        placed = Placed(order, learner_id, answer["order_id"], answer["checkout_url"], answer["position"])
        self.placed.append(placed)
        return placed


@dataclass(frozen=True)
class Payer:
    """A customer on the pages of one order."""

    client: Client
    placed: Placed

    async def pay(self) -> str | None:
        """Do what the plan says; the intent that has paid, None if none has."""
        plan, page = self.placed.plan, await self._page()
        card = REFUND_FAILS if plan.end == planned.FAILS else VISA
        if plan.way == planned.ABANDONED:
            return None
        if plan.way in (planned.CANCELLED, planned.TOO_LATE):
            await self._send("cancel")
            await asyncio.sleep(plan.pause)
            return await self._card(page, card) if plan.way == planned.TOO_LATE else None
        if plan.way == planned.TWO_TABS:
            tabs = await asyncio.gather(self._card(page, card), self._card(page, card))
            return next(filter(None, tabs), None)
        if plan.way == planned.SECOND_ATTEMPT:
            return await self._try_again(page, card)
        if plan.way == planned.DECLINED_FIRST:
            await self._card(page, DECLINED)
        if plan.way == planned.ASKED_TWICE:
            await self._card(page, ASKS, authenticate=False)
        if plan.way in (planned.ASKED, planned.ASKED_TWICE):
            return await self._card(page, ASKS, authenticate=True)
        return await self._card(page, card)

    async def pay_with(self, card: str) -> None:
        """Pay with this card, whatever the plan says."""
        await self._card(await self._page(), card)

    async def _try_again(self, page: str, card: str) -> str | None:
        """After a decline: a second attempt is begun in one tab, and the page of the first is paid in another."""

        async def in_the_other_tab() -> str | None:
            await asyncio.sleep(self.placed.plan.pause)
            return await self._card(page, card)

        await self._card(page, DECLINED)
        _, intent = await asyncio.gather(self._send("payments"), in_the_other_tab())
        return intent or await self._card(await self._page(), card)

    async def _card(self, page: str, card: str, **more: Any) -> str | None:
        """Fill in a card; the intent if that has paid."""
        session = page.rpartition("/")[2]
        answer = await self.client.control("sessions/pay", {"session": session, "card": card, **more})
        return answer.get("payment_intent") if answer["status"] == "complete" else None

    async def _page(self) -> str:
        """The provider's page on which the order can be paid now."""
        found: list[str] = []

        async def leads_on() -> bool:
            page = await self.client.page_of(self.placed.checkout_url or "")
            if page is not None:
                found.append(page)
            return bool(found)

        await until(leads_on, f"order {self.placed.order_id} gets no page to pay on")
        return found[0]

    async def _send(self, what: str) -> None:
        """Cancel the order or try once more to pay it; it may be paid or over by now."""
        path = f"/orders/{self.placed.order_id}/{what}"
        try:
            await self.client.send(path, user=self.placed.learner_id)
        except Refused as refused:
            if refused.code != "order_not_open":
                raise


@dataclass(frozen=True)
class Aftermath:
    """What becomes of the money of one order: refunds by the staff, disputes by the bank."""

    client: Client
    placed: Placed
    intent: str

    async def follow(self) -> None:
        """Do what the plan says, once the campus has seen the money."""
        plan = self.placed.plan
        if plan.end == planned.KEPT:
            return
        captured = await self._captured()
        amount = max(10, captured * plan.part // 1_000 * 10)  # of some currencies the last digit must be 0
        if plan.end in (planned.WHOLE, planned.FAILS):
            await self._refund()
        elif plan.end == planned.BY_LINE and plan.way != planned.TOO_LATE:
            await self._refund(lines=[1])
        elif plan.end in (planned.BY_LINE, planned.BY_AMOUNT):
            await self._refund(amount=amount)
        elif plan.end == planned.THERE:
            await self.client.refund_at_provider(self.intent)
        elif plan.end == planned.AT_ONCE:
            await asyncio.gather(self._refund(), self._refund(), self._refund(amount=amount))
        else:
            await self._dispute(amount if plan.refund_too else None)

    async def _captured(self) -> int:
        """What was captured of the order, once it was."""
        found = 0

        async def is_there() -> bool:
            nonlocal found
            order = await self.client.get(f"/orders/{self.placed.order_id}", min_position=self.placed.position)
            found = order["captured"]
            return bool(found)

        await until(is_there, f"the campus does not see the payment of order {self.placed.order_id}")
        return found

    async def _refund(self, **what: Any) -> None:
        """Refund; another refund, or a dispute, may have taken the money."""
        body = {"reason": REASON, **what}
        try:
            await self.client.send(f"/orders/{self.placed.order_id}/refunds", body)
        except Refused as refused:
            if refused.code != "not_refundable":
                raise

    async def _dispute(self, amount: int | None) -> None:
        (charge,) = [
            each
            for each in await self.client.objects("charges", payment_intent=self.intent)
            if each["status"] == "succeeded"
        ]
        refunding = [] if amount is None else [self._refund(amount=amount)]
        opened, *_ = await asyncio.gather(self.client.control("disputes", {"charge": charge["id"]}), *refunding)
        if self.placed.plan.end != planned.OPEN:
            await asyncio.sleep(self.placed.plan.pause)
            plan, dispute = self.placed.plan, {"dispute": opened["id"]}
            is_won = plan.end == planned.WON or (plan.end == planned.TURNED and plan.part % 2 == 1)
            await self.client.control("disputes/close", {**dispute, "outcome": "won" if is_won else "lost"})
            if plan.end == planned.TURNED:
                await (self._decided(opened["id"]) if plan.refund_too else asyncio.sleep(plan.pause))
                await self.client.control("disputes/turn", dispute)

    async def _decided(self, dispute_id: str) -> None:
        """Wait until the campus knows of the decision."""

        async def is_known() -> bool:
            order = await self.client.get(f"/orders/{self.placed.order_id}", min_position=self.placed.position)
            return any(each["dispute_id"] == dispute_id and each["outcome"] for each in order["disputes"])

        await until(is_known, f"the campus does not see how the dispute of order {self.placed.order_id} was decided")
