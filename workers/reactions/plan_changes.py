"""
Whether the plan of a subscription, or its planned end, was changed at the provider, in its dashboard.

Messages about subscriptions are in workers/reactions/provider_events.py.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from commands.payment.provider import PlanPrice, ProviderSubscription
from commands.payment.subscriptions import FollowPlan, FollowPlannedEnd
from domain.fact import Fact
from domain.payment.order import order_stream
from domain.payment.product import PLAN, product_stream
from domain.payment.subscription_state import CAMPUS
from workers.reactions.job import Outside, key_of

ENDS = {"subscription.cancel_planned": "plan_end", "subscription.cancel_withdrawn": "go_on"}
"""The job that has the provider do what each of these facts says."""


async def said_of_plan(
    names: tuple[str, str], order_id: str, found: ProviderSubscription, history: Sequence[Fact], outside: Outside
) -> tuple[list[Any], str]:
    """That the plan was changed at the provider, or why its price is none of ours."""
    changed = [each.data["new_product_id"] for each in history if each.type == "subscription.plan_changed"]
    placed = await outside.stream(order_stream(names[0], order_id))
    lines: list[Any] = next((each.data["lines"] for each in placed if each.type == "order.placed"), [])
    first: dict[str, Any] = next((each for each in lines if each["plan"] is not None), {})
    price = found.price
    if _plan_of(price, first) == (changed[-1] if changed else first.get("product_id")):
        return [], ""
    price = (await outside.provider.subscription(found.provider_id)).price  # after the look at our facts
    product_id = _plan_of(price, first)
    known = [] if product_id is None else await outside.stream(product_stream(product_id))
    if product_id is None or not known or known[0].data["kind"] != PLAN:
        return [], f"price {price.price_id} is of no plan of this campus"
    return [FollowPlan(*names, product_id, price.amount, len(changed))], ""


def _plan_of(price: PlanPrice, first: dict[str, Any]) -> str | None:
    """The plan that has a price: the one that it names, or that of the *first* order, whose price names none."""
    plan = first.get("plan") or {}
    same = (price.amount, price.interval, price.interval_count)
    is_first = same == tuple(plan.get(name) for name in ("amount", "interval", "interval_count"))
    return price.product_id or (first["product_id"] if is_first else None)


async def said_of_end(
    names: tuple[str, str], found: ProviderSubscription, history: Sequence[Fact], outside: Outside
) -> list[FollowPlannedEnd]:
    """That an end was planned at the provider, or taken back there; what we have asked for ourselves is no news."""
    turns = [each for each in history if each.type in ENDS]
    if not _is_news(found, turns):
        return []
    found = await outside.provider.subscription(found.provider_id)  # after the look at our facts
    return [FollowPlannedEnd(*names, found.ends_at, len(turns))] if _is_news(found, turns) else []


def _is_news(found: ProviderSubscription, turns: Sequence[Fact]) -> bool:
    """Whether the provider has another end than our facts, by its staff."""
    if found.ended_at is not None:
        return False
    last = turns[-1] if turns else None
    planned = datetime.fromisoformat(last.data["at"]) if last is not None and "at" in last.data else None
    if last is None or last.data["by"] != CAMPUS:
        return found.ends_at != planned
    if found.asked != key_of(last, ENDS[last.type]):
        return False  # the provider does not know yet what was asked here
    return (found.ends_at is None) is not (planned is None)
