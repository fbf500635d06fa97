"""
Subscriptions: made, changed, cancelled, resumed by requests. What time does to them is in billing.py.
"""

import copy

from adapters.payments.paysim import billing, events, expand, invoices, methods, periods, products, proration
from adapters.payments.paysim.errors import StripeError, absent, invalid, missing
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import Sim, new_id
from adapters.payments.paysim.store import Object

DAY = 86_400  # seconds
LIVE = ("active", "past_due", "trialing", "incomplete", "unpaid", "paused")
BEHAVIORS = ("allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete")
PRORATIONS = ("always_invoice", "create_prorations", "none")
WITHOUT_METHOD = ("cancel", "create_invoice", "pause")
NOT_USED: Object = dict.fromkeys((
    "application", "application_fee_percent", "billing_cycle_anchor_config", "billing_thresholds", "cancel_at",
    "canceled_at", "customer_account", "days_until_due", "default_source", "ended_at",
    "latest_invoice", "next_pending_invoice_item_invoice", "on_behalf_of", "pause_collection",
    "pending_invoice_item_interval", "pending_setup_intent", "pending_update", "schedule", "test_clock",
    "transfer_data",
))  # fmt: skip


def create(sim: Sim, params: Params) -> Object:
    """`POST /v1/subscriptions`."""
    customer = sim.get("customer", params.required("customer"), "customer")
    behavior = params.choice("payment_behavior", BEHAVIORS, "allow_incomplete")
    subscription = make(sim, params, customer)
    pays_now = subscription["status"] == "incomplete" and behavior != "default_incomplete"
    if pays_now and not invoices.default_method(sim, subscription):
        raise invalid(
                "This customer has no attached payment source or default payment method. Please consider adding a "
                "default payment method.", code="resource_missing",
            )  # fmt: skip
    declined = billing.begin(
        sim, subscription, attempt=behavior != "default_incomplete", off_session=params.flag("off_session")
    )
    if declined is not None and behavior == "error_if_incomplete":
        raise StripeError(402, "card_error", declined["message"], undo=True, code=declined["code"])
    return sim.get("subscription", subscription["id"])


def make(sim: Sim, params: Params, customer: Object) -> Object:
    """A subscription that has not begun; of a request, or of the `subscription_data` of a Checkout session."""
    id_, now = new_id("sub"), sim.clock.now()
    prices = [
        (products.from_item(sim, item), item.integer("quantity", 1))
        for item in params.tables("items", "price price_data quantity")
    ]
    if not prices:
        raise missing(params.name("items"))
    if not all(price["recurring"] for price, _ in prices):
        raise invalid("The price specified is set to `type=one_time` but this field only accepts prices with "
                      "`type=recurring`.", params.name("items"))  # fmt: skip
    trial_end = _trial_end(params, now)
    recurring = prices[0][0]["recurring"]
    end = trial_end or periods.end_of(now, recurring, now)
    method = params.text("default_payment_method")
    items = [item_of(sim, id_, price, quantity, start=now, end=end) for price, quantity in prices]
    trial = params.table("trial_settings", "end_behavior").table("end_behavior", "missing_payment_method")
    payment = params.table("payment_settings", "save_default_payment_method")
    subscription = sim.new(
        "subscription", "sub", **NOT_USED, id=id_,
        automatic_tax={"disabled_reason": None, "enabled": False, "liability": None},
        billing_cycle_anchor=trial_end or now,
        billing_mode={"flexible": {"proration_discounts": "included"}, "type": "flexible"}, billing_schedules=[],
        cancel_at_period_end=params.flag("cancel_at_period_end"),
        cancellation_details={"comment": None, "feedback": None, "reason": None},
        collection_method="charge_automatically", currency=prices[0][0]["currency"], customer=customer["id"],
        default_payment_method=methods.attached(sim, methods.named(sim, method), customer["id"])["id"]
        if method else None,
        default_tax_rates=[], description=params.text("description"), discounts=[],
        invoice_settings={"account_tax_ids": None, "issuer": {"type": "self"}},
        items=expand.listed(items, f"/v1/subscription_items?subscription={id_}"),
        metadata=params.metadata(), payment_settings={
            "payment_method_options": None, "payment_method_types": None,
            "save_default_payment_method": payment.text("save_default_payment_method", "off"),
        },
        start_date=now, status="trialing" if trial_end else "incomplete", trial_end=trial_end,
        trial_settings={"end_behavior": {"missing_payment_method": trial.choice(
            "missing_payment_method", WITHOUT_METHOD, "create_invoice"
        )}},
        trial_start=now if trial_end else None, _pending=[],
    )  # fmt: skip
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = end
    return sim.store.put(subscription)


def item_of(sim: Sim, subscription: str, price: Object, quantity: int | None, *, start: int, end: int) -> Object:
    """An item of a subscription."""
    item = sim.new(
        "subscription_item", "si", billing_thresholds=None, current_period_end=end, current_period_start=start,
        discounts=[], metadata={}, plan=_plan(price), price=price, quantity=quantity or 1, subscription=subscription,
        tax_rates=[],
    )  # fmt: skip
    del item["livemode"]
    return item


