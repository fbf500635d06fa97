"""
Disputes: the owner of a card asks the bank for the money, and the bank decides.

Before it takes money, a bank may only ask what a payment was for: an inquiry, which is no dispute yet.
"""

from datetime import datetime

from domain.aggregate import Aggregate, event, stream_id
from domain.payment.errors import BadOutcome, DecidedMeanwhile, DisputeNotFound

WON, LOST, WARNING_CLOSED = OUTCOMES = ("won", "lost", "warning_closed")
DECISIONS = {WON, LOST}  # the bank may turn each into the other
INQUIRY_OUTCOMES = (WARNING_CLOSED, "prevented")


def dispute_stream(learner_id: str, dispute_id: str) -> str:
    return stream_id("dispute", learner_id, dispute_id)


class Dispute(Aggregate):
    """
    A dispute about a payment; the provider takes the money when it is opened, and gives it back if we win.

    An inquiry takes nothing, and ends, or becomes a dispute.
    """

    category = "dispute"
    ids = ("learner_id", "dispute_id")
    keyed_by = "learner_id"

    class InquiryOpened(Aggregate.Event):
        TOPIC = "dispute.inquiry_opened"
        order_id: str
        payment_id: str
        provider_id: str
        amount: int
        currency: str
        reason: str
        due_by: datetime | None

    class InquiryClosed(Aggregate.Event):
        TOPIC = "dispute.inquiry_closed"
        outcome: str

    class InquiryFound(Aggregate.Event):
        TOPIC = "dispute.inquiry_found"
        order_id: str

    class Opened(Aggregate.Event):
        TOPIC = "dispute.opened"
        order_id: str
        payment_id: str
        provider_id: str
        amount: int
        currency: str
        reason: str
        due_by: datetime | None

    class FundsWithdrawn(Aggregate.Event):
        TOPIC = "dispute.funds_withdrawn"
        balance_id: str
        amount: int
        fee: int
        currency: str

    class FundsReinstated(Aggregate.Event):
        TOPIC = "dispute.funds_reinstated"
        balance_id: str
        amount: int
        fee: int
        currency: str

    class Closed(Aggregate.Event):
        TOPIC = "dispute.closed"
        outcome: str

    def initial_state(self) -> None:
        self.order_id = ""
        self.currency = ""
        self.outcome = ""
        self.decisions = 0
        self.asked = False  # by an inquiry
        self.answered = ""  # how the inquiry has ended
        self.funds: set[str] = set()  # balance transactions

    def inquire(
        self,
        order_id: str,
        payment_id: str,
        provider_id: str,
        *,
        amount: int,
        currency: str,
        reason: str,
        due_by: datetime | None,
    ) -> None:
        """The bank asks what a payment was for, and takes nothing; of a dispute this is old news."""
        if not (self.asked or self.is_opened):
            self._inquiry_opened(
                order_id=order_id,
                payment_id=payment_id,
                provider_id=provider_id,
                amount=amount,
                currency=currency,
                reason=reason,
                due_by=due_by,
            )

    @event(InquiryOpened)
    def _inquiry_opened(
        self,
        order_id: str,
        payment_id: str,
        provider_id: str,
        amount: int,
        currency: str,
        reason: str,
        due_by: datetime | None,
    ) -> None:
        self.asked = True

    def close_inquiry(self, outcome: str) -> None:
        """The inquiry is over, and has not become a dispute."""
        if outcome not in INQUIRY_OUTCOMES:
            raise BadOutcome(outcome=outcome, outcomes=", ".join(INQUIRY_OUTCOMES))
        if self.asked and not self.answered and not self.is_opened:
            self._inquiry_closed(outcome=outcome)

    @event(InquiryClosed)
    def _inquiry_closed(self, outcome: str) -> None:
        self.answered = outcome

    def find_inquiry(self) -> bool:
        """Whether what an older version took for a dispute is an inquiry: it is not decided, and no money has moved."""
        self._must_exist()
        if self.outcome or self.funds:
            return False
        self._inquiry_found(order_id=self.order_id)
        return True

    @event(InquiryFound)
    def _inquiry_found(self, order_id: str) -> None:
        self.order_id, self.asked = "", True

    @property
    def is_opened(self) -> bool:
        """Whether it is, or was, a dispute, and no inquiry only."""
        return bool(self.order_id)

    def open(
        self,
        order_id: str,
        payment_id: str,
        provider_id: str,
        *,
        amount: int,
        currency: str,
        reason: str,
        due_by: datetime | None,
    ) -> None:
        """The bank asks; we can answer until *due_by*."""
        if not self.is_opened:
            self._opened(
                order_id=order_id,
                payment_id=payment_id,
                provider_id=provider_id,
                amount=amount,
                currency=currency,
                reason=reason,
                due_by=due_by,
            )

    @event(Opened)
    def _opened(
        self,
        order_id: str,
        payment_id: str,
        provider_id: str,
        amount: int,
        currency: str,
        reason: str,
        due_by: datetime | None,
    ) -> None:
        self.order_id, self.currency = order_id, currency

    def withdraw_funds(self, balance_id: str, amount: int, fee: int, currency: str | None = None) -> None:
        """The provider has taken the money, and a fee, from our account in a currency: None is that of the payment."""
        self._must_exist()
        if balance_id not in self.funds:
            currency = currency or self.currency
            self._funds_withdrawn(balance_id=balance_id, amount=amount, fee=fee, currency=currency)

    @event(FundsWithdrawn)
    def _funds_withdrawn(self, balance_id: str, amount: int, fee: int, currency: str) -> None:
        self.funds.add(balance_id)

    def reinstate_funds(self, balance_id: str, amount: int, fee: int, currency: str | None = None) -> None:
        """The provider has given the money back, and so much of the fee."""
        self._must_exist()
        if balance_id not in self.funds:
            currency = currency or self.currency
            self._funds_reinstated(balance_id=balance_id, amount=amount, fee=fee, currency=currency)

    @event(FundsReinstated)
    def _funds_reinstated(self, balance_id: str, amount: int, fee: int, currency: str) -> None:
        self.funds.add(balance_id)

    def close(self, outcome: str, known: int = 0) -> None:
        """
        The bank has decided, or has turned what it had decided: `won` into `lost`, or back, as often as it does.

        Args:
            known: how many decisions were recorded before the provider was asked.

        Raises:
            DecidedMeanwhile: another decision was recorded since then, so it is not known which of both came last.
        """
        self._must_exist()
        if outcome not in OUTCOMES:
            raise BadOutcome(outcome=outcome, outcomes=", ".join(OUTCOMES))
        if outcome == self.outcome or (self.outcome and {self.outcome, outcome} != DECISIONS):
            return
        if known != self.decisions:
            raise DecidedMeanwhile(dispute_id=self.id_of("dispute_id"), outcome=self.outcome)
        self._closed(outcome=outcome)

    @event(Closed)
    def _closed(self, outcome: str) -> None:
        self.outcome = outcome
        self.decisions += 1

    def _must_exist(self) -> None:
        if not self.is_opened:
            raise DisputeNotFound(learner_id=self.id_of("learner_id"), dispute_id=self.id_of("dispute_id"))
