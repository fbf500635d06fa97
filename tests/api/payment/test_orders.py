"""Orders over HTTP."""

from datetime import datetime

from adapters.settings import Settings
from commands.payment.orders import OPEN_FOR
from commands.payment.payments import RecordPaymentFailed
from tests.support.sellers import Seller


async def test_an_order_is_placed_once(seller: Seller) -> None:
    """An order for the same product, or with the same key, is answered with the one that is open."""
    await seller.sell()
    placed = await seller.order(key="one", country="DE")
    again, repeated = await seller.order(), await seller.order(key="one", country="DE")
    assert {placed["order_id"]} == {again["order_id"], repeated["order_id"]}
    assert (placed["total"], placed["currency"], placed["status"]) == (4_900, "EUR", "awaiting_payment")
    shown = await seller.see(f"/orders/{placed['order_id']}", placed["position"], user=seller.learner)
    assert (shown["tax"], shown["lines"][0]["tax"], shown["checkout_url"]) == (782, 782, placed["checkout_url"])
    placed_at, expires_at = (datetime.fromisoformat(shown[name]) for name in ("placed_at", "expires_at"))
    assert expires_at - placed_at == OPEN_FOR
    assert (await seller.get("/me/orders", user=seller.learner)).json() == {"orders": [shown]}
    assert (await seller.get(f"/learners/{seller.learner}/orders")).json() == {"orders": [shown]}
    assert (await seller.get(f"/orders/{placed['order_id']}")).json() == shown
    assert (await seller.get("/orders", learner_id=seller.learner)).json()["items"] == [shown]


async def test_an_order_is_the_learners_own(seller: Seller) -> None:
    """Another learner does not find it, and cannot cancel it; its learner can."""
    await seller.sell()
    placed = await seller.order()
    path = f"/orders/{placed['order_id']}"
    assert (await seller.get(path, user="another")).json()["code"] == "order_not_found"
    assert (await seller.post(f"{path}/cancel", {}, user="another")).json()["code"] == "order_not_found"
    position = await seller.send(f"{path}/cancel", {"reason": "too dear"})
    shown = await seller.see(path, position, user=seller.learner)
    assert (shown["status"], shown["checkout_url"]) == ("cancelled", None)
    assert (await seller.post(f"{path}/payments")).json()["code"] == "order_not_open"


async def test_what_costs_nothing_is_paid(seller: Seller) -> None:
    """There is nothing to pay, and no page for it."""
    await seller.sell(amount=0)
    placed = await seller.order()
    assert (placed["status"], placed["checkout_url"]) == ("paid", None)


async def test_a_payment_that_has_failed_is_tried_again(seller: Seller) -> None:
    """Another attempt begins with a payment of its own; one that goes on is not doubled."""
    await seller.sell()
    placed = await seller.order()
    path = f"/orders/{placed['order_id']}/payments"
    assert await seller.send(path) == placed["position"]
    await seller.do(RecordPaymentFailed(seller.learner, f"{placed['order_id']}.1", "the provider makes no page"))
    assert await seller.send(path) > placed["position"]


async def test_refunds_are_of_the_staff(seller: Seller, lively: Settings) -> None:
    """A refund has a reason, and is never above what was paid."""
    await seller.sell()
    placed = await seller.order()
    path = f"/orders/{placed['order_id']}/refunds"
    whole = {"reason": "promised"}
    assert (await seller.post(path, whole)).status_code == 403
    assert (await seller.post(path, whole, user="admin")).json()["code"] == "not_refundable"
    await seller.capture(placed)
    assert (await seller.post(path, whole, user=seller.who_teaches(lively))).json()["code"] == "own_matter"
    answer = await seller.post(path, {"amount": 4_901, "reason": "promised"}, user="admin")
    assert (answer.status_code, answer.json()["left"]) == (409, 4_900)
    assert (await seller.post(path, {"lines": [2], "reason": "promised"}, user="admin")).json()[
        "code"
    ] == "unknown_line"
    await seller.send(path, {"amount": 4_000, "reason": "promised"}, user="admin")
    assert (await seller.post(path, {"amount": 901, "reason": "promised"}, user="admin")).status_code == 409
    assert (await seller.post("/orders/none/refunds", whole, user="admin")).status_code == 404


async def test_what_is_refused(seller: Seller) -> None:
    """An order is for something, in a currency in which it is sold."""
    await seller.sell()
    assert (await seller.post("/orders", {"currency": "EUR"})).json()["code"] == "bad_order"
    product = {"product_id": seller.product}
    assert (await seller.post("/orders", {**product, "currency": "JPY"})).json()["code"] == "no_price"
    assert (await seller.post("/orders", {"product_id": "none", "currency": "EUR"})).status_code == 404
    assert (await seller.post("/orders", {**product, "currency": "EUR", "coupon": "NONE"})).status_code == 404
