"""The reconciliation of every hour: what has happened since the last one, what was open, and once a day everything."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from adapters.command_bus.bus import Bus
from adapters.payments.stripe_provider import StripeProvider
from adapters.postgres.connection import connect
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries import reconciliation
from adapters.settings import Settings
from commands.log import Context
from commands.payment.books import DismissProviderEvent
from commands.payment.payments import RecordCapture
from tests.conftest import migrated
from tests.support.payments import Shop, dispatching, selling, shop
from tests.support.paysim import Server
from tests.support.polling import until
from tests.support.servers import Servers
from workers.dispatching import reconciling

pytestmark = pytest.mark.processes
NOW = timedelta()


@pytest.fixture(scope="module")
def campus(servers: Servers) -> Iterator[tuple[Settings, Server]]:
    """A campus that sells, and its paysim."""
    with selling(migrated(servers)) as running:
        yield running


@pytest.fixture
async def buyer(campus: tuple[Settings, Server]) -> AsyncIterator[Shop]:
    """A buyer, and the dispatcher."""
    async with dispatching(campus[0]), shop(*campus) as buyer:
        yield buyer


class Hourly:
    """Reconciliations one after the other; the campus's clock is *ahead* by so many days, as paysim's may be."""

    def __init__(self, buyer: Shop) -> None:
        self.buyer, self.ahead = buyer, 0

    async def make(self, whole: float = 86_400.0) -> dict[str, Any]:
        """The outcome of another one, as staff see it."""
        settings = self.buyer.settings.model_copy(update={"clock_shift": self.ahead * 86_400.0})
        provider = StripeProvider(settings)
        try:
            await reconciling.make(settings, provider, interval=0.0, whole=whole, grace=NOW)
        finally:
            await provider.close()
        kept = (await self.buyer.get("/reconciliation")).json()
        assert kept["failure"] is None
        outcome: dict[str, Any] = kept["outcome"]
        return outcome

    async def until_found(self, *found: tuple[str, str], whole: float = 86_400.0) -> dict[str, Any]:
        """The outcome that has findings of these kinds about these things, and nothing on its way."""
        last: dict[str, Any] = {}

        async def is_there() -> bool:
            last.update(await self.make(whole))
            return last["pending"] == 0 and sorted(_kinds(last)) == sorted(found)

        await until(is_there)
        return last

    def moves(self, **days: int) -> None:
        """Move both clocks ahead."""
        self.ahead += days["days"]
        self.buyer.provider.control("clock/advance", days)

    async def until_asking(self, *paths: str) -> list[dict[str, Any]]:
        """
        What another one asks of the provider, once it is these paths.

        It is more while facts still come, such as a fee: what they are about is looked at again.
        """
        found: list[dict[str, Any]] = []

        async def is_all() -> bool:
            before = self.buyer.provider.control("requests?limit=1", method="GET")["last"]
            await self.make()
            found[:] = self.buyer.provider.control(f"requests?after={before}", method="GET")["requests"]
            return [each["path"] for each in found] == list(paths)

        await until(is_all)
        return found


def _kinds(outcome: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["kind"], each["about"]) for each in outcome["findings"]]


@contextmanager
def no_messages(buyer: Shop) -> Iterator[None]:
    """What happens at the provider until the block ends is said by no message."""
    endpoints = buyer.provider.api.webhook_endpoints
    (endpoint,) = endpoints.list().data
    endpoints.update(endpoint.id, {"disabled": True})
    yield
    endpoints.update(endpoint.id, {"disabled": False})


async def send_again(buyer: Shop, *types: str) -> None:
    """Have the provider send its last message of each type, as staff can on its pages."""
    for each in types:
        last = buyer.provider.api.events.list({"type": each}).data[0]
        buyer.provider.control("events/resend", {"event": last.id})


async def until_unmatched(buyer: Shop, type_name: str) -> str:
    """The last event of a type, once its message was left unmatched."""
    event_id: str = buyer.provider.api.events.list({"type": type_name}).data[0].id
    await buyer.until_fact(f"provider-{event_id}", "event_unmatched")
    return event_id


async def do(settings: Settings, command: object) -> None:
    """Carry out a command at the campus."""
    log = await PostgresLog.open(settings)
    await Bus(log).handle(command, Context("tester", datetime.now(UTC)))
    await log.close()


async def sell_all(buyer: Shop) -> str:
    """Two courses and a plan are bought; the charge of the first course."""
    await buyer.sell()
    plan = {"product_id": f"{buyer.product}-plan", "title": "Plan", "kind": "plan", "course_id": buyer.course}
    await buyer.send("/products", {**plan, "interval": "month", "interval_count": 1}, user="admin")
    await buyer.send(f"/products/{plan['product_id']}/prices", {"currency": "EUR", "amount": 1_900}, user="admin")
    first = await buyer.order()
    others = [{"product_id": buyer.product, "currency": "EUR"}, {"product_id": plan["product_id"], "currency": "EUR"}]
    placed = [
        (await buyer.post("/orders", body, user=learner)).json()
        for body, learner in zip(others, ("ben", "cid"), strict=True)
    ]
    for each in (first, *placed):
        assert (await buyer.pay_by_id(each))["status"] == "complete"
    await buyer.until_order(first, "paid")
    charge: str = buyer.provider.api.payment_intents.retrieve(await buyer.intent(first)).latest_charge
    return charge


async def test_each_hour_costs_what_has_happened(buyer: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A dispute of which no message has come is found, looked up each hour, and gone once it is known.

    The first run looks at everything, as one does each day; the others ask for what is new, and for what was open.
    """
    charge, hourly = await sell_all(buyer), Hourly(buyer)
    first = await hourly.until_found(whole=0.0)
    assert (first["since"], first["after"]) == (None, None)
    (euros,) = first["balances"]
    assert euros["provider"] == euros["ledger"] > 0

    buyer.provider.control("faults", {"modes": {"delay": 1.0}})  # what the provider has to say comes much later
    opened = buyer.provider.control("disputes", {"charge": charge})
    second = await hourly.until_found(("unknown_to_us", "dispute"))
    assert (second["since"] is None, second["whole_at"], second["balances"]) == (False, first["whole_at"], [euros])
    assert second["findings"][0]["provider_id"] == opened["id"]

    monkeypatch.setattr(reconciling, "OVERLAP", timedelta(hours=-1))  # the window begins after it
    new = ("/v1/balance_transactions", "/v1/events")
    looks = ("/v1/balance_transactions", f"/v1/disputes/{opened['id']}")
    (listed, changes, looked_up, _) = await hourly.until_asking(*new, *looks)
    assert all("created[gte]" in each["params"] for each in (listed, changes))
    assert looked_up["params"]["source"] == opened["id"]
    third = await hourly.until_found(("unknown_to_us", "dispute"))
    assert third["findings"] == second["findings"]

    buyer.provider.control("faults", method="DELETE")
    buyer.provider.control("deliveries/flush")
    await hourly.until_found()
    await hourly.until_asking(*new)

    monkeypatch.undo()
    with no_messages(buyer):
        buyer.provider.control("disputes/close", {"dispute": opened["id"], "outcome": "lost"})
        lost = await hourly.until_found(("states_differ", "dispute"))
        assert lost["findings"][0]["sentence"] == "dispute: facts say open, the provider lost"
    await send_again(buyer, "charge.dispute.closed")
    await hourly.until_found()


