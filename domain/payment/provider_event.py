"""
Messages of the provider, each recorded once under its own id, and what they were about.

Nothing of a person is kept but ids; no message blocks another one.
"""

from datetime import datetime

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.payment.errors import ProviderEventMatched, ProviderEventNotFound


def provider_stream(provider_event_id: str) -> str:
    return stream_id("provider", provider_event_id)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a message says.

    Attributes:
        created: when the provider made it.
        object_id: what it is about, by the provider's id.
        payment_id, order_id, subscription_id, learner_id: of ours, if the object names them.
    """

    provider: str
    event_type: str
    created: datetime
    livemode: bool
    object_type: str
    object_id: str
    payment_id: str | None = None
    order_id: str | None = None
    subscription_id: str | None = None
    learner_id: str | None = None
    status: str | None = None
    amount: int | None = None
    currency: str | None = None
    charge_id: str | None = None
    intent_id: str | None = None


class ProviderEvent(Aggregate):
    """One message of the provider."""

    category = "provider"
    ids = ("provider_event_id",)
    mentions_learner = True

    class EventReceived(Aggregate.Event):
        TOPIC = "provider.event_received"
        provider: str
        event_type: str
        created: datetime
        livemode: bool
        object_type: str
        object_id: str
        payment_id: str | None
        order_id: str | None
        subscription_id: str | None
        learner_id: str | None
        status: str | None
        amount: int | None
        currency: str | None
        charge_id: str | None
        intent_id: str | None

    class EventMatched(Aggregate.Event):
        TOPIC = "provider.event_matched"
        stream: str

    class EventUnmatched(Aggregate.Event):
        TOPIC = "provider.event_unmatched"
        reason: str

    class EventDismissed(Aggregate.Event):
        TOPIC = "provider.event_dismissed"
        reason: str

    def initial_state(self) -> None:
        self.received = False
        self.matched = ""
        self.unmatched = ""
        self.dismissed = False

    def receive(self, message: Message) -> None:
        """Record the message; it may come several times."""
        if not self.received:
            self._event_received(**msgspec.structs.asdict(message))

    @event(EventReceived)
    def _event_received(
        self,
        provider: str,
        event_type: str,
        created: datetime,
        livemode: bool,
        object_type: str,
        object_id: str,
        payment_id: str | None,
        order_id: str | None,
        subscription_id: str | None,
        learner_id: str | None,
        status: str | None,
        amount: int | None,
        currency: str | None,
        charge_id: str | None,
        intent_id: str | None,
    ) -> None:
        self.received = True

    def match(self, stream: str) -> None:
        """It was about something of ours, and is done."""
        self._must_exist()
        if not self.matched:
            self._event_matched(stream=stream)

    @event(EventMatched)
    def _event_matched(self, stream: str) -> None:
        self.matched = stream

    def leave_unmatched(self, reason: str) -> None:
        """It is about nothing that we know; it stays listed."""
        self._must_exist()
        if not (self.matched or self.dismissed) and self.unmatched != reason:
            self._event_unmatched(reason=reason)

    @event(EventUnmatched)
    def _event_unmatched(self, reason: str) -> None:
        self.unmatched = reason

    def dismiss(self, reason: str) -> None:
        """Staff say that nothing is to follow from it: it is listed no more; refused where something has followed."""
        self._must_exist()
        if self.dismissed:
            return
        if self.matched:
            raise ProviderEventMatched(provider_event_id=self.id_of("provider_event_id"), stream=self.matched)
        self._event_dismissed(reason=reason)

    @event(EventDismissed)
    def _event_dismissed(self, reason: str) -> None:
        self.dismissed = True

    def _must_exist(self) -> None:
        if not self.received:
            raise ProviderEventNotFound(provider_event_id=self.id_of("provider_event_id"))
