"""
Charges: one attempt each to take money from a card; with its balance transaction, once the money was captured.
"""

from typing import Any

from adapters.payments.paysim import balance, cards, events, expand, methods
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import Sim, new_id
from adapters.payments.paysim.store import Object

SETTLE_AFTER = 1.0  # seconds until a charge with `capture_method=automatic_async` has its balance transaction

NOT_USED: Object = dict.fromkeys((
    "application", "application_fee", "application_fee_amount", "failure_balance_transaction", "on_behalf_of",
    "presentment_details", "receipt_number", "review", "shipping", "source_transfer", "statement_descriptor",
    "statement_descriptor_suffix", "transfer_data", "transfer_group",
))  # fmt: skip


def attempt(sim: Sim, intent: Object, method: Object, *, decline: tuple[str, str, str] | None) -> Object:
    """Charge the card for an intent; the charge has failed if there is a *decline*."""
    charge = make(sim, intent, method, decline)
    if decline is None and intent["capture_method"] != "manual":
        if intent["capture_method"] == "automatic":
            settle(sim, charge)
        else:
            sim.timer(sim.clock.exact() + SETTLE_AFTER, "settle", charge["id"])
    sim.store.put(charge)
    events.record(sim, "charge.failed" if decline else "charge.succeeded", charge)
    return charge


def make(sim: Sim, intent: Object, method: Object, decline: tuple[str, str, str] | None) -> Object:
    """A charge that is not kept yet, without its balance transaction."""
    captured = decline is None and intent["capture_method"] != "manual"
    id_ = new_id("ch")
    return sim.new(
        "charge",
        "ch",
        **{name: intent[name] for name in ("amount", "currency", "customer", "description", "metadata")},
        **NOT_USED,
        id=id_,
        amount_captured=intent["amount"] if captured else 0,
        amount_refunded=0,
        balance_transaction=None,
        billing_details=method["billing_details"],
        calculated_statement_descriptor="PAYSIM",
        captured=captured,
        disputed=False,
        failure_code=decline[0] if decline else None,
        failure_message=decline[2] if decline else None,
        fraud_details={},
        outcome=_outcome(decline),
        paid=decline is None,
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details={"card": _card_details(intent, method), "type": "card"},
        radar_options={},
        receipt_email=intent["receipt_email"],
        receipt_url=f"{sim.url}/receipts/{id_}",
        refunded=False,
        status="failed" if decline else "succeeded",
    )


def _outcome(decline: tuple[str, str, str] | None) -> Object:
    usual: dict[str, Any] = {
        "advice_code": None, "network_advice_code": None, "network_decline_code": None, "network_status":
        "approved_by_network", "reason": None, "risk_level": "normal", "risk_score": 20,
        "seller_message": "Payment complete.", "type": "authorized",
    }  # fmt: skip
    if decline is None:
        return usual
    return usual | {
        "network_status": "declined_by_network", "reason": decline[1], "type": "issuer_declined",
        "seller_message": "The bank did not return any further details with this decline.",
    }  # fmt: skip


def _card_details(intent: Object, method: Object) -> Object:
    card = method["card"]
    shared = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    amount = intent["amount"]
    unavailable = {"status": "unavailable"}
    return {name: card[name] for name in shared} | {
        "amount_authorized": amount, "authorization_code": "123456", "capture_before": None,
        "extended_authorization": {"status": "disabled"}, "incremental_authorization": unavailable,
        "installments": None, "mandate": None, "multicapture": unavailable, "network": card["brand"],
        "network_token": {"used": False}, "network_transaction_id": "123456789012345",
        "overcapture": {"maximum_amount_capturable": amount, **unavailable},
        "regulated_status": "unregulated", "three_d_secure": intent.get("_three_d_secure"),
    }  # fmt: skip


def settle(sim: Sim, charge: Object, **past: Any) -> None:
    """Give a captured charge its balance transaction; *past* is what one of an earlier time has else."""
    amount, currency = charge["amount_captured"], charge["currency"]
    moved = balance.move(
        sim, "charge", amount, currency, charge["id"], fee=balance.fee_of(amount), description=charge["description"],
        past=past,
    )  # fmt: skip
    charge["balance_transaction"] = moved["id"]


def settle_later(sim: Sim, id_: str) -> None:
    """The same some time after the charge, with an event: what `automatic_async` means."""
    charge = sim.get("charge", id_)
    if charge["balance_transaction"] is None:
        before = dict(charge)
        settle(sim, charge)
        events.changed(sim, "charge.updated", before, sim.store.put(charge))


def capture(sim: Sim, charge: Object, amount: int) -> None:
    """Capture what was authorised, or a part of it; the rest is released."""
    charge |= {"captured": True, "amount_captured": amount}
    settle(sim, charge)
    events.record(sim, "charge.captured", sim.store.put(charge))


def release(sim: Sim, charge: Object) -> None:
    """Let go of what was authorised and not captured."""
    charge |= {"refunded": True, "amount_refunded": charge["amount"]}
    events.record(sim, "charge.refunded", sim.store.put(charge))


def card_of(sim: Sim, charge: Object) -> cards.Card:
    """The test card that was charged."""
    return methods.card_of(sim.get("payment_method", charge["payment_method"]))


def update(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/charges/{id}`."""
    charge = sim.get("charge", id_)
    before = dict(charge)
    charge |= {name: params.text(name) for name in ("description", "receipt_email") if name in params}
    charge["metadata"] = params.metadata(charge["metadata"])
    events.changed(sim, "charge.updated", before, sim.store.put(charge))
    return charge


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/charges/{id}`."""
    return sim.get("charge", id_)


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/charges`."""
    where = {"payment_intent": "payment_intent", "customer": "customer"}
    return expand.list_page(sim, params, "charge", "/v1/charges", where)
