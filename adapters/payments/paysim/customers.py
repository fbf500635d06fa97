"""
Customers.
"""

from typing import Any

from adapters.payments.paysim import billing, cards, events, expand, methods
from adapters.payments.paysim.errors import invalid
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import Sim, new_id
from adapters.payments.paysim.store import Object

FIELDS = ("description", "email", "name", "phone")


def create(sim: Sim, params: Params) -> Object:
    """`POST /v1/customers`."""
    return make(sim, params, metadata=params.metadata(), **{name: params.text(name) for name in FIELDS})


def make(sim: Sim, params: Params | None = None, **given: Any) -> Object:
    """A new customer."""
    customer = sim.new(
        "customer",
        "cus",
        **{
            "address": None, "balance": 0, "currency": None, "default_source": None, "delinquent": False,
            "description": None, "discount": None, "email": None,
            "invoice_prefix": new_id("x")[2:10].upper(),
            "invoice_settings": {
                "custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None
            },
            "metadata": {}, "name": None, "next_invoice_sequence": 1, "phone": None, "preferred_locales": [],
            "shipping": None, "tax_exempt": "none", "test_clock": None,
        } | given,
    )  # fmt: skip
    sim.store.put(customer)
    if params is not None:
        _set_methods(sim, params, customer)
    events.record(sim, "customer.created", customer)
    return customer


def update(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/customers/{id}`."""
    customer = sim.get("customer", id_)
    before = dict(customer)
    customer |= {name: params.text(name) for name in FIELDS if name in params}
    customer["metadata"] = params.metadata(customer["metadata"])
    _set_methods(sim, params, customer)
    events.changed(sim, "customer.updated", before, sim.store.put(customer))
    return customer


def _set_methods(sim: Sim, params: Params, customer: Object) -> None:
    """`payment_method` attaches one, `invoice_settings[default_payment_method]` names the one for invoices."""
    if given := params.text("payment_method"):
        methods.attached(sim, methods.named(sim, given), customer["id"])
    if default := params.table("invoice_settings", "default_payment_method").text("default_payment_method"):
        method = methods.named(sim, default)
        if method["customer"] != customer["id"]:
            if default not in cards.CARDS:
                raise invalid(
                    f"The customer does not have a payment method with the ID {default}.",
                    "invoice_settings[default_payment_method]",
                )
            method = methods.attached(sim, method, customer["id"])
        customer["invoice_settings"] = {**customer["invoice_settings"], "default_payment_method": method["id"]}
        sim.store.put(customer)


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/customers/{id}`."""
    deleted = sim.store.setting(f"deleted {id_}")
    return {"id": id_, "object": "customer", "deleted": True} if deleted else sim.get("customer", id_)


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/customers`."""
    return expand.list_page(sim, params, "customer", "/v1/customers", {"email": "email"})


def delete(sim: Sim, _params: Params, id_: str) -> Object:
    """`DELETE /v1/customers/{id}`: with all subscriptions, at once."""
    customer = sim.get("customer", id_)
    for subscription in sim.store.find("subscription", customer=id_):
        if subscription["status"] not in ("canceled", "incomplete_expired"):
            billing.end(sim, subscription, "cancellation_requested")
    sim.store.forget(id_)
    sim.store.keep(f"deleted {id_}", value=True)
    events.record(sim, "customer.deleted", customer)
    return {"id": id_, "object": "customer", "deleted": True}
