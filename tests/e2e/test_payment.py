"""Money in, access out: the API on a socket, paysim, and every worker."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from adapters.settings import Settings
from cli.payments.count import ZEROS
from cli.payments.simulation import run
from tests.conftest import migrated
from tests.support.payments import CARD, Shop, dispatching, selling, shop
from tests.support.paysim import Server
from tests.support.polling import until
from tests.support.servers import Servers

pytestmark = pytest.mark.processes


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


async def test_a_course_is_bought_and_given_back(buyer: Shop) -> None:
    """An order is paid on the provider's page; access follows, and ends with the refund."""
    await buyer.sell()
    assert (await buyer.post("/enrollments", {"run_id": buyer.run})).json()["code"] == "payment_required"
    placed = await buyer.order()
    assert (placed["total"], placed["currency"], placed["status"]) == (4_900, "EUR", "awaiting_payment")
    back = await buyer.pay(placed)
    assert back.status_code == 303
    assert back.headers["location"].startswith(placed["checkout_url"])

    paid = await buyer.until_order(placed, "paid")
    assert paid["captured"] == 4_900
    await buyer.until_access("live")
    await buyer.until_enrolled("active")

    reason = {"reason": "the course was not what was promised"}
    await buyer.send(f"/orders/{placed['order_id']}/refunds", reason, user="admin")
    refunded = await buyer.until_order(placed, "refunded")
    assert refunded["refunded"] == 4_900
    await buyer.until_access("revoked")
    await buyer.until_fact(f"enrollment-{buyer.learner}:{buyer.run}", "suspended")


async def test_a_card_is_declined_and_another_one_pays(buyer: Shop) -> None:
    """A refusal ends nothing: the page takes another card, and 3-D Secure is asked for."""
    await buyer.sell()
    placed = await buyer.order()
    stream = f"payment-{buyer.learner}:{placed['order_id']}.1"
    await buyer.pay_by_id(placed, card="pm_card_chargeDeclined")
    await buyer.until_fact(stream, "failed")
    await buyer.pay_by_id(placed, card="pm_card_threeDSecure2Required", authenticate=True)
    await buyer.until_order(placed, "paid")
    await buyer.until_access("live")


async def test_a_cancelled_order_cannot_be_paid(buyer: Shop) -> None:
    """The page of the provider is closed with the order."""
    await buyer.sell()
    placed = await buyer.order()
    page = await buyer.page_of(placed)
    await buyer.send(f"/orders/{placed['order_id']}/cancel", {})
    await buyer.until_fact(f"payment-{buyer.learner}:{placed['order_id']}.1", "cancelled")
    session = page.rpartition("/")[2]
    assert buyer.provider.api.checkout.sessions.retrieve(session).status == "expired"


async def test_an_order_that_was_paid_does_not_expire(buyer: Shop) -> None:
    """The provider is asked before it does, since its message may be late; a page that was not paid is closed."""
    await buyer.sell()
    placed = await buyer.order()
    stream, job = f"order-{buyer.learner}:{placed['order_id']}", "expire_order"
    await buyer.page_of(placed)
    buyer.provider.control("faults", {"modes": {"delay": 1.0}})
    await buyer.pay_by_id(placed)
    await buyer.carry_out(job, stream, "order.placed")
    assert (await buyer.types(stream))[-1] == "paid"
    buyer.provider.control("faults", method="DELETE")
    buyer.provider.control("deliveries/flush")
    await buyer.until_fact(f"entitlement-{buyer.learner}:{placed['order_id']}.1", "granted")

    other = Shop(buyer.client, buyer.settings, buyer.provider)
    await other.sell()
    placed = await other.order()
    stream, page = f"order-{other.learner}:{placed['order_id']}", await other.page_of(placed)
    await other.carry_out(job, stream, "order.placed")
    assert (await other.types(stream))[-1] == "expired"
    assert other.provider.api.checkout.sessions.retrieve(page.rpartition("/")[2]).status == "expired"


