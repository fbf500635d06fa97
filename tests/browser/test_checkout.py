"""A course is bought in a browser: paysim's Checkout page, the pages before and after it, and what follows."""

import asyncio
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from adapters.postgres.connection import connect
from tests.support.browser import Visitor, reviewed
from tests.support.payments import Shop
from tests.support.polling import PATIENCE

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]
expect.set_options(timeout=PATIENCE * 1_000)
PAID, DECLINED, CHALLENGED = "4242 4242 4242 4242", "4000 0000 0000 0002", "4000 0027 6000 3184"
CARD = {"E-mail": "ada.lovelace@example.org", "Expires": "12 / 40", "Security code": "737"}
CARD["Name on the card"] = "Augusta Ada King"
THANKS = "Paid. Thank you. You can close this page."
ROWS = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND table_type = 'BASE TABLE'"


async def fill_in(page: Page, number: str = PAID) -> None:
    """Type into the form, by the labels of its fields."""
    for label, text in {**CARD, "Card number": number}.items():
        await page.get_by_label(label).fill(text)


async def pay(page: Page, number: str = PAID) -> None:
    """Fill in a card and press the button."""
    await fill_in(page, number)
    await page.get_by_role("button", name="Pay €49.00").click()


async def shows(page: Page, text: str) -> None:
    """Wait until our page says how the order stands."""
    await expect(page.get_by_role("status")).to_have_text(text)


async def begun(buyer: Shop, visitor: Visitor) -> tuple[dict[str, Any], Page]:
    """An order, and the payment page to which the address that was answered has led."""
    await buyer.sell()
    placed = await buyer.order()
    page = await visitor.open(placed["checkout_url"])
    await expect(page).to_have_title("Pay €49.00")
    return placed, page


async def charges(buyer: Shop, placed: dict[str, Any]) -> list[int]:
    """What an order was charged, by the provider."""
    found = buyer.provider.api.charges.list({"payment_intent": await buyer.intent(placed), "limit": 100}).data
    return [each.amount for each in found if each.paid]


async def test_a_course_is_bought_with_the_printed_card(buyer: Shop, visitor: Visitor) -> None:
    """From the address that the API answers, over the provider's page and back; the course is on the dashboard."""
    placed, page = await begun(buyer, visitor)
    printed = page.get_by_role("table", name="Test cards").get_by_role("row").filter(has_text=re.compile("is paid$"))
    await pay(page, await printed.first.get_by_role("cell").first.inner_text())
    await shows(page, THANKS)
    await reviewed(page, "paid")
    await buyer.until_order(placed, "paid")
    await buyer.until_enrolled("active")
    provider, campus = (urlsplit(each).netloc for each in (buyer.provider.url, buyer.settings.web_url))
    assert visitor.hosts == {provider, campus}


async def test_after_paying_neither_back_nor_reload_pays_again(buyer: Shop, visitor: Visitor) -> None:
    """The page of the campus says the same, and the payment page that the order is paid."""
    placed, page = await begun(buyer, visitor)
    await pay(page)
    await shows(page, THANKS)
    await page.reload()
    await shows(page, THANKS)
    await page.go_back()
    if await page.get_by_role("button").count():  # the form, as the browser has kept it
        await pay(page)
    await expect(page.get_by_role("heading")).to_have_text("You have already paid.")
    await page.reload()
    await page.get_by_role("link", name="Continue").click()
    await shows(page, THANKS)
    assert await charges(buyer, placed) == [4_900]


async def test_a_declined_card_is_explained_and_another_one_pays(buyer: Shop, visitor: Visitor) -> None:
    """The reason is an alert; what was typed is still there."""
    visitor.expected = {402}
    placed, page = await begun(buyer, visitor)
    await pay(page, DECLINED)
    await expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    await buyer.until_fact(f"payment-{buyer.learner}:{placed['order_id']}.1", "failed")
    await page.get_by_label("Card number").fill(PAID)
    await page.get_by_role("button", name="Pay €49.00").click()
    await shows(page, THANKS)
    assert await charges(buyer, placed) == [4_900]


async def test_the_bank_asks_and_is_refused_then_answered(buyer: Shop, visitor: Visitor) -> None:
    """A challenge that fails leads back to the form, with the reason; one that is completed pays."""
    placed, page = await begun(buyer, visitor)
    await pay(page, CHALLENGED)
    await page.get_by_role("button", name="Fail authentication").click()
    await expect(page.get_by_role("alert")).to_contain_text("unable to authenticate")
    await pay(page, CHALLENGED)
    await page.get_by_role("button", name="Complete authentication").click()
    await shows(page, THANKS)
    assert await charges(buyer, placed) == [4_900]


async def test_two_tabs_pay_one_order_once(buyer: Shop, visitor: Visitor) -> None:
    """One waits for the bank, the other one pays; whatever the first then does, the order was charged once."""
    placed, first = await begun(buyer, visitor)
    second, third = [await visitor.open(placed["checkout_url"]) for _ in range(2)]
    await pay(first, CHALLENGED)
    await expect(first.get_by_role("heading")).to_contain_text("your bank asks")
    await fill_in(third)
    await pay(second)
    await shows(second, THANKS)
    await first.get_by_role("button", name="Complete authentication").click()
    await shows(first, THANKS)
    await third.get_by_role("button", name="Pay €49.00").click()
    await expect(third.get_by_role("heading")).to_have_text("You have already paid.")
    await third.goto(placed["checkout_url"])
    await shows(third, THANKS)
    assert await charges(buyer, placed) == [4_900]
    assert (await buyer.until_order(placed, "paid"))["captured"] == 4_900


