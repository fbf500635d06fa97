"""The port of the payment provider over Stripe's SDK, against paysim over HTTP."""

from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.embedded.secrets import free_port
from adapters.payments import stripe_provider
from adapters.payments.stripe_provider import StripeProvider
from adapters.settings import Settings
from commands.payment.provider import CheckoutOrder, Ours, ProviderAway, ProviderRefused
from domain.payment.order_line import Grant, Line
from tests.support import paysim

pytestmark = pytest.mark.processes

LINE = Line(1, "p", "Algebra", [Grant("c", None)], 4_900, 0, 0, 0, 4_900, None, "suspend", 2, None)
ORDER = CheckoutOrder("ann", "o", "o.1", [LINE], 4_900, "EUR", datetime.now(UTC), "https://campus.example/o?ticket=t")
OURS = Ours("ann", "o", "o.1", "o.r1")


@pytest.fixture(scope="module")
def server() -> Iterator[paysim.Server]:
    """A paysim."""
    with paysim.serving() as server:
        yield server


def settings_of(url: str, key: str = paysim.KEY) -> Settings:
    """Settings that lead to a provider, and to nothing else."""
    nowhere: dict[str, Any] = {"postgres_url": "postgresql://", "nats_url": "nats://", "valkey_url": "redis://"}
    return Settings(**nowhere, token_secret="x" * 16, name="here", stripe_key=key, stripe_api_base=url)


@pytest.fixture
async def provider(server: paysim.Server) -> AsyncIterator[StripeProvider]:
    """The port to it."""
    provider = StripeProvider(settings_of(server.url))
    yield provider
    await provider.close()


async def test_the_way_of_a_payment(provider: StripeProvider, server: paysim.Server) -> None:
    """A key makes one page, whatever is lost; what was paid, kept as a fee and given back is said in our terms."""
    server.control("faults", {"next": {"drop_answer": 1}})
    with pytest.raises(ProviderAway):
        await provider.create_checkout(ORDER, "key-1")
    page = await provider.create_checkout(ORDER, "key-1")
    assert (await provider.create_checkout(ORDER, "key-1")).provider_id == page.provider_id
    assert (page.status, page.amount) == ("open", 4_900)
    with pytest.raises(ProviderRefused):
        await provider.create_checkout(replace(ORDER, order_id="another"), "key-1")

    server.control("sessions/pay", {"session": page.provider_id})
    assert (await provider.close_checkout(page.provider_id)).status == "complete"
    intent_id = (await provider.checkout(page.provider_id)).intent_id or ""
    server.control("clock/advance", {"seconds": 5})
    intent = await provider.intent(intent_id)
    assert (intent.status, intent.amount, intent.currency) == ("succeeded", 4_900, "EUR")
    assert intent.ours == Ours("ann", "o", "o.1")
    assert intent.balance is not None
    assert intent.balance.net == intent.balance.amount - intent.balance.fee

    server.control("faults", {"next": {"drop_answer": 1}})
    with pytest.raises(ProviderAway):
        await provider.refund(intent_id, 900, "EUR", OURS, "key-2")
    made = await provider.refund(intent_id, 900, "EUR", OURS, "key-of-another-try")
    assert [each.provider_id for each in await provider.refunds(intent_id)] == [made.provider_id]
    assert (made.status, made.amount, made.ours) == ("succeeded", 900, OURS)
    with pytest.raises(ProviderRefused, match="greater"):
        await provider.refund(intent_id, 4_001, "EUR", replace(OURS, refund_id="o.r2"), "key-3")

    since = datetime.now(UTC) - timedelta(hours=1)
    moved = [each async for each in provider.movements(since)]
    assert [(each.kind, each.balance.amount) for each in moved] == [("refund", -900), ("charge", 4_900)]


