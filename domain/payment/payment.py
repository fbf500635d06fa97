"""
Payments: one attempt to pay an order, at the provider.

A capture is final and recorded once, whatever was recorded before it: money that has come is never refused. Where the
provider has charged twice for one payment, each further charge is a payment of its own, which is found, not requested.
"""

from datetime import date, datetime
from enum import StrEnum

from domain.aggregate import Aggregate, event, stream_id
from domain.payment.errors import MoneyDiffers, PaymentNotFound


class PaymentStatus(StrEnum):
    """Where a payment stands; one that has failed, or was cancelled, may still be captured."""

    NONE = "none"
    REQUESTED = "requested"
    READY = "ready"
    ACTION_REQUIRED = "action_required"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    FAILED = "failed"
    CANCELLED = "cancelled"


OVER = (PaymentStatus.CAPTURED, PaymentStatus.CANCELLED)


def payment_stream(learner_id: str, payment_id: str) -> str:
    return stream_id("payment", learner_id, payment_id)


class Payment(Aggregate):
    """One attempt to pay an order."""

    category = "payment"
    ids = ("learner_id", "payment_id")
    keyed_by = "learner_id"

    class Requested(Aggregate.Event):
        TOPIC = "payment.requested"
        order_id: str
        amount: int
        currency: str
        attempt: int
        provider: str

    class Found(Aggregate.Event):
        TOPIC = "payment.found"
        order_id: str
        original_id: str
        amount: int
        currency: str
        provider: str

    class IntentCreated(Aggregate.Event):
        TOPIC = "payment.intent_created"
        provider_id: str
        intent_id: str | None
        url: str | None
        amount: int
        currency: str
        expires_at: datetime | None

    class ActionRequired(Aggregate.Event):
        TOPIC = "payment.action_required"

    class Authorised(Aggregate.Event):
        TOPIC = "payment.authorised"
        amount: int

    class Captured(Aggregate.Event):
        TOPIC = "payment.captured"
        intent_id: str | None
        charge_id: str | None
        amount: int
        currency: str
        provider_event_id: str | None

    class FeeCharged(Aggregate.Event):
        TOPIC = "payment.fee_charged"
        balance_id: str
        fee: int
        net: int
        available_on: date | None
        currency: str

    class Failed(Aggregate.Event):
        TOPIC = "payment.failed"
        reason: str

    class Cancelled(Aggregate.Event):
        TOPIC = "payment.cancelled"
        reason: str

    def initial_state(self) -> None:
        self.status = PaymentStatus.NONE
        self.order_id = ""
        self.amount = 0
        self.currency = ""
        self.provider = ""
        self.captured: int | None = None
        self.intent_id: str | None = None  # that was captured, before that the last one
        self.url: str | None = None  # of the page on which it can be paid
        self.expires_at: datetime | None = None
        self.sessions: set[str] = set()  # ids of the provider
        self.fees: set[str] = set()  # balance transactions

    @property
    def payment_id(self) -> str:
        """The payment, from the stream's id."""
        return self.id_of("payment_id")

    def request(self, order_id: str, amount: int, currency: str, attempt: int, provider: str) -> None:
        """Ask the provider for a way to pay."""
        if self.status is PaymentStatus.NONE:
            self._requested(order_id=order_id, amount=amount, currency=currency, attempt=attempt, provider=provider)

    @event(Requested)
    def _requested(self, order_id: str, amount: int, currency: str, attempt: int, provider: str) -> None:
        self.status = PaymentStatus.REQUESTED
        self.order_id, self.amount, self.currency, self.provider = order_id, amount, currency, provider

    def has_other_charge(self, intent_id: str | None) -> bool:
        """Whether it was captured, and by another intent than this one, which then is a second charge."""
        return self.captured is not None and None not in (intent_id, self.intent_id) and intent_id != self.intent_id

    def find(self, order_id: str, original_id: str, amount: int, currency: str, provider: str) -> None:
        """The provider has charged once more for a payment that was captured before."""
        if self.status is PaymentStatus.NONE:
            self._found(order_id=order_id, original_id=original_id, amount=amount, currency=currency, provider=provider)

    @event(Found)
    def _found(self, order_id: str, original_id: str, amount: int, currency: str, provider: str) -> None:
        self.status = PaymentStatus.REQUESTED
        self.order_id, self.amount, self.currency, self.provider = order_id, amount, currency, provider

    def create_intent(
        self,
        provider_id: str,
        intent_id: str | None,
        url: str | None,
        amount: int,
        currency: str,
        expires_at: datetime | None,
    ) -> None:
        """The provider has made a page on which it can be paid."""
        self.must_exist()
        self._must_be_about(amount, currency)
        if provider_id in self.sessions:
            return
        self._intent_created(
            provider_id=provider_id,
            intent_id=intent_id,
            url=url,
            amount=amount,
            currency=currency,
            expires_at=expires_at,
        )

    @event(IntentCreated)
    def _intent_created(
        self,
        provider_id: str,
        intent_id: str | None,
        url: str | None,
        amount: int,
        currency: str,
        expires_at: datetime | None,
    ) -> None:
        self.sessions.add(provider_id)
        if self.captured is None:
            self.intent_id = intent_id or self.intent_id
        self.url, self.expires_at = url, expires_at
        if self.status is PaymentStatus.REQUESTED:
            self.status = PaymentStatus.READY

    def require_action(self) -> None:
        """The bank asks the owner of the card (3-D Secure)."""
        self.must_exist()
        if self.status not in (PaymentStatus.ACTION_REQUIRED, PaymentStatus.AUTHORISED, *OVER):
            self._action_required()

    @event(ActionRequired)
    def _action_required(self) -> None:
        self.status = PaymentStatus.ACTION_REQUIRED

    def authorise(self, amount: int) -> None:
        """The bank has set the money aside."""
        self.must_exist()
        if self.status not in (PaymentStatus.AUTHORISED, *OVER):
            self._authorised(amount=amount)

    @event(Authorised)
    def _authorised(self, amount: int) -> None:
        self.status = PaymentStatus.AUTHORISED

    def capture(
        self,
        amount: int,
        currency: str,
        *,
        intent_id: str | None = None,
        charge_id: str | None = None,
        provider_event_id: str | None = None,
    ) -> None:
        """The money has come; a second message about it changes nothing."""
        self.must_exist()
        if self.captured is not None:
            return
        if currency != self.currency:
            raise MoneyDiffers(stream=self.id, expected=self.currency, found=currency)
        self._captured(
            intent_id=intent_id,
            charge_id=charge_id,
            amount=amount,
            currency=currency,
            provider_event_id=provider_event_id,
        )

    @event(Captured)
    def _captured(
        self, intent_id: str | None, charge_id: str | None, amount: int, currency: str, provider_event_id: str | None
    ) -> None:
        self.status = PaymentStatus.CAPTURED
        self.captured = amount
        self.intent_id = intent_id or self.intent_id

    def charge_fee(self, balance_id: str, fee: int, net: int, available_on: date | None, currency: str) -> None:
        """What the provider keeps of it; *currency* is that of our account there."""
        self.must_exist()
        if balance_id not in self.fees:
            self._fee_charged(balance_id=balance_id, fee=fee, net=net, available_on=available_on, currency=currency)

    @event(FeeCharged)
    def _fee_charged(self, balance_id: str, fee: int, net: int, available_on: date | None, currency: str) -> None:
        self.fees.add(balance_id)

    def fail(self, reason: str) -> None:
        """The bank has refused; the learner may try another card on the same page."""
        self.must_exist()
        if self.status not in (PaymentStatus.FAILED, *OVER):
            self._failed(reason=reason)

    @event(Failed)
    def _failed(self, reason: str) -> None:
        self.status = PaymentStatus.FAILED

    def cancel(self, reason: str) -> None:
        """The page is closed: this attempt is over."""
        self.must_exist()
        if self.status not in OVER:
            self._cancelled(reason=reason)

    @event(Cancelled)
    def _cancelled(self, reason: str) -> None:
        self.status = PaymentStatus.CANCELLED

    def goes_on(self, at: datetime) -> bool:
        """Whether it can still be paid without another attempt."""
        is_late = self.expires_at is not None and at >= self.expires_at
        return self.status not in (PaymentStatus.FAILED, *OVER) and not is_late

    def must_exist(self) -> None:
        """Refuse a payment that was never requested."""
        if self.status is PaymentStatus.NONE:
            raise PaymentNotFound(learner_id=self.id_of("learner_id"), payment_id=self.payment_id)

    def _must_be_about(self, amount: int, currency: str) -> None:
        if (amount, currency) != (self.amount, self.currency):
            raise MoneyDiffers(stream=self.id, expected=f"{self.amount} {self.currency}", found=f"{amount} {currency}")