async def test_a_dispute_suspends_access_until_it_is_won(buyer: Shop) -> None:
    """The bank takes the money and gives it back; access follows, and every movement is a fact."""
    await buyer.sell()
    placed = await buyer.order()
    await buyer.pay_by_id(placed, card="pm_card_createDispute")
    await buyer.until_order(placed, "disputed")
    await buyer.until_access("suspended")
    (dispute,) = [
        each for each in buyer.provider.api.disputes.list().data if each.payment_intent == await buyer.intent(placed)
    ]
    buyer.provider.control("disputes/close", {"dispute": dispute.id, "outcome": "won"})
    await buyer.until_order(placed, "paid")
    await buyer.until_access("live")
    await buyer.until_facts(
        f"dispute-{buyer.learner}:{dispute.id}", {"opened", "funds_withdrawn", "closed", "funds_reinstated"}
    )


async def test_while_the_provider_is_away_orders_wait(buyer: Shop) -> None:
    """The page says so; when the provider is back all goes on by itself, and nothing was done twice."""
    await buyer.sell()
    buyer.provider.control("faults", {"down": True})
    placed = await buyer.order()
    assert "is being prepared" in (await buyer.client.get(placed["checkout_url"])).text
    buyer.provider.control("faults", {"down": False, "next": {"error_500": 1, "drop_answer": 1}})
    await buyer.pay(placed)
    await buyer.until_order(placed, "paid")
    sessions = [
        each
        for each in buyer.provider.api.checkout.sessions.list({"limit": 100}).data
        if each.client_reference_id == f"{placed['order_id']}.1"
    ]
    assert len(sessions) == 1


async def test_a_refund_whose_answer_was_lost_is_found(buyer: Shop) -> None:
    """The money goes back once."""
    await buyer.sell()
    placed = await buyer.order()
    await buyer.pay(placed)
    await buyer.until_order(placed, "paid")
    buyer.provider.control("faults", {"next": {"drop_answer": 1}})
    await buyer.send(f"/orders/{placed['order_id']}/refunds", {"amount": 900, "reason": "r"}, user="admin")
    assert (await buyer.until_order(placed, "partly_refunded"))["refunded"] == 900
    refunds = buyer.provider.api.refunds.list({"payment_intent": await buyer.intent(placed)}).data
    assert [each.amount for each in refunds] == [900]
    await buyer.until_access("live")


async def test_a_refund_made_at_the_provider_ends_access_and_the_books_agree(buyer: Shop) -> None:
    """Money is exchanged and given back in the provider's dashboard; its messages come doubled and out of order."""
    control, api = buyer.provider.control, buyer.provider.api
    control("exchange", {"into": "eur", "rates": {"usd": 0.9}})
    await buyer.sell(5_000, "USD")
    placed = await buyer.order("USD")
    await buyer.pay(placed)
    await buyer.until_order(placed, "paid")
    await buyer.until_access("live")
    intent = await buyer.intent(placed)

    control("exchange", {"into": "eur", "rates": {"usd": 0.8}})
    control("faults", {"modes": {"duplicate": 1.0, "reorder": 1.0}})
    api.refunds.create({"payment_intent": intent, "amount": 2_000})
    last = api.refunds.create({"payment_intent": intent, "reason": "duplicate"})
    control("deliveries/flush")
    control("faults", method="DELETE")
    assert (await buyer.until_order(placed, "refunded"))["refunded"] == 5_000
    await buyer.until_access("revoked")
    assert (await buyer.types(f"refund-{buyer.learner}:{last.id}"))[0] == "found"
    order = await buyer.types(f"order-{buyer.learner}:{placed['order_id']}")
    assert order[2:] == ["paid", *(["refund_found", "refunded"] * 2)]
    await buyer.until_books_agree(placed)
    assert set(await buyer.clearing(placed)) == {"EUR"}