def _plan(price: Object) -> Object:
    """The price in its older form, which items still carry."""
    same = ("active", "billing_scheme", "created", "currency", "id", "livemode", "metadata", "nickname", "product")
    recurring = price["recurring"]
    return {name: price[name] for name in same} | {
        "object": "plan", "amount": price["unit_amount"], "amount_decimal": price["unit_amount_decimal"],
        "interval": recurring["interval"], "interval_count": recurring["interval_count"], "meter": None,
        "tiers_mode": None, "transform_usage": None, "trial_period_days": None, "usage_type": "licensed",
    }  # fmt: skip


def _trial_end(params: Params, now: int) -> int | None:
    days = params.integer("trial_period_days")
    given = None if params.text("trial_end") == "now" else params.integer("trial_end")
    end = given or (now + days * DAY if days else None)
    if end is not None and end <= now:
        raise invalid("The trial_end timestamp must be in the future.", params.name("trial_end"))
    return end


def update(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/subscriptions/{id}`."""
    subscription = _live(sim, id_)
    before = copy.deepcopy(subscription)
    if given := params.text("default_payment_method"):
        method = methods.attached(sim, methods.named(sim, given), subscription["customer"])
        subscription["default_payment_method"] = method["id"]
    if "description" in params:
        subscription["description"] = params.text("description")
    subscription["metadata"] = params.metadata(subscription["metadata"])
    _set_cancellation(sim, params, subscription)
    invoice_now = _change_items(sim, params, subscription)
    if params.text("trial_end") == "now" and subscription["status"] == "trialing":
        subscription["trial_end"] = sim.clock.now()
        sim.store.put(subscription)
        billing.trial_over(sim, subscription)
    events.changed(sim, "customer.subscription.updated", before, sim.store.put(subscription))
    if invoice_now:
        billing.invoice_changes(sim, subscription)
    return sim.get("subscription", id_)


def _set_cancellation(sim: Sim, params: Params, subscription: Object) -> None:
    details = params.table("cancellation_details", "comment feedback")
    subscription["cancellation_details"] = subscription["cancellation_details"] | {
        name: details.text(name) for name in ("comment", "feedback") if name in details
    }  # fmt: skip
    if "cancel_at_period_end" not in params:
        return
    ends = params.flag("cancel_at_period_end")
    subscription |= {
        "cancel_at_period_end": ends, "canceled_at": sim.clock.now() if ends else None,
        "cancel_at": billing.period_end(subscription) if ends else None,
        "cancellation_details": {
            **subscription["cancellation_details"], "reason": "cancellation_requested" if ends else None
        },
    }  # fmt: skip


def _change_items(sim: Sim, params: Params, subscription: Object) -> bool:
    """Change prices and quantities; says whether the difference is to be invoiced at once."""
    behavior = params.choice("proration_behavior", PRORATIONS, "create_prorations")
    items: list[Object] = subscription["items"]["data"]
    reset = False
    for asked in params.tables("items", "id price price_data quantity"):
        old = next((item for item in items if item["id"] == asked.text("id")), None)
        if old is None:
            raise absent("subscription_item", asked.text("id") or "", asked.name("id"))
        price = products.from_item(sim, asked) if {"price", "price_data"} & set(asked.values) else old["price"]
        quantity = asked.integer("quantity", old["quantity"])
        new = {**old, "price": price, "plan": _plan(price), "quantity": quantity}
        interval = [each["price"]["recurring"]["interval"] for each in (old, new)]
        reset = reset or interval[0] != interval[1]
        if subscription["status"] != "trialing" and behavior != "none":
            subscription["_pending"] += proration.lines(sim, subscription, old, new, whole=reset)
        items[items.index(old)] = new
    if reset and subscription["status"] != "trialing":
        billing.restart_period(sim, subscription)
    return bool(subscription["_pending"]) and (reset or behavior == "always_invoice")


def cancel(sim: Sim, params: Params, id_: str) -> Object:
    """`DELETE /v1/subscriptions/{id}`: at once."""
    subscription = _live(sim, id_)
    if params.flag("invoice_now") or params.flag("prorate"):
        raise invalid("paysim cancels without a last invoice.", "invoice_now" if "invoice_now" in params else "prorate")
    details = params.table("cancellation_details", "comment feedback")
    billing.end(sim, subscription, "cancellation_requested", details.text("comment"), details.text("feedback"))
    return subscription


def resume(sim: Sim, _params: Params, id_: str) -> Object:
    """`POST /v1/subscriptions/{id}/resume`: one that a trial without a payment method has paused."""
    subscription = _live(sim, id_)
    if subscription["status"] != "paused":
        raise invalid(f"The subscription is {subscription['status']}; only a paused one can be resumed.")
    billing.resume(sim, subscription)
    return sim.get("subscription", id_)


def _live(sim: Sim, id_: str) -> Object:
    subscription = sim.get("subscription", id_)
    if subscription["status"] not in LIVE:
        raise absent("subscription", id_)  # as Stripe answers once a subscription is canceled
    return subscription


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/subscriptions/{id}`."""
    return sim.get("subscription", id_)


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/subscriptions`; without a `status`, those that are not canceled."""
    over = ("status", "NOT IN", ("canceled", "incomplete_expired"))
    status = params.text("status")
    params.values.pop("status", None)
    also = None if status == "all" else ("status", "=", status) if status else over
    return expand.list_page(sim, params, "subscription", "/v1/subscriptions", {"customer": "customer"}, also=also)


def retrieve_item(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/subscription_items/{id}`."""
    for subscription in sim.store.find("subscription"):
        for item in subscription["items"]["data"]:
            if item["id"] == id_:
                found: Object = item
                return found
    raise absent("subscription_item", id_)
