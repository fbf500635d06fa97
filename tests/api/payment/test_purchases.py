"""What a learner has bought, on one page."""

from datetime import timedelta

from commands.payment.subscriptions import StartSubscription
from tests.support.sellers import Seller


async def test_one_page_says_what_the_lists_say(seller: Seller) -> None:
    """Orders, access and subscriptions of a learner in one answer, also for the staff, and for no other learner."""
    await seller.open_run()
    plan = {"product_id": seller.product, "title": "All", "kind": "plan", "course_id": seller.course}
    await seller.send("/products", {**plan, "interval": "month", "interval_count": 1}, user="admin")
    await seller.send(f"/products/{seller.product}/prices", {"currency": "EUR", "amount": 1_900}, user="admin")
    order_id = (await seller.order())["order_id"]
    now = seller.services.bus.clock.now()
    position = await seller.do(
        StartSubscription(seller.learner, order_id, order_id, "sub_1", now, now + timedelta(days=30))
    )
    gift = {"learner_id": seller.learner, "runs": [seller.run], "reason": "g", "until": "2126-01-01T00:00:00Z"}
    position = await seller.send("/entitlements", gift, user="admin")
    has_both = {"staff", "subscription"}.issubset  # a reaction grants what the subscription gives
    await seller.until_answer(
        "/me/entitlements", lambda answer: has_both(each["cause"] for each in answer["entitlements"])
    )
    shown = await seller.see("/me/purchases", position, user=seller.learner)
    for name in ("orders", "entitlements", "subscriptions"):
        assert shown[name]
        listed = await seller.see(f"/me/{name}", position, user=seller.learner)
        assert listed == {name: shown[name]}
    path = f"/learners/{seller.learner}/purchases"
    assert await seller.see(path, position) == shown
    assert (await seller.get(path, user="another")).status_code == 403
    assert (await seller.get("/me/purchases", user="another")).json() == {
        "orders": [],
        "entitlements": [],
        "subscriptions": [],
    }
