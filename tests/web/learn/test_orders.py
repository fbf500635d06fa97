"""Buying a course: the order with its way to pay, and what becomes of it."""

import re

from tests.support.api import Campus
from tests.support.pages import Reader, text_of


async def test_an_order_leads_to_the_payment_page_and_can_be_given_up(
    shared_campus: Campus, sample_learner: Reader
) -> None:
    """The page that pays is a link; who comes back sees what the campus knows, and not that it is paid."""
    campus, ada = shared_campus, sample_learner
    await campus.open_run()
    product = f"p-{campus.tag}"
    body = {"product_id": product, "title": "Algebra <i>& more", "kind": "run"}
    await campus.send("/products", {**body, "course_id": campus.course, "run_id": campus.run}, user="admin")
    price = {"currency": "EUR", "amount": 4_900}
    await campus.see("/products", await campus.send(f"/products/{product}/prices", price, user="admin"))
    here = f"/courses/{campus.course}"
    shown = await ada.sees(here, "€49.00")
    assert "Algebra &lt;i&gt;&amp; more" in shown
    wrong = await ada.send(here, {"do": "buy", "product_id": product, "currency": "EUR", "coupon": "NONE"})
    assert wrong.status_code == 404
    assert 'value="NONE"' in wrong.text
    ordered = await ada.send(here, {"do": "buy", "product_id": product, "currency": "EUR"})
    order = ordered.headers["location"]
    page = await ada.once_built(order)
    assert re.search(r'href="[^"]*/v1/orders/\w+/checkout\?ticket=', page.text)
    back = await ada.get(f"{order}?returned=paid")
    assert "Your payment is being confirmed" in text_of(back)
    assert '<meta http-equiv="refresh"' in back.text
    early = await ada.send(order, {"do": "claim", "words": "too dear"})
    assert (early.status_code, 'role="alert"' in early.text) == (409, True), "nothing was paid that could go back"
    await ada.send(order, {"do": "cancel"})
    assert "The order is cancelled. " in text_of(await ada.once_built(order))
    again = await ada.send(order, {"do": "pay"})
    assert (again.status_code, 'role="alert"' in again.text) == (409, True)
    assert f'href="{order}"' in (await ada.get("/learn/orders")).text
    refused = await ada.send("/learn/orders", {"do": "cancel", "subscription_id": "none"})
    assert (refused.status_code, 'role="alert"' in refused.text) == (404, True)


async def test_what_is_open_is_called_by_its_title(campus: Campus, ada: Reader) -> None:
    """A run that was bought or given has its title, and not its id."""
    gift = {"learner_id": campus.learner, "runs": [campus.run], "reason": "scholarship", "cause": "gift"}
    await campus.send("/entitlements", gift, user="admin")
    title = (await campus.get(f"/runs/{campus.run}", user="admin")).json()["title"]
    opened = await ada.sees("/learn/orders", "What is open to you")
    assert re.search(rf'href="/learn/runs/{campus.run}">{title}</a>', opened)