async def test_a_subscription_begins_and_renews(buyer: Shop) -> None:
    """Each period is an order of its own, and adds the current run; the end that is planned reaches the provider."""
    await buyer.sell(1_900, kind="plan", interval="month", interval_count=1)
    placed = await buyer.order()
    await buyer.pay(placed)
    await buyer.until_order(placed, "paid")
    await buyer.until_access("live")
    stream = f"subscription-{buyer.learner}:{placed['order_id']}"
    await buyer.until_facts(stream, {"started"})
    later = await buyer.open_later_run()
    buyer.provider.control("clock/advance", {"days": 32})
    await buyer.until_facts(stream, {"started", "renewed"})
    await buyer.until_answer("/me/entitlements", lambda found: found["entitlements"][0]["runs"] == [buyer.run, later])
    await buyer.until_answer("/me/dashboard", lambda found: later in [each["run_id"] for each in found["courses"]])

    async def are_paid() -> bool:
        orders = (await buyer.get("/me/orders", user=buyer.learner)).json()["orders"]
        return [(each["status"], each["captured"]) for each in orders] == [("paid", 1_900), ("paid", 1_900)]

    await until(are_paid)

    await buyer.send(f"/subscriptions/{placed['order_id']}/cancel", {})
    (begun,) = [
        each for each in buyer.provider.api.subscriptions.list().data if each.metadata["order_id"] == placed["order_id"]
    ]

    async def is_planned() -> bool:
        return bool(buyer.provider.api.subscriptions.retrieve(begun.id).cancel_at_period_end)

    await until(is_planned)


async def test_a_subscription_goes_on_with_another_plan(buyer: Shop) -> None:
    """The provider charges the difference, which is an order of its own; going back is credited; access follows."""
    terms: dict[str, Any] = {"kind": "plan", "interval": "month", "interval_count": 1}
    await buyer.sell(1_900, **terms)
    more = f"{buyer.product}-more"
    await buyer.send(
        "/products", {"product_id": more, "title": "More", "course_id": buyer.course, **terms}, user="admin"
    )
    await buyer.send(f"/products/{more}/prices", {"currency": "EUR", "amount": 3_900}, user="admin")
    placed = await buyer.order()
    await buyer.pay(placed)
    await buyer.until_order(placed, "paid")
    await buyer.until_access("live")
    stream = f"subscription-{buyer.learner}:{placed['order_id']}"
    await buyer.until_facts(stream, {"started"})

    buyer.provider.control("faults", {"next": {"broken_500": 1}})
    path = f"/subscriptions/{placed['order_id']}/plan"
    await buyer.send(path, {"product_id": more})
    await buyer.until_facts(stream, {"started", "plan_change_requested", "plan_changed", "prorated"})
    await buyer.until_access("live", "revoked")
    orders = (await buyer.until_answer("/me/orders", lambda answer: len(answer["orders"]) == 2))["orders"]
    (shown,) = (await buyer.get("/me/subscriptions", user=buyer.learner)).json()["subscriptions"]
    assert (shown["product_id"], shown["amount"], shown["asked_product_id"]) == (more, 3_900, None)
    assert [each["status"] for each in orders] == ["paid", "paid"]
    found = buyer.provider.api.subscriptions.list({"limit": 100}).data
    (begun,) = [each for each in found if each.metadata["order_id"] == placed["order_id"]]
    invoices = buyer.provider.api.invoices.list({"subscription": begun.id}).data
    assert [each["captured"] for each in orders] == [each.amount_paid for each in invoices]

    await buyer.send(path, {"product_id": buyer.product, "learner_id": buyer.learner}, user="admin")
    await buyer.until_fact(stream, "plan_changed")
    await buyer.until_access("live", "revoked", "revoked")
    item = buyer.provider.api.subscriptions.retrieve(begun.id)["items"].data[0]
    assert item.price.unit_amount == 1_900
    assert len((await buyer.get("/me/orders", user=buyer.learner)).json()["orders"]) == 2

    changes = (await buyer.types(stream)).count("plan_changed")
    await staff_change_plans(buyer, begun.id, more)
    await buyer.until_answer("/me/orders", lambda answer: len(answer["orders"]) == 3)
    await buyer.until_access("live", "revoked", "revoked", "revoked")
    assert (await buyer.types(stream)).count("plan_changed") == changes + 1
    (shown,) = (await buyer.get("/me/subscriptions", user=buyer.learner)).json()["subscriptions"]
    assert (shown["product_id"], shown["amount"]) == (more, 4_500)


