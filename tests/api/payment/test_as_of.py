"""What a learner has ordered, as of another moment."""

from collections.abc import Callable

import httpx
from fastapi import FastAPI

from commands.payment.refunds import RecordRefund, RequestRefund
from tests.support.polling import until
from tests.support.sellers import Seller


async def test_orders_are_answered_as_they_were(app: FastAPI, seller: Seller) -> None:
    """With payments, refunds and the receipt, which is a fact of another key; byte by byte, for each route."""
    await seller.sell()
    placed = await seller.order(country="DE")
    order_id, learner_id = placed["order_id"], seller.learner
    log = app.state.services.log
    paths = (f"/orders/{order_id}", f"/learners/{learner_id}/orders", f"/learners/{learner_id}/purchases")
    then: dict[tuple[str, int], httpx.Response] = {}

    async def look(shows: Callable[[httpx.Response], bool]) -> None:
        for path in paths:

            async def is_there(path: str = path) -> bool:
                answer = await seller.get(path)
                position = await log.head()
                if answer.headers.get("campus-position") == str(position) and shows(answer):
                    then[path, position] = answer
                    return True
                return False

            await until(is_there)

    await look(lambda answer: order_id in answer.text)
    await seller.capture(placed)
    await look(lambda answer: '"receipt":"20' in answer.text)
    receipt = await seller.get(f"/orders/{order_id}/receipt")
    paid_at = await log.head()
    await seller.do(RequestRefund(learner_id, order_id, "asked", 900))
    await seller.do(RecordRefund(learner_id, f"{order_id}.r1", "re_1"))
    await look(lambda answer: '"refunded":900' in answer.text)
    assert len(then) == 9
    for (path, position), answer in then.items():
        again = await seller.get(path, known_at=position)
        assert again.content == answer.content, (path, position)
        assert "orders;v=" in again.headers["campus-rules"]
        if path == paths[0]:
            own = await seller.get(path, user=learner_id, known_at=position)
            assert own.content == answer.content
            assert (await seller.get(path, user="another", known_at=position)).json()["code"] == "order_not_found"
    as_of = await seller.get(f"/orders/{order_id}/receipt", known_at=paid_at)
    assert (as_of.text, as_of.headers["campus-position"]) == (receipt.text, str(paid_at))
    assert "immutable" in as_of.headers["cache-control"]
    assert (await seller.get(f"/orders/{order_id}", known_at=0)).json()["code"] == "no_such_order"
