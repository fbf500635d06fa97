"""A message of the provider is recorded once, and matched once."""

from typing import Any

import msgspec
import pytest

from domain.payment.errors import ProviderEventMatched, ProviderEventNotFound
from domain.payment.provider_event import Message, ProviderEvent
from tests.support.given import AT, fact, given

MESSAGE = Message(
    provider="stripe",
    event_type="charge.refunded",
    created=AT,
    livemode=False,
    object_type="charge",
    object_id="ch_1",
    order_id="o1",
    learner_id="ann",
    amount=500,
    currency="EUR",
)
RECEIVED = fact(ProviderEvent.EventReceived, **msgspec.structs.asdict(MESSAGE))
MATCHED = fact(ProviderEvent.EventMatched, stream="order-ann:o1")
DISMISSED = fact(ProviderEvent.EventDismissed, reason="a test before we opened")
UNMATCHED = fact(ProviderEvent.EventUnmatched, reason="no order of ours")


def test_a_message_is_recorded_once() -> None:
    """However often it comes."""
    given(ProviderEvent).when(lambda event: event.receive(MESSAGE)).then(RECEIVED)
    given(ProviderEvent, RECEIVED).when(lambda event: event.receive(MESSAGE)).then()


def test_a_message_is_matched_once() -> None:
    """Also one that was about nothing that we knew at first."""
    given(ProviderEvent, RECEIVED).when(lambda event: event.match("order-ann:o1")).then(MATCHED)
    given(ProviderEvent, RECEIVED, MATCHED).when(lambda event: event.match("order-ann:o2")).then()
    given(ProviderEvent, RECEIVED).when(lambda event: event.leave_unmatched("no order of ours")).then(UNMATCHED)
    given(ProviderEvent, RECEIVED, UNMATCHED).when(lambda event: event.leave_unmatched("no order of ours")).then()
    given(ProviderEvent, RECEIVED, UNMATCHED).when(lambda event: event.match("order-ann:o1")).then(MATCHED)
    given(ProviderEvent, RECEIVED, MATCHED).when(lambda event: event.leave_unmatched("no order of ours")).then()


def test_a_message_is_dismissed_once() -> None:
    """Then it is not left unmatched once more, but what it is about may still become known."""
    given(ProviderEvent, RECEIVED, UNMATCHED).when(lambda event: event.dismiss("a test before we opened")).then(
        DISMISSED
    )
    given(ProviderEvent, RECEIVED, UNMATCHED, DISMISSED).when(lambda event: event.dismiss("again")).then()
    given(ProviderEvent, RECEIVED, DISMISSED).when(lambda event: event.leave_unmatched("no order of ours")).then()
    given(ProviderEvent, RECEIVED, DISMISSED).when(lambda event: event.match("order-ann:o1")).then(MATCHED)
    given(ProviderEvent, RECEIVED, DISMISSED, MATCHED).when(lambda event: event.dismiss("again")).then()
    given(ProviderEvent, RECEIVED, MATCHED).when(lambda event: event.dismiss("late")).refused(
        ProviderEventMatched, provider_event_id="evt_1", stream="order-ann:o1"
    )


@pytest.mark.parametrize(
    "act", [lambda event: event.match("x-1"), lambda event: event.leave_unmatched(""), lambda event: event.dismiss("")]
)
def test_a_message_that_has_never_come_is_unknown(act: Any) -> None:
    """It is recorded before anything follows from it."""
    given(ProviderEvent).when(act).refused(ProviderEventNotFound, provider_event_id="evt_1")
