"""
What a subscription grants: access as long as it is paid for, and for the days of grace.

Of a course that is the run which is current when access begins, and at each renewal the one which is current then, too.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from commands.log import Log, present
from commands.lookups.catalog import course_of_run
from commands.payment.selling import current_runs, grants_of
from domain.errors import DomainError
from domain.payment.entitlement import EXPIRED, SUBSCRIPTION, Entitlement, entitlement_stream
from domain.payment.errors import BadOrder
from domain.payment.order import Order, order_stream
from domain.payment.order_line import Grant, Line, Plan
from domain.payment.product import SUSPEND, Product, product_stream
from domain.payment.subscription import Subscription

INVOICE_DAYS = 1  # the provider may take a day after the end of a period to make the next invoice


async def entitlements_in_line(log: Log, subscription: Subscription) -> tuple[list[Entitlement], DomainError | None]:
    """
    What a subscription grants, and has granted before its plan was changed, as it should be now.

    A plan that cannot be granted now, and follows another one, ends no access: what the plan before has granted stands
    in for it, as long as the subscription is paid for; the second value says why.

    Raises:
        DomainError: it cannot be granted, and there is nothing that stands in for it.
    """
    changed: list[Entitlement] = []
    for number in range(len(subscription.products) - 1):
        changed += await _granted(log, subscription, number)
    granted = await _granted(log, subscription, len(subscription.products) - 1)
    if subscription.is_over:
        _revoke([*changed, *granted], "subscription ended")
        return [*changed, *granted], None
    try:
        await _grant(log, granted, changed, subscription)
    except DomainError as refusal:
        stand_in = next((each for each in reversed(changed) if each.exists and not each.over), None)
        if stand_in is None:
            raise
        stand_in.extend(await _access_until(log, subscription))
        await _follow_money(log, stand_in, subscription)
        return [*changed, *granted], refusal
    _revoke(changed, "plan changed")
    await _follow_money(log, granted[-1], subscription)
    return [*changed, *granted], None


def _revoke(granted: Sequence[Entitlement], reason: str) -> None:
    for entitlement in granted:
        if entitlement.exists:
            entitlement.revoke(reason)


async def _granted(log: Log, subscription: Subscription, number: int) -> list[Entitlement]:
    """
    What the first plan, or the one after a *number* of changes, has granted; the last one counts, and may be blank.

    One that has expired is followed by another, since a period may become known after access has ended.
    """
    granted: list[Entitlement] = []
    while not granted or granted[-1].over == EXPIRED:
        name = f".{number}.{len(granted) + 1}" if granted else f".{number}" if number else ""
        stream = entitlement_stream(subscription.learner_id, subscription.subscription_id + name)
        granted.append(await log.load(Entitlement, stream))
    return granted


async def _follow_money(log: Log, entitlement: Entitlement, subscription: Subscription) -> None:
    """Suspend access while the money of the last period is disputed, or gone back; another period brings it again."""
    if not entitlement.exists:
        return
    order = await log.read(Order, order_stream(subscription.learner_id, subscription.last_order))
    if order.ended_lines or order.is_lost:
        entitlement.suspend("refunded" if order.ended_lines else "dispute lost")
    elif order.is_disputed and any(line.on_dispute == SUSPEND for line in order.lines):
        entitlement.suspend("disputed")
    else:
        entitlement.resume("paid")


async def _grant(
    log: Log, granted: Sequence[Entitlement], of_other_plans: Sequence[Entitlement], subscription: Subscription
) -> None:
    """Give access until the end of the period that is paid, or of the days of grace."""
    until = await _access_until(log, subscription)
    *before, entitlement = granted
    known = (each.access_until for each in before if each.access_until is not None)
    if entitlement.exists:
        entitlement.extend(until)
    elif until > max((log.context.at, *known)):
        grants = await grants_of_plan(log, subscription)
        earlier = [each for each in (*of_other_plans, *before) if each.exists]
        kept = await _kept(log, earlier[-1], grants) if earlier else []
        entitlement.grant(
            SUBSCRIPTION,
            await _runs(log, grants, kept),
            access_from=log.context.at,
            access_until=until,
            subscription_id=subscription.subscription_id,
            product_id=subscription.product_id,
        )


async def _access_until(log: Log, subscription: Subscription) -> datetime:
    """The end of what is paid, and of the days of grace."""
    grace_days = await grace_days_of(log, subscription)
    until = subscription.paid_until + timedelta(days=max(grace_days, INVOICE_DAYS))
    return max(until, subscription.grace_until or until)


async def _kept(log: Log, earlier: Entitlement, grants: Sequence[Grant]) -> list[str]:
    """The runs of an entitlement to which the present plan gives access, too: those of its courses, and its own."""
    courses = {grant.course_id for grant in grants if grant.run_id is None}
    own = {grant.run_id for grant in grants}
    return [run_id for run_id in earlier.runs if run_id in own or await course_of_run(log, run_id) in courses]


async def _runs(log: Log, grants: Sequence[Grant], kept: Sequence[str]) -> list[str]:
    """
    The runs that are *kept* and those that are current; a course that has none just now keeps no other one back.

    Raises:
        NoRunOnSale: there are none at all.
    """
    runs, missing = await current_runs(log, grants, log.context.at)
    if missing and not (kept or runs):
        raise missing[0]
    return list(dict.fromkeys((*kept, *runs)))


async def with_current_runs(log: Log, subscription: Subscription, order_id: str | None) -> list[Entitlement]:
    """
    What a subscription grants, with the runs that are current now that a period, an order (None: the last), is paid.

    What is granted later, or was granted before and is over, has nothing to add to.

    Raises:
        NoRunOnSale: a course has none just now, and there is no other one to add.
    """
    granted = await _granted(log, subscription, len(subscription.products) - 1)
    entitlement = granted[-1]
    if entitlement.exists and not entitlement.over:
        grants = await grants_of_plan(log, subscription)
        runs, missing = await current_runs(log, grants, present(log))
        entitlement.add_runs(runs, subscription.subscription_id, order_id or subscription.last_order)
        if missing and not entitlement.pending_events:
            raise missing[0]
    return granted


async def grants_of_plan(log: Log, subscription: Subscription) -> list[Grant]:
    """What the present plan grants: by the order, or after a change by the product."""
    if len(subscription.products) > 1:
        return await grants_of(log, await log.read(Product, product_stream(subscription.product_id)))
    line, _ = planned(await log.read(Order, order_stream(subscription.learner_id, subscription.order_id)))
    return line.grants


async def grace_days_of(log: Log, subscription: Subscription) -> int:
    """The days of grace of the present plan, from the same."""
    if len(subscription.products) > 1:
        return (await log.read(Product, product_stream(subscription.product_id))).terms.grace_days
    _, plan = planned(await log.read(Order, order_stream(subscription.learner_id, subscription.order_id)))
    return plan.grace_days


def planned(order: Order) -> tuple[Line, Plan]:
    """The one line of an order that begins a subscription, and its plan."""
    order.must_exist()
    for line in order.lines:
        if line.plan is not None:
            return line, line.plan
    raise BadOrder(f"order {order.order_id} begins no subscription")
