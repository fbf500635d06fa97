"""
Checkout sessions: a payment or a subscription that a customer pays on a page of paysim.
"""

from collections.abc import Callable
from typing import Any

from adapters.payments.paysim import customers, events, expand, intents, methods, money, products
from adapters.payments.paysim.errors import invalid, missing
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import Sim, new_id
from adapters.payments.paysim.store import Object

MODES = ("payment", "subscription")
INTENT_DATA = "capture_method description metadata receipt_email setup_future_usage"
SUBSCRIPTION_DATA = "description metadata trial_end trial_period_days trial_settings"
HOUR = 3_600  # seconds
SHORTEST, LONGEST = HOUR // 2, 24 * HOUR  # seconds from creation to expiry
COMPLETED = "checkout.session.completed"


def create(sim: Sim, params: Params) -> Object:
    """`POST /v1/checkout/sessions`."""
    mode = params.choice("mode", MODES)
    if mode is None:
        raise missing("mode")
    if customer := params.text("customer"):
        sim.get("customer", customer, "customer")
    lines = [_line(sim, item) for item in params.tables("line_items", "price price_data quantity")]
    if not lines:
        raise missing("line_items")
    _check_lines(lines, mode)
    now = sim.clock.now()
    expires = params.integer("expires_at", now + LONGEST) or 0
    if not now + SHORTEST - 1 <= expires <= now + LONGEST:
        raise invalid("The `expires_at` timestamp must be 30 minutes to 24 hours after the session's creation.",
                      "expires_at")  # fmt: skip
    session = _make(sim, params, mode, lines, expires)
    sim.store.put(session)
    sim.timer(expires, "session_expires", session["id"])
    return session


def _line(sim: Sim, item: Params) -> Object:
    price = products.from_item(sim, item)
    quantity = item.integer("quantity", 1) or 0
    if quantity < 1:
        raise invalid("Invalid positive integer", item.name("quantity"), "parameter_invalid_integer")
    total = price["unit_amount"] * quantity
    return {
        "id": new_id("li"), "object": "item", "adjustable_quantity": None, "amount_discount": 0,
        "amount_subtotal": total, "amount_tax": 0, "amount_total": total, "currency": price["currency"],
        "description": sim.get("product", price["product"])["name"], "metadata": {}, "price": price,
        "quantity": quantity,
    }  # fmt: skip


def _check_lines(lines: list[Object], mode: str) -> None:
    recurring = [line["price"]["recurring"] for line in lines if line["price"]["recurring"]]
    if mode == "payment" and recurring:
        raise invalid("You specified `payment` mode but passed a recurring price.", "mode")
    if mode == "subscription" and len(recurring) < len(lines):
        raise invalid("paysim takes only recurring prices in `subscription` mode.", "line_items")
    if len({line["currency"] for line in lines}) > 1:
        raise invalid("All prices of a session must have the same currency.", "line_items")
    total = sum(line["amount_total"] for line in lines)
    if mode == "payment" and total:
        money.check_amount(total, lines[0]["currency"], "line_items")


def _make(sim: Sim, params: Params, mode: str, lines: list[Object], expires: int) -> Object:
    id_ = new_id("cs_test")
    total = sum(line["amount_total"] for line in lines)
    usual_creation = "always" if mode == "subscription" else "if_required"
    texts = ("cancel_url", "client_reference_id", "customer", "customer_email", "locale", "submit_type")
    return sim.new(
        "checkout.session",
        "cs_test",
        **{name: params.text(name) for name in texts} | {
            "id": id_, "adaptive_pricing": {"enabled": False}, "after_expiration": None, "allow_promotion_codes": None,
            "amount_subtotal": total, "amount_total": total, "automatic_tax": {
                "enabled": False, "liability": None, "provider": None, "status": None
            },
            "billing_address_collection": None, "branding_settings": None, "client_secret": None,
            "collected_information": None, "consent": None, "consent_collection": None,
            "currency": lines[0]["currency"], "currency_conversion": None, "custom_fields": [],
            "custom_text": dict.fromkeys(
                ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
            ),
            "customer_account": None,
            "customer_creation": params.text("customer_creation", usual_creation),
            "customer_details": None, "discounts": [], "expires_at": expires,
            "invoice": None, "invoice_creation": None, "metadata": params.metadata(), "mode": mode,
            "origin_context": None, "payment_intent": None, "payment_link": None,
            "payment_method_collection": "always",
            "payment_method_configuration_details": None,
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"], "payment_status": "unpaid", "permissions": None,
            "phone_number_collection": {"enabled": False}, "recovered_from": None, "saved_payment_method_options": None,
            "setup_intent": None, "shipping_address_collection": None, "shipping_cost": None, "shipping_options": [],
            "status": "open", "subscription": None, "success_url": params.required("success_url"),
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": params.choice("ui_mode", ("hosted_page",), "hosted_page"),
            "url": f"{sim.url}/c/pay/{id_}", "wallet_options": None,
            "_lines": lines, "_intent_data": params.table("payment_intent_data", INTENT_DATA).values,
            "_subscription_data": params.table("subscription_data", SUBSCRIPTION_DATA).values,
        },
    )  # fmt: skip