async def test_who_goes_back_without_paying_can_pay_later(buyer: Shop, visitor: Visitor) -> None:
    """The order waits and the page leads on again, by the keyboard alone; then it is paid as well."""
    _, page = await begun(buyer, visitor)
    await page.get_by_role("link", name="Back without paying").press("Enter")
    await shows(page, "The order is not paid yet.")
    await reviewed(page, "not-paid-yet")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Pay now")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Pay €49.00")
    await fill_in(page)
    await page.get_by_label("Name on the card").press("Enter")
    await shows(page, THANKS)


async def test_a_cancelled_order_cannot_be_paid_in_an_open_tab(buyer: Shop, visitor: Visitor) -> None:
    """The tab says that nothing was charged, and leads to what has become of the order."""
    placed, page = await begun(buyer, visitor)
    await buyer.send(f"/orders/{placed['order_id']}/cancel", {})
    await buyer.until_fact(f"payment-{buyer.learner}:{placed['order_id']}.1", "cancelled")
    await pay(page)
    await expect(page.get_by_role("heading")).to_have_text("This payment page has expired. Nothing was charged.")
    await page.get_by_role("link", name="Go back").click()
    await shows(page, "This order was cancelled. Nothing is to be paid.")


async def test_a_page_that_could_not_be_made_is_tried_again(buyer: Shop, visitor: Visitor) -> None:
    """After an attempt that was cancelled at the provider a button begins another, in every tab that shows it."""
    placed, page = await begun(buyer, visitor)
    buyer.provider.api.checkout.sessions.expire(urlsplit(page.url).path.rpartition("/")[2])
    await buyer.until_fact(f"payment-{buyer.learner}:{placed['order_id']}.1", "cancelled")
    await page.goto(placed["checkout_url"])
    await shows(page, "The payment page could not be made.")
    await reviewed(page, "could-not-be-made")
    tabs = [page, await visitor.open(placed["checkout_url"])]
    for tab in tabs:
        await tab.get_by_role("button", name="Try again").click()
        await expect(tab).to_have_title("Pay €49.00")
    await pay(page)
    await shows(page, THANKS)
    await buyer.until_order(placed, "paid")


async def test_the_receipt_can_be_read_and_fills_one_sheet(buyer: Shop, visitor: Visitor) -> None:
    """With the learner's token it opens as a page; the browser prints it on one sheet of paper."""
    await buyer.sell()
    coupon = {"coupon_id": f"TEN-{buyer.tag}", "kind": "percent", "percent_bp": 1_000}
    await buyer.send("/coupons", coupon, user="admin")
    placed = await buyer.order(coupon=coupon["coupon_id"], country="DE")
    path = f"/orders/{placed['order_id']}"
    await buyer.pay_by_id(placed)
    await buyer.until_answer(path, lambda order: order.get("receipt"))
    await buyer.send(f"{path}/refunds", {"amount": 410, "reason": "a broken video"}, user="admin")
    await buyer.until_order(placed, "partly_refunded")
    await visitor.context.set_extra_http_headers(await buyer.as_user(buyer.learner))
    page = await visitor.open(f"{buyer.settings.web_url}/v1{path}/receipt")
    await reviewed(page, "receipt")
    lines = [await row.inner_text() for row in await page.get_by_role("row").all()]
    assert [line.split("\t")[-1].strip() for line in lines] == ["Amount", "44.10 EUR", "44.10 EUR", "-4.10 EUR"]
    assert "49.00 EUR less a discount of 4.90 EUR" in lines[1]
    printed = await page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


async def test_nothing_of_the_card_or_its_holder_is_kept(
    buyer: Shop, visitor: Visitor, log_of_api: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither facts nor rows nor logs have the number, the code, the name or the address that were typed."""
    visitor.expected = {402}
    placed, page = await begun(buyer, visitor)
    await pay(page, DECLINED)
    await expect(page.get_by_role("alert")).to_be_visible()
    await pay(page)
    await shows(page, THANKS)
    await buyer.until_access("live")
    await buyer.until_books_agree(placed)
    kept = [await asyncio.to_thread(log_of_api.read_text), *capfd.readouterr(), *await rows_of(buyer)]
    assert any(placed["order_id"] in each for each in kept)
    numbers = [number for each in (PAID, DECLINED) for number in (each, each.replace(" ", ""))]
    typed = [CARD["E-mail"], CARD["Name on the card"], *numbers]
    assert [text for text in typed if any(text in each for each in kept)] == []


async def rows_of(buyer: Shop) -> list[str]:
    """Every row of every table of a campus, as text."""
    found: list[str] = []
    async with await connect(buyer.settings, application="test") as connection:
        for schema in (buyer.settings.schema_name, buyer.settings.read_schema):
            for (table,) in await (await connection.execute(ROWS, [schema])).fetchall():
                rows = await connection.execute(f'SELECT t::text FROM "{schema}"."{table}" t')
                found += [row for (row,) in await rows.fetchall()]
    return found
