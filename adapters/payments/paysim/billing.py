"""
What time and payments do to subscriptions: first invoice, renewal, end of a trial, retries, end.

A renewal's invoice is a draft for an hour; a failed one is tried again after 3, 5 and 7 days, and then the subscription
is cancelled. A first invoice has 23 hours to be paid.
"""

from adapters.payments.paysim import events, invoices, periods, proration
from adapters.payments.paysim.sim import Sim
from adapters.payments.paysim.store import Object

DAY = 86_400  # seconds
RETRY_AFTER = (3 * DAY, 5 * DAY, 7 * DAY)  # seconds from one attempt to the next
INCOMPLETE_FOR = 23 * 3_600  # seconds
TRIAL_WARNING = 3 * DAY  # seconds before the end of a trial
UPDATED = "customer.subscription.updated"


def period_end(subscription: Object) -> int:
    """When the current period ends."""
    end: int = subscription["items"]["data"][0]["current_period_end"]
    return end


def begin(sim: Sim, subscription: Object, *, attempt: bool, off_session: bool = False) -> Object | None:
    """Announce a new subscription and make its first invoice; returns the error of a decline, else None."""
    events.record(sim, "customer.subscription.created", subscription)
    sim.timer(period_end(subscription), "period_end", subscription["id"])
    trial = subscription["status"] == "trialing"
    if trial:
        warn = max(sim.clock.exact(), subscription["trial_end"] - TRIAL_WARNING)
        sim.timer(warn, "trial_will_end", subscription["id"])
    else:
        sim.timer(sim.clock.now() + INCOMPLETE_FOR, "incomplete", subscription["id"])
    lines = [proration.period_line(sim, item, free=trial) for item in subscription["items"]["data"]]
    invoice = _invoice(sim, subscription, lines, "subscription_create")
    invoices.finalize(sim, invoice)
    return invoices.pay(sim, invoice, off_session=off_session) if attempt or trial else None


def _invoice(sim: Sim, subscription: Object, lines: list[Object], reason: str) -> Object:
    invoice = invoices.make(sim, subscription, lines, reason)
    subscription["latest_invoice"] = invoice["id"]
    sim.store.put(subscription)
    return invoice


def set_status(sim: Sim, subscription: Object, status: str, **more: object) -> None:
    """Another status, announced."""
    before = dict(subscription)
    subscription |= {"status": status, **more}
    events.changed(sim, UPDATED, before, sim.store.put(subscription))


def invoice_paid(sim: Sim, invoice: Object) -> None:
    """A paid invoice makes its subscription active."""
    subscription = invoices.subscription_of(sim, invoice)
    if subscription["status"] in ("incomplete", "past_due", "unpaid"):
        more = {}
        intent = sim.store.get("payment_intent", invoice["_intent"])
        saves = subscription["payment_settings"]["save_default_payment_method"] == "on_subscription"
        if saves and intent is not None:
            more = {"default_payment_method": intent["payment_method"]}
        set_status(sim, subscription, "active", **more)


def invoice_failed(sim: Sim, invoice: Object) -> None:
    """A failed attempt: try again later, or give the subscription up."""
    subscription = invoices.subscription_of(sim, invoice)
    if subscription["status"] not in ("active", "past_due"):
        return
    attempt = invoice["attempt_count"]
    if attempt > len(RETRY_AFTER):
        invoice |= {"next_payment_attempt": None, "auto_advance": False}
        sim.store.put(invoice)
        end(sim, subscription, "payment_failed")
        return
    invoice["next_payment_attempt"] = sim.clock.now() + RETRY_AFTER[attempt - 1]
    sim.timer(invoice["next_payment_attempt"], "invoice_retry", invoice["id"])
    sim.store.put(invoice)
    set_status(sim, subscription, "past_due")


invoices.PAID.append(invoice_paid)
invoices.FAILED.append(invoice_failed)


def retry(sim: Sim, invoice_id: str) -> None:
    """The time of another attempt."""
    invoice = sim.get("invoice", invoice_id)
    if invoice["status"] == "open" and invoice["auto_advance"]:
        invoices.pay(sim, invoice, off_session=True)


def finalize(sim: Sim, invoice_id: str) -> None:
    """The draft of a renewal becomes an invoice, and is paid."""
    invoice = sim.get("invoice", invoice_id)
    if invoice["status"] == "draft" and invoice["auto_advance"]:
        invoices.finalize(sim, invoice)
        invoices.pay(sim, invoice, off_session=True)


