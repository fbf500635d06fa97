"""
Disputes: the bank takes the money back; won, it returns. An inquiry takes nothing before it becomes a dispute.

As at Stripe, evidence of `winning_evidence` or `losing_evidence` in `uncategorized_text` decides a dispute.
"""

from adapters.payments.paysim import balance, events, expand
from adapters.payments.paysim.errors import invalid
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import Sim
from adapters.payments.paysim.store import Object

TIME_FOR_EVIDENCE = 7 * 86_400  # seconds
APPEAL = "appeal_under_review"
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review", APPEAL)
TURNED = {"won": "lost", "lost": "won"}
DECIDED_BY = {"winning_evidence": "won", "losing_evidence": "lost"}
EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier",
    "shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
)  # fmt: skip


INQUIRIES = ("warning_needs_response", "warning_under_review")
OUTCOMES = {True: ("warning_closed",), False: ("won", "lost")}  # by whether it is an inquiry


def open_dispute(
    sim: Sim, charge_id: str, reason: str = "fraudulent", amount: int | None = None, *, inquiry: bool = False
) -> Object:
    """The customer's bank disputes a charge and takes the money; by an *inquiry* it only asks."""
    charge = sim.get("charge", charge_id, "charge")
    if charge["disputed"] or not charge["captured"]:
        raise invalid(f"Charge {charge_id} cannot be disputed: it is not captured, or is disputed already.", "charge")
    amount = amount or charge["amount_captured"] - charge["amount_refunded"]
    dispute = sim.new(
        "dispute",
        "du",
        amount=amount,
        balance_transactions=[],
        charge=charge_id,
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence={**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        evidence_details={
            "due_by": sim.clock.now() + TIME_FOR_EVIDENCE, "enhanced_eligibility": {}, "has_evidence": False,
            "past_due": False, "submission_count": 0,
            "submission_method": "not_submitted",
        },
        is_charge_refundable=inquiry,
        metadata={},
        payment_intent=charge["payment_intent"],
        payment_method_details={
            "card": {
                "brand": "visa", "case_type": "inquiry" if inquiry else "chargeback", "network": "visa",
                "network_reason_code": "10",
            },
            "type": "card",
        },
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
    )  # fmt: skip
    sim.store.put({**charge, "disputed": True, "_charged_back": not inquiry})
    if inquiry:
        events.record(sim, "charge.dispute.created", sim.store.put(dispute))
        return dispute
    _withdraw(sim, dispute)
    events.record(sim, "charge.dispute.created", dispute)
    events.record(sim, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def escalate(sim: Sim, id_: str) -> Object:
    """The bank is not content with the answer to an inquiry, and takes the money."""
    dispute = sim.get("dispute", id_)
    if dispute["status"] not in INQUIRIES:
        raise invalid(f"This dispute is no open inquiry: its status is {dispute['status']}.")
    before = dict(dispute)
    dispute |= {"status": "needs_response", "is_charge_refundable": False}
    charge = sim.get("charge", dispute["charge"])
    dispute["amount"] = min(dispute["amount"], charge["amount_captured"] - charge["amount_refunded"])
    _withdraw(sim, dispute)
    sim.store.put({**charge, "_charged_back": True})
    events.changed(sim, "charge.dispute.updated", before, dispute)
    events.record(sim, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def appeal(sim: Sim, id_: str) -> Object:
    """An appeal is made against a decision of the bank, which may then be `won` after all."""
    dispute = sim.get("dispute", id_)
    if dispute["status"] != "lost":
        raise invalid(f"There is no decision to appeal against: the status of this dispute is {dispute['status']}.")
    before = dict(dispute)
    dispute["status"] = APPEAL
    events.changed(sim, "charge.dispute.updated", before, sim.store.put(dispute))
    return dispute


def _withdraw(sim: Sim, dispute: Object) -> None:
    _move(sim, dispute, -dispute["amount"], "dispute", "Chargeback withdrawal", fee=balance.DISPUTE_FEE)


def _move(sim: Sim, dispute: Object, amount: int, category: str, what: str, *, fee: int = 0) -> None:
    """Money of the dispute leaves or returns; part of the dispute as whole transactions."""
    moved = balance.move(
        sim, "adjustment", amount, dispute["currency"], dispute["id"], fee=fee, category=category,
        description=f"{what} for {dispute['charge']}", available_on=sim.clock.now(),
    )  # fmt: skip
    dispute["balance_transactions"] = [*dispute["balance_transactions"], {**moved, "status": "available"}]
    sim.store.put(dispute)


def turn(sim: Sim, id_: str) -> Object:
    """The bank turns its decision by itself: `won` becomes `lost`, and the money goes again, or the opposite."""
    dispute = sim.get("dispute", id_)
    if dispute["status"] not in TURNED:
        raise invalid(f"There is no decision to be turned: the status of this dispute is {dispute['status']}.")
    return _decide(sim, dispute, TURNED[dispute["status"]])


def close(sim: Sim, id_: str, outcome: str) -> Object:
    """The bank has decided: `won` or `lost`, or, of an inquiry, `warning_closed`."""
    dispute = sim.get("dispute", id_)
    if dispute["status"] not in OPEN:
        raise invalid(f"This dispute is already closed: its status is {dispute['status']}.")
    outcomes = OUTCOMES[dispute["status"] in INQUIRIES]
    if outcome not in outcomes:
        raise invalid(f"This dispute ends as {' or '.join(outcomes)}, not as {outcome}.")
    return _decide(sim, dispute, outcome)


def _decide(sim: Sim, dispute: Object, outcome: str) -> Object:
    """Close it so; the money moves if it is not yet where it belongs."""
    before, dispute["status"] = dict(dispute), outcome
    charge, moved = sim.get("charge", dispute["charge"]), ""
    if outcome == "won":
        _move(sim, dispute, dispute["amount"], "dispute_reversal", "Chargeback reversal", fee=-balance.DISPUTE_FEE)
        moved = "reinstated"
    elif outcome == "lost" and not charge["_charged_back"]:
        _withdraw(sim, dispute)
        moved = "withdrawn"
    if moved:
        sim.store.put({**charge, "_charged_back": outcome == "lost"})
    sim.store.put(dispute)
    events.record(sim, "charge.dispute.closed", dispute, events.difference(before, dispute))
    if moved:
        events.record(sim, f"charge.dispute.funds_{moved}", dispute)
    return dispute


def update(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/disputes/{id}`: evidence, which some texts decide at once."""
    dispute = sim.get("dispute", id_)
    if dispute["status"] not in OPEN:
        raise invalid("This dispute is already closed")
    before, given = dict(dispute), params.table("evidence", " ".join(EVIDENCE))
    dispute["metadata"] = params.metadata(dispute["metadata"])
    dispute["evidence"] = {**dispute["evidence"], **{name: given.text(name) for name in given.values}}
    submitted = params.flag("submit", default=True) and bool(given.values)
    details = dispute["evidence_details"]
    dispute["evidence_details"] = details | {
        "has_evidence": bool(given.values) or details["has_evidence"],
        "submission_count": details["submission_count"] + submitted,
        "submission_method": "manual" if submitted else details["submission_method"],
    }
    is_inquiry = dispute["status"] in INQUIRIES
    if submitted:
        dispute["status"] = "warning_under_review" if is_inquiry else "under_review"
    events.changed(sim, "charge.dispute.updated", before, sim.store.put(dispute))
    outcome = DECIDED_BY.get(given.text("uncategorized_text") or "")
    if not (outcome and submitted):
        return dispute
    if is_inquiry and outcome == "lost":
        return escalate(sim, id_)
    return close(sim, id_, "warning_closed" if is_inquiry else outcome)


def accept(sim: Sim, _params: Params, id_: str) -> Object:
    """`POST /v1/disputes/{id}/close`: lost without a fight."""
    dispute = sim.get("dispute", id_)
    return close(sim, id_, "warning_closed" if dispute["status"] in INQUIRIES else "lost")


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/disputes/{id}`."""
    return sim.get("dispute", id_)


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/disputes`."""
    where = {"charge": "charge", "payment_intent": "payment_intent"}
    return expand.list_page(sim, params, "dispute", "/v1/disputes", where)
