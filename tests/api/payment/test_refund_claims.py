"""Refund claims over HTTP: the learner asks, the staff answer, and the refund comes with the answer."""

from tests.support.sellers import Seller


async def test_a_learner_asks_for_money_back_and_the_staff_answer(seller: Seller) -> None:
    """Only what was paid; a refusal with why, another claim, and a refund in the append of the answer."""
    await seller.sell()
    placed = await seller.order()
    path = f"/orders/{placed['order_id']}/refund-claims"
    claim = {"words": f"cancelled {seller.tag}", "lines": [1]}
    assert (await seller.post(path, claim)).json()["code"] == "not_refundable"
    await seller.make_page(placed, "https://pay.example/1")
    await seller.capture(placed)
    assert (await seller.post(path, {**claim, "lines": [2]})).json()["code"] == "unknown_line"
    position = await seller.send(path, claim)
    assert (await seller.post(path, claim)).json()["code"] == "refund_claim_open"
    assert (await seller.post(path, claim, user=f"other-{seller.tag}")).status_code in (403, 404)

    listed = await seller.see("/refund-claims", position)
    (waiting,) = [each for each in listed["items"] if each["order_id"] == placed["order_id"]]
    assert (waiting["claim_no"], waiting["words"], waiting["lines"]) == (1, claim["words"], [1])
    assert (await seller.get("/refund-claims", user=seller.learner)).status_code == 403

    no, yes = {"granted": False, "words": "It has begun."}, {"granted": True, "words": "Yes."}
    assert (await seller.post(f"{path}/1/answer", no)).status_code == 403, "no one answers the own claim"
    await seller.send(f"{path}/1/answer", no, user="admin")
    assert (await seller.post(f"{path}/1/answer", yes, user="admin")).json()["code"] == "refund_claim_closed"
    await seller.send(path, claim)
    await seller.send(f"{path}/2/withdraw")
    await seller.send(path, {"words": "once more"})
    position = await seller.send(f"{path}/3/answer", yes, user="admin")
    assert await seller.send(f"{path}/3/answer", yes, user="admin") >= position
    claims = (await seller.see(path, position, user=seller.learner))["items"]
    refund = f"{placed['order_id']}.r1"
    assert [(each["status"], each["answer"], each["refund_ids"]) for each in claims] == [
        ("refused", "It has begun.", []),
        ("withdrawn", None, []),
        ("granted", "Yes.", [refund]),
    ]
    order = await seller.see(f"/orders/{placed['order_id']}", position, user="admin")
    assert [(each["refund_id"], each["amount"], each["status"]) for each in order["refunds"]] == [
        (refund, 4_900, "requested")
    ]
    assert (await seller.post(path, claim)).json()["code"] == "not_refundable"
    assert (await seller.post("/orders/none/refund-claims", claim)).status_code == 404