def lines_of(session: Object) -> Object:
    """The lines as a list object."""
    return expand.listed(session["_lines"], f"/v1/checkout/sessions/{session['id']}/line_items")


expand.INCLUDED["checkout.session", "line_items"] = lambda _sim, session: lines_of(session)


def pay(sim: Sim, session: Object, method: Object, email: str | None = None) -> Object | None:
    """
    The customer has filled in a card: ask it for the money.

    Returns:
        The error of a decline, else None; the session is complete, or its intent waits for 3-D Secure.
    """
    session["_email"] = email or session["customer_email"]
    return PAY[session["mode"]](sim, session, method)


def _pay_once(sim: Sim, session: Object, method: Object) -> Object | None:
    if session["amount_total"] == 0:
        complete(sim, session, "no_payment_required")
        return None
    intent = _intent(sim, session)
    intent |= {"payment_method": method["id"], "_return_url": f"{sim.url}/c/pay/{session['id']}"}
    return intents.charge(sim, intent)


PAY: dict[str, Callable[[Sim, Object, Object], Object | None]] = {"payment": _pay_once}
"""How a session is paid, by its mode; checkout_subscriptions.py puts its own in."""


def _intent(sim: Sim, session: Object) -> Object:
    """The intent of the session: made with the first attempt to pay."""
    if session["payment_intent"]:
        return sim.get("payment_intent", session["payment_intent"])
    if session["customer_creation"] == "always" and not session["customer"]:
        session["customer"] = customers.make(sim, email=session["_email"])["id"]
    data = Params(session["_intent_data"], "payment_intent_data")
    intent = intents.make(
        sim, session["amount_total"], session["currency"], customer=session["customer"], metadata=data.metadata(),
        capture_method=data.choice("capture_method", intents.CAPTURE_METHODS, "automatic_async"),
        description=data.text("description"), receipt_email=data.text("receipt_email"),
        setup_future_usage=data.text("setup_future_usage"), _session=session["id"],
    )  # fmt: skip
    session["payment_intent"] = intent["id"]
    sim.store.put(session)
    events.record(sim, "payment_intent.created", intent)
    return intent


def follow_intent(sim: Sim, intent: Object) -> None:
    """Complete the session whose intent has succeeded, or can be captured."""
    session = sim.store.get("checkout.session", intent.get("_session"))
    if session is None or session["mode"] != "payment":
        return
    if session["status"] == "open" and intent["status"] in ("succeeded", "requires_capture"):
        method = sim.get("payment_method", intent["payment_method"])
        status = "paid" if intent["status"] == "succeeded" else "unpaid"
        complete(sim, session, status, method["billing_details"]["name"])
    elif intent["status"] == "succeeded" and session["payment_status"] == "unpaid":
        sim.store.put({**session, "payment_status": "paid"})


intents.FOLLOWERS.append(follow_intent)


def complete(sim: Sim, session: Object, payment_status: str, name: str | None = None) -> None:
    """The customer is done."""
    session |= {
        "status": "complete", "payment_status": payment_status, "url": None,
        "customer_details": {
            "address": dict(methods.NO_ADDRESS), "business_name": None, "email": session.get("_email"),
            "individual_name": None, "name": name, "phone": None, "tax_exempt": "none", "tax_ids": [],
        },
    }  # fmt: skip
    events.record(sim, COMPLETED, sim.store.put(session))


def expire(sim: Sim, _params: Params, id_: str) -> Object:
    """`POST /v1/checkout/sessions/{id}/expire`."""
    session = sim.get("checkout.session", id_)
    if session["status"] != "open":
        raise invalid(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"{session['status']}."
        )
    return _expire(sim, session)


def _expire(sim: Sim, session: Object) -> Object:
    session |= {"status": "expired", "url": None}
    events.record(sim, "checkout.session.expired", sim.store.put(session))
    intent = sim.store.get("payment_intent", session["payment_intent"])
    if intent is not None and intent["status"] in intents.CONFIRMABLE:
        intents.end(sim, intent, "expired")
    return session


def expires(sim: Sim, id_: str) -> None:
    """The time of a session is over."""
    session: dict[str, Any] | None = sim.store.get("checkout.session", id_)
    if session is not None and session["status"] == "open":
        _expire(sim, session)


def update(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/checkout/sessions/{id}`: the metadata."""
    session = sim.get("checkout.session", id_)
    session["metadata"] = params.metadata(session["metadata"])
    return sim.store.put(session)


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/checkout/sessions/{id}`."""
    return sim.get("checkout.session", id_)


def list_lines(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/checkout/sessions/{id}/line_items`."""
    return lines_of(sim.get("checkout.session", id_))


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/checkout/sessions`."""
    where = {name: name for name in ("customer", "payment_intent", "status", "subscription")}
    return expand.list_page(sim, params, "checkout.session", "/v1/checkout/sessions", where)
