"""The reconciliation of every hour: what has happened since the last one, what was open, and once a day everything."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.payments.stripe_provider import StripeProvider
from adapters.settings import Settings
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

    async def requests(self) -> list[dict[str, Any]]:
        """What another one asks of the provider."""
        before = self.buyer.provider.control("requests?limit=1", method="GET")["last"]
        await self.make()
        found: list[dict[str, Any]] = self.buyer.provider.control(f"requests?after={before}", method="GET")["requests"]
        return found


def _kinds(outcome: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["kind"], each["about"]) for each in outcome["findings"]]


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
    (listed, looked_up) = await hourly.requests()
    assert "created[gte]" in listed["params"]
    assert looked_up["params"]["source"] == opened["id"]
    third = await hourly.until_found(("unknown_to_us", "dispute"))
    assert third["findings"] == second["findings"]

    buyer.provider.control("faults", method="DELETE")
    buyer.provider.control("deliveries/flush")
    await hourly.until_found()
    (last,) = await hourly.requests()
    assert last["path"] == "/v1/balance_transactions"


async def test_a_payout_is_found_and_known_in_the_end(buyer: Shop) -> None:
    """One in transit is on its way; one that has arrived and of which no message came is found, until one comes."""
    await sell_all(buyer)
    hourly = Hourly(buyer)
    await hourly.until_found(whole=0.0)
    api = buyer.provider.api
    (endpoint,) = api.webhook_endpoints.list().data
    api.webhook_endpoints.update(endpoint.id, {"disabled": True})
    hourly.moves(days=5)
    found = await hourly.until_found(("unknown_to_us", "payout"))
    (payout,) = api.payouts.list().data
    assert (found["findings"][0]["id"], found["findings"][0]["amounts"]) == (payout.id, {"provider": -payout.amount})
    assert found["findings"][0]["at"] == datetime.fromtimestamp(payout.created, UTC).isoformat().replace("+00:00", "Z")

    api.webhook_endpoints.update(endpoint.id, {"disabled": False})
    for event in api.events.list({"type": "payout.paid"}).data:
        buyer.provider.control("events/resend", {"event": event.id})
    await hourly.until_found()
    whole = await hourly.until_found(whole=0.0)
    assert (whole["since"], whole["whole_at"]) == (None, whole["at"])
    assert whole["balances"][0]["provider"] == whole["balances"][0]["ledger"]
