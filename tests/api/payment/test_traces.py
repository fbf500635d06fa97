"""What happened to an order, as one trace."""

from typing import Any

from tests.support.polling import until
from tests.support.sellers import Seller


async def test_an_order_with_its_payment_and_what_that_gave(seller: Seller) -> None:
    """The order's request, what the provider said, and the access that followed, with the jobs of each fact."""
    await seller.sell()
    placed = await seller.order(key="order-1")
    await seller.capture(placed)
    found: dict[str, Any] = {}

    async def has_access() -> bool:
        answer = await seller.get("/traces", order_id=placed["order_id"])
        assert answer.status_code == 200, answer.text
        found.update(answer.json())
        return "entitlement.granted" in {fact["type"] for fact in found["items"]}

    await until(has_access)
    types = [fact["type"] for fact in found["items"]]
    assert {"order.placed", "payment.requested", "payment.captured", "entitlement.granted"} <= set(types)
    assert [each["actor"] for each in found["began_with"]] == [seller.learner, "dispatcher"]
    assert found["began_with"][0]["idempotency_keys"] == ["order-1"]
    positions = {fact["position"] for fact in found["items"]}
    assert all(fact["cause"] is None or fact["cause"] in positions for fact in found["items"])
