"""A campus that sells, with everything running: its API on a socket, paysim, the workers, and a buyer."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

from adapters.embedded.secrets import free_port
from adapters.payments.amounts import from_stripe
from adapters.payments.stripe_provider import StripeProvider
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.procrastinate.queue import JobRun
from adapters.settings import Settings
from commands.clock import Clock
from tests.support import paysim
from tests.support.api import Campus, every_read_model, workers
from tests.support.api_process import serving
from tests.support.polling import PATIENCE, guard, until
from tests.support.roles import as_process
from workers import dispatcher
from workers.dispatching.carry_out import Carrier
from workers.reactions import JOBS
from workers.reactions.job import key_of

CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 40", "cvc": "123", "email": "a@example.org", "name": "A"}


@contextmanager
def selling(settings: Settings, log: int | None = None) -> Iterator[tuple[Settings, paysim.Server]]:
    """The settings of a campus whose API (with its *log*) and workers run, but not its dispatcher, and its paysim."""
    port = free_port()
    settings = settings.model_copy(
        update={
            "stripe_key": paysim.KEY,
            "stripe_api_base": f"http://127.0.0.1:{port}",
            "stripe_webhook_secrets": paysim.SECRET,
        }
    )
    with workers(settings), serving(settings, log) as served:
        hook = f"{served.url}/v1/webhooks/stripe"
        with paysim.serving("--webhook", hook, "--secret", paysim.SECRET, port=port) as server:
            yield settings.model_copy(update={"public_url": served.url}), server


@asynccontextmanager
async def dispatching(settings: Settings) -> AsyncIterator[None]:
    """A dispatcher until the block ends."""
    stop = asyncio.Event()
    task = asyncio.create_task(dispatcher.run(as_process(settings, "dispatcher"), stop))
    try:
        yield
    finally:
        stop.set()
        async with guard():
            await task


class Shop(Campus):
    """What buyers and staff do over and over."""

    def __init__(self, client: httpx.AsyncClient, settings: Settings, provider: paysim.Server) -> None:
        super().__init__(client)
        self.settings, self.provider = settings, provider
        self.product = f"p-{self.tag}"

    async def sell(self, amount: int = 4_900, currency: str = "EUR", **terms: Any) -> None:
        """Open a run, and sell its course."""
        await self.open_run()
        body = {"product_id": self.product, "title": "Algebra", "kind": "course", "course_id": self.course, **terms}
        await self.send("/products", body, user="admin")
        await self.send(f"/products/{self.product}/prices", {"currency": currency, "amount": amount}, user="admin")

    async def open_later_run(self) -> str:
        """Another run of the course, which is current from now on."""
        plan = {"starts_at": "2026-02-02T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
        await self.send("/runs", {"run_id": f"{self.run}-2", "course_id": self.course, **plan}, user="admin")
        await self.send(f"/runs/{self.run}-2/open", user="admin")
        return f"{self.run}-2"

    async def order(self, currency: str = "EUR", **more: Any) -> dict[str, Any]:
        """Order the product."""
        answer = await self.post("/orders", {"product_id": self.product, "currency": currency, **more})
        assert answer.status_code == 202, answer.text
        placed: dict[str, Any] = answer.json()
        return placed

    async def page_of(self, placed: dict[str, Any]) -> str:
        """The address of the provider's page, once the dispatcher has had it made."""
        found: list[str] = []

        async def leads_on() -> bool:
            answer = await self.client.get(placed["checkout_url"])
            assert answer.status_code in (200, 303), answer.text
            found.extend([answer.headers["location"]] if answer.status_code == 303 else [])
            return bool(found)

        await until(leads_on)
        return found[0]

    async def pay(self, placed: dict[str, Any], **card: str) -> httpx.Response:
        """Fill in a card on the provider's page; where that leads."""
        page = await self.page_of(placed)
        assert (await self.client.get(page)).status_code == 200
        return await self.client.post(page, data={**CARD, **card})

    async def pay_by_id(self, placed: dict[str, Any], **how: Any) -> Any:
        """Pay without the page."""
        session = urlsplit(await self.page_of(placed)).path.rpartition("/")[2]
        return self.provider.control("sessions/pay", {"session": session, **how})

    async def details(self, placed: dict[str, Any]) -> dict[str, Any]:
        """An order as its learner sees it."""
        found: dict[str, Any] = (await self.get(f"/orders/{placed['order_id']}", user=self.learner)).json()
        return found

    async def until_order(self, placed: dict[str, Any], status: str) -> dict[str, Any]:
        """An order, once it is in this state."""
        found: dict[str, Any] = {}

        async def is_there() -> bool:
            found.update(await self.details(placed))
            return bool(found["status"] == status)

        await until(is_there)
        return found

    async def until_excess(self, placed: dict[str, Any], amount: int) -> None:
        """Wait until an order holds so much more than it costs."""

        async def is_held() -> bool:
            return bool((await self.details(placed))["excess"] == amount)

        await until(is_held)

    async def until_access(self, *statuses: str) -> None:
        """Wait until the learner's entitlements are in these states."""

        async def are_there() -> bool:
            found = (await self.get("/me/entitlements", user=self.learner)).json()["entitlements"]
            return [each["status"] for each in found] == list(statuses)

        await until(are_there)

    async def until_enrolled(self, status: str) -> None:
        """Wait until the dashboard shows the learner's enrollment in this state."""

        async def is_there() -> bool:
            courses = (await self.get("/me/dashboard", user=self.learner)).json()["courses"]
            return [each["status"] for each in courses if each["run_id"] == self.run] == [status]

        await until(is_there)

    async def until_fact(self, stream: str, type_name: str) -> None:
        """Wait until the last fact of a stream is this one."""

        async def is_last() -> bool:
            return (await self.types(stream))[-1:] == [type_name]

        await until(is_last)

    async def until_facts(self, stream: str, types: set[str]) -> None:
        """Wait until a stream has facts of exactly these types."""

        async def has() -> bool:
            return set(await self.types(stream)) == types

        await until(has)

    async def intent(self, placed: dict[str, Any]) -> str:
        """The intent of the provider that has paid an order."""
        log = await PostgresLog.open(self.settings)
        try:
            facts = await log.stream(f"payment-{self.learner}:{placed['order_id']}.1")
        finally:
            await log.close()
        return next(str(fact.data["intent_id"]) for fact in facts if fact.type == "payment.captured")

    async def clearing(self, placed: dict[str, Any]) -> dict[str, int]:
        """What an order has left on the account for the provider, by currency, where there is anything."""
        page = (await self.get("/ledger/entries", order_id=placed["order_id"], limit=100)).json()
        sums: dict[str, int] = {}
        for entry in page["items"]:
            for each in entry["postings"]:
                if each["account"] == "assets:clearing":
                    sums[each["currency"]] = sums.get(each["currency"], 0) + each["amount"]
        return {currency: amount for currency, amount in sums.items() if amount}

    async def balance(self, placed: dict[str, Any]) -> dict[str, int]:
        """The same as the provider has it: the charge, its refunds and disputes, and their fees."""
        api, intent = self.provider.api, await self.intent(placed)
        sources = [api.payment_intents.retrieve(intent).latest_charge]
        for service in (api.refunds, api.disputes):
            sources += [each.id for each in service.list({"payment_intent": intent, "limit": 100}).data]
        sums: dict[str, int] = {}
        for source in sources:
            for each in api.balance_transactions.list({"source": source}).data:
                currency = each.currency.upper()
                sums[currency] = sums.get(currency, 0) + from_stripe(each.net, currency)
        return {currency: amount for currency, amount in sums.items() if amount}

    async def until_books_agree(self, placed: dict[str, Any]) -> None:
        """Wait until the books have what the provider has of an order."""

        async def agree() -> bool:
            return await self.clearing(placed) == await self.balance(placed)

        await until(agree)

    async def carry_out(self, name: str, stream: str, type_name: str) -> None:
        """Carry out the job of this name that follows from the last fact of a type, as if it were due."""
        log, provider = await PostgresLog.open(self.settings), StripeProvider(self.settings)
        try:
            (job,) = (each for each in JOBS[type_name] if each.name == name)
            fact = next(each for each in reversed(await log.stream(stream)) if each.type == type_name)
            run = JobRun(name, key_of(fact, name), fact.position, job.tries)
            due_at = job.due(fact)
            assert due_at is not None
            log.clock = Clock(log.clock.shift + max(due_at - log.clock.now(), timedelta()))
            await Carrier(log, {name: job}, self.settings, provider).carry_out(run)
        finally:
            await provider.close()
            await log.close()

    async def types(self, stream: str) -> list[str]:
        """The facts of a stream, by their names without the category."""
        log = await PostgresLog.open(self.settings)
        try:
            return [re.sub(r"^\w+\.", "", fact.type) for fact in await log.stream(stream)]
        finally:
            await log.close()


@asynccontextmanager
async def shop(settings: Settings, provider: paysim.Server) -> AsyncIterator[Shop]:
    """A shop with products of its own, on a campus that may be shared; its provider has no fault on after that."""
    async with httpx.AsyncClient(base_url=settings.web_url, timeout=PATIENCE) as client:
        await every_read_model(client)
        try:
            yield Shop(client, settings, provider)
        finally:
            provider.control("faults", method="DELETE")  # which a test that failed has left, for those after it
            provider.control("deliveries/flush")
