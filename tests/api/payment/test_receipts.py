"""Receipts: pages that print well."""

from commands.payment.payments import RecordCapture, RecordPaymentFailed, StartPayment
from commands.payment.refunds import RecordRefund, RequestRefund
from tests.support.polling import until
from tests.support.sellers import Seller


async def test_a_paid_order_has_a_receipt(seller: Seller) -> None:
    """It has a number and says what was paid; an order that is not paid has none, and no other learner sees it."""
    await seller.sell()
    placed = await seller.order(country="DE")
    path = f"/orders/{placed['order_id']}/receipt"
    await seller.see(f"/orders/{placed['order_id']}", placed["position"])
    assert (await seller.get(path, user=seller.learner)).json()["code"] == "order_not_paid"
    await seller.capture(placed)

    async def is_there() -> bool:
        return (await seller.get(path, user=seller.learner)).status_code == 200

    await until(is_there)
    page = (await seller.get(path, user=seller.learner)).text
    for part in ("Receipt 20", "-00000", "Algebra &amp; more", "49.00 EUR", "7.82 EUR", placed["order_id"]):
        assert part in page
    assert (await seller.get(path)).text == page
    assert (await seller.get(path, user="another")).status_code == 404


async def test_an_order_that_costs_nothing_has_no_receipt(seller: Seller) -> None:
    """It is paid, and the answer does not say otherwise."""
    await seller.sell(amount=0)
    placed = await seller.order()
    path = f"/orders/{placed['order_id']}"
    await seller.see(path, placed["position"])
    assert (await seller.get(f"{path}/receipt")).json()["code"] == "receipt_not_issued"


async def test_a_receipt_says_what_was_refunded_of_it(seller: Seller) -> None:
    """Not what was paid twice: it stands on no receipt, so its refund does not either."""
    await seller.sell()
    placed = await seller.order()
    order_id, learner_id = placed["order_id"], seller.learner
    await seller.do(RecordPaymentFailed(learner_id, f"{order_id}.1", "card_declined"))
    await seller.do(StartPayment(learner_id, order_id))
    for attempt in (1, 2):
        await seller.do(RecordCapture(learner_id, f"{order_id}.{attempt}", 4_900, "EUR"))
    pages = []
    for number, amount in ((1, 4_900), (2, 900)):
        await seller.do(RequestRefund(learner_id, order_id, "asked", amount))
        position = await seller.do(RecordRefund(learner_id, f"{order_id}.r{number}", f"re_{number}"))
        await seller.see(f"/orders/{order_id}", position)

        async def is_there() -> bool:
            return (await seller.get(f"/orders/{order_id}/receipt")).status_code == 200

        await until(is_there)
        pages.append((await seller.get(f"/orders/{order_id}/receipt")).text)
    assert ["Refunded" in page for page in pages] == [False, True]
    assert "-9.00 EUR" in pages[1]
