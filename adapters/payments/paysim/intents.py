"""
Payment intents: created, confirmed, authenticated, captured, cancelled.

`charge` is the one place where a card is asked for money; Checkout and invoices use it as well.
"""

import secrets
from collections.abc import Callable
from typing import Any

from adapters.payments.paysim import cards, charges, events, expand, methods, money
from adapters.payments.paysim.errors import StripeError, invalid, missing, unexpected_state
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import Sim, new_id, public
from adapters.payments.paysim.store import Object

CAPTURE_METHODS = ("automatic", "automatic_async", "manual")
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = (*CONFIRMABLE, "requires_capture", "processing")
REASONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")
AUTHENTICATE = (
    "authentication_required", "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)  # fmt: skip
NOT_AUTHENTICATED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)
FOLLOWERS: list[Callable[[Sim, Object], None]] = []
"""Called after an intent has succeeded, failed or got ready for capture; sessions and invoices put theirs in."""


def create(sim: Sim, params: Params) -> Object:
    """`POST /v1/payment_intents`; with `confirm=true` also confirmed."""
    amount, currency = params.count("amount"), money.currency_of(params.required("currency"))
    money.check_amount(amount, currency)
    customer = params.text("customer")
    if customer:
        sim.get("customer", customer, "customer")
    automatic = params.table("automatic_payment_methods", "allow_redirects enabled")
    intent = make(
        sim, amount, currency, customer=customer, metadata=params.metadata(), description=params.text("description"),
        capture_method=params.choice("capture_method", CAPTURE_METHODS, "automatic_async"),
        receipt_email=params.text("receipt_email"), setup_future_usage=params.text("setup_future_usage"),
        statement_descriptor=params.text("statement_descriptor"),
        statement_descriptor_suffix=params.text("statement_descriptor_suffix"),
        automatic_payment_methods={
            "allow_redirects": automatic.text("allow_redirects", "always"), "enabled": True
        },
    )  # fmt: skip
    _set_method(sim, params, intent)
    events.record(sim, "payment_intent.created", sim.store.put(intent))
    if params.flag("confirm"):
        return _confirm(sim, params, intent)
    return intent


def make(sim: Sim, amount: int, currency: str, **given: Any) -> Object:
    """A new intent, kept but not announced."""
    id_ = new_id("pi")
    fields = {
        "id": id_, "amount": amount, "amount_capturable": 0, "amount_details": {"tip": {}}, "amount_received": 0,
        "application": None, "application_fee_amount": None, "automatic_payment_methods": None, "canceled_at": None,
        "cancellation_reason": None, "capture_method": "automatic_async",
        "client_secret": f"{id_}_secret_{secrets.token_hex(12)}", "confirmation_method": "automatic",
        "currency": currency, "customer": None, "customer_account": None, "description": None,
        "excluded_payment_method_types": None, "last_payment_error": None, "latest_charge": None, "metadata": {},
        "next_action": None, "on_behalf_of": None, "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"installments": None, "mandate_options": None, "network": None,
        "request_three_d_secure": "automatic"}}, "payment_method_types": ["card"], "processing": None,
        "receipt_email": None, "review": None, "setup_future_usage": None, "shipping": None, "source": None,
        "statement_descriptor": None, "statement_descriptor_suffix": None, "status": "requires_payment_method",
        "transfer_data": None, "transfer_group": None,
    }  # fmt: skip
    return sim.store.put(sim.new("payment_intent", "pi", **(fields | given)))


