"""Facts, the books and the provider against each other: a campus that sells, and paysim."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.command_bus.bus import Bus
from adapters.health.payments import agree
from adapters.health.servers import Unhealthy
from adapters.payments.paysim.balance import DISPUTE_FEE, fee_of
from adapters.payments.reconcile import reconcile, window_since
from adapters.payments.stripe_provider import StripeProvider
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops.reconciliations import Outcome
from adapters.settings import Settings
from commands.log import Context
from commands.payment.entitlements import RevokeEntitlement
from commands.payment.payments import RecordCapture
from domain.payment.reconciliation import Finding
from tests.conftest import migrated
from tests.support.campus_up import campus as command
from tests.support.payments import Shop, dispatching, selling, shop
from tests.support.paysim import Server
from tests.support.polling import until
from tests.support.projections_command import variables
from tests.support.servers import Servers
from workers.dispatching import reconciling

pytestmark = [pytest.mark.processes, pytest.mark.slow]
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


async def outcome(buyer: Shop, since: datetime | None = None) -> Outcome:
    """What a reconciliation finds that takes nothing for being on its way but what is not seen yet."""
    provider = StripeProvider(buyer.settings)
    try:
        window = None if since is None else await window_since(buyer.settings, since)
        return (await reconcile(buyer.settings, provider, window=window, grace=NOW)).outcome
    finally:
        await provider.close()


async def until_found(buyer: Shop, *kinds: str) -> Outcome:
    """The outcome that has findings of these kinds, one entry of another shop, and nothing on its way."""
    last: list[Outcome] = []

    async def is_there() -> bool:
        last[:] = [await outcome(buyer)]
        found = sorted(each.kind for each in last[0].findings)
        agreed = (last[0].pending, last[0].others, found) == (0, 1, sorted(kinds))
        return agreed and last[0].balances is not None  # they are compared while no money moves

    await until(is_there)
    return last[0]


async def test_what_does_not_agree_is_found(buyer: Shop) -> None:
    """A clean shop has no findings; a charge, a capture, an amount and an access that are wrong have one each."""
    await buyer.sell()
    placed = await buyer.order()
    await buyer.pay(placed)
    await buyer.until_order(placed, "paid")
    await buyer.until_access("live")
    await buyer.send(f"/orders/{placed['order_id']}/refunds", {"amount": 900, "reason": "r"}, user="admin")
    await buyer.until_order(placed, "partly_refunded")
    buyer.provider.control("foreign", {"money": True})
    clean = await until_found(buyer)
    assert clean.is_clean
    (euros,) = clean.balances or []
    assert euros.provider - euros.others == euros.ledger > 0
    disputed = await order_of(buyer, "dan")
    await buyer.pay_by_id(disputed, card="pm_card_createDispute")
    await until_dispute(buyer)
    held = await until_found(buyer)
    assert (held.balances or [])[0].ledger == euros.ledger - DISPUTE_FEE - fee_of(4_900)

    buyer.provider.control("faults", {"modes": {"delay": 1.0}})  # what the provider has to say comes much later
    charge(buyer)
    await until_found(buyer, "unknown_to_us")

    second, third = [await order_of(buyer, learner) for learner in ("ben", "cid")]
    await do(buyer, RecordCapture("ben", f"{second['order_id']}.1", 4_900, "EUR", "pi_nowhere", "ch_nowhere"))
    await until_found(buyer, "unknown_to_us", "unknown_at_provider")

    intent_id = (await buyer.pay_by_id(third))["payment_intent"]
    await do(buyer, RecordCapture("cid", f"{third['order_id']}.1", 4_800, "EUR", intent_id))
    wrong = ["unknown_to_us", "unknown_at_provider", "amounts_differ"]
    differs = find(await until_found(buyer, *wrong), "amounts_differ")
    assert (differs.id, differs.learner_id) == (f"{third['order_id']}.1", "cid")
    assert (differs.amounts["facts"], differs.amounts["provider"]) == (4_800, 4_900)

    await do(buyer, RevokeEntitlement("ben", f"{second['order_id']}.1", "by hand"))
    missing = find(await until_found(buyer, *wrong, "paid_without_access"), "paid_without_access")
    assert (missing.id, missing.amounts) == (second["order_id"], {"captured": 4_900, "refunded": 0})

    recent = await outcome(buyer, since=datetime.now(UTC) + timedelta(days=1))
    assert (recent.is_clean, recent.balances) == (True, None)


async def until_dispute(buyer: Shop) -> None:
    """Wait until the provider has taken the money of a dispute."""

    async def is_taken() -> bool:
        entries = buyer.provider.api.balance_transactions.list({"type": "adjustment"}).data
        charges = buyer.provider.api.balance_transactions.list({"type": "charge"}).data
        return len(entries) == 1 and len(charges) == len(buyer.provider.api.charges.list().data)

    await until(is_taken)


def charge(buyer: Shop) -> None:
    """Charge a card for this campus at the provider only."""
    ids = {"learner_id": buyer.learner, "order_id": "gone", "payment_id": "gone.1"}
    buyer.provider.api.payment_intents.create(
        {
            "amount": 700,
            "currency": "eur",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "capture_method": "automatic",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "metadata": {"campus": buyer.settings.name, **ids},
        }
    )


async def order_of(buyer: Shop, learner: str) -> dict[str, Any]:
    """An order of another learner."""
    answer = await buyer.post("/orders", {"product_id": buyer.product, "currency": "EUR"}, user=learner)
    placed: dict[str, Any] = answer.json()
    return placed


async def do(buyer: Shop, command: object) -> None:
    """Carry out a command at the campus."""
    log = await PostgresLog.open(buyer.settings)
    await Bus(log).handle(command, Context("tester", datetime.now(UTC)))
    await log.close()


def find(found: Outcome, kind: str) -> Finding:
    """The finding of a kind."""
    return next(each for each in found.findings if each.kind == kind)


async def test_the_last_outcome_is_kept(buyer: Shop) -> None:
    """One process makes one when it is due; staff see it, also when a later one fails; the command does the same."""
    await buyer.sell()
    provider = StripeProvider(buyer.settings)
    buyer.provider.control("reset")
    buyer.provider.control("faults", {"modes": {"delay": 1.0}})
    charge(buyer)
    stop = asyncio.Event()
    task = asyncio.create_task(reconciling.keep_current(buyer.settings, provider, stop, look=0.1, grace=NOW))

    async def is_kept() -> bool:
        return (await buyer.get("/reconciliation")).json()["outcome"] is not None

    await until(is_kept)
    stop.set()
    await task
    kept = (await buyer.get("/reconciliation")).json()
    assert kept["outcome"]["counts"]["unknown_to_us"] == 1
    await reconciling.make(buyer.settings, provider, interval=3_600.0, grace=NOW)
    assert (await buyer.get("/reconciliation")).json() == kept

    printed = await asyncio.to_thread(
        command, "payments", "reconcile", "--json", "--grace", "0", env=stripe_variables(buyer.settings)
    )
    assert printed.returncode == 1, printed.stderr
    assert "unknown_to_us" in [each["kind"] for each in json.loads(printed.stdout)["findings"]]

    buyer.provider.control("faults", {"down": True})
    await reconciling.make(buyer.settings, provider, interval=0.0, grace=NOW)
    failed = (await buyer.get("/reconciliation")).json()
    assert (failed["outcome"], failed["done_at"]) == (kept["outcome"], kept["done_at"])
    assert "does not answer" in failed["failure"]
    with pytest.raises(Unhealthy, match="1 unknown_to_us"):
        await agree(buyer.settings)
    printed = await asyncio.to_thread(command, "payments", "reconcile", env=stripe_variables(buyer.settings))
    assert (printed.returncode, printed.stdout) == (1, "")
    assert "nothing was compared: Stripe does not answer" in " ".join(printed.stderr.split())
    buyer.provider.control("faults", method="DELETE")
    await provider.close()


def stripe_variables(settings: Settings) -> dict[str, str]:
    """The environment of a command that finds the campus and its provider."""
    return {
        **variables(settings),
        "CAMPUS_STRIPE_KEY": settings.stripe_key,
        "CAMPUS_STRIPE_API_BASE": settings.stripe_api_base,
    }
