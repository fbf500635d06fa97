"""Coupons over HTTP."""

from tests.support.sellers import Seller


async def test_a_coupon_takes_its_share_off(seller: Seller) -> None:
    """The staff give it out; an order reserves it, and a cancelled one gives it back."""
    await seller.sell()
    coupon = f"C{seller.tag}"
    body = {"coupon_id": coupon, "kind": "percent", "percent_bp": 5_000, "limit": 1}
    assert (await seller.post("/coupons", body)).status_code == 403
    await seller.send("/coupons", body, user="admin")
    placed = await seller.order(coupon=coupon)
    assert placed["total"] == 2_450
    shown = (await seller.get(f"/coupons/{coupon}")).json()
    assert (shown["reserved"], shown["redeemed"], shown["terms"]["percent_bp"]) == (1, 0, 5_000)
    refused = await seller.post(
        "/orders", {"product_id": seller.product, "currency": "EUR", "coupon": coupon}, user=f"{seller.learner}-2"
    )
    assert refused.json()["code"] == "coupon_used_up"
    await seller.send(f"/orders/{placed['order_id']}/cancel", {})
    await seller.send(f"/coupons/{coupon}/retire", {"reason": "over"}, user="admin")
    shown = (await seller.get(f"/coupons/{coupon}")).json()
    assert (shown["reserved"], shown["is_retired"]) == (0, True)
    listed = (await seller.get("/coupons", limit=200)).json()["items"]
    assert shown in listed
    assert (await seller.get("/coupons/none")).json()["code"] == "coupon_not_found"
    assert (await seller.get("/coupons", user=seller.learner)).status_code == 403
