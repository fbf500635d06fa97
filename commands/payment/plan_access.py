"""
What a subscription grants: access as long as it is paid for, and for the days of grace.

Of a course that is the run which is current when access begins, and at each renewal the one which is current then, too.
"""

from collections.abc import Sequence
from datetime import timedelta

from commands.log import Log, present
from commands.lookups.catalog import course_of_run
from commands.payment.selling import current_runs, grants_of
from domain.payment.entitlement import EXPIRED, SUBSCRIPTION, Entitlement, entitlement_stream
from domain.payment.errors import BadOrder
from domain.payment.order import Order, order_stream
from domain.payment.order_line import Grant, Line, Plan
from domain.payment.product import SUSPEND, Product, product_stream
from domain.payment.subscription import Subscription

INVOICE_DAYS = 1  # the provider may take a day after the end of a period to make the next invoice


async def entitlements_in_line(log: Log, subscription: Subscription) -> list[Entitlement]:
    """What a subscription grants, and has granted before its plan was changed, as it should be now."""
    changed: list[Entitlement] = []
    for number in range(len(subscription.products)):
        granted = await _granted(log, subscription, number)
        if subscription.is_over or number < len(subscription.products) - 1:
            for entitlement in granted:
                if entitlement.exists:
                    entitlement.revoke("subscription ended" if subscription.is_over else "plan changed")
        else:
            await _grant(log, granted, changed, subscription)
            await _follow_money(log, granted[-1], subscription)
        changed += granted
    return changed


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
    grants, grace_days = await terms_of(log, subscription)
    until = subscription.paid_until + timedelta(days=max(grace_days, INVOICE_DAYS))
    until = max(until, subscription.grace_until or until)
    *before, entitlement = granted
    known = (each.access_until for each in before if each.access_until is not None)
    if entitlement.exists:
        entitlement.extend(until)
    elif until > max((log.context.at, *known)):
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


async def _kept(log: Log, earlier: Entitlement, grants: Sequence[Grant]) -> list[str]:
    """The runs of an entitlement to which the present plan gives access, too: those of its courses, and its own."""
    courses = {grant.course_id for grant in grants if grant.run_id is None}
    own = {grant.run_id for grant in grants}
    return [run_id for run_id in earlier.runs if run_id in own or await course_of_run(log, run_id) in courses]


async def _runs(log: Log, grants: Sequence[Grant], kept: Sequence[str]) -> list[str]:
    """The runs that are *kept* and those that are current; the first are enough where a course has none just now."""
    runs, missing = await current_runs(log, grants, log.context.at)
    if missing and not kept:
        raise missing[0]
    return list(dict.fromkeys((*kept, *runs)))


async def with_current_runs(log: Log, subscription: Subscription, order_id: str) -> list[Entitlement]:
    """
    What a subscription grants, with the runs that are current now that another period, an order, is paid.

    What is granted later, or was granted before and is over, has nothing to add to.

    Raises:
        NoRunOnSale: a course has none just now, and there is no other one to add.
    """
    granted = await _granted(log, subscription, len(subscription.products) - 1)
    entitlement = granted[-1]
    if entitlement.exists and not entitlement.over:
        grants, _ = await terms_of(log, subscription)
        runs, missing = await current_runs(log, grants, present(log))
        entitlement.add_runs(runs, subscription.subscription_id, order_id)
        if missing and not entitlement.pending_events:
            raise missing[0]
    return granted


async def terms_of(log: Log, subscription: Subscription) -> tuple[list[Grant], int]:
    """What the present plan grants, and its days of grace: by the order, or after a change by the product."""
    if len(subscription.products) > 1:
        product = await log.read(Product, product_stream(subscription.product_id))
        return await grants_of(log, product), product.terms.grace_days
    line, plan = planned(await log.read(Order, order_stream(subscription.learner_id, subscription.order_id)))
    return line.grants, plan.grace_days


def planned(order: Order) -> tuple[Line, Plan]:
    """The one line of an order that begins a subscription, and its plan."""
    order.must_exist()
    for line in order.lines:
        if line.plan is not None:
            return line, line.plan
    raise BadOrder(f"order {order.order_id} begins no subscription")
