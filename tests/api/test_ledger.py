"""The books and revenue over HTTP."""

from datetime import date, timedelta

from adapters.settings import Settings
from tests.support.api import Campus
from tests.support.books import sell, subscribe


async def test_the_books_are_read_by_account_and_entry(campus: Campus, lively: Settings) -> None:
    """Balances add up to 0, entries name their causes and come in pages, revenue is by day and course."""
    position = await sell(lively, campus.tag, "BHD")
    course, order = f"sold-{campus.tag}", f"o-{campus.tag}"

    seen = await campus.see("/ledger/balances", position, currency="BHD")
    balances = {each["account"]: each["balance"] for each in seen["balances"]}
    assert sum(balances.values()) == 0
    assert balances[f"revenues:courses:{course}"] == -4_000
    assert balances[f"revenues:refunds:{course}"] == 2_000
    before = await campus.see("/ledger/balances", position, currency="BHD", until="2026-02-28")
    assert course not in str(before["balances"])

    first = await campus.see("/ledger/entries", position, order_id=order, limit=2, total="true")
    assert (first["total"], [each["type"] for each in first["items"]]) == (4, ["payment.captured", "order.paid"])
    rest = (await campus.get("/ledger/entries", order_id=order, limit=2, cursor=first["next"])).json()
    assert [each["cause"] for each in rest["items"]] == [f"{order}.1", f"{order}.r1"]
    refund = rest["items"][1]
    assert (refund["day"], refund["learner_id"], rest["next"]) == ("2026-03-01", f"ann-{campus.tag}", None)
    assert {each["account"]: each["amount"] for each in refund["postings"]} == {
        "assets:clearing": -2_500,
        "liabilities:tax": 500,
        f"revenues:refunds:{course}": 2_000,
    }
    tax = await campus.see("/ledger/entries", position, order_id=order, account="liabilities", order="desc")
    assert [each["type"] for each in tax["items"]] == ["order.refunded", "order.paid"]

    seen = await campus.see("/revenue", position, course_id=course, by="month")
    assert seen["items"] == [
        {
            "period": "2026-03",
            "currency": "BHD",
            "course_id": course,
            "captured": 5_000,
            "refunded": 2_500,
            "disputed": 0,
            "fees": 100,
            "net": 2_400,
            "deferred": 0,
            "earned": 0,
        }
    ]
    assert (await campus.get("/revenue", user=campus.learner)).status_code == 403


async def test_what_a_plan_earns_is_by_period(campus: Campus, lively: Settings) -> None:
    """It is deferred when it is paid, and earned month by month, without tax."""
    position = await subscribe(lively, campus.tag, "OMR")
    course = f"plan-{campus.tag}"
    seen = await campus.see("/revenue", position, course_id=course, by="month")
    months = [(each["period"], each["captured"], each["deferred"], each["earned"]) for each in seen["items"]]
    assert months == [("2026-03", 3_100, 3_100, 1_700), ("2026-04", 0, 0, 1_400)]
    (april,) = (await campus.see("/revenue", position, course_id=course, since="2026-04-01"))["items"]
    assert (april["period"], april["net"], april["earned"]) == ("2026-04-14", 0, 1_400)


async def test_the_staff_close_days_that_are_over(campus: Campus) -> None:
    """A closed day is shown; one that is not over is refused, and so is a learner."""
    before = (await campus.see("/ledger/balances", 0, user="admin"))["last_closed_day"]  # other tests have closed days
    day = "2020-12-31" if before is None else str(date.fromisoformat(before) + timedelta(days=1))
    position = await campus.send("/ledger/close", {"until": day}, user="admin")
    assert (await campus.see("/ledger/balances", position))["last_closed_day"] == day
    refused = await campus.post("/ledger/close", {"until": "2199-12-31"}, user="admin")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_period")
    assert (await campus.post("/ledger/close", {"until": day}, user=campus.learner)).status_code == 403
