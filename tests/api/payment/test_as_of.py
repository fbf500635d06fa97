"""What a learner has ordered, as of another moment."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from commands.payment.invoices import RenewSubscription
from commands.payment.refunds import RecordRefund, RequestRefund
from commands.payment.subscriptions import StartSubscription
from tests.support.past import Past
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


async def test_runs_that_a_renewal_has_added_are_there_from_then_on(app: FastAPI, seller: Seller) -> None:
    """Before it the access is to the first run only: byte by byte as of each position, and by the time of the fact."""
    await seller.open_run()
    plan = {"product_id": seller.product, "title": "All", "kind": "plan", "course_id": seller.course}
    await seller.send("/products", {**plan, "interval": "month", "interval_count": 1}, user="admin")
    await seller.send(f"/products/{seller.product}/prices", {"currency": "EUR", "amount": 1_900}, user="admin")
    order_id, learner_id, later = (await seller.order())["order_id"], seller.learner, f"{seller.run}-later"
    now, month = seller.services.bus.clock.now(), timedelta(days=30)
    past = Past(app, seller, ("/learners/{learner}/entitlements", "/learners/{learner}/purchases"))

    async def has(*runs: str) -> None:
        wanted = [[*runs]]
        await seller.until_answer(
            "/me/entitlements", lambda found: [each["runs"] for each in found["entitlements"]] == wanted
        )
        await past.look()

    await seller.do(StartSubscription(learner_id, order_id, order_id, "sub_1", now, now + month))
    await has(seller.run)
    times = {"starts_at": "2026-03-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
    await seller.send("/runs", {"run_id": later, "course_id": seller.course, **times}, user="admin")
    await seller.send(f"/runs/{later}/open", user="admin")
    await seller.do(RenewSubscription(learner_id, order_id, now + month, now + 2 * month, 1_900, "EUR"))
    await has(seller.run, later)
    assert len({position for _, position in past.answers}) > 1
    for (path, position), then in past.answers.items():
        assert (await seller.get(path, known_at=position)).content == then.content, (path, position)

    facts = await seller.services.log.stream(f"entitlement-{learner_id}:{order_id}")
    (added,) = (each for each in facts if each.type == "entitlement.runs_added")
    moments: list[dict[str, Any]] = [
        {"known_at": added.position - 1},
        {"known_at": added.position},
        {"valid_at": (added.occurred_at - timedelta(microseconds=1)).isoformat()},
        {"valid_at": added.occurred_at.isoformat()},
    ]
    found = []
    for moment in moments:
        answer = await seller.get(f"/learners/{learner_id}/entitlements", **moment)
        found += [each["runs"] for each in answer.json()["entitlements"]]
    assert found == [[seller.run], [seller.run, later]] * 2
