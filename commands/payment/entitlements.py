"""Entitlements: what orders, subscriptions and staff give access to, and when it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.log import Log, Position
from commands.lookups.catalog import outline
from commands.payment.plan_access import entitlements_in_line
from commands.payment.selling import runs_of
from domain.errors import DomainError
from domain.payment.entitlement import GIFT, ORDER, STAFF, Entitlement, entitlement_stream
from domain.payment.errors import BadEntitlement
from domain.payment.order import Order, order_stream
from domain.payment.order_line import Line
from domain.payment.product import SUSPEND
from domain.payment.subscription import Subscription, subscription_stream

REFUNDED, DISPUTE_LOST = "refunded", "dispute lost"
"""Why the access of a line was revoked; `FollowOrder` may give it again after these, so staff cannot say the words."""


@dataclass(frozen=True)
class GrantEntitlement:
    """Staff give a learner access to runs, or record a gift."""

    learner_id: str
    entitlement_id: str
    runs: Sequence[str]
    reason: str
    cause: str = STAFF
    access_until: datetime | None = None


async def grant_entitlement(command: GrantEntitlement, log: Log) -> Position:
    if command.cause not in (GIFT, STAFF) or not command.reason.strip():
        raise BadEntitlement("access that is not paid for has a reason, and is of cause staff or gift")
    for run_id in command.runs:
        await outline(log, run_id)
    entitlement = await log.load(Entitlement, entitlement_stream(command.learner_id, command.entitlement_id))
    entitlement.grant(
        command.cause,
        command.runs,
        access_from=log.context.at,
        access_until=command.access_until,
        reason=command.reason.strip(),
    )
    return await log.save(entitlement)


@dataclass(frozen=True)
class RevokeEntitlement:
    """Staff take access away for good."""

    learner_id: str
    entitlement_id: str
    reason: str


async def revoke_entitlement(command: RevokeEntitlement, log: Log) -> Position:
    entitlement = await log.load(Entitlement, entitlement_stream(command.learner_id, command.entitlement_id))
    reserved = command.reason in (REFUNDED, DISPUTE_LOST)
    entitlement.revoke(f"staff: {command.reason}" if reserved else command.reason)
    return await log.save(entitlement)


@dataclass(frozen=True)
class ExpireEntitlement:
    """The time of an entitlement may be over."""

    learner_id: str
    entitlement_id: str


async def expire_entitlement(command: ExpireEntitlement, log: Log) -> Position:
    entitlement = await log.load(Entitlement, entitlement_stream(command.learner_id, command.entitlement_id))
    entitlement.expire(log.context.at)
    return await log.save(entitlement)


@dataclass(frozen=True)
class FollowOrder:
    """
    What an order grants is brought in line with it, after it was paid, refunded or disputed, whichever came first.

    A line that is wholly refunded grants nothing any more; so does every line of an order whose payment was lost to a
    dispute. While one is open the policy of each line decides. What a subscription grants follows its orders, too.

    A line that cannot be granted now keeps no other one back. It is refused if nothing else was to be done: the
    reaction to what was granted asks once more, so the refusal is listed by itself, and tried again.
    """

    learner_id: str
    order_id: str


async def follow_order(command: FollowOrder, log: Log) -> Position:
    order = await log.load(Order, order_stream(command.learner_id, command.order_id))
    order.must_exist()
    changed: list[Entitlement] = []
    refused: list[DomainError] = []
    for line in order.lines if order.is_paid else ():
        if line.plan is None:
            try:
                changed += await _follow_line(log, order, line)
            except DomainError as error:
                refused.append(error)
        else:
            subscription_id = order.subscription_id or command.order_id
            subscription = await log.load(Subscription, subscription_stream(command.learner_id, subscription_id))
            if subscription.exists:
                granted, _ = await entitlements_in_line(log, subscription)
                changed += granted
    if refused and not any(each.pending_events for each in changed):
        raise next((each for each in refused if each.can_pass), refused[0])
    return await log.save(*changed, order)


async def _follow_line(log: Log, order: Order, line: Line) -> list[Entitlement]:
    """
    What a line grants, as it should be now; the last one counts.

    Where a refund has failed after it was issued, or an appeal against a lost dispute was won, the line grants access
    to the same runs once more, by another entitlement.
    """
    granted: list[Entitlement] = []
    while not granted or granted[-1].revoked_for in (REFUNDED, DISPUTE_LOST):
        number = f".{len(granted) + 1}" if granted else ""
        entitlement_id = f"{order.order_id}.{line.line}{number}"
        granted.append(await log.load(Entitlement, entitlement_stream(order.learner_id, entitlement_id)))
    entitlement, at = granted[-1], log.context.at
    ended = REFUNDED if line.line in order.ended_lines else DISPUTE_LOST if order.is_lost else ""
    if ended:
        if entitlement.exists:
            entitlement.revoke(ended)
        return granted
    if not entitlement.exists:
        until = None if line.access_days is None else at + timedelta(days=line.access_days)
        entitlement.grant(
            ORDER,
            granted[0].runs or await runs_of(log, line.grants, at),
            access_from=at,
            access_until=granted[0].access_until if granted[0].exists else until,
            order_id=order.order_id,
            line=line.line,
            product_id=line.product_id,
        )
    if order.is_disputed and line.on_dispute == SUSPEND:
        entitlement.suspend("disputed")
    else:
        entitlement.resume("dispute closed")
    return granted
