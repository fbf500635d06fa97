"""paysim's pages in a browser: each can be read and used by everyone, on any screen."""

from collections.abc import Callable, Iterator

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import Visitor, reviewed
from tests.support.paysim import Server, serving

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]
HTTPS = "https://campus.example"
LONG = "Algebra <1> for those who have forgotten all of it, and Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A paysim that sends its webhooks to no one."""
    with serving() as server:
        yield server


def checkout(server: Server) -> str:
    """The address of a page to pay two places on a course."""
    price = {"currency": "eur", "unit_amount": 4_900, "product_data": {"name": LONG}}
    given = {"mode": "payment", "success_url": f"{HTTPS}/paid", "cancel_url": f"{HTTPS}/cart"}
    session = server.api.checkout.sessions.create({**given, "line_items": [{"price_data": price, "quantity": 2}]})
    return str(session.url)


def open_invoice(server: Server) -> str:
    """The address of an invoice that the saved card did not pay."""
    customer = server.api.customers.create({"email": "ada@example.org"}).id
    price = {"currency": "eur", "unit_amount": 2_900, "recurring": {"interval": "month"}}
    made = server.api.prices.create({**price, "product_data": {"name": LONG}}).id
    card = {"default_payment_method": "pm_card_chargeCustomerFail"}
    subscription = server.api.subscriptions.create({"customer": customer, "items": [{"price": made}], **card})
    return str(server.api.invoices.retrieve(subscription.latest_invoice).hosted_invoice_url)


def receipt(server: Server) -> str:
    """The address of the provider's own receipt."""
    charge = {"amount": 4_900, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    intent = server.api.payment_intents.create({**charge, "return_url": HTTPS})
    server.api.refunds.create({"payment_intent": intent.id, "amount": 900})
    return f"{server.url}/receipts/{intent.latest_charge}"


def paid(server: Server) -> str:
    """The address of a page that was paid."""
    address = checkout(server)
    server.control("sessions/pay", {"session": address.rpartition("/")[2]})
    return address


def expired(server: Server) -> str:
    """The address of a page that can be paid no more."""
    address = checkout(server)
    server.api.checkout.sessions.expire(address.rpartition("/")[2])
    return address


def challenge(server: Server) -> str:
    """The address at which the bank asks who pays."""
    card = {"payment_method": "pm_card_authenticationRequired", "confirm": True, "return_url": HTTPS}
    return f"{server.url}/3ds/{server.api.payment_intents.create({'amount': 4_900, 'currency': 'eur', **card}).id}"


PAGES: tuple[Callable[[Server], str], ...] = (
    checkout, open_invoice, receipt, paid, expired, challenge,
    lambda server: f"{server.url}/",
    lambda server: f"{server.url}/no-such-page",
)  # fmt: skip


async def test_every_page_can_be_read_by_everyone(server: Server, visitor: Visitor) -> None:
    """No finding of axe-core, and no sideways scrolling, in a wide and in a narrow window."""
    visitor.expected = {404}
    page = await visitor.context.new_page()
    for number, address in enumerate([address(server) for address in PAGES]):
        await page.goto(address)
        await reviewed(page, f"paysim-{number}")
    assert visitor.hosts == {server.url.removeprefix("http://")}


@pytest.mark.parametrize("address", [checkout, open_invoice])
async def test_a_refusal_is_explained_and_what_was_typed_is_kept(
    address: Callable[[Server], str], server: Server, visitor: Visitor
) -> None:
    """Also after the step of 3-D Secure the person is known."""
    visitor.expected = {402}
    page = await visitor.open(address(server))
    await typed(page, "4000 0000 0000 9995")
    await expect(page.get_by_role("alert")).to_have_text("Your card has insufficient funds.")
    await expect(page.get_by_label("Name on the card")).to_have_value("Ada Lovelace")
    await reviewed(page, "paysim-declined")


async def typed(page: Page, number: str) -> None:
    """Fill in the form by keyboard alone, from the first field to Enter in the last."""
    await page.get_by_label("E-mail").focus()
    for text in ("ada@example.org", number, "12 / 40", "123", "Ada Lovelace"):
        await page.keyboard.press("ControlOrMeta+A")
        await page.keyboard.type(text)
        if text != "Ada Lovelace":
            await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")


async def test_the_browser_asks_for_what_is_missing(server: Server, visitor: Visitor) -> None:
    """Nothing is sent before all fields are filled in; the first that is empty has the focus."""
    page = await visitor.open(checkout(server))
    await page.get_by_role("button", name="Pay").click()
    await expect(page.get_by_label("E-mail")).to_be_focused()
    await expect(page.get_by_role("alert")).to_have_count(0)
