"""
Invoices of subscriptions: a draft, then open, then paid by the customer's card, or not.
"""

from collections.abc import Callable, Sequence

from adapters.payments.paysim import events, expand, intents, methods
from adapters.payments.paysim.errors import StripeError, invalid
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import Sim, new_id
from adapters.payments.paysim.store import Object

DRAFT_FOR = 3_600  # seconds that the invoice of a renewal stays a draft
PAID: list[Callable[[Sim, Object], None]] = []
"""Called when an invoice has been paid."""
FAILED: list[Callable[[Sim, Object], None]] = []
"""Called when an attempt to pay an invoice has failed."""
NOT_USED: Object = dict.fromkeys((
    "account_name", "account_tax_ids", "application", "automatically_finalizes_at", "custom_fields",
    "customer_account", "customer_address", "customer_phone", "customer_shipping", "default_source", "description",
    "due_date", "effective_at", "ending_balance", "footer", "from_invoice", "hosted_invoice_url", "invoice_pdf",
    "last_finalization_error", "latest_revision", "next_payment_attempt", "number", "on_behalf_of", "receipt_number",
    "rendering", "shipping_cost", "shipping_details", "statement_descriptor", "test_clock", "threshold_reason",
    "webhooks_delivered_at",
))  # fmt: skip
ZERO: Object = dict.fromkeys((
    "amount_overpaid", "amount_paid", "amount_paid_off_stripe", "amount_shipping", "attempt_count",
    "post_payment_credit_notes_amount", "pre_payment_credit_notes_amount", "starting_balance",
), 0)  # fmt: skip


