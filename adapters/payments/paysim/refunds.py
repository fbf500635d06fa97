"""
Refunds: whole or in part, never above what was captured and not refunded yet.
"""

from adapters.payments.paysim import balance, charges, events, expand, money
from adapters.payments.paysim.errors import StripeError, absent, invalid
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import Sim, new_id
from adapters.payments.paysim.store import Object

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
FAILS_AFTER = 3.0  # seconds


def create(sim: Sim, params: Params) -> Object:
    """`POST /v1/refunds` of a `charge`, or of the charge of a `payment_intent`."""
    charge = _charge(sim, params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    _refuse(charge, left)
    amount = params.integer("amount", left) or 0
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    money.check_last_digit(amount, charge["currency"])
    if amount > left:
        shown = [money.shown(each, charge["currency"]) for each in (amount, left)]
        raise invalid(f"Refund amount ({shown[0]}) is greater than unrefunded amount on charge ({shown[1]})", "amount")
    return _make(sim, charge, amount, params)


def _charge(sim: Sim, params: Params) -> Object:
    if given := params.text("charge"):
        return sim.get("charge", given, "charge")
    id_ = params.text("payment_intent")
    if id_ is None:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    intent = sim.get("payment_intent", id_, "payment_intent")
    charge = sim.store.get("charge", intent["latest_charge"])
    if charge is None or charge["status"] != "succeeded":
        raise invalid(f"This PaymentIntent ({id_}) does not have a successful charge to refund.", "payment_intent")
    return charge


def _refuse(charge: Object, left: int) -> None:
    """Refuse what cannot be refunded at all."""
    id_ = charge["id"]
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise invalid(f"Charge {id_} has not been captured.", "charge", "charge_not_refundable")
    if charge["disputed"] and charge.get("_charged_back"):
        raise invalid(f"Charge {id_} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left == 0:
        raise invalid(f"Charge {id_} has already been refunded.", code="charge_already_refunded")


def _make(sim: Sim, charge: Object, amount: int, params: Params) -> Object:
    id_ = new_id("re")
    moved = balance.move(
        sim, "refund", -amount, charge["currency"], id_, description="REFUND FOR CHARGE",
        available_on=sim.clock.now(),
    )  # fmt: skip
    refund = sim.new(
        "refund",
        "re",
        id=id_,
        amount=amount,
        balance_transaction=moved["id"],
        charge=charge["id"],
        currency=charge["currency"],
        failure_balance_transaction=None,
        destination_details={
            "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"},
            "type": "card",
        },
        metadata=params.metadata(),
        payment_intent=charge["payment_intent"],
        reason=params.choice("reason", REASONS),
        receipt_number=None,
        source_transfer_reversal=None,
        status="succeeded",
        transfer_reversal=None,
    )
    sim.store.put(refund)
    _set_refunded(sim, charge, charge["amount_refunded"] + amount)
    events.record(sim, "refund.created", refund)
    if charges.card_of(sim, charge).refund_fails:
        sim.timer(sim.clock.exact() + FAILS_AFTER, "refund_fails", id_)
    return refund


def _set_refunded(sim: Sim, charge: Object, amount: int) -> None:
    before = dict(charge)
    charge |= {"amount_refunded": amount, "refunded": amount == charge["amount_captured"]}
    events.record(sim, "charge.refunded", sim.store.put(charge), events.difference(before, charge))


def fails(sim: Sim, id_: str) -> None:
    """The bank has sent the money of a refund back."""
    refund, now = sim.get("refund", id_), sim.clock.now()
    moved = balance.move(
        sim, "refund_failure", refund["amount"], refund["currency"], id_, available_on=now
    )  # fmt: skip
    before = dict(refund)
    refund |= {
        "status": "failed", "failure_reason": "unknown", "failure_balance_transaction": moved["id"],
    }  # fmt: skip
    sim.store.put(refund)
    charge = sim.get("charge", refund["charge"])
    left = charge["amount_refunded"] - refund["amount"]
    events.changed(sim, "charge.updated", dict(charge), sim.store.put({**charge, "amount_refunded": left,
                                                                      "refunded": False}))  # fmt: skip
    for name in ("refund.updated", "charge.refund.updated", "refund.failed"):
        events.record(sim, name, refund, events.difference(before, refund))


def update(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/refunds/{id}`: the metadata."""
    refund = sim.get("refund", id_)
    before = dict(refund)
    refund["metadata"] = params.metadata(refund["metadata"])
    events.changed(sim, "refund.updated", before, sim.store.put(refund))
    return refund


def cancel(sim: Sim, _params: Params, id_: str) -> Object:
    """`POST /v1/refunds/{id}/cancel`: a refund of a card cannot be cancelled."""
    refund = sim.store.get("refund", id_)
    if refund is None:
        raise absent("refund", id_)
    raise StripeError(400, "invalid_request_error", f"Refund {id_} has a status of {refund['status']}; only one that "
                      "requires action can be canceled.")  # fmt: skip


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/refunds/{id}`."""
    return sim.get("refund", id_)


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/refunds`."""
    where = {"charge": "charge", "payment_intent": "payment_intent"}
    return expand.list_page(sim, params, "refund", "/v1/refunds", where)
