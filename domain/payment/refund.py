"""Refunds: one order to the provider to give money back, reserved on the order in the same append."""

from collections.abc import Sequence

from domain.aggregate import Aggregate, event, stream_id
from domain.payment.errors import RefundNotFound
from domain.payment.order_line import LineAmount
from domain.personal import Words


def refund_stream(learner_id: str, refund_id: str) -> str:
    return stream_id("refund", learner_id, refund_id)


class Refund(Aggregate):
    """Money of one payment that goes back."""

    category = "refund"
    ids = ("learner_id", "refund_id")
    keyed_by = "learner_id"

    class Requested(Aggregate.Event):
        TOPIC = "refund.requested"
        order_id: str
        payment_id: str
        intent_id: str | None
        amount: int
        currency: str
        lines: list[LineAmount]
        reason: Words

    class Issued(Aggregate.Event):
        TOPIC = "refund.issued"
        provider_id: str
        amount: int

    class Found(Aggregate.Event):
        TOPIC = "refund.found"
        order_id: str
        payment_id: str
        provider_id: str
        amount: int
        currency: str
        lines: list[LineAmount]
        reason: str
        cause: str

    class FundsMoved(Aggregate.Event):
        TOPIC = "refund.funds_moved"
        order_id: str
        balance_id: str
        amount: int
        fee: int
        currency: str
        paid_amount: int
        paid_currency: str

    class Failed(Aggregate.Event):
        TOPIC = "refund.failed"
        reason: str

    def initial_state(self) -> None:
        self.status = ""
        self.order_id = ""
        self.payment_id = ""
        self.amount = 0
        self.currency = ""
        self.funds: set[str] = set()  # balance transactions

    def request(
        self,
        order_id: str,
        payment_id: str,
        intent_id: str | None,
        *,
        amount: int,
        currency: str,
        lines: Sequence[LineAmount],
        reason: str,
    ) -> None:
        """Ask the provider to give the money back."""
        if not self.status:
            self._requested(
                order_id=order_id,
                payment_id=payment_id,
                intent_id=intent_id,
                amount=amount,
                currency=currency,
                lines=list(lines),
                reason=reason,
            )

    @event(Requested)
    def _requested(
        self,
        order_id: str,
        payment_id: str,
        intent_id: str | None,
        amount: int,
        currency: str,
        lines: list[LineAmount],
        reason: str,
    ) -> None:
        self.status = "requested"
        self.order_id, self.payment_id, self.amount, self.currency = order_id, payment_id, amount, currency

    def issue(self, provider_id: str) -> None:
        """The provider has given the money back; after a failure this is old news."""
        self.must_exist()
        if self.status == "requested":
            self._issued(provider_id=provider_id, amount=self.amount)

    @event(Issued)
    def _issued(self, provider_id: str, amount: int) -> None:
        self.status = "issued"

    def find(
        self,
        order_id: str,
        payment_id: str,
        provider_id: str,
        *,
        amount: int,
        currency: str,
        lines: Sequence[LineAmount],
        reason: str,
        cause: str,
    ) -> None:
        """Money has gone back for which we did not ask: its *cause* says who has."""
        if not self.status:
            self._found(
                order_id=order_id,
                payment_id=payment_id,
                provider_id=provider_id,
                amount=amount,
                currency=currency,
                lines=list(lines),
                reason=reason,
                cause=cause,
            )

    @event(Found)
    def _found(
        self,
        order_id: str,
        payment_id: str,
        provider_id: str,
        amount: int,
        currency: str,
        lines: list[LineAmount],
        reason: str,
        cause: str,
    ) -> None:
        self.status = "issued"
        self.order_id, self.payment_id, self.amount, self.currency = order_id, payment_id, amount, currency

    def move_funds(self, balance_id: str, amount: int, fee: int, currency: str) -> None:
        """
        Our account at the provider has paid for it (below 0), or got the money back after a failure.

        Args:
            amount, fee, currency: as the account counts them, which may be of another currency than the payment.
        """
        self.must_exist()
        if balance_id not in self.funds:
            self._funds_moved(
                order_id=self.order_id,
                balance_id=balance_id,
                amount=amount,
                fee=fee,
                currency=currency,
                paid_amount=-self.amount if amount < 0 else self.amount,
                paid_currency=self.currency,
            )

    @event(FundsMoved)
    def _funds_moved(
        self,
        order_id: str,
        balance_id: str,
        amount: int,
        fee: int,
        currency: str,
        paid_amount: int,
        paid_currency: str,
    ) -> None:
        self.funds.add(balance_id)

    def fail(self, reason: str) -> None:
        """It could not be given back, or the bank has sent it back later."""
        self.must_exist()
        if self.status != "failed":
            self._failed(reason=reason)

    @event(Failed)
    def _failed(self, reason: str) -> None:
        self.status = "failed"

    def must_exist(self) -> None:
        """Refuse a refund that was never requested."""
        if not self.status:
            raise RefundNotFound(learner_id=self.id_of("learner_id"), refund_id=self.id_of("refund_id"))
