"""Reconciliation of money and access: what a paid order should grant, and what gives access without being paid."""

from datetime import datetime

import msgspec

from domain.payment.dispute import LOST
from domain.payment.order_line import Line
from domain.payment.order_state import ISSUED, DisputedPart, RefundPart, ended_lines, refunded
from domain.payment.reconciliation import Finding, Kind, Result

ACCESS = ("active", "completed")
THEIR_OWN = ("withdrawn", "expired", "offered")
"""Where an enrollment stands because of what the learner does, or does not."""


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """
    An entitlement of an order.

    Attributes:
        over: `revoked` or `expired`, empty as long as it is neither.
        runs: where the learner's enrollment on each run stands; None without one.
    """

    entitlement_id: str
    line: int | None
    over: str
    reason: str
    is_suspended: bool
    access_until: datetime | None
    runs: dict[str, str | None]

    def has_ended(self, at: datetime) -> bool:
        """Whether its time is over."""
        return self.over == "expired" or (self.access_until is not None and self.access_until <= at)


class PaidOrder(msgspec.Struct, frozen=True, kw_only=True):
    """
    An order that is paid, with what it has granted.

    Attributes:
        captured: by payment.
        newest: when something last happened to it, or to what it has granted.
    """

    learner_id: str
    order_id: str
    currency: str
    total: int
    paid_at: datetime
    newest: datetime
    lines: list[Line]
    captured: dict[str, int]
    refunds: dict[str, RefundPart]
    disputes: dict[str, DisputedPart]
    granted: list[Granted]


def check_order(order: PaidOrder, result: Result, at: datetime) -> None:
    """Note where what an order grants does not follow from its money; a plan grants by its subscription."""
    paying = [payment for payment, amount in order.captured.items() if amount == order.total]
    about_it = [each for each in order.disputes.values() if each.payment_id in paying]
    if len(paying) > 1 and about_it:
        return  # paid twice, and one of both is disputed: which of them has paid the order is not in the row
    is_lost = any(each.outcome == LOST for each in about_it)
    is_disputed = any(not each.outcome for each in about_it)
    ended = ended_lines(order.lines, list(order.refunds.values()))
    for line in order.lines:
        if line.plan is not None:
            continue
        granted = [each for each in order.granted if each.line == line.line]
        if line.line in ended or is_lost:
            why = "its dispute is lost" if is_lost else "its money was given back"
            for each in granted:
                if not (each.over or each.is_suspended or each.has_ended(at)):
                    _add(order, result, Kind.ACCESS_WITHOUT_PAYMENT, line.line, f"{each.entitlement_id} is live: {why}")
        elif missing := _missing(granted, at, is_disputed=is_disputed):
            _add(order, result, Kind.PAID_WITHOUT_ACCESS, line.line, missing)


def _missing(granted: list[Granted], at: datetime, *, is_disputed: bool) -> str:
    """Why a line that is paid gives no access; empty if it does."""
    if not granted:
        return "it has granted nothing"
    if any(each.has_ended(at) for each in granted):
        return ""
    live = [each for each in granted if not each.over]
    if not live:
        return f"{granted[-1].entitlement_id} was revoked ({granted[-1].reason}), and nothing was given back"
    (last, *_) = live
    if last.is_suspended:
        return "" if is_disputed else f"{last.entitlement_id} is suspended ({last.reason}), and no dispute is open"
    shut_out = {run: status for run, status in last.runs.items() if status not in (*ACCESS, *THEIR_OWN)}
    named = ", ".join(f"{run} is {status or 'not there'}" for run, status in sorted(shut_out.items()))
    return f"{last.entitlement_id} is live, but the enrollment on {named}" if named else ""


def _add(order: PaidOrder, result: Result, kind: Kind, line: int, why: str) -> None:
    captured = sum(order.captured.values())
    back = refunded(order.refunds.values(), ISSUED)
    finding = Finding(
        kind=kind,
        about="order",
        id=order.order_id,
        sentence=f"line {line}: {why}",
        at=order.paid_at,
        learner_id=order.learner_id,
        order_id=order.order_id,
        currency=order.currency,
        amounts={"captured": captured, "refunded": back},
    )
    result.add(finding, order.newest)
