"""
Checkout in the mode `subscription`: a customer, a subscription, and its first invoice paid on the page.
"""

from adapters.payments.paysim import billing, customers, invoices, methods, sessions, subscriptions
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import Sim
from adapters.payments.paysim.store import Object


def pay(sim: Sim, session: Object, method: Object) -> Object | None:
    """The customer has filled in a card; returns the error of a decline, else None."""
    customer = session["customer"] or customers.make(sim, email=session["_email"])["id"]
    session["customer"] = customer
    method = methods.attached(sim, method, customer)
    if session.get("_subscription") is None:
        declined = _subscribe(sim, session, method)
    else:
        invoice = sim.get("invoice", session["_invoice"])
        sim.store.put({**sim.get("subscription", session["_subscription"]), "default_payment_method": method["id"]})
        declined = invoices.pay(sim, invoice, off_session=False, method=method["id"])
    if declined is not None:
        session = sim.get("checkout.session", session["id"])
        sim.store.put({**session, "_error": {"message": declined["message"]}})
    return declined


sessions.PAY["subscription"] = pay


def _subscribe(sim: Sim, session: Object, method: Object) -> Object | None:
    """Make the subscription of the session, and ask for its first invoice."""
    recurring = [line for line in session["_lines"] if line["price"]["recurring"]]
    items = [{"price": line["price"]["id"], "quantity": str(line["quantity"])} for line in recurring]
    given = {**session["_subscription_data"], "items": items, "default_payment_method": method["id"]}
    params = Params(given, "subscription_data")
    subscription = subscriptions.make(sim, params, sim.get("customer", session["customer"]))
    session["_subscription"] = subscription["id"]
    if subscription["status"] == "trialing":
        billing.begin(sim, subscription, attempt=True)
        session |= {"subscription": subscription["id"], "invoice": subscription["latest_invoice"]}
        sessions.complete(sim, session, "no_payment_required")
        return None
    billing.begin(sim, subscription, attempt=False)
    invoice = sim.get("invoice", subscription["latest_invoice"])
    session |= {"_invoice": invoice["id"], "_intent": invoice["_intent"]}
    sim.store.put(session)
    intent = sim.get("payment_intent", invoice["_intent"])
    back = f"{sim.url}/c/pay/{session['id']}"
    sim.store.put({**intent, "_session": session["id"], "_return_url": back})
    return invoices.pay(sim, invoice, off_session=False, method=method["id"])


def invoice_paid(sim: Sim, invoice: Object) -> None:
    """The first invoice was paid: the session is complete."""
    intent = sim.store.get("payment_intent", invoice["_intent"])
    session = sim.store.get("checkout.session", (intent or {}).get("_session"))
    if session is not None and session["status"] == "open":
        session |= {"subscription": invoice["_subscription"], "invoice": invoice["id"]}
        sessions.complete(sim, session, "paid")


invoices.PAID.append(invoice_paid)