async def test_a_subscription_stands_elsewhere_at_the_provider(buyer: Shop) -> None:
    """
    Its planned end, its price, and books that do not earn it, are found to differ, and gone once they are put right.

    The message that the price is of no plan is no finding of its own; one about nothing is, until staff dismiss it.
    """
    await sell_all(buyer)
    hourly, api = Hourly(buyer), buyer.provider.api
    await hourly.until_found(whole=0.0)
    begun = api.subscriptions.list().data[0]
    item, price = begun["items"].data[0].id, begun["items"].data[0].price
    with no_messages(buyer):
        api.subscriptions.update(begun.id, {"cancel_at_period_end": True})
        found = await hourly.until_found(("states_differ", "subscription"))
        assert "its end is planned at the provider, and not by facts" in found["findings"][0]["sentence"]
        api.subscriptions.update(begun.id, {"cancel_at_period_end": False})
        await hourly.until_found()

    dearer = {"currency": "eur", "product": price.product, "unit_amount": 2_900, "recurring": {"interval": "month"}}
    change = {"proration_behavior": "none"}
    api.subscriptions.update(begun.id, {**change, "items": [{"id": item, "price_data": dearer}]})
    await until_unmatched(buyer, "customer.subscription.updated")
    found = await hourly.until_found(("amounts_differ", "subscription"))
    assert found["findings"][0]["amounts"] == {"facts": 1_900, "provider": 2_900}
    assert (await hourly.until_found(("amounts_differ", "subscription"), whole=0.0))["since"] is None
    api.subscriptions.update(begun.id, {**change, "items": [{"id": item, "price": price.id}]})
    await hourly.until_found()

    metadata = {"campus": buyer.settings.name, "order_id": "gone"}
    api.payment_intents.create({"amount": 700, "currency": "eur", "metadata": metadata})
    event_id = await until_unmatched(buyer, "payment_intent.created")
    assert (await hourly.until_found(("unknown_to_us", "message")))["findings"][0]["id"] == event_id
    await do(buyer.settings, DismissProviderEvent(event_id, "a test before the shop opened"))
    await hourly.until_found()

    earned = "UPDATE ledger_entries SET entries = %s WHERE position = %s"
    async with await connect(buyer.settings, application="tampering") as connection:
        kept = (
            "SELECT position, entries FROM ledger_entries WHERE type = 'subscription.started' ORDER BY 1 DESC LIMIT 1"
        )
        ((position, entries),) = await (await connection.execute(kept)).fetchall()
        await connection.execute(earned, ["[]", position])
        found = await hourly.until_found(("states_differ", "subscription"), whole=0.0)
        assert "of it deferred, for no period" in found["findings"][0]["sentence"]
        await connection.execute(earned, [msgspec.json.encode(entries).decode(), position])
    await hourly.until_found(whole=0.0)


