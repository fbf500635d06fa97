"""
Products and prices, as Checkout and subscriptions need them.
"""

from adapters.payments.paysim import events, expand, money
from adapters.payments.paysim.errors import invalid, missing
from adapters.payments.paysim.forms import Params
from adapters.payments.paysim.sim import Sim
from adapters.payments.paysim.store import Object

PRICE_DATA = "currency product product_data recurring tax_behavior unit_amount"
INTERVALS = ("day", "week", "month", "year")


def create(sim: Sim, params: Params) -> Object:
    """`POST /v1/products`."""
    return make(sim, params, active=params.flag("active", default=True))


def make(sim: Sim, params: Params, *, active: bool = True) -> Object:
    """A product of `name`, `description` and `metadata`."""
    product = sim.new(
        "product",
        "prod",
        active=active,
        default_price=None,
        description=params.text("description"),
        images=params.texts("images"),
        marketing_features=[],
        metadata=params.metadata(),
        name=params.required("name"),
        package_dimensions=None,
        shippable=None,
        statement_descriptor=params.text("statement_descriptor"),
        tax_code=params.text("tax_code"),
        type="service",
        unit_label=None,
        updated=sim.clock.now(),
        url=None,
    )
    if given := params.text("id"):
        if sim.store.any(given):
            raise invalid("Product already exists.", "id", "resource_already_exists")
        product["id"] = given
    events.record(sim, "product.created", sim.store.put(product))
    return product


def update(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/products/{id}`."""
    product = sim.get("product", id_)
    before = dict(product)
    product |= {name: params.text(name) for name in ("name", "description", "default_price") if name in params}
    product |= {"active": params.flag("active", default=product["active"]), "updated": sim.clock.now()}
    product["metadata"] = params.metadata(product["metadata"])
    events.changed(sim, "product.updated", before, sim.store.put(product))
    return product


def retrieve(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/products/{id}`."""
    return sim.get("product", id_)


def list_all(sim: Sim, params: Params) -> Object:
    """`GET /v1/products`."""
    return expand.list_page(sim, params, "product", "/v1/products", {"active": "active"})


def create_price(sim: Sim, params: Params) -> Object:
    """`POST /v1/prices`."""
    price = make_price(sim, params)
    events.record(sim, "price.created", price)
    return price


def make_price(sim: Sim, params: Params) -> Object:
    """A price of `currency`, `unit_amount`, `product` or `product_data`, and `recurring`; also of `price_data`."""
    currency = money.currency_of(params.required("currency"), params.name("currency"))
    amount = params.count("unit_amount")
    if amount < 0:
        raise invalid("Invalid non-negative integer", params.name("unit_amount"), "parameter_invalid_integer")
    money.check_last_digit(amount, currency, params.name("unit_amount"))
    recurring = _recurring(params.table("recurring", "interval interval_count")) if "recurring" in params else None
    price = sim.new(
        "price",
        "price",
        active=params.flag("active", default=True),
        billing_scheme="per_unit",
        currency=currency,
        custom_unit_amount=None,
        lookup_key=params.text("lookup_key"),
        metadata=params.metadata(),
        nickname=params.text("nickname"),
        product=_product(sim, params)["id"],
        recurring=recurring,
        tax_behavior=params.text("tax_behavior", "unspecified"),
        tiers_mode=None,
        transform_quantity=None,
        type="recurring" if recurring else "one_time",
        unit_amount=amount,
        unit_amount_decimal=str(amount),
    )
    return sim.store.put(price)


def _product(sim: Sim, params: Params) -> Object:
    if given := params.text("product"):
        return sim.get("product", given, params.name("product"))
    if "product_data" not in params:
        raise missing(params.name("product"))
    return make(sim, params.table("product_data", "description images metadata name statement_descriptor tax_code"))


def _recurring(params: Params) -> Object:
    interval = params.choice("interval", INTERVALS)
    if interval is None:
        raise missing(params.name("interval"))
    count = params.integer("interval_count", 1)
    return {
        "interval": interval, "interval_count": count, "meter": None, "trial_period_days": None,
        "usage_type": "licensed",
    }  # fmt: skip


def update_price(sim: Sim, params: Params, id_: str) -> Object:
    """`POST /v1/prices/{id}`: everything but the amount."""
    price = sim.get("price", id_)
    before = dict(price)
    price |= {name: params.text(name) for name in ("nickname", "lookup_key") if name in params}
    price["active"] = params.flag("active", default=price["active"])
    price["metadata"] = params.metadata(price["metadata"])
    events.changed(sim, "price.updated", before, sim.store.put(price))
    return price


def retrieve_price(sim: Sim, _params: Params, id_: str) -> Object:
    """`GET /v1/prices/{id}`."""
    return sim.get("price", id_)


def list_prices(sim: Sim, params: Params) -> Object:
    """`GET /v1/prices`."""
    where = {name: name for name in ("active", "product", "currency", "type")}
    keys = params.texts("lookup_keys")
    also = ("lookup_key", "IN", keys) if keys else None
    return expand.list_page(sim, params, "price", "/v1/prices", where, also=also)


def from_item(sim: Sim, item: Params) -> Object:
    """The price of a line: `price`, or `price_data`."""
    if given := item.text("price"):
        return sim.get("price", given, item.name("price"))
    if "price_data" not in item:
        raise missing(item.name("price"))
    return make_price(sim, item.table("price_data", PRICE_DATA))
