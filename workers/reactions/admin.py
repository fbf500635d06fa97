"""What follows from what those who run a campus do: mails about webhooks."""

from datetime import datetime

from domain.admin.webhooks import DisabledBy
from domain.fact import Fact


def when_it_failed(fact: Fact) -> datetime | None:
    """A webhook was disabled by what its endpoint has answered, or not."""
    return None if fact.data["cause"] == DisabledBy.HAND else fact.occurred_at
