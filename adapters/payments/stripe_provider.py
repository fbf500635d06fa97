"""
Stripe, through its own SDK: the port commands/payment/provider.py.

Nothing is repeated by the SDK: the queue of jobs does that, with the same key. An answer that was lost is found by
looking (a refund has our id in its metadata), or is given again by Stripe, under the key. So is an error of its server:
then we look whether anything was done, and use another key only if nothing was.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.payments import stripe_objects as objects
from adapters.payments import stripe_standings as standings
from adapters.payments.amounts import from_stripe, to_stripe
from adapters.payments.stripe_answers import NotThere, answered, once
from adapters.settings import Settings
from commands.payment.provider import (
    Checkout,
    CheckoutOrder,
    Intent,
    Movement,
    Ours,
    ProviderAway,
    ProviderDispute,
    ProviderPayout,
    ProviderRefund,
    ProviderRefused,
    ProviderSubscription,
    metadata_of,
)
from domain.payment.order_line import Line
from domain.payment.standing import Standing

TIMEOUT = 15.0  # seconds for one answer
CHARGE = ["latest_charge.balance_transaction"]
FUNDS = ["data.balance_transaction", "data.failure_balance_transaction"]
SKEW = timedelta(minutes=5)  # that the clock of Stripe may be after ours: with more of it no webhook is believed either
PAGE = 100  # objects, Stripe's most
PAGE_RETRIES = 3  # of one page: where each fails one time in ten, a list of a hundred would not be had at once


class StripeProvider:
    """Stripe, or what answers as Stripe does at `stripe_api_base`."""

    name = "stripe"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Any = None

    @property
    def _api(self) -> Any:
        """The SDK's client, which takes a third of a second to import."""
        if not self._settings.stripe_key:
            raise ProviderAway("no key of Stripe is set (CAMPUS_STRIPE_KEY), and paysim does not run")
        if self._client is None:
            import stripe

            from adapters.payments.stripe_transport import Transport

            base: Any = {"api": self._settings.stripe_api_base} if self._settings.stripe_api_base else None
            self._client = stripe.StripeClient(
                self._settings.stripe_key,
                base_addresses=base,
                max_network_retries=0,
                http_client=Transport(timeout=TIMEOUT),
            )
        return self._client.v1

    async def close(self) -> None:
        """Let go of connections."""
        client, self._client = self._client, None
        if client is not None:
            await client._requestor._client.close_async()  # noqa: SLF001 - the SDK has no other way

    async def ping(self) -> None:
        """Ask for our balance: raises ProviderAway if there is no answer, or the key is wrong."""
        async with answered():
            await self._api.balance.retrieve_async()

    async def create_checkout(self, order: CheckoutOrder, key: str) -> Checkout:
        """A Checkout session; its parameters follow from facts alone, so that they are the same under the same key."""
        ours = Ours(order.learner_id, order.order_id, order.payment_id)
        plan = next((line.plan for line in order.lines if line.plan is not None), None)
        params: dict[str, Any] = {
            "client_reference_id": order.payment_id,
            "success_url": f"{order.return_url}&returned=paid",
            "cancel_url": f"{order.return_url}&returned=cancelled",
            "metadata": self._metadata(ours),
            "line_items": [_line_item(line, order.currency) for line in order.lines],
        }
        if plan is None:
            params |= {"mode": "payment", "payment_intent_data": {"metadata": self._metadata(ours)}}
        else:
            named = Ours(order.learner_id, order.order_id, order.payment_id, subscription_id=order.order_id)
            data: dict[str, Any] = {"metadata": self._metadata(named)}
            if plan.trial_days:
                data["trial_period_days"] = plan.trial_days
            params |= {"mode": "subscription", "subscription_data": data}

        async def make(options: Any) -> Checkout:
            return objects.checkout(await self._api.checkout.sessions.create_async(params, options))

        async def look() -> Checkout | None:
            created = {"gte": int((order.asked_at - SKEW).timestamp())}
            async for each in self._pages(self._api.checkout.sessions, created=created):
                if objects.ours(each, self._settings.name) == ours:
                    return objects.checkout(each)
            return None

        return await once(make, look, key)

    async def close_checkout(self, provider_id: str) -> Checkout:
        """Expire a session; what is complete or expired stays so."""
        found = await self.checkout(provider_id)
        if found.status != "open":
            return found
        try:
            async with answered():
                return objects.checkout(await self._api.checkout.sessions.expire_async(provider_id))
        except ProviderRefused:  # it was paid meanwhile
            return await self.checkout(provider_id)

    async def checkout(self, provider_id: str) -> Checkout:
        """A session."""
        async with answered():
            return objects.checkout(await self._api.checkout.sessions.retrieve_async(provider_id))

    async def intent(self, intent_id: str) -> Intent:
        """A payment intent with its last charge."""
        async with answered():
            found = await self._api.payment_intents.retrieve_async(intent_id, {"expand": CHARGE})
            return objects.intent(found, self._settings.name)

    async def refund(self, intent_id: str, amount: int, currency: str, ours: Ours, key: str) -> ProviderRefund:
        """Look for the refund first, and make it if there is none."""

        async def look() -> ProviderRefund | None:
            found = await self.refunds(intent_id)
            return next((each for each in found if each.ours.refund_id == ours.refund_id), None)

        async def make(options: Any) -> ProviderRefund:
            return objects.refund(await self._api.refunds.create_async(params, options), self._settings.name)

        params = {
            "payment_intent": intent_id,
            "amount": to_stripe(amount, currency),
            "reason": "requested_by_customer",
            "metadata": self._metadata(ours),
        }
        made = await look()
        return await once(make, look, key) if made is None else made

    async def refunds(self, intent_id: str) -> list[ProviderRefund]:
        """All refunds of an intent, the oldest first."""
        found = [each async for each in self._pages(self._api.refunds, payment_intent=intent_id, expand=FUNDS)]
        return [objects.refund(each, self._settings.name) for each in reversed(found)]

    async def dispute(self, provider_id: str) -> ProviderDispute:
        """A dispute with its balance transactions."""
        async with answered():
            return objects.dispute(await self._api.disputes.retrieve_async(provider_id))

    async def subscription(self, provider_id: str) -> ProviderSubscription:
        """A subscription, its invoices, and what paid each of them."""
        async with answered():
            found = await self._api.subscriptions.retrieve_async(provider_id)
        expand = ["data.payments"]
        invoices = [each async for each in self._pages(self._api.invoices, subscription=provider_id, expand=expand)]
        return objects.subscription(found, list(reversed(invoices)), self._settings.name)

    async def subscription_of(self, object_type: str, object_id: str) -> str | None:
        """The subscription to which an object belongs."""
        async with answered():
            if object_type == "checkout.session":
                return objects.id_of((await self._api.checkout.sessions.retrieve_async(object_id)).subscription)
            if object_type == "payment_intent":
                payment = {"type": "payment_intent", "payment_intent": object_id}
                paid = await self._api.invoice_payments.list_async({"payment": payment})
                if not paid.data:
                    return None
                object_id = objects.id_of(paid.data[0].invoice) or ""
            return objects.subscription_of_invoice(await self._api.invoices.retrieve_async(object_id))

    async def cancel_subscription(self, provider_id: str, *, at_once: bool, key: str) -> None:
        """End a subscription, if it goes on."""
        if not at_once:
            await self._plan_end(provider_id, key, planned=True)
            return
        async with answered():
            found = await self._api.subscriptions.retrieve_async(provider_id)
            if found.status != "canceled":
                await self._api.subscriptions.cancel_async(provider_id)

    async def resume_subscription(self, provider_id: str, key: str) -> None:
        """Take a planned end back."""
        await self._plan_end(provider_id, key, planned=False)

    async def _plan_end(self, provider_id: str, key: str, *, planned: bool) -> None:
        async def look() -> bool | None:
            async with answered():
                found = await self._api.subscriptions.retrieve_async(provider_id)
            done = found.status == "canceled" or found.metadata.to_dict().get(objects.ASKED_END) == key
            return True if done else None

        async def make(options: Any) -> bool:
            found = await self._api.subscriptions.retrieve_async(provider_id)
            params: dict[str, Any] = {"metadata": {objects.ASKED_END: key}}
            if found.cancel_at_period_end or (planned and found.cancel_at is None):
                params["cancel_at_period_end"] = planned
            elif not planned and found.cancel_at is not None:
                params["cancel_at"] = ""
            await self._api.subscriptions.update_async(provider_id, params, options)
            return True

        await look() or await once(make, look, key)

    async def change_plan(self, provider_id: str, line: Line, currency: str, key: str) -> int | None:
        """Another price for the one item; Stripe says what the change costs, on an invoice of its own."""
        product = await self._product(line)

        async def look() -> Any:
            async with answered():
                found = await self._api.subscriptions.retrieve_async(provider_id)
            return found if found.metadata.to_dict().get("change") == key else None

        async def make(options: Any) -> Any:
            found = await self._api.subscriptions.retrieve_async(provider_id)
            price = {**_line_item(line, currency)["price_data"], "product": product}
            del price["product_data"]
            params = {
                "items": [{"id": found["items"].data[0].id, "price_data": price}],
                "proration_behavior": "always_invoice",
                "metadata": {"change": key},
            }
            return await self._api.subscriptions.update_async(provider_id, params, options)

        changed = await look()
        changed = await once(make, look, key) if changed is None else changed
        async with answered():
            invoice = await self._api.invoices.retrieve_async(objects.id_of(changed.latest_invoice))
        return from_stripe(invoice.total, invoice.currency) if invoice.billing_reason == "subscription_update" else None

    async def _product(self, line: Line) -> str:
        """The product of a plan there, which is made when a subscription is first changed to it."""
        product_id = objects.product_of(self._settings.name, line.product_id)
        try:
            async with answered():
                await self._api.products.create_async({"id": product_id, "name": line.title})
        except ProviderRefused:  # there is one, or it is refused for good
            async with answered():
                await self._api.products.retrieve_async(product_id)
        return product_id

    async def payout(self, provider_id: str) -> ProviderPayout:
        """A payout, and how many entries it pays out."""
        async with answered():
            found = await self._api.payouts.retrieve_async(provider_id)
        entries = 0
        if found.automatic:
            async for entry in self._pages(self._api.balance_transactions, payout=provider_id):
                entries += entry.type != "payout"
        return objects.payout(found, entries)

    async def movements(self, since: datetime | None) -> AsyncIterator[Movement]:
        """Every balance transaction, or those since a time, the newest first, each with what it was for."""
        params: dict[str, Any] = {"expand": ["data.source"]}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        async for entry in self._pages(self._api.balance_transactions, **params):
            yield objects.movement(entry, self._settings.name)

    async def entries_of(self, provider_id: str) -> list[Movement]:
        """The balance transactions of an object; none of what Stripe does not know."""
        source: str | None = provider_id
        try:
            if provider_id.startswith("pi_"):
                async with answered():
                    source = objects.id_of((await self._api.payment_intents.retrieve_async(provider_id)).latest_charge)
            found = self._pages(self._api.balance_transactions, source=source, expand=["data.source"])
            return [] if source is None else [objects.movement(each, self._settings.name) async for each in found]
        except NotThere:
            return []

    async def changes(self, since: datetime) -> AsyncIterator[tuple[str, datetime]]:
        """Subscriptions and disputes of which Stripe has had something to say since then, the newest first."""
        created = {"gte": int(since.timestamp())}
        async for event in self._pages(self._api.events, types=list(standings.EVENTS), created=created):
            if (changed := standings.changed(event)) is not None:
                yield changed, datetime.fromtimestamp(event.created, UTC)

    async def standings(self, ids: Sequence[str] | None) -> AsyncIterator[Standing]:
        """How subscriptions and disputes stand: all, or these; none of what Stripe does not know."""
        if ids is None:
            expand = {"expand": [f"data.{name}" for name in standings.EXPAND], "status": "all"}
            async for each in self._pages(self._api.subscriptions, **expand):
                yield standings.subscription(each, self._settings.name)
            async for each in self._pages(self._api.disputes):
                if (dispute := standings.dispute(each)) is not None:
                    yield dispute
            return
        for provider_id in ids:
            try:
                found = await self._standing(provider_id)
            except NotThere:
                continue
            if found is not None:
                yield found

    async def _standing(self, provider_id: str) -> Standing | None:
        async with answered():
            if provider_id.startswith("sub_"):
                params = {"expand": list(standings.EXPAND)}
                found = await self._api.subscriptions.retrieve_async(provider_id, params)
                return standings.subscription(found, self._settings.name)
            return standings.dispute(await self._api.disputes.retrieve_async(provider_id))

    async def balance(self) -> dict[str, int]:
        """Our balance by currency, available and pending."""
        async with answered():
            found = await self._api.balance.retrieve_async()
        sums: dict[str, int] = {}
        for each in (*found.available, *found.pending):
            currency = each.currency.upper()
            sums[currency] = sums.get(currency, 0) + from_stripe(each.amount, currency)
        return sums

    async def _pages(self, service: Any, **params: Any) -> AsyncIterator[Any]:
        """Everything of a list, page by page; a page that fails is asked for again, not the whole list."""
        after: dict[str, str] = {}
        while True:
            async with answered():
                page = await service.list_async(
                    {**params, **after, "limit": PAGE}, {"max_network_retries": PAGE_RETRIES}
                )
            for each in page.data:
                yield each
            if not page.has_more:
                return
            after = {"starting_after": page.data[-1].id}

    def _metadata(self, ours: Ours) -> dict[str, str]:
        return metadata_of(self._settings.name, ours)


def _line_item(line: Line, currency: str) -> dict[str, Any]:
    plan = line.plan
    price: dict[str, Any] = {
        "currency": currency.lower(),
        "unit_amount": to_stripe(line.total if plan is None else plan.amount, currency),
        "product_data": {"name": line.title},
    }
    if plan is not None:
        price["recurring"] = {"interval": plan.interval, "interval_count": plan.interval_count}
    return {"quantity": 1, "price_data": price}
