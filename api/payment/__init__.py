"""
Payment over HTTP: what is sold, orders, the page that leads to the provider, access, and messages of the provider.

Lists and details are answered from the rows of read model orders; what a command needs is read from the log.
"""

from fastapi import APIRouter

from api.payment import (
    checkout,
    coupons,
    entitlements,
    order_list,
    orders,
    products,
    provider_events,
    purchases,
    receipts,
    refund_claims,
    replay,
    subscriptions,
    webhooks,
)

MODULES = (
    webhooks,
    orders,
    order_list,
    purchases,
    products,
    coupons,
    entitlements,
    receipts,
    refund_claims,
    replay,
    subscriptions,
    checkout,
    provider_events,
)
router = APIRouter()
router.routes.extend(route for module in MODULES for route in module.router.routes)
