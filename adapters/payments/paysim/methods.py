"""
Payment methods: cards only, made from a test card's number or from its `pm_card_…` name.
"""

import hashlib
from typing import Any

from adapters.payments.paysim import cards, expand
from adapters.payments.paysim.errors import StripeError, absent, invalid
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import Sim
from adapters.payments.paysim.store import Object

NO_ADDRESS: Object = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def create(sim: Sim, params: Params) -> Object:
    """`POST /v1/payment_methods`."""
    params.choice("type", ("card",), "card")
    return sim.store.put({**from_data(sim, params), "metadata": params.metadata()})


def from_data(sim: Sim, params: Params) -> Object:
    """A payment method of `type=card&card[number]=…`, or of `card[token]=tok_visa`."""
    card = params.table("card", "cvc exp_month exp_year number token")
    token = card.text("token")
    if token:
        return named(sim, "pm_card_" + token.removeprefix("tok_"), "card[token]")
    number = card.required("number")
    found = cards.by_number(number)
    if found is None:
        raise StripeError(
            402, "card_error", "Your card number is incorrect.", code="incorrect_number", param="number"
        )  # fmt: skip
    return of_card(sim, found, _billing(params), card.integer("exp_month", 12) or 12, card.integer("exp_year"))


def of_card(
    sim: Sim, card: cards.Card, billing: Object | None = None, month: int = 12, year: int | None = None
) -> Object:
    """A new payment method of a test card."""
    fingerprint = hashlib.sha256(card.number.encode()).hexdigest()[:16]
    return sim.new(
        "payment_method",
        "pm",
        allow_redisplay="unspecified",
        billing_details=billing or billing_details(),
        card={
            "brand": card.brand, "checks": {"address_line1_check": None, "address_postal_code_check": None,
            "cvc_check": "pass"}, "country": card.country, "display_brand": card.brand, "exp_month": month,
            "exp_year": year or 2034, "fingerprint": fingerprint, "funding": card.funding, "generated_from": None,
            "last4": card.last4, "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated", "three_d_secure_usage": {"supported": True}, "wallet": None,
        },
        customer=None,
        customer_account=None,
        metadata={},
        type="card",
        _number=card.number,
    )  # fmt: skip


def billing_details(**given: Any) -> Object:
    """Billing details, mostly empty."""
    empty = {"address": dict(NO_ADDRESS), "email": None, "name": None, "phone": None, "tax_id": None}
    return {**empty, **given}


def _billing(params: Params) -> Object:
    given = params.table("billing_details", "email name phone")
    return billing_details(email=given.text("email"), name=given.text("name"), phone=given.text("phone"))


def named(sim: Sim, id_: str, param: str = "payment_method") -> Object:
    """A payment method by its id; for a `pm_card_…` name a new one of that card."""
    if id_ in cards.CARDS:
        return sim.store.put(of_card(sim, cards.CARDS[id_]))
    found = sim.store.get("payment_method", id_)
    if found is None:
        raise absent("PaymentMethod", id_, param)
    return found


def card_of(method: Object) -> cards.Card:
    """The test card of a payment method."""
    return cards.BY_NUMBER[method["_number"]]


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/payment_methods/{id}`."""
    return sim.get("payment_method", id_)


def attach(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/payment_methods/{id}/attach`."""
    customer = sim.get("customer", params.required("customer"), "customer")
    return attached(sim, named(sim, id_, "id"), customer["id"])


def attached(sim: Sim, method: Object, customer: str) -> Object:
    """The method as one of the customer's; refused if it is another's."""
    if method["customer"] == customer:
        return method
    if method["customer"] is not None:
        raise invalid("The payment method you provided has already been attached to a customer.", "payment_method")
    method["customer"] = customer
    return sim.store.put(method)


def detach(sim: Sim, _params: Params, id_: str) -> Object:
    """`POST /v1/payment_methods/{id}/detach`."""
    method = sim.get("payment_method", id_)
    if method["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    return sim.store.put({**method, "customer": None})


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/payment_methods`."""
    return expand.list_page(sim, params, "payment_method", "/v1/payment_methods", {"customer": "customer"})


def list_of_customer(sim: Sim, params: Params, customer: str) -> Object:
    """`GET /v1/customers/{id}/payment_methods`."""
    params.values["customer"] = sim.get("customer", customer)["id"]
    return expand.list_page(
        sim, params, "payment_method", f"/v1/customers/{customer}/payment_methods", {"customer": "customer"}
    )