async def staff_change_plans(buyer: Shop, subscription_id: str, product_id: str) -> None:
    """In the provider's dashboard: to a price that is none of ours, which is listed, then to one that names a plan."""
    api = buyer.provider.api
    item = api.subscriptions.retrieve(subscription_id)["items"].data[0].id
    price: dict[str, Any] = {"currency": "eur", "recurring": {"interval": "month"}}
    other = api.prices.create({**price, "unit_amount": 700, "product_data": {"name": "Bells"}})
    api.subscriptions.update(subscription_id, {"items": [{"id": item, "price": other.id}]})
    (event,) = [
        each
        for each in api.events.list({"type": "customer.subscription.updated", "limit": 100}).data
        if each.data.object.id == subscription_id and each.data.object["items"].data[0].price.id == other.id
    ]
    await buyer.until_fact(f"provider-{event.id}", "event_unmatched")
    named = {"campus": buyer.settings.name, "product_id": product_id}
    ours = api.prices.create({**price, "unit_amount": 4_500, "product": other.product, "metadata": named})
    changed = {"items": [{"id": item, "price": ours.id}], "proration_behavior": "always_invoice"}
    api.subscriptions.update(subscription_id, changed)


async def test_messages_come_twice_late_and_forged(buyer: Shop) -> None:
    """Every message comes twice and beside false copies, in another order: money and access are the same."""
    await buyer.sell()
    noise = dict.fromkeys(("duplicate", "reorder", "two_signatures", "forge", "stale", "future"), 1.0)
    buyer.provider.control("faults", {"modes": noise})
    placed = await buyer.order()
    await buyer.pay(placed)
    foreign = buyer.provider.control("foreign", {"money": True})
    await buyer.until_order(placed, "paid")
    await buyer.send(f"/orders/{placed['order_id']}/refunds", {"reason": "r"}, user="admin")
    await buyer.until_order(placed, "refunded")
    await buyer.until_access("revoked")
    buyer.provider.control("faults", method="DELETE")
    payment = await buyer.types(f"payment-{buyer.learner}:{placed['order_id']}.1")
    assert sorted(payment).count("captured") == 1
    order = await buyer.types(f"order-{buyer.learner}:{placed['order_id']}")
    assert order == ["placed", "payment_started", "paid", "refund_requested", "refunded"]
    events = buyer.provider.api.events.list({"limit": 100}).data
    about = next(each.id for each in events if each.data.object.id == foreign["id"])
    await buyer.until_fact(f"provider-{about}", "event_unmatched")
    assert await buyer.types(f"provider-evt_forged{about.removeprefix('evt_')}") == []


async def test_simulated_orders_add_up(campus: tuple[Settings, Server], buyer: Shop) -> None:
    """Some orders with every fault: neither side knows of money that the other does not, and access follows it."""
    port = urlsplit(campus[0].public_url).port
    found = await run(campus[0].model_copy(update={"api_port": port}), orders=8, seed=3, faults="all")
    assert found["orders"] == 8
    assert found["captured"] > 0
    assert {name: found[name] for name in ZEROS} == dict.fromkeys(ZEROS, 0)
    assert buyer.provider.control("faults", method="GET")["modes"] == {}


@pytest.mark.slow
async def test_the_browser_races_the_message(buyer: Shop) -> None:
    """Who comes back from the page is there before the message, after it, or with it: paid once, as the page says."""
    for case in ("browser", "message", "both"):
        each = Shop(buyer.client, buyer.settings, buyer.provider)
        await each.sell()
        placed = await each.order()
        back = f"{placed['checkout_url']}&returned=paid"
        await each.page_of(placed)
        if case == "browser":
            buyer.provider.control("faults", {"modes": {"delay": 1.0}})
        looks = [asyncio.create_task(each.client.get(back)) for _ in range(8 if case == "both" else 0)]
        await each.pay(placed)
        if case == "browser":
            assert "is being confirmed" in (await each.client.get(back)).text
            buyer.provider.control("faults", method="DELETE")
            buyer.provider.control("deliveries/flush")
        if case != "message":
            assert {look.status_code for look in await asyncio.gather(*looks)} <= {200}
        await each.until_order(placed, "paid")
        assert "Paid. Thank you" in (await each.client.get(back)).text
        assert (await each.types(f"payment-{each.learner}:{placed['order_id']}.1")).count("captured") == 1


