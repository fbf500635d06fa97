"""Where a subscription stands, and the periods that are paid; domain/payment/subscription.py has the rules."""

from datetime import datetime
from enum import StrEnum

import msgspec


class SubscriptionStatus(StrEnum):
    """Where a subscription stands."""

    NONE = "none"
    TRIAL = "trial"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELLED = "cancelled"
    ENDED = "ended"


CAMPUS, PROVIDER = "campus", "provider"
"""Where an end was planned or taken back: here, or in the provider's dashboard; empty in facts of version 1."""
OVER = (SubscriptionStatus.CANCELLED, SubscriptionStatus.ENDED)


class Period(msgspec.Struct, frozen=True):
    """A time that is paid for."""

    start: datetime
    end: datetime
