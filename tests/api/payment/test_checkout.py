"""The page between an order and the page of the provider."""

from commands.payment.payments import RecordPaymentFailed
from tests.support.sellers import Seller

PROVIDER = "https://pay.example/c/1"


async def test_the_page_leads_on_when_it_can(seller: Seller) -> None:
    """It asks again by itself until there is a page of the provider; after the payment it says so."""
    await seller.sell()
    placed = await seller.order()
    waiting = await seller.page(placed)
    assert waiting.status_code == 200
    assert 'http-equiv="refresh"' in waiting.text
    assert "Algebra &amp; more" in waiting.text
    assert "49.00 EUR" in waiting.text
    await seller.make_page(placed, PROVIDER)
    leads_on = await seller.page(placed)
    assert (leads_on.status_code, leads_on.headers["location"]) == (303, PROVIDER)
    assert "Pay now" in (await seller.page(placed, "&returned=cancelled")).text
    assert "is being confirmed" in (await seller.page(placed, "&returned=paid")).text
    await seller.capture(placed)
    assert "Paid. Thank you." in (await seller.page(placed, "&returned=paid")).text


async def test_a_ticket_is_for_one_order(seller: Seller) -> None:
    """Without its ticket an order has no page."""
    await seller.sell()
    placed = await seller.order()
    path = f"/v1/orders/{placed['order_id']}/checkout"
    for ticket in ("", "x", "Mjg0MDA.5f1c", placed["checkout_url"].partition("ticket=")[2] + "0", "\u00e4.\u00e4"):
        assert (await seller.client.get(path, params={"ticket": ticket})).status_code == 404
    assert (await seller.client.get(path)).status_code == 422


async def test_another_attempt_after_a_failure(seller: Seller) -> None:
    """Where the provider makes no page, a button begins another attempt."""
    await seller.sell()
    placed = await seller.order()
    await seller.do(RecordPaymentFailed(seller.learner, f"{placed['order_id']}.1", "no page"))
    assert "<button>" in (await seller.page(placed)).text
    answer = await seller.client.post(placed["checkout_url"].replace(seller.services.settings.web_url, ""))
    assert (answer.status_code, 'http-equiv="refresh"' in answer.text) == (200, True)
    assert 'http-equiv="refresh"' in (await seller.page(placed)).text
    await seller.send(f"/orders/{placed['order_id']}/cancel", {})
    assert "was cancelled" in (await seller.page(placed)).text
