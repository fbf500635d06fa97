"""
Every route of Stripe's API that paysim has, in one table: method, path, handler, and the parameters it takes.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import adapters.payments.paysim.checkout_subscriptions  # noqa: F401 - lets sessions be paid by subscribing
from adapters.payments.paysim import (
    balance,
    charges,
    customers,
    disputes,
    events,
    intents,
    invoices,
    methods,
    payouts,
    products,
    refunds,
    sessions,
    subscriptions,
    webhooks,
)
from adapters.payments.paysim.store import Object

Handler = Callable[..., Object]


class Route(NamedTuple):
    """One route; the handler gets paysim, the parameters and the ids of the path."""

    method: str
    path: re.Pattern[str]
    handler: Handler
    takes: frozenset[str]


def route(method: str, path: str, handler: Handler, takes: str = "") -> Route:
    """A route of the table; in *takes*, `paging` and `*` (that and `created`) stand for the parameters of a list."""
    names = set(takes.split()) | (set() if method == "DELETE" and "subscriptions" not in path else {"expand"})
    if names & {"*", "paging"}:
        names = (names - {"*", "paging"}) | PAGING | ({"created"} if "*" in names else set())
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
    return Route(method, re.compile(f"/v1/{pattern}"), handler, frozenset(names))


PAGING = {"ending_before", "limit", "starting_after"}
CONFIRM = (
    "capture_method error_on_requires_action off_session payment_method payment_method_data receipt_email return_url"
    " setup_future_usage"
)
CUSTOMER = "description email invoice_settings metadata name phone"
SUBSCRIPTION = "cancel_at_period_end default_payment_method description items metadata trial_end"

ROUTES = (
    route("GET", "balance", balance.retrieve_balance),
    route("GET", "balance_transactions", balance.list_all, "* currency payout source type"),
    route("GET", "balance_transactions/{id_}", balance.retrieve),
    route("GET", "charges", charges.list_all, "* customer payment_intent"),
    route("GET", "charges/{id_}", charges.retrieve),
    route("POST", "charges/{id_}", charges.update, "description metadata receipt_email"),
    route(
        "POST", "checkout/sessions", sessions.create,
        "cancel_url client_reference_id customer customer_creation customer_email expires_at line_items locale"
        " metadata mode payment_intent_data submit_type success_url"
        " subscription_data ui_mode",
    ),
    route("GET", "checkout/sessions", sessions.list_all, "* customer payment_intent status subscription"),
    route("GET", "checkout/sessions/{id_}", sessions.retrieve),
    route("POST", "checkout/sessions/{id_}", sessions.update, "metadata"),
    route("POST", "checkout/sessions/{id_}/expire", sessions.expire),
    route("GET", "checkout/sessions/{id_}/line_items", sessions.list_lines, "paging"),
    route("POST", "customers", customers.create, f"{CUSTOMER} payment_method"),
    route("GET", "customers", customers.list_all, "* email"),
    route("GET", "customers/{id_}", customers.retrieve),
    route("POST", "customers/{id_}", customers.update, CUSTOMER),
    route("DELETE", "customers/{id_}", customers.delete),
    route("GET", "customers/{customer}/payment_methods", methods.list_of_customer, "paging type"),
    route("GET", "disputes", disputes.list_all, "* charge payment_intent"),
    route("GET", "disputes/{id_}", disputes.retrieve),
    route("POST", "disputes/{id_}", disputes.update, "evidence metadata submit"),
    route("POST", "disputes/{id_}/close", disputes.accept),
    route("GET", "events", events.list_all, "* type types"),
    route("GET", "events/{id_}", events.retrieve),
    route("GET", "invoice_payments", invoices.list_payments, "* invoice payment status"),
    route("GET", "invoice_payments/{id_}", invoices.retrieve_payment),
    route("GET", "invoices", invoices.list_all, "* customer status subscription"),
    route("GET", "invoices/{id_}", invoices.retrieve),
    route("POST", "invoices/{id_}/finalize", invoices.finalize_now),
    route("POST", "invoices/{id_}/mark_uncollectible", invoices.mark_uncollectible),
    route("POST", "invoices/{id_}/pay", invoices.pay_now, "off_session payment_method"),
    route("POST", "invoices/{id_}/void", invoices.void),
    route(
        "POST", "payment_intents", intents.create,
        f"{CONFIRM} amount automatic_payment_methods confirm currency customer description metadata"
        " statement_descriptor statement_descriptor_suffix",
    ),
    route("GET", "payment_intents", intents.list_all, "* customer"),
    route("GET", "payment_intents/{id_}", intents.retrieve, "client_secret"),
    route("POST", "payment_intents/{id_}", intents.update,
        "amount customer description metadata payment_method payment_method_data receipt_email setup_future_usage",
    ),
    route("POST", "payment_intents/{id_}/cancel", intents.cancel, "cancellation_reason"),
    route("POST", "payment_intents/{id_}/capture", intents.capture, "amount_to_capture"),
    route("POST", "payment_intents/{id_}/confirm", intents.confirm, CONFIRM),
    route("POST", "payment_methods", methods.create, "billing_details card metadata type"),
    route("GET", "payment_methods", methods.list_all, "paging customer type"),
    route("GET", "payment_methods/{id_}", methods.retrieve),
    route("POST", "payment_methods/{id_}/attach", methods.attach, "customer"),
    route("POST", "payment_methods/{id_}/detach", methods.detach),
    route("POST", "payouts", payouts.create, "amount currency description metadata statement_descriptor"),
    route("GET", "payouts", payouts.list_all, "* status"),
    route("GET", "payouts/{id_}", payouts.retrieve),
    route("POST", "payouts/{id_}/cancel", payouts.cancel),
    route(
        "POST", "prices", products.create_price,
        "active currency lookup_key metadata nickname product product_data recurring tax_behavior unit_amount",
    ),
    route("GET", "prices", products.list_prices, "* active currency lookup_keys product type"),
    route("GET", "prices/{id_}", products.retrieve_price),
    route("POST", "prices/{id_}", products.update_price, "active lookup_key metadata nickname"),
    route(
        "POST", "products", products.create,
        "active description id images metadata name statement_descriptor tax_code",
    ),
    route("GET", "products", products.list_all, "* active"),
    route("GET", "products/{id_}", products.retrieve),
    route("POST", "products/{id_}", products.update, "active default_price description metadata name"),
    route("POST", "refunds", refunds.create, "amount charge metadata payment_intent reason"),
    route("GET", "refunds", refunds.list_all, "* charge payment_intent"),
    route("GET", "refunds/{id_}", refunds.retrieve),
    route("POST", "refunds/{id_}", refunds.update, "metadata"),
    route("POST", "refunds/{id_}/cancel", refunds.cancel),
    route("GET", "subscription_items/{id_}", subscriptions.retrieve_item),
    route(
        "POST", "subscriptions", subscriptions.create,
        f"{SUBSCRIPTION} customer off_session payment_behavior payment_settings trial_period_days"
        " trial_settings",
    ),
    route("GET", "subscriptions", subscriptions.list_all, "* customer status"),
    route("GET", "subscriptions/{id_}", subscriptions.retrieve),
    route(
        "POST", "subscriptions/{id_}", subscriptions.update,
        f"{SUBSCRIPTION} cancellation_details proration_behavior",
    ),
    route("DELETE", "subscriptions/{id_}", subscriptions.cancel, "cancellation_details invoice_now prorate"),
    route("POST", "subscriptions/{id_}/resume", subscriptions.resume),
    route("POST", "webhook_endpoints", webhooks.create, "description enabled_events metadata url"),
    route("GET", "webhook_endpoints", webhooks.list_all, "paging"),
    route("GET", "webhook_endpoints/{id_}", webhooks.retrieve),
    route("POST", "webhook_endpoints/{id_}", webhooks.update, "disabled enabled_events metadata url"),
    route("DELETE", "webhook_endpoints/{id_}", webhooks.delete),
)  # fmt: skip


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a request, with the ids of its path."""
    for each in ROUTES:
        if each.method == method and (found := each.path.fullmatch(path)):
            return each, found.groupdict()
    return None
