"""
The pages that a customer sees: Checkout with a card form, the 3-D Secure step, a receipt.
"""

from datetime import UTC, datetime
from html import escape
from typing import NamedTuple
from urllib.parse import urlencode

from adapters.payments.paysim import card_form, intents, invoices, layout, money, sessions
from adapters.payments.paysim.sim import API_VERSION, Sim
from adapters.payments.paysim.store import Object

MERCHANT = "paysim"


class Answer(NamedTuple):
    """A page, or a redirect."""

    status: int
    html: str = ""
    location: str = ""


def checkout(sim: Sim, session: Object) -> Answer:
    """`GET /c/pay/{id}`."""
    intent = sim.store.get("payment_intent", session["payment_intent"])
    error = (intent or {}).get("last_payment_error") or session.get("_error") or {}
    return _checkout(session, error.get("message", ""))


def _checkout(session: Object, error: str = "", given: dict[str, str] | None = None) -> Answer:
    if session["status"] != "open":
        return _over(session)
    total = money.shown(session["amount_total"], session["currency"])
    rows = [
        (line["description"], str(line["quantity"]), money.shown(line["amount_total"], line["currency"]))
        for line in session["_lines"]
    ]
    typed = given or {"email": session.get("_email") or session["customer_email"] or ""}
    sheet = card_form.sheet(_button(session, total), error, typed, session["cancel_url"])
    html = card_form.page(_title(session), total, rows, sheet, error)
    return Answer(402 if error and given else 200, html)


def _title(session: Object) -> str:
    names = ", ".join(line["description"] for line in session["_lines"])
    return f"Subscribe to {names}" if session["mode"] == "subscription" else f"Pay for {names}"


def _button(session: Object, total: str) -> str:
    if session["_subscription_data"].get("trial_period_days"):
        return "Start trial"
    return f"Subscribe for {total}" if session["mode"] == "subscription" else f"Pay {total}"


def _over(session: Object) -> Answer:
    """A session that cannot be paid any more: in a second tab, or too late."""
    if session["status"] == "complete":
        text, url, label = "You have already paid.", success_url(session), "Continue"
    else:
        text, url, label = "This payment page has expired. Nothing was charged.", session["cancel_url"], "Go back"
    link = f'<p><a href="{escape(url, quote=True)}">{label}</a></p>' if url else ""
    return Answer(200, layout.page(text, f'<section class="sheet"><h1>{text}</h1>{link}</section>'))


def success_url(session: Object) -> str:
    """Where a customer goes who has paid."""
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def pay(sim: Sim, session: Object, form: dict[str, str]) -> Answer:
    """`POST /c/pay/{id}`."""
    if session["status"] != "open":
        return _over(session)
    method, error = card_form.read(sim, form)
    if method is None:
        return _checkout(session, error, form)
    declined = sessions.pay(sim, session, method, form.get("email"))
    if declined is not None:
        return _checkout(sim.get("checkout.session", session["id"]), declined["message"], form)
    return after_payment(sim, session["id"])


def after_payment(sim: Sim, session_id: str) -> Answer:
    """Where to go after a card was accepted."""
    session = sim.get("checkout.session", session_id)
    if session["status"] == "complete":
        return Answer(303, location=success_url(session))
    intent = sim.get("payment_intent", session["payment_intent"] or session.get("_intent"))
    return Answer(303, location=f"/3ds/{intent['id']}")


def three_d_secure(sim: Sim, intent: Object) -> Answer:
    """`GET /3ds/{intent}`."""
    if intent["status"] != "requires_action":
        return _after_authentication(sim, intent)
    amount = escape(money.shown(intent["amount"], intent["currency"]))
    body = (
        '<section class="sheet"><p><span class="mode">Test mode: no money moves</span></p>'
        "<h1>3-D Secure: your bank asks whether it is you</h1>"
        f"<p>Payment of <strong>{amount}</strong> to {MERCHANT}.</p>"
        '<form method="post"><button name="outcome" value="complete">Complete authentication</button>'
        '<button class="second" name="outcome" value="fail">Fail authentication</button></form></section>'
    )
    return Answer(200, layout.page("3-D Secure", body))


def authenticated(sim: Sim, intent: Object, form: dict[str, str]) -> Answer:
    """`POST /3ds/{intent}`."""
    return _after_authentication(
        sim, intents.authenticate(sim, intent["id"], passed=form.get("outcome") == "complete")
    )  # fmt: skip


