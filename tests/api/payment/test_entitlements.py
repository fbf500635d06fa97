"""Access over HTTP."""

from tests.support.sellers import Seller


async def test_access_by_the_staff(seller: Seller) -> None:
    """A learner who was given access is let in to a run that is sold; it ends with the entitlement."""
    await seller.sell()
    gift = {"learner_id": seller.learner, "runs": [seller.run], "reason": "scholarship", "entitlement_id": "gift"}
    assert (await seller.post("/entitlements", gift)).status_code == 403
    position = await seller.send("/entitlements", gift, user="admin")
    (shown,) = (await seller.see("/me/entitlements", position, user=seller.learner))["entitlements"]
    assert (shown["status"], shown["cause"], shown["runs"], shown["until"]) == ("live", "staff", [seller.run], None)
    await seller.until_answer(
        "/me/dashboard", lambda found: [each["status"] for each in found.get("courses", ())] == ["active"]
    )
    revoke = f"/learners/{seller.learner}/entitlements/gift/revoke"
    assert (await seller.post(revoke, {"reason": "over"})).status_code == 403
    position = await seller.send(revoke, {"reason": "over"}, user="admin")
    path = f"/learners/{seller.learner}/entitlements"
    (shown,) = (await seller.see(path, position))["entitlements"]
    assert (shown["status"], shown["is_live"], shown["reason"]) == ("revoked", False, "over")
    assert (await seller.get(path, user="another")).status_code == 403


async def test_what_is_refused(seller: Seller) -> None:
    """Access is to a run that there is, and is taken from one who has it."""
    gift = {"learner_id": seller.learner, "runs": ["none"], "reason": "scholarship"}
    assert (await seller.post("/entitlements", gift, user="admin")).json()["code"] == "run_not_found"
    revoke = f"/learners/{seller.learner}/entitlements/none/revoke"
    assert (await seller.post(revoke, {"reason": "r"}, user="admin")).json()["code"] == "entitlement_not_found"
