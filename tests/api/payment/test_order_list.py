"""The orders of all learners over HTTP."""

from adapters.settings import Settings
from tests.support.api import Campus
from tests.support.books import sell
from tests.support.polling import until


async def test_staff_list_orders_with_all_that_belongs_to_them(campus: Campus, lively: Settings) -> None:
    """Filters narrow, pages go on at their cursor in both orders, and a learner sees none of it."""
    first, second = f"{campus.tag}x", f"{campus.tag}y"
    await sell(lively, first, "CLF")
    position = await sell(lively, second, "CLF")
    page = await campus.see("/orders", position, currency="CLF", limit=1, total="true", order="asc")
    (found,) = page["items"]
    assert (page["total"], found["order_id"], found["learner_id"]) == (2, f"o-{first}", f"ann-{first}")
    assert (found["status"], found["captured"], found["refunded"], found["tax"]) == (
        "partly_refunded",
        5_000,
        2_500,
        1_000,
    )
    assert found["lines"] == [
        {
            "line": 1,
            "product_id": f"sold-{first}",
            "title": "Sold",
            "price": 5_000,
            "discount": 0,
            "tax": 1_000,
            "total": 5_000,
            "refunded": 2_500,
        }
    ]
    (payment,) = found["payments"]
    assert payment == {
        "payment_id": f"o-{first}.1",
        "status": "captured",
        "amount": 5_000,
        "captured": 5_000,
        "fee": 100,
        "reason": "",
    }
    assert [(each["refund_id"], each["status"]) for each in found["refunds"]] == [(f"o-{first}.r1", "issued")]
    assert found["disputes"] == []

    async def has_a_receipt() -> bool:
        listed = await campus.see("/orders", position, learner_id=f"ann-{first}")
        return bool(listed["items"][0]["receipt"])

    await until(has_a_receipt)
    rest = (await campus.get("/orders", currency="CLF", limit=1, order="asc", cursor=page["next"])).json()
    assert ([each["order_id"] for each in rest["items"]], rest["next"]) == ([f"o-{second}"], None)
    newest = await campus.see("/orders", position, currency="CLF", limit=2)
    assert [each["order_id"] for each in newest["items"]] == [f"o-{second}", f"o-{first}"]
    for narrowed, number in (
        ({"learner_id": f"ann-{first}"}, 1),
        ({"product_id": f"sold-{second}", "status": "partly_refunded"}, 1),
        ({"product_id": f"sold-{second}", "status": "paid"}, 0),
        ({"currency": "CLF", "placed_after": "2026-03-01T09:00:00Z"}, 0),
        ({"currency": "CLF", "placed_before": "2026-03-01T09:00:01Z"}, 2),
    ):
        assert len((await campus.see("/orders", position, **narrowed))["items"]) == number
    assert (await campus.get("/orders", user=campus.learner)).status_code == 403