@pytest.mark.parametrize("fault", ["error_500", "broken_500"])
async def test_a_failure_that_is_kept_under_the_key(
    provider: StripeProvider, server: paysim.Server, fault: str
) -> None:
    """Stripe answers with it for a day: what was done is found, and what was not is done under another key, once."""
    order = replace(ORDER, payment_id=f"{fault}.1")
    server.control("faults", {"next": {fault: 1}})
    with pytest.raises(ProviderAway):
        await provider.create_checkout(order, fault)
    pages = [await provider.create_checkout(order, fault) for _ in range(2)]
    sessions = server.api.checkout.sessions.list({"limit": 100}).data
    assert {page.provider_id for page in pages} == {
        each.id for each in sessions if each.client_reference_id == order.payment_id
    }

    server.control("sessions/pay", {"session": pages[0].provider_id})
    intent_id = (await provider.checkout(pages[0].provider_id)).intent_id or ""
    ours = replace(OURS, payment_id=order.payment_id)
    server.control("faults", {"next": {fault: 1}})
    with (
        pytest.raises(ProviderAway) if fault == "broken_500" else nullcontext()
    ):  # the other meets the look, which goes on
        await provider.refund(intent_id, 900, "EUR", ours, f"{fault}.r")
    await provider.refund(intent_id, 900, "EUR", ours, f"{fault}.r")
    assert [each.amount for each in await provider.refunds(intent_id)] == [900]


async def test_a_page_of_a_list_that_fails_is_asked_for_again(
    provider: StripeProvider, server: paysim.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the whole list: where one page in ten fails, a look would not see the end of a long one."""
    monkeypatch.setattr(stripe_provider, "PAGE", 1)
    for name in ("page.1", "page.2"):
        await provider.create_checkout(replace(ORDER, payment_id=name), name)
    pages = provider._pages(provider._api.checkout.sessions)
    first = await anext(pages)
    server.control("faults", {"next": {"error_500": 1}})
    second = await anext(pages)
    assert [first.client_reference_id, second.client_reference_id] == ["page.2", "page.1"]


async def test_another_campus_is_not_ours(provider: StripeProvider, server: paysim.Server) -> None:
    """An object of a campus of another name has no ids of ours."""
    page = await provider.create_checkout(ORDER, "key-4")
    server.control("sessions/pay", {"session": page.provider_id})
    intent_id = (await provider.checkout(page.provider_id)).intent_id or ""
    there = StripeProvider(settings_of(server.url).model_copy(update={"name": "there"}))
    assert (await there.intent(intent_id)).ours == Ours()
    await there.close()


async def test_a_page_that_is_closed_cannot_be_paid(provider: StripeProvider, server: paysim.Server) -> None:
    """Closing it again changes nothing."""
    page = await provider.create_checkout(ORDER, "key-5")
    assert {(await provider.close_checkout(page.provider_id)).status for _ in range(2)} == {"expired"}
    assert server.control("sessions/pay", {"session": page.provider_id})["status"] == "expired"


@pytest.mark.parametrize("wrong", ["nothing there", "no key", "bad key"])
async def test_what_is_not_at_fault_waits(server: paysim.Server, wrong: str) -> None:
    """A provider that is not there, and a key that it does not take, are mended by the operator."""
    url = f"http://127.0.0.1:{free_port()}" if wrong == "nothing there" else server.url
    key = {"no key": "", "bad key": "sk_live_of_another"}.get(wrong, paysim.KEY)
    provider = StripeProvider(settings_of(url, key))
    with pytest.raises(ProviderAway):
        await provider.ping()
    await provider.close()


async def test_an_end_that_we_have_asked_for_is_known_again(provider: StripeProvider, server: paysim.Server) -> None:
    """By the key of the request; so is that it was taken back, also where there was nothing to do."""
    customer = server.api.customers.create({"email": "ann@example.org"}).id
    product = server.api.products.create({"name": "All courses"}).id
    price = {"currency": "eur", "unit_amount": 1_900, "product": product, "recurring": {"interval": "month"}}
    begun: Any = {"customer": customer, "items": [{"price_data": price}], "default_payment_method": "pm_card_visa"}
    made = server.api.subscriptions.create(begun).id
    await provider.cancel_subscription(made, at_once=False, key="key-end")
    assert server.api.subscriptions.retrieve(made).cancel_at_period_end
    found = await provider.subscription(made)
    assert (found.ends_at, found.asked) == (found.period_end, "key-end")
    await provider.resume_subscription(made, "key-on")
    assert not server.api.subscriptions.retrieve(made).cancel_at_period_end
    server.api.subscriptions.update(made, {"cancel_at_period_end": True})
    found = await provider.subscription(made)
    assert (found.ends_at, found.asked) == (found.period_end, "key-on")