@pytest.mark.slow
async def test_a_payment_is_exchanged_and_no_message_says_so(buyer: Shop) -> None:
    """The books have dollars as long as they do not know that the provider has made euros of them."""
    await buyer.sell(5_000, "USD")
    buyer.provider.control("exchange", {"into": "eur", "rates": {"usd": 0.9}})
    hourly, placed = Hourly(buyer), await buyer.order("USD")
    with no_messages(buyer):
        intent_id = (await buyer.pay_by_id(placed))["payment_intent"]
        found = await hourly.until_found(("unknown_to_us", "payment"))
        capture = RecordCapture(buyer.learner, f"{placed['order_id']}.1", 5_000, "USD", intent_id)
        await do(buyer.settings, capture)
        found = await hourly.until_found(("amounts_differ", "payment"))
        assert "the books have 5000 USD, the provider 0" in found["findings"][0]["sentence"]
    await send_again(buyer, "charge.succeeded", "charge.updated")
    await hourly.until_found()


async def test_no_statement_reads_the_whole_log(buyer: Shop) -> None:
    """Not even where everything is looked at: most of the facts of a campus are about learning."""
    await sell_all(buyer)
    await Hourly(buyer).until_found(whole=0.0)
    async with await connect(buyer.settings, application="planning") as connection:
        await connection.execute("SET enable_seqscan = off")
        for query in (reconciliation.FACTS, reconciliation.MESSAGES, reconciliation.STANDINGS, reconciliation.PAID):
            scope = {**reconciliation.Scope()._asdict(), "at": datetime.now(UTC)}
            plan = await (await connection.execute(f"EXPLAIN {query}".encode(), scope)).fetchall()
            assert not [line for (line,) in plan if "Seq Scan on events" in line], query


async def test_a_payout_is_found_and_known_in_the_end(buyer: Shop) -> None:
    """One in transit is on its way; one that has arrived and of which no message came is found, until one comes."""
    await sell_all(buyer)
    hourly = Hourly(buyer)
    await hourly.until_found(whole=0.0)
    with no_messages(buyer):
        hourly.moves(days=5)
        found = await hourly.until_found(("unknown_to_us", "payout"))
    (payout,) = buyer.provider.api.payouts.list().data
    assert (found["findings"][0]["id"], found["findings"][0]["amounts"]) == (payout.id, {"provider": -payout.amount})
    assert found["findings"][0]["at"] == datetime.fromtimestamp(payout.created, UTC).isoformat().replace("+00:00", "Z")

    await send_again(buyer, "payout.paid")
    await hourly.until_found()
    whole = await hourly.until_found(whole=0.0)
    assert (whole["since"], whole["whole_at"]) == (None, whole["at"])
    assert whole["balances"][0]["provider"] == whole["balances"][0]["ledger"]
