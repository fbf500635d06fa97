"""
A page with an order and a card form: what Checkout and an open invoice share.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from adapters.payments.paysim import cards, layout, methods
from adapters.payments.paysim.sim import Sim
from adapters.payments.paysim.store import Object

EXPIRY = re.compile(r"\s*(\d{1,2})\s*/\s*(?:20)?(\d{2})\s*")


def page(title: str, total: str, rows: Sequence[tuple[str, ...]], form: str, error: str = "") -> str:
    """The page: what is paid for, the form, the test cards. Its name begins with the error, for screen readers."""
    lines = layout.table("Your order", ("What", "How many", "Amount"), rows, ("Total", "", total))
    summary = (
        f'<section><p><span class="mode">Test mode: no money moves</span></p><h1>{escape(title)}</h1>'
        f'<p class="total">{escape(total)}</p>{lines}</section>'
    )
    body = f'{summary}{form}<section class="cards">{test_cards()}</section>'
    return layout.page(f"{error} Pay {total}".strip(), body, two_columns=True)


def sheet(button: str, error: str, given: dict[str, str], back: str | None = None) -> str:
    """The form, with what was typed before and what was wrong with it."""
    link = f'<a href="{escape(back, quote=True)}">Back without paying</a>' if back else ""
    return (
        f'<section class="sheet"><h2>Pay by card</h2>{layout.alert(error)}<form method="post">{_fields(given)}'
        f"<button>{escape(button)}</button></form>{link}</section>"
    )


def _fields(given: dict[str, str]) -> str:
    expiry = layout.field(
        "expiry", "Expires (month/year)", given.get("expiry", ""), placeholder="12 / 34", autocomplete="cc-exp",
        inputmode="numeric",
    )  # fmt: skip
    code = layout.field("cvc", "Security code", given.get("cvc", ""), autocomplete="cc-csc", inputmode="numeric")
    return (
        layout.field("email", "E-mail", given.get("email", ""), type="email", autocomplete="email")
        + layout.field(
            "number", "Card number", given.get("number", ""), inputmode="numeric", autocomplete="cc-number",
            placeholder="4242 4242 4242 4242",
        )
        + f'<div class="pair">{expiry}{code}</div>'
        + layout.field("name", "Name on the card", given.get("name", ""), autocomplete="cc-name")
    )  # fmt: skip


def test_cards() -> str:
    """The printed test cards."""
    rows = [(cards.CARDS[name].spaced, cards.CARDS[name].does) for name in cards.PRINTED]
    return (
        layout.table("Test cards", ("Number", "What happens"), rows, amounts=False)
        + '<p class="soft">Any date in the future, any security code.</p>'
    )


def read(sim: Sim, form: dict[str, str]) -> tuple[Object | None, str]:
    """A payment method of the card in a form, or what is wrong with it."""
    card = cards.by_number(form.get("number", ""))
    expiry = EXPIRY.fullmatch(form.get("expiry", ""))
    if card is None:
        return None, "Your card number is invalid: paysim takes the test cards only."
    if expiry is None or not 1 <= int(expiry[1]) <= 12:
        return None, "Your card's expiration date is incomplete: write it as 12 / 34."
    now = datetime.fromtimestamp(sim.clock.now(), UTC)
    if (2_000 + int(expiry[2]), int(expiry[1])) < (now.year, now.month):
        return None, "Your card's expiration date is in the past."
    if not re.fullmatch(r"\d{3,4}", form.get("cvc", "").strip()):
        return None, "Your card's security code is incomplete."
    billing = methods.billing_details(email=form.get("email") or None, name=form.get("name") or None)
    month, year = int(expiry[1]), 2_000 + int(expiry[2])
    return sim.store.put(methods.of_card(sim, card, billing, month, year)), ""
