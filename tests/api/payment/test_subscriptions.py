"""Subscriptions over HTTP."""

from datetime import timedelta

from commands.payment.subscriptions import StartSubscription
from tests.support.sellers import Seller


async def test_a_subscription_ends_as_planned_or_goes_on(seller: Seller) -> None:
    """Its learner plans the end and takes that back; the staff end it at once, and then nothing changes it."""
    await seller.open_run()
    plan = {"product_id": seller.product, "title": "All", "kind": "plan", "course_id": seller.course}
    await seller.send("/products", {**plan, "interval": "month", "interval_count": 1}, user="admin")
    await seller.send(f"/products/{seller.product}/prices", {"currency": "EUR", "amount": 1_900}, user="admin")
    order_id = (await seller.order())["order_id"]
    now = seller.services.bus.clock.now()
    position = await seller.do(
        StartSubscription(seller.learner, order_id, order_id, "sub_1", now, now + timedelta(days=30)),
    )
    (shown,) = (await seller.see("/me/subscriptions", position, user=seller.learner))["subscriptions"]
    assert (shown["status"], shown["amount"], shown["cancel_at"]) == ("active", 1_900, None)
    assert shown["renews_at"] == shown["paid_until"] is not None

    async def listed(**asked: str) -> list[tuple[str, int]]:
        page = await seller.see("/subscriptions", position, product_id=seller.product, **asked)
        return [(each["learner_id"], each["periods"]) for each in page["items"]]

    assert await listed() == await listed(status="active") == [(seller.learner, 1)]
    assert await listed(status="past_due") == []
    assert (await seller.get("/subscriptions", user=seller.learner)).status_code == 403

    path = f"/subscriptions/{order_id}"
    position = await seller.send(f"{path}/cancel", {})
    (shown,) = (await seller.see(f"/learners/{seller.learner}/subscriptions", position))["subscriptions"]
    assert (shown["cancel_at"], shown["renews_at"]) == (shown["paid_until"], None)
    position = await seller.send(f"{path}/resume", {})
    (shown,) = (await seller.see("/me/subscriptions", position, user=seller.learner))["subscriptions"]
    assert shown["cancel_at"] is None

    end = f"/learners/{seller.learner}{path}/end"
    assert (await seller.post(end, {"reason": "fraud"})).status_code == 403
    await seller.send(end, {"reason": "fraud"}, user="admin")
    assert (await seller.post(f"{path}/resume", {})).json()["code"] == "subscription_over"
    assert (await seller.post("/subscriptions/none/cancel", {})).json()["code"] == "subscription_not_found"