def make(sim: Sim, subscription: Object, lines: Sequence[Object], reason: str) -> Object:
    """A draft of *lines*."""
    customer = sim.get("customer", subscription["customer"])
    id_ = new_id("in")
    total = sum(line["amount"] for line in lines)
    invoice = sim.new(
        "invoice", "in", **NOT_USED, **ZERO, id=id_, account_country="DE", amount_due=max(0, total),
        amount_remaining=max(0, total), attempted=False, auto_advance=True,
        automatic_tax={"disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None},
        billing_reason=reason, collection_method="charge_automatically", currency=subscription["currency"],
        customer=customer["id"], customer_email=customer["email"], customer_name=customer["name"],
        customer_tax_exempt="none", customer_tax_ids=[],
        default_payment_method=None, default_tax_rates=[], discounts=[],
        issuer={"type": "self"}, metadata={}, parent={
            "quote_details": None, "subscription_details": {
                "metadata": subscription["metadata"], "subscription": subscription["id"]
            }, "type": "subscription_details",
        },
        lines=expand.listed([{**line, "invoice": id_} for line in lines], f"/v1/invoices/{id_}/lines"),
        payment_settings={
            "default_mandate": None, "payment_method_options": None, "payment_method_types": None
        },
        period_start=min((line["period"]["start"] for line in lines), default=sim.clock.now()),
        period_end=max((line["period"]["end"] for line in lines), default=sim.clock.now()),
        status="draft", status_transitions=dict.fromkeys(
            ("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")
        ),
        subtotal=total, subtotal_excluding_tax=total, total=total, total_discount_amounts=[], total_excluding_tax=total,
        total_pretax_credit_amounts=[], total_taxes=[], subscription=subscription["id"], _intent=None,
    )  # fmt: skip
    invoice["_subscription"] = invoice.pop("subscription")  # which Stripe keeps in `parent` since 2025
    events.record(sim, "invoice.created", sim.store.put(invoice))
    return invoice


def subscription_of(sim: Sim, invoice: Object) -> Object:
    """The subscription that an invoice belongs to."""
    return sim.get("subscription", invoice["_subscription"])


def finalize(sim: Sim, invoice: Object) -> Object:
    """Open a draft: the customer's credit is used, a number given, and an intent made for the rest."""
    customer = sim.get("customer", invoice["customer"])
    after = customer["balance"] + invoice["total"]
    sequence = customer["next_invoice_sequence"]
    invoice |= {
        "status": "open", "starting_balance": customer["balance"], "ending_balance": min(0, after),
        "amount_due": max(0, after), "amount_remaining": max(0, after), "effective_at": sim.clock.now(),
        "number": f"{customer['invoice_prefix']}-{sequence:04}",
        "hosted_invoice_url": f"{sim.url}/invoices/{invoice['id']}",
        "status_transitions": {**invoice["status_transitions"], "finalized_at": sim.clock.now()},
    }  # fmt: skip
    sim.store.put({**customer, "balance": min(0, after), "next_invoice_sequence": sequence + 1})
    if invoice["amount_due"]:
        _ask_for_payment(sim, invoice)
    events.record(sim, "invoice.finalized", sim.store.put(invoice))
    return invoice


def _ask_for_payment(sim: Sim, invoice: Object) -> None:
    """An intent for the amount due, and the record that it is for this invoice."""
    intent = intents.make(
        sim, invoice["amount_due"], invoice["currency"], customer=invoice["customer"],
        description=f"Subscription {'creation' if invoice['billing_reason'] == 'subscription_create' else 'update'}",
        setup_future_usage="off_session", capture_method="automatic", _invoice=invoice["id"],
    )  # fmt: skip
    events.record(sim, "payment_intent.created", intent)
    payment = sim.new(
        "invoice_payment", "inpay", amount_paid=None, amount_requested=invoice["amount_due"],
        currency=invoice["currency"], invoice=invoice["id"], is_default=True, status="open",
        payment={"payment_intent": intent["id"], "type": "payment_intent"},
        status_transitions={"canceled_at": None, "paid_at": None}, _intent=intent["id"],
    )  # fmt: skip
    sim.store.put(payment)
    invoice |= {"_intent": intent["id"], "_payment": payment["id"]}


def pay(sim: Sim, invoice: Object, *, off_session: bool, method: str | None = None) -> Object | None:
    """Ask the customer's card for an open invoice; returns the error of a decline, else None."""
    if invoice["amount_due"] == 0:
        _paid(sim, invoice)
        return None
    intent = sim.get("payment_intent", invoice["_intent"])
    method = method or invoice["default_payment_method"] or default_method(sim, subscription_of(sim, invoice))
    if method is None:
        _failed(sim, invoice)
        return {"message": "The customer has no default payment method.", "code": "resource_missing"}
    intent["payment_method"] = method
    declined = intents.charge(sim, intent, off_session=off_session)
    if intent["status"] == "requires_action":
        events.record(sim, "invoice.payment_action_required", sim.get("invoice", invoice["id"]))
    return declined


def default_method(sim: Sim, subscription: Object) -> str | None:
    """The payment method that a subscription is paid by: its own, or the customer's."""
    customer = sim.get("customer", subscription["customer"])
    found: str | None = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    return found


def follow_intent(sim: Sim, intent: Object) -> None:
    """An intent of an invoice has succeeded or failed."""
    invoice = sim.store.get("invoice", intent.get("_invoice"))
    if invoice is None or invoice["status"] != "open":
        return
    if intent["status"] == "succeeded":
        _paid(sim, invoice)
    else:
        _failed(sim, invoice)


intents.FOLLOWERS.append(follow_intent)


def _paid(sim: Sim, invoice: Object) -> None:
    now, due = sim.clock.now(), invoice["amount_due"]
    invoice |= {
        "status": "paid", "amount_paid": due, "amount_remaining": 0, "attempted": True, "auto_advance": False,
        "attempt_count": invoice["attempt_count"] + bool(due), "next_payment_attempt": None,
        "status_transitions": {**invoice["status_transitions"], "paid_at": now},
    }  # fmt: skip
    sim.store.put(invoice)
    if payment := sim.store.get("invoice_payment", invoice.get("_payment")):
        payment |= {"status": "paid", "amount_paid": due, "status_transitions": {"canceled_at": None, "paid_at": now}}
        events.record(sim, "invoice_payment.paid", sim.store.put(payment))
    for name in ("invoice.paid", "invoice.payment_succeeded"):
        events.record(sim, name, invoice)
    for follower in PAID:
        follower(sim, invoice)


def _failed(sim: Sim, invoice: Object) -> None:
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    sim.store.put(invoice)
    for follower in FAILED:
        follower(sim, invoice)
    events.record(sim, "invoice.payment_failed", sim.store.put(invoice))


def end(sim: Sim, invoice: Object, status: str) -> Object:
    """An invoice that will not be paid: `void` or `uncollectible`."""
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid(f"This invoice is {invoice['status']}; only an open one can be made {status}.")
    moment = {"void": "voided_at", "uncollectible": "marked_uncollectible_at"}[status]
    invoice |= {
        "status": status, "auto_advance": False, "next_payment_attempt": None,
        "status_transitions": {**invoice["status_transitions"], moment: sim.clock.now()},
    }  # fmt: skip
    name = {"void": "invoice.voided", "uncollectible": "invoice.marked_uncollectible"}[status]
    events.record(sim, name, sim.store.put(invoice))
    intent = sim.store.get("payment_intent", invoice["_intent"])
    if status == "void" and intent is not None and intent["status"] in intents.CANCELABLE:
        intents.end(sim, intent, "void_invoice")
    return invoice


def void(sim: Sim, _params: Params, id_: str) -> Object:
    """`POST /v1/invoices/{id}/void`."""
    return end(sim, sim.get("invoice", id_), "void")


def mark_uncollectible(sim: Sim, _params: Params, id_: str) -> Object:
    """`POST /v1/invoices/{id}/mark_uncollectible`."""
    return end(sim, sim.get("invoice", id_), "uncollectible")


def by_hand(sim: Sim, subscription: Object, amount: int) -> Object:
    """An invoice that staff have made in the dashboard for an item by itself, and that is paid at once."""
    now, item = sim.clock.now(), new_id("ii")
    line = {
        "id": new_id("il"), "object": "line_item", "amount": amount, "currency": subscription["currency"],
        "description": "By hand", "discount_amounts": [], "discountable": True, "discounts": [], "livemode": False,
        "metadata": {}, "parent": {
            "invoice_item_details": {
                "invoice_item": item, "proration": False, "proration_details": None, "subscription": subscription["id"]
            }, "subscription_item_details": None, "type": "invoice_item_details",
        }, "period": {"end": now, "start": now}, "pretax_credit_amounts": [], "pricing": None, "quantity": 1,
        "subtotal": amount, "taxes": [],
    }  # fmt: skip
    invoice = finalize(sim, make(sim, subscription, [line], "manual"))
    pay(sim, invoice, off_session=True)
    return sim.get("invoice", invoice["id"])


def finalize_now(sim: Sim, _params: Params, id_: str) -> Object:
    """`POST /v1/invoices/{id}/finalize`."""
    invoice = sim.get("invoice", id_)
    if invoice["status"] != "draft":
        raise invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    return finalize(sim, invoice)


def pay_now(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/invoices/{id}/pay`."""
    invoice = sim.get("invoice", id_)
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid")
    if invoice["status"] == "draft":
        finalize(sim, invoice)
    if invoice["status"] != "open":
        raise invalid(f"This invoice is {invoice['status']}; it cannot be paid.")
    given = params.text("payment_method")
    method = methods.attached(sim, methods.named(sim, given), invoice["customer"])["id"] if given else None
    declined = pay(sim, invoice, off_session=params.flag("off_session", default=True), method=method)
    if declined is not None:
        fields = {name: value for name, value in declined.items() if name not in ("type", "message")}
        raise StripeError(402, "card_error", declined["message"], **fields)
    return sim.get("invoice", id_)


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/invoices/{id}`."""
    return sim.get("invoice", id_)


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/invoices`."""
    where = {"customer": "customer", "status": "status", "subscription": "_subscription"}
    return expand.list_page(sim, params, "invoice", "/v1/invoices", where)


def list_payments(sim: Sim, params: Params) -> Object:
    """`GET /v1/invoice_payments`: by invoice, or by `payment[payment_intent]`."""
    params.values["_intent"] = params.table("payment", "payment_intent type").text("payment_intent")
    where = {"invoice": "invoice", "status": "status", "_intent": "_intent"}
    return expand.list_page(sim, params, "invoice_payment", "/v1/invoice_payments", where)


def retrieve_payment(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/invoice_payments/{id}`."""
    return sim.get("invoice_payment", id_)


def _payments(sim: Sim, invoice: Object) -> Object:
    return expand.listed(sim.store.find("invoice_payment", invoice=invoice["id"]), "/v1/invoice_payments")


def _confirmation_secret(sim: Sim, invoice: Object) -> Object | None:
    intent = sim.store.get("payment_intent", invoice["_intent"])
    return intent and {"client_secret": intent["client_secret"], "type": "payment_intent"}


expand.INCLUDED["invoice", "payments"] = _payments
expand.INCLUDED["invoice", "confirmation_secret"] = _confirmation_secret