async def test_two_tabs_pay_one_order(buyer: Shop) -> None:
    """A page is paid once; money that comes by an attempt of before as well is an excess, which can go back."""
    api = buyer.provider.api
    await buyer.sell()
    placed = await buyer.order()
    first, order_id = await buyer.page_of(placed), placed["order_id"]
    await buyer.pay_by_id(placed, card="pm_card_chargeDeclined")
    await buyer.until_fact(f"payment-{buyer.learner}:{order_id}.1", "failed")
    await buyer.send(f"/orders/{order_id}/payments", {})
    await buyer.until_fact(f"payment-{buyer.learner}:{order_id}.2", "intent_created")
    page = await buyer.page_of(placed)
    assert page != first
    tabs = await asyncio.gather(*(buyer.client.post(each, data=CARD) for each in (first, page, page)))
    assert all(tab.status_code < 500 for tab in tabs)
    await buyer.until_order(placed, "paid")

    ours = {"campus": buyer.settings.name, "learner_id": buyer.learner, "order_id": order_id}
    late: dict[str, Any] = {"amount": 4_900, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    late |= {"return_url": "https://x.example", "metadata": {**ours, "payment_id": f"{order_id}.1"}}
    api.payment_intents.create(late)
    await buyer.until_fact(f"order-{buyer.learner}:{order_id}", "overpaid")
    await buyer.until_excess(placed, 4_900)
    assert (await buyer.details(placed))["captured"] == 9_800
    await buyer.send(f"/orders/{order_id}/refunds", {"amount": 4_900, "reason": "paid twice"}, user="admin")
    assert (await buyer.until_order(placed, "partly_refunded"))["refunded"] == 4_900
    assert [each.amount for each in api.refunds.list({"payment_intent": await buyer.intent(placed)}).data] == [4_900]
    await buyer.until_access("live")

    late["metadata"] |= {"payment_id": f"{order_id}.2"}  # charged once more for what was captured under this id
    again = api.payment_intents.create(late).id
    await buyer.until_facts(f"payment-{buyer.learner}:{again}", {"found", "captured", "fee_charged"})
    await buyer.until_excess(placed, 4_900)
    listed = await buyer.get("/orders", overpaid="true", learner_id=buyer.learner)
    assert [each["order_id"] for each in listed.json()["items"]] == [order_id]
    assert (await buyer.get("/orders", overpaid="false", learner_id=buyer.learner)).json()["items"] == []
    await buyer.send(f"/orders/{order_id}/refunds", {"amount": 4_900, "reason": "paid twice"}, user="admin")
    await buyer.until_fact(f"refund-{buyer.learner}:{order_id}.r2", "funds_moved")
    assert [each.amount for each in api.refunds.list({"payment_intent": again}).data] == [4_900]
    await buyer.until_excess(placed, 0)
    await buyer.until_access("live")


@pytest.mark.slow
async def test_currencies_without_and_with_three_decimals(buyer: Shop) -> None:
    """JPY, KRW and KWD from the price to the books: the same minor units at the campus and at the provider."""
    await buyer.sell(500, "JPY")
    for currency, amount in (("KRW", 49_000), ("KWD", 15_250)):
        await buyer.send(f"/products/{buyer.product}/prices", {"currency": currency, "amount": amount}, user="admin")
    api = buyer.provider.api
    for number, (currency, amount) in enumerate((("JPY", 500), ("KRW", 49_000), ("KWD", 15_250)), 1):
        placed = await buyer.order(currency)
        assert (placed["total"], placed["currency"]) == (amount, currency)
        await buyer.pay(placed)
        assert (await buyer.until_order(placed, "paid"))["captured"] == amount
        charge = api.charges.list({"payment_intent": await buyer.intent(placed)}).data[0]
        assert (charge.amount, charge.currency) == (amount, currency.lower())
        part = amount // 50 * 10
        await buyer.send(f"/orders/{placed['order_id']}/refunds", {"amount": part, "reason": "a part"}, user="admin")
        await buyer.until_order(placed, "partly_refunded")
        await buyer.send(f"/orders/{placed['order_id']}/refunds", {"reason": "the rest"}, user="admin")
        assert (await buyer.until_order(placed, "refunded"))["refunded"] == amount
        await buyer.until_access(*["revoked"] * number)
        await buyer.until_books_agree(placed)
        entries = (await buyer.get("/ledger/entries", order_id=placed["order_id"], limit=100)).json()["items"]
        assert all(sum(each["amount"] for each in entry["postings"]) == 0 for entry in entries)
        assert {each["currency"] for entry in entries for each in entry["postings"]} == {currency}