def _after_authentication(sim: Sim, intent: Object) -> Answer:
    if intent.get("_session"):
        session = sim.get("checkout.session", intent["_session"])
        done = session["status"] == "complete"
        return Answer(303, location=success_url(session) if done else f"/c/pay/{session['id']}")
    back, passed = intent.get("_return_url"), intent["status"] in ("succeeded", "requires_capture")
    if not back:
        return Answer(200, layout.page("3-D Secure", "<section><h1>You can close this page.</h1></section>"))
    found = {
        "payment_intent": intent["id"], "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": "succeeded" if passed else "failed",
    }  # fmt: skip
    return Answer(303, location=f"{back}{'&' if '?' in back else '?'}{urlencode(found)}")


def invoice(found: Object, error: str = "", given: dict[str, str] | None = None) -> Answer:
    """`GET /invoices/{id}`: what a renewal's card did not pay, another card can."""
    if found["status"] != "open":
        text = f"This invoice is {found['status']}."
        return Answer(200, layout.page(text, f'<section class="sheet"><h1>{escape(text)}</h1></section>'))
    total = money.shown(found["amount_due"], found["currency"])
    rows = [
        (line["description"], str(line["quantity"]), money.shown(line["amount"], line["currency"]))
        for line in found["lines"]["data"]
    ]
    typed = given or {"email": found["customer_email"] or ""}
    sheet = card_form.sheet(f"Pay {total}", error, typed)
    return Answer(402 if given else 200, card_form.page(f"Invoice {found['number']}", total, rows, sheet, error))


def pay_invoice(sim: Sim, found: Object, form: dict[str, str]) -> Answer:
    """`POST /invoices/{id}`."""
    method, error = card_form.read(sim, form)
    if method is None or found["status"] != "open":
        return invoice(found, error, form)
    intent = sim.get("payment_intent", found["_intent"])
    sim.store.put({**intent, "_return_url": f"{sim.url}/invoices/{found['id']}"})
    declined = invoices.pay(sim, found, off_session=False, method=method["id"])
    found = sim.get("invoice", found["id"])
    if declined is not None:
        return invoice(found, declined["message"], form)
    waits = sim.get("payment_intent", found["_intent"])["status"] == "requires_action"
    return Answer(303, location=f"/3ds/{intent['id']}" if waits else f"/invoices/{found['id']}")


def receipt(charge: Object) -> Answer:
    """`GET /receipts/{charge}`."""
    card = f"Paid by card •••• {charge['payment_method_details']['card']['last4']}"
    rows = [(card, money.shown(charge["amount_captured"], charge["currency"]))]
    if charge["amount_refunded"]:
        rows.append(("Refunded", f"-{money.shown(charge['amount_refunded'], charge['currency'])}"))
    title = f"<h1>Receipt of {escape(charge['id'])}</h1>"
    table = layout.table("Money that moved", ("What", "Amount"), rows)
    return Answer(200, layout.page("Receipt", f'<section class="sheet">{title}{table}</section>'))


def handle(sim: Sim, method: str, page: str, form: dict[str, str]) -> Answer:
    """The page at a path."""
    first, _, rest = page.partition("/")
    post = method == "POST"
    if first == "c" and (session := sim.store.get("checkout.session", rest.removeprefix("pay/"))):
        return pay(sim, session, form) if post else checkout(sim, session)
    if first == "3ds" and (intent := sim.store.get("payment_intent", rest)):
        return authenticated(sim, intent, form) if post else three_d_secure(sim, intent)
    if first == "invoices" and (found := sim.store.get("invoice", rest)):
        return pay_invoice(sim, found, form) if post else invoice(found)
    if first == "receipts" and (charge := sim.store.get("charge", rest)):
        return receipt(charge)
    if page == "":
        return overview(sim)
    return Answer(404, layout.page("Not found", "<section><h1>paysim has no such page.</h1></section>"))


def overview(sim: Sim) -> Answer:
    """`GET /`: what paysim is, and the newest sessions."""
    found = sim.store.page("checkout.session", limit=20)
    rows = [
        (session["id"], session["status"], money.shown(session["amount_total"], session["currency"]))
        for session in found
    ]
    clock = datetime.fromtimestamp(sim.clock.now(), UTC)
    body = (
        f"<section><h1>paysim: the stand-in for Stripe</h1><p>API version {API_VERSION}; its clock says "
        f"{clock:%Y-%m-%d %H:%M:%S} UTC.</p></section><section class=sheet>"
        f"{layout.table('The newest Checkout sessions', ('Session', 'Status', 'Amount'), rows)}</section>"
        f'<section class="cards">{card_form.test_cards()}</section>'
    )
    return Answer(200, layout.page("paysim", body))