def update(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/payment_intents/{id}`."""
    intent = sim.get("payment_intent", id_)
    if "amount" in params:
        if intent["status"] not in CONFIRMABLE:
            raise _refused(intent, f"This PaymentIntent's amount could not be updated because it has a status of "
                           f"{intent['status']}.")  # fmt: skip
        intent["amount"] = params.count("amount")
        money.check_amount(intent["amount"], intent["currency"])
    for name in ("description", "receipt_email", "setup_future_usage", "customer"):
        if name in params:
            intent[name] = params.text(name)
    intent["metadata"] = params.metadata(intent["metadata"])
    _set_method(sim, params, intent)
    return sim.store.put(intent)


def _set_method(sim: Sim, params: Params, intent: Object) -> None:
    method = None
    if given := params.text("payment_method"):
        method = methods.named(sim, given)
    elif "payment_method_data" in params:
        method = sim.store.put(
            methods.from_data(sim, params.table("payment_method_data", "billing_details card metadata type"))
        )
    if method is None:
        return
    if method["customer"] not in (None, intent["customer"]):
        raise invalid(
            "The provided PaymentMethod cannot be used for a PaymentIntent of another customer.", "payment_method"
        )
    intent["payment_method"] = method["id"]
    if intent["status"] in CONFIRMABLE:
        intent["status"] = "requires_confirmation"


def confirm(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/payment_intents/{id}/confirm`."""
    intent = sim.get("payment_intent", id_)
    if intent["status"] not in CONFIRMABLE:
        raise _refused(
            intent, f"This PaymentIntent's status is {intent['status']}; it can only be confirmed while it has one of "
            f"the following statuses: {', '.join(CONFIRMABLE)}.",
        )  # fmt: skip
    return _confirm(sim, params, intent)


def _confirm(sim: Sim, params: Params, intent: Object) -> Object:
    intent |= {
        name: params.text(name) for name in ("receipt_email", "setup_future_usage", "capture_method") if name in params
    }  # fmt: skip
    _set_method(sim, params, intent)
    if intent["payment_method"] is None:
        raise _refused(
            intent, "You cannot confirm this PaymentIntent because it's missing a payment method.", "payment_method"
        )
    intent["_return_url"] = params.text("return_url")
    redirects = (intent["automatic_payment_methods"] or {}).get("allow_redirects") == "always"
    if redirects and intent["_return_url"] is None:
        raise missing("return_url")
    decline = charge(sim, intent, off_session=params.flag("off_session"))
    if decline is not None:
        raise card_error(intent, decline)
    if intent["status"] == "requires_action" and params.flag("error_on_requires_action"):
        fail(sim, intent, AUTHENTICATE)
        raise card_error(intent, AUTHENTICATE)
    return intent


def charge(sim: Sim, intent: Object, *, off_session: bool = False, authenticated: bool = False) -> Object | None:
    """
    Charge the intent's card; the intent is kept with what became of it.

    Returns:
        The error of a decline, else None: the status says whether it is paid, to be captured or to be authenticated.
    """
    method = sim.get("payment_method", intent["payment_method"])
    card = methods.card_of(method)
    if card.authenticate and not authenticated and not (off_session and method.get("_set_up")
                                                        and card.authenticate == "unless_set_up"):  # fmt: skip
        if off_session:
            return fail(sim, intent, AUTHENTICATE, charged=True)
        _ask_for_authentication(sim, intent)
        return None
    if card.decline is not None:
        return fail(sim, intent, card.decline, charged=True)
    _succeed(sim, intent, method, card)
    return None


def _ask_for_authentication(sim: Sim, intent: Object) -> None:
    url = f"{sim.url}/3ds/{intent['id']}"
    redirect = {"type": "redirect_to_url", "redirect_to_url": {"return_url": intent.get("_return_url"), "url": url}}
    by_script = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url}}
    intent |= {"status": "requires_action", "next_action": redirect if intent.get("_return_url") else by_script}
    events.record(sim, "payment_intent.requires_action", sim.store.put(intent))


def _succeed(sim: Sim, intent: Object, method: Object, card: cards.Card) -> None:
    made = charges.attempt(sim, intent, method, decline=None)
    manual = intent["capture_method"] == "manual"
    intent |= {
        "status": "requires_capture" if manual else "succeeded", "latest_charge": made["id"], "next_action": None,
        "last_payment_error": None, "amount_capturable": intent["amount"] if manual else 0,
        "amount_received": 0 if manual else intent["amount"],
    }  # fmt: skip
    if intent["customer"] and intent["setup_future_usage"]:
        methods.attached(sim, method, intent["customer"])
        sim.store.put({**method, "customer": intent["customer"], "_set_up": True})
    name = "payment_intent.amount_capturable_updated" if manual else "payment_intent.succeeded"
    events.record(sim, name, sim.store.put(intent))
    if card.dispute:
        sim.timer(sim.clock.exact(), "dispute", made["id"])
    _follow(sim, intent)


def fail(
    sim: Sim, intent: Object, decline: tuple[str, str, str], *, charged: bool = False, code: str | None = None
) -> Object:
    """The attempt has failed: the intent wants another payment method. Returns the error."""
    method = sim.get("payment_method", intent["payment_method"])
    error: Object = {"type": "card_error", "code": code or decline[0], "message": decline[2]}
    error["doc_url"] = "https://docs.stripe.com/error-codes/" + error["code"].replace("_", "-")
    if charged:
        made = charges.attempt(sim, intent, method, decline=decline)
        error |= {"charge": made["id"], "decline_code": decline[1]}
        intent["latest_charge"] = made["id"]
    error["payment_method"] = public(method)
    intent |= {
        "status": "requires_payment_method", "payment_method": None, "next_action": None, "last_payment_error": error,
    }  # fmt: skip
    events.record(sim, "payment_intent.payment_failed", sim.store.put(intent))
    _follow(sim, intent)
    return error


def card_error(intent: Object, error: Object | tuple[str, str, str]) -> StripeError:
    """The answer 402 to a decline."""
    found: Object = intent["last_payment_error"] if isinstance(error, tuple) else error
    fields = {name: value for name, value in found.items() if name not in ("type", "message")}
    return StripeError(402, "card_error", found["message"], **fields, payment_intent=public(intent))


def authenticate(sim: Sim, id_: str, *, passed: bool) -> Object:
    """What the customer did on the 3-D Secure page."""
    intent = sim.get("payment_intent", id_)
    if intent["status"] != "requires_action":
        return intent
    if not passed:
        fail(sim, intent, ("", "", NOT_AUTHENTICATED), code="payment_intent_authentication_failure")
        return intent
    intent["_three_d_secure"] = {
        "authentication_flow": "challenge", "electronic_commerce_indicator": "05", "exemption_indicator": None,
        "result": "authenticated", "result_reason": None, "transaction_id": new_id("3ds"), "version": "2.2.0",
    }  # fmt: skip
    charge(sim, intent, authenticated=True)
    return intent


def capture(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/payment_intents/{id}/capture`, whole or a part."""
    intent = sim.get("payment_intent", id_)
    if intent["status"] != "requires_capture":
        raise _refused(
            intent, "This PaymentIntent could not be captured because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be captured: "
            "requires_capture.",
        )  # fmt: skip
    amount = params.integer("amount_to_capture", intent["amount_capturable"]) or 0
    money.check_last_digit(amount, intent["currency"], "amount_to_capture")
    if not 0 < amount <= intent["amount_capturable"]:
        raise invalid(
            f"The amount_to_capture ({amount}) must be from 1 to the amount that can be captured "
            f"({intent['amount_capturable']}).", "amount_to_capture", "amount_too_large",
        )  # fmt: skip
    charges.capture(sim, sim.get("charge", intent["latest_charge"]), amount)
    intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
    events.record(sim, "payment_intent.succeeded", sim.store.put(intent))
    _follow(sim, intent)
    return intent


def cancel(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/payment_intents/{id}/cancel`."""
    intent = sim.get("payment_intent", id_)
    if intent.get("_session") and intent["status"] != "requires_capture":
        raise invalid(
            "You cannot cancel PaymentIntents created by Checkout in payment mode. Expire the Checkout Session."
        )
    if intent["status"] not in CANCELABLE:
        raise _refused(
            intent, f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a "
            f"PaymentIntent with one of the following statuses may be canceled: {', '.join(CANCELABLE)}.",
        )  # fmt: skip
    end(sim, intent, params.choice("cancellation_reason", REASONS))
    return intent


def end(sim: Sim, intent: Object, reason: str | None = None) -> None:
    """Cancel an intent; an authorisation is released."""
    if intent["status"] == "requires_capture":
        charges.release(sim, sim.get("charge", intent["latest_charge"]))
    intent |= {
        "status": "canceled", "canceled_at": sim.clock.now(), "cancellation_reason": reason, "amount_capturable": 0,
        "next_action": None,
    }  # fmt: skip
    events.record(sim, "payment_intent.canceled", sim.store.put(intent))


def _follow(sim: Sim, intent: Object) -> None:
    for follower in FOLLOWERS:
        follower(sim, intent)


def _refused(intent: Object, message: str, param: str | None = None) -> StripeError:
    error = unexpected_state("payment_intent", message, public(intent))
    if param:
        error.fields["param"] = param
    return error


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/payment_intents/{id}`."""
    return sim.get("payment_intent", id_)


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/payment_intents`."""
    return expand.list_page(sim, params, "payment_intent", "/v1/payment_intents", {"customer": "customer"})