def period_over(sim: Sim, id_: str) -> None:
    """The end of a period: the next one begins, or the subscription ends."""
    subscription = sim.get("subscription", id_)
    if period_end(subscription) > sim.clock.now() or subscription["status"] not in ("active", "past_due", "trialing"):
        return
    if subscription["cancel_at_period_end"]:
        end(sim, subscription, None)
    elif subscription["status"] == "trialing":
        trial_over(sim, subscription)
    else:
        _renew(sim, subscription, subscription["status"])


def trial_over(sim: Sim, subscription: Object) -> None:
    """The first period that is paid for begins; without a payment method, as the trial's settings say."""
    without = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if invoices.default_method(sim, subscription) is None and without != "create_invoice":
        if without == "cancel":
            end(sim, subscription, None)
        else:
            set_status(sim, subscription, "paused")
            events.record(sim, "customer.subscription.paused", subscription)
        return
    subscription["billing_cycle_anchor"] = subscription["trial_end"]
    for item in subscription["items"]["data"]:
        item["current_period_end"] = subscription["trial_end"]
    _renew(sim, subscription, "active")


def _renew(sim: Sim, subscription: Object, status: str) -> None:
    """The next period begins where the last one ended."""
    items = subscription["items"]
    data = [_next_period(item, item["current_period_end"], subscription) for item in items["data"]]
    set_status(sim, subscription, status, items={**items, "data": data})
    sim.timer(period_end(subscription), "period_end", subscription["id"])
    lines = [*subscription["_pending"], *(proration.period_line(sim, item) for item in data)]
    subscription["_pending"] = []
    invoice = _invoice(sim, subscription, lines, "subscription_cycle")
    sim.timer(sim.clock.now() + invoices.DRAFT_FOR, "invoice_finalize", invoice["id"])


def _next_period(item: Object, start: int, subscription: Object) -> Object:
    end_ = periods.end_of(start, item["price"]["recurring"], subscription["billing_cycle_anchor"])
    return {**item, "current_period_start": start, "current_period_end": end_}


def restart_period(sim: Sim, subscription: Object) -> None:
    """A period of another interval begins now; its line is pending."""
    now = sim.clock.now()
    subscription["billing_cycle_anchor"] = now
    data = [_next_period(item, now, subscription) for item in subscription["items"]["data"]]
    subscription["items"] = {**subscription["items"], "data": data}
    subscription["_pending"] += [proration.period_line(sim, item) for item in data]
    sim.timer(period_end(subscription), "period_end", subscription["id"])


def invoice_changes(sim: Sim, subscription: Object) -> None:
    """Invoice what a change of the plan costs, at once."""
    lines, subscription["_pending"] = subscription["_pending"], []
    invoice = _invoice(sim, subscription, lines, "subscription_update")
    invoices.finalize(sim, invoice)
    invoices.pay(sim, invoice, off_session=True)


def resume(sim: Sim, subscription: Object) -> None:
    """A paused subscription goes on with a period that begins now."""
    restart_period(sim, subscription)
    set_status(sim, subscription, "active")
    events.record(sim, "customer.subscription.resumed", subscription)
    invoice_changes(sim, subscription)


def trial_will_end(sim: Sim, id_: str) -> None:
    """Three days before the end of a trial."""
    subscription = sim.get("subscription", id_)
    if subscription["status"] == "trialing":
        events.record(sim, "customer.subscription.trial_will_end", subscription)


def incomplete_over(sim: Sim, id_: str) -> None:
    """The first invoice was not paid in time."""
    subscription = sim.get("subscription", id_)
    if subscription["status"] != "incomplete":
        return
    set_status(sim, subscription, "incomplete_expired", ended_at=sim.clock.now())
    invoice = sim.get("invoice", subscription["latest_invoice"])
    if invoice["status"] == "open":
        invoices.end(sim, invoice, "void")


def end(
    sim: Sim, subscription: Object, reason: str | None, comment: str | None = None, feedback: str | None = None
) -> None:
    """The subscription is over."""
    now = sim.clock.now()
    details = subscription["cancellation_details"]
    given = {"reason": reason, "comment": comment, "feedback": feedback}
    subscription |= {
        "status": "canceled", "ended_at": now, "canceled_at": subscription["canceled_at"] or now,
        "cancellation_details": details | {name: value for name, value in given.items() if value},
        "cancel_at_period_end": False if reason else subscription["cancel_at_period_end"],
    }  # fmt: skip
    sim.store.put(subscription)
    for invoice in sim.store.find("invoice", _subscription=subscription["id"]):
        if invoice["status"] in ("draft", "open"):
            sim.store.put({**invoice, "auto_advance": False, "next_payment_attempt": None})
    events.record(sim, "customer.subscription.deleted", subscription)
