"""paysim takes no parameter that Stripe would refuse: each is declared by the SDK for the same call."""

import inspect
import re
from typing import Any

import pytest
import stripe
import stripe.params.checkout

from adapters.payments.paysim.routes import ROUTES, Route
from tests.support.paysim import KEY, Paysim

NAMED_OTHERWISE = {"finalize": "finalize_invoice", "void": "void_invoice"}
OF_ALL = {"POST": "create", "GET": "list"}
OF_ONE = {"POST": "update", "GET": "retrieve", "DELETE": "delete"}


def call_of(route: Route) -> Any:
    """The SDK's function for a route."""
    parts = re.sub(r"\(\?P<\w+>[^)]*\)", "{}", route.path.pattern).split("/")[2:]
    service: Any = stripe.StripeClient(KEY).v1
    if parts[0] == "checkout":
        service, parts = service.checkout, parts[1:]
    service, rest = getattr(service, parts[0]), parts[1:]
    if parts == ["balance"]:
        return service.retrieve
    if len(rest) == 2 and route.method == "GET":
        return getattr(service, rest[1]).list
    verb = OF_ALL[route.method] if not rest else OF_ONE[route.method] if len(rest) == 1 else rest[1]
    verb = "cancel" if (parts[0], verb) == ("subscriptions", "delete") else NAMED_OTHERWISE.get(verb, verb)
    return getattr(service, verb)


def test_every_route_and_parameter_is_one_of_the_sdk() -> None:
    """What passes here and not at Stripe would fail in production only."""
    unknown = {}
    for route in ROUTES:
        hint = str(inspect.signature(call_of(route)).parameters["params"].annotation)
        name = re.findall(r"\w+Params", hint)[-1]
        shape = getattr(stripe.params, name, None) or getattr(stripe.params.checkout, name)
        if extra := route.takes - shape.__annotations__.keys():
            unknown[f"{route.method} {route.path.pattern}"] = sorted(extra)
    assert unknown == {}


@pytest.mark.parametrize(
    ("service", "given", "param"),
    [
        ("customers", {"invoice_settings": {"footer": "x"}}, "invoice_settings[footer]"),
        ("prices", {"currency": "eur", "recurring": {"interval": "day", "meter": "m"}}, "recurring[meter]"),
    ],
)
def test_nested_parameters_are_not_ignored_either(
    paysim: Paysim, service: str, given: dict[str, Any], param: str
) -> None:
    """The refusal has the full name."""
    given = {"unit_amount": 100, **given} if service == "prices" else given
    with pytest.raises(stripe.InvalidRequestError) as refused:
        getattr(paysim.api, service).create(given)
    assert (refused.value.code, refused.value.param) == ("parameter_unknown", param)
