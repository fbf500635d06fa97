"""
Orders: what a learner wants to buy, and what has become of it.

An order compares what was captured with what it costs, and gives out every refund, so that no more is refunded than was
captured, however many ask at once. The payment whose amount is the total pays the lines; all other captures are excess.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.aggregate import Aggregate, event, stream_id
from domain.payment.dispute import LOST, WARNING_CLOSED
from domain.payment.errors import OrderNotFound, OrderNotOpen, RefundReasonNeeded
from domain.payment.order_line import Line, LineAmount
from domain.payment.order_state import (
    FAILED,
    ISSUED,
    REQUESTED,
    DisputedPart,
    RefundPart,
    Status,
    check_refund,
    chosen_lines,
    ended_lines,
    found_lines,
    parts_of,
    refunded,
    rests_of,
    shown_status,
    unspent,
)
from domain.personal import Words


def order_stream(learner_id: str, order_id: str) -> str:
    return stream_id("order", learner_id, order_id)


class Order(Aggregate):
    """What a learner has ordered, at which prices, and whether it is paid."""

    category = "order"
    ids = ("learner_id", "order_id")
    keyed_by = "learner_id"

    class Placed(Aggregate.Event):
        TOPIC = "order.placed"
        lines: list[Line]
        currency: str
        subtotal: int
        discount: int
        tax: int
        total: int
        coupon_id: str | None
        country: str | None
        subscription_id: str | None
        expires_at: datetime | None

    class PaymentStarted(Aggregate.Event):
        TOPIC = "order.payment_started"
        payment_id: str
        amount: int

    class Paid(Aggregate.Event):
        TOPIC = "order.paid"
        payment_id: str | None
        amount: int

    class Overpaid(Aggregate.Event):
        TOPIC = "order.overpaid"
        payment_id: str
        amount: int
        reason: str

    class RefundRequested(Aggregate.Event):
        TOPIC = "order.refund_requested"
        refund_id: str
        payment_id: str
        amount: int
        lines: list[LineAmount]
        reason: Words

    class Refunded(Aggregate.Event):
        TOPIC = "order.refunded"
        refund_id: str
        amount: int
        whole: bool
        lines: list[LineAmount]

    class RefundFound(Aggregate.Event):
        TOPIC = "order.refund_found"
        refund_id: str
        payment_id: str
        amount: int
        lines: list[LineAmount]
        reason: str
        cause: str

    class RefundFailed(Aggregate.Event):
        TOPIC = "order.refund_failed"
        refund_id: str
        reason: str

    class Disputed(Aggregate.Event):
        TOPIC = "order.disputed"
        dispute_id: str
        payment_id: str
        amount: int

    class DisputeClosed(Aggregate.Event):
        TOPIC = "order.dispute_closed"
        dispute_id: str
        outcome: str

    class Cancelled(Aggregate.Event):
        TOPIC = "order.cancelled"
        reason: Words

    class Expired(Aggregate.Event):
        TOPIC = "order.expired"

    def initial_state(self) -> None:
        self.lines: list[Line] = []
        self.currency = ""
        self.total = 0
        self.coupon_id: str | None = None
        self.country: str | None = None
        self.subscription_id: str | None = None
        self.expires_at: datetime | None = None
        self.end = Status.NONE  # open, paid, cancelled or expired
        self.payments: dict[str, int] = {}  # what each attempt asks for
        self.captured: dict[str, int] = {}
        self.paid_by: str | None = None
        self.refunds: dict[str, RefundPart] = {}
        self.disputes: dict[str, DisputedPart] = {}

    @property
    def learner_id(self) -> str:
        """The learner, from the stream's id."""
        return self.id_of("learner_id")

    @property
    def order_id(self) -> str:
        """The order, from the stream's id."""
        return self.id_of("order_id")

    @property
    def status(self) -> Status:
        """Where the order stands."""
        return shown_status(self.end, sum(self.captured.values()), self.refunds.values(), self.disputes.values())

    @property
    def is_open(self) -> bool:
        """Whether it waits for a payment."""
        return self.end is Status.OPEN

    @property
    def is_paid(self) -> bool:
        """Whether it was paid, whatever has become of the money."""
        return self.end is Status.PAID

    def place(
        self,
        lines: Sequence[Line],
        currency: str,
        *,
        coupon_id: str | None = None,
        country: str | None = None,
        subscription_id: str | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """Order; an order that costs nothing is paid at once, unless it begins a subscription."""
        if self.end is not Status.NONE:
            return
        self._placed(
            lines=list(lines),
            currency=currency,
            subtotal=sum(line.price for line in lines),
            discount=sum(line.discount for line in lines),
            tax=sum(line.tax for line in lines),
            total=sum(line.total for line in lines),
            coupon_id=coupon_id,
            country=country,
            subscription_id=subscription_id,
            expires_at=expires_at,
        )
        if not any(line.plan for line in lines):
            self.pay_nothing()

    @event(Placed)
    def _placed(
        self,
        lines: list[Line],
        currency: str,
        subtotal: int,
        discount: int,
        tax: int,
        total: int,
        coupon_id: str | None,
        country: str | None,
        subscription_id: str | None,
        expires_at: datetime | None,
    ) -> None:
        self.end = Status.OPEN
        self.lines, self.currency, self.total = lines, currency, total
        self.coupon_id, self.country, self.subscription_id = coupon_id, country, subscription_id
        self.expires_at = expires_at

    def pay_nothing(self) -> None:
        """The order costs nothing: it is paid without a payment."""
        if self.end is not Status.PAID and not self.total:
            self._paid(payment_id=None, amount=0)

    def start_payment(self) -> str:
        """Begin another attempt to pay; returns the id of the payment."""
        self.must_be_open()
        payment_id = f"{self.order_id}.{len(self.payments) + 1}"
        self._payment_started(payment_id=payment_id, amount=self.total)
        return payment_id

    @event(PaymentStarted)
    def _payment_started(self, payment_id: str, amount: int) -> None:
        self.payments[payment_id] = amount

    def capture(self, payment_id: str, amount: int) -> None:
        """Money has come: it pays the order, a plan also after it was given up, or is too much; it comes once."""
        self.must_exist()
        if payment_id in self.captured:
            return
        is_begun = self.end in (Status.CANCELLED, Status.EXPIRED) and any(line.plan for line in self.lines)
        if not (self.is_open or is_begun):  # the provider has begun the subscription of a plan by then
            reason = "already_paid" if self.end is Status.PAID else self.end.value
            self._overpaid(payment_id=payment_id, amount=amount, reason=reason)
        elif amount != self.total:
            self._overpaid(payment_id=payment_id, amount=amount, reason="amount_differs")
        else:
            self._paid(payment_id=payment_id, amount=amount)

    @event(Paid)
    def _paid(self, payment_id: str | None, amount: int) -> None:
        self.end, self.paid_by = Status.PAID, payment_id
        if payment_id is not None:
            self.captured[payment_id] = amount

    @event(Overpaid)
    def _overpaid(self, payment_id: str, amount: int, reason: str) -> None:
        self.captured[payment_id] = amount

    def request_refund(
        self, reason: str, amount: int | None = None, lines: Sequence[int] | None = None
    ) -> list[RefundPart]:
        """
        Reserve a refund: of *lines*, of an *amount*, of an amount from some lines, or (neither) of all that is left.

        An amount without lines takes the excess first. Each part is of one payment.

        Raises:
            RefundReasonNeeded: there is no reason.
            UnknownLine: the order has no such line.
            NotRefundable: it is nothing, or more than was captured and not yet refunded or disputed.
            BadRefund: it cannot be paid in the order's currency.
        """
        self.must_exist()
        if not reason.strip():
            raise RefundReasonNeeded(order_id=self.order_id)
        rests = self._rests(lines)
        excess = self._unspent() if lines is None else {}
        excess.pop(self.paid_by or "", None)
        left = sum(rests.values()) + sum(excess.values())
        wanted = left if amount is None else amount
        check_refund(self.order_id, wanted, left, self.currency)
        return [self._reserve(reason, *part) for part in parts_of(wanted, excess, self.paid_by, rests, self.currency)]

    def _reserve(self, reason: str, payment_id: str, amount: int, lines: list[LineAmount]) -> RefundPart:
        refund_id = f"{self.order_id}.r{len(self.refunds) + 1}"
        self._refund_requested(refund_id, payment_id, amount, lines, reason.strip())
        return self.refunds[refund_id]

    @event(RefundRequested)
    def _refund_requested(
        self, refund_id: str, payment_id: str, amount: int, lines: list[LineAmount], reason: str
    ) -> None:
        self.refunds[refund_id] = RefundPart(refund_id, payment_id, amount, lines)

    def refund(self, refund_id: str) -> None:
        """The provider has given the money back."""
        part = self.refunds.get(refund_id)
        if part is not None and part.status == REQUESTED:
            whole = refunded(self.refunds.values(), ISSUED) + part.amount == sum(self.captured.values())
            self._refunded(refund_id=refund_id, amount=part.amount, whole=whole, lines=part.lines)

    @event(Refunded)
    def _refunded(self, refund_id: str, amount: int, whole: bool, lines: list[LineAmount]) -> None:
        if refund_id in self.refunds:
            self.refunds[refund_id].status = ISSUED

    def find_refund(self, refund_id: str, payment_id: str, amount: int, reason: str, cause: str) -> None:
        """Money of a payment has gone back without us: it takes what no refund of ours has reserved first."""
        if refund_id not in self.refunds:
            of_lines = payment_id == self.paid_by
            lines = found_lines(self.lines, self.refunds.values(), amount, self.currency) if of_lines else []
            self._refund_found(refund_id, payment_id, amount, lines, reason, cause)
            self.refund(refund_id)

    @event(RefundFound)
    def _refund_found(
        self, refund_id: str, payment_id: str, amount: int, lines: list[LineAmount], reason: str, cause: str
    ) -> None:
        self.refunds[refund_id] = RefundPart(refund_id, payment_id, amount, lines)

    def fail_refund(self, refund_id: str, reason: str) -> None:
        """The money could not be given back, or has come back to us: it can be refunded once more."""
        part = self.refunds.get(refund_id)
        if part is not None and part.status != FAILED:
            self._refund_failed(refund_id=refund_id, reason=reason)

    @event(RefundFailed)
    def _refund_failed(self, refund_id: str, reason: str) -> None:
        if refund_id in self.refunds:
            self.refunds[refund_id].status = FAILED

    def dispute(self, dispute_id: str, payment_id: str, amount: int) -> None:
        """The bank takes money back for the owner of the card, until it is decided who is right."""
        self.must_exist()
        if dispute_id not in self.disputes or self.disputes[dispute_id].outcome == WARNING_CLOSED:
            self._disputed(dispute_id=dispute_id, payment_id=payment_id, amount=amount)

    @event(Disputed)
    def _disputed(self, dispute_id: str, payment_id: str, amount: int) -> None:
        self.disputes[dispute_id] = DisputedPart(payment_id, amount)

    def close_dispute(self, dispute_id: str, outcome: str) -> None:
        """It is decided who is right, or what was decided is turned, as the dispute says."""
        dispute = self.disputes.get(dispute_id)
        if dispute is not None and dispute.outcome != outcome:
            self._dispute_closed(dispute_id=dispute_id, outcome=outcome)

    @event(DisputeClosed)
    def _dispute_closed(self, dispute_id: str, outcome: str) -> None:
        if dispute_id in self.disputes:
            self.disputes[dispute_id].outcome = outcome

    def cancel(self, reason: str) -> None:
        """The learner does not want it any more."""
        if self.end is Status.CANCELLED:
            return
        self.must_be_open()
        self._cancelled(reason=reason)

    @event(Cancelled)
    def _cancelled(self, reason: str) -> None:
        self.end = Status.CANCELLED

    def is_overdue(self, at: datetime) -> bool:
        """Whether the order waits for a payment, and its time is over."""
        return self.end is Status.OPEN and self.expires_at is not None and at >= self.expires_at

    def expire(self, at: datetime) -> None:
        """End the order if its time is over without a payment."""
        if self.is_overdue(at):
            self._expired()

    @event(Expired)
    def _expired(self) -> None:
        self.end = Status.EXPIRED

    @property
    def is_disputed(self) -> bool:
        """Whether a dispute about the payment of its lines is open."""
        return any(not dispute.outcome and dispute.payment_id == self.paid_by for dispute in self.disputes.values())

    @property
    def is_lost(self) -> bool:
        """Whether such a dispute was decided against us."""
        return any(dispute.outcome == LOST and dispute.payment_id == self.paid_by for dispute in self.disputes.values())

    @property
    def ended_lines(self) -> set[int]:
        """The lines that are wholly refunded."""
        return ended_lines(self.lines, list(self.refunds.values()))

    def must_exist(self) -> None:
        """Refuse an order that was never placed."""
        if self.end is Status.NONE:
            raise OrderNotFound(learner_id=self.learner_id, order_id=self.order_id)

    def must_be_open(self) -> None:
        """Refuse an order that does not wait for a payment."""
        self.must_exist()
        if self.end is not Status.OPEN:
            raise OrderNotOpen(order_id=self.order_id, status=self.status.value)

    def _rests(self, lines: Sequence[int] | None) -> dict[int, int]:
        """What of these lines, or of all, can be refunded: by what they cost, and by what is left of their payment."""
        chosen = chosen_lines(self.order_id, self.lines, lines)
        paid = 0 if self.paid_by is None else self._unspent()[self.paid_by]
        return rests_of(chosen, self.refunds.values(), paid, self.currency, REQUESTED, ISSUED)

    def _unspent(self) -> dict[str, int]:
        return unspent(self.captured, self.refunds.values(), self.disputes.values())
