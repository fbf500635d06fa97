"""Where an order stands, and what of its money can still go back; domain/payment/order.py has the rules."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from domain.payment.dispute import LOST
from domain.payment.errors import BadRefund, NotRefundable, UnknownLine
from domain.payment.money import spread, step_of, unpayable
from domain.payment.order_line import Line, LineAmount

REQUESTED, ISSUED, FAILED = ("requested", "issued", "failed")


class Status(StrEnum):
    """Where an order stands: an open dispute is shown before all else, then what was refunded, then that it is paid."""

    NONE = "none"
    OPEN = "awaiting_payment"
    PAID = "paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class RefundPart(msgspec.Struct):
    """
    A refund of one payment.

    Attributes:
        lines: what of it belongs to lines; none of an excess.
        status: `requested`, `issued` or `failed`.
    """

    refund_id: str
    payment_id: str
    amount: int
    lines: list[LineAmount]
    status: str = REQUESTED


class DisputedPart(msgspec.Struct):
    """A dispute about a payment; *outcome* is empty as long as it is open."""

    payment_id: str
    amount: int
    outcome: str = ""

    @property
    def holds(self) -> bool:
        """Whether the money is not ours: the bank has not decided yet, or against us."""
        return self.outcome in ("", LOST)


def shown_status(end: Status, captured: int, refunds: Iterable[RefundPart], disputes: Iterable[DisputedPart]) -> Status:
    """Where an order stands that has ended as *end*, or waits for a payment."""
    if any(not dispute.outcome for dispute in disputes):
        return Status.DISPUTED
    issued = refunded(refunds, ISSUED)
    if end is not Status.PAID or not issued:
        return end
    return Status.REFUNDED if issued == captured else Status.PARTLY_REFUNDED


def refunded(refunds: Iterable[RefundPart], *statuses: str) -> int:
    """What refunds in these states give back."""
    return sum(part.amount for part in refunds if part.status in statuses)


def refunded_by_line(lines: Iterable[Line], refunds: Iterable[RefundPart], *statuses: str) -> dict[int, int]:
    """What refunds in these states give back of each line."""
    amounts = dict.fromkeys((line.line for line in lines), 0)
    for refund in refunds:
        if refund.status in statuses:
            for part in refund.lines:
                amounts[part.line] = amounts.get(part.line, 0) + part.amount
    return amounts


def chosen_lines(order_id: str, lines: Iterable[Line], numbers: Sequence[int] | None) -> list[Line]:
    """The lines of these numbers, None: all of them; refuses a number that there is not."""
    known = {line.line: line for line in lines}
    if unknown := [number for number in numbers or () if number not in known]:
        raise UnknownLine(order_id=order_id, line=unknown[0])
    return [known[number] for number in (known if numbers is None else dict.fromkeys(numbers))]


def rests_of(
    lines: Iterable[Line], refunds: Iterable[RefundPart], most: int, currency: str, *statuses: str
) -> dict[int, int]:
    """What of lines is not refunded by those in these states, or, if that is more than *most*, its part of that."""
    lines = list(lines)
    back = refunded_by_line(lines, refunds, *statuses)
    rests = {line.line: line.total - back[line.line] for line in lines}
    if sum(rests.values()) <= most:
        return rests
    return dict(zip(rests, spread(most, list(rests.values()), step_of(currency)), strict=True))


def check_refund(order_id: str, wanted: int, left: int, currency: str) -> None:
    """Refuse a refund of nothing, of more than is left, or of what cannot be paid in a currency."""
    if not 0 < wanted <= left:
        raise NotRefundable(order_id=order_id, wanted=wanted, left=left)
    if why := unpayable(wanted, currency):
        raise BadRefund(f"order {order_id}: what is given back can be paid, and {why}", amount=wanted)


def divided(amount: int, rests: Mapping[int, int], currency: str) -> list[LineAmount]:
    """An amount, divided among lines by what is left of each."""
    shares = zip(rests, spread(amount, list(rests.values()), step_of(currency)), strict=True)
    return [LineAmount(line, share) for line, share in shares if share]


def parts_of(
    wanted: int, excess: Mapping[str, int], paid_by: str | None, rests: Mapping[int, int], currency: str
) -> list[tuple[str, int, list[LineAmount]]]:
    """A refund by payment: first from what is *excess*, then from lines by what is left of each."""
    parts: list[tuple[str, int, list[LineAmount]]] = []
    for payment_id, rest in sorted(excess.items()):
        if part := min(rest, wanted):
            parts.append((payment_id, part, []))
            wanted -= part
    if wanted and paid_by is not None:
        parts.append((paid_by, wanted, divided(wanted, rests, currency)))
    return parts


def found_lines(lines: Iterable[Line], refunds: Iterable[RefundPart], amount: int, currency: str) -> list[LineAmount]:
    """The lines from which a refund was made that we did not ask for; what is reserved counts only if it is needed."""
    lines, refunds = list(lines), list(refunds)
    rests = rests_of(lines, refunds, amount, currency, REQUESTED, ISSUED)
    if sum(rests.values()) < amount:
        rests = rests_of(lines, refunds, amount, currency, ISSUED)
    return divided(sum(rests.values()), rests, currency)


def unspent(
    captured: Mapping[str, int], refunds: Iterable[RefundPart], disputes: Iterable[DisputedPart]
) -> dict[str, int]:
    """What of each payment is neither refunded nor disputed."""
    left = dict(captured)
    for part in refunds:
        if part.status != FAILED:
            left[part.payment_id] -= part.amount
    for dispute in disputes:
        if dispute.holds and dispute.payment_id in left:
            left[dispute.payment_id] -= dispute.amount
    return {payment: max(0, rest) for payment, rest in left.items()}


def ended_lines(lines: Iterable[Line], refunds: Iterable[RefundPart]) -> set[int]:
    """The lines that are wholly refunded; one that has cost nothing ends with all others."""
    back = refunded_by_line(lines, refunds, ISSUED)
    paid = {line.line for line in lines if line.total}
    ended = {line.line for line in lines if line.total and back[line.line] >= line.total}
    return {line.line for line in lines} if paid and ended == paid else ended
