"""An order step by step, over HTTP."""

import json
from typing import Any

from projections.engine.steps import patched
from tests.support.polling import until
from tests.support.sellers import Seller


async def test_the_steps_of_an_order(seller: Seller) -> None:
    """What each fact changed in the order, its payment and what it gives access to; for the buyer and the staff."""
    await seller.sell()
    placed = await seller.order()
    await seller.capture(placed)
    path = f"/orders/{placed['order_id']}/replay"
    lines: list[dict[str, Any]] = []

    async def has_access() -> bool:
        answer = await seller.get(path, user=seller.learner)
        assert answer.status_code == 200, answer.text
        lines[:] = [json.loads(line) for line in answer.text.splitlines()]
        return "entitlement.granted" in {line["type"] for line in lines}

    await until(has_access)
    documents: dict[str, Any] = {}
    for line in lines:
        for change in line["changes"]:
            documents[change["document"]] = patched(documents.get(change["document"]), change["patch"])
    order = documents[f"orders/{seller.learner},{placed['order_id']}"]
    assert (order["status"], sum(order["captured"].values())) == ("paid", 4_900)
    assert {document["order_id"] for document in documents.values()} == {placed["order_id"]}
    assert [json.loads(line) for line in (await seller.get(path)).text.splitlines()] == lines
    other = await seller.get(path, user=f"{seller.learner}-2")
    assert (other.status_code, other.json()["code"]) == (404, "order_not_found")
