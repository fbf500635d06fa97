"""What has become of notifications, as rows."""

from typing import Any

import pytest

from projections.deliveries import DELIVERIES, Deliveries, Delivery
from tests.support.facts import History, day, fold, rows_of

STREAM = "notification-7:n1"
PLANNED = {
    "cause_event_id": "event-0",
    "cause_position": 0,
    "channel": "email",
    "template": "order_paid",
    "template_version": 1,
    "dedupe_key": "event-0:email:order_paid",
    "not_before": None,
}


def planned() -> History:
    """Have a mail go out."""
    return History().add(STREAM, "notification.planned", day(1), **PLANNED)


def rows(history: History) -> list[Delivery]:
    return rows_of(fold(Deliveries, history), DELIVERIES, Delivery)


def test_what_is_planned_waits() -> None:
    """With no outcome yet."""
    assert rows(planned()) == [Delivery("7", "n1", "email", "order_paid", "planned", "", day(1))]


@pytest.mark.parametrize(
    ("type_", "data", "reason", "doubt"),
    [
        ("sent", {"attempts": 1, "doubtful": False}, "", 0),
        ("sent", {"attempts": 2, "doubtful": True}, "", 2),
        ("bounced", {"status": 550, "doubtful": False}, "550", 0),
        ("bounced", {"status": 550, "doubtful": True}, "550", 2),
        ("suppressed", {"reason": "muted"}, "muted", 0),
        ("suppressed", {"reason": "doubtful"}, "doubtful", 2),
    ],
)
def test_what_has_become_of_it(type_: str, data: dict[str, Any], reason: str, doubt: int) -> None:
    """One that may have gone out twice is found by the position of the fact that says so."""
    history = planned().add(STREAM, f"notification.{type_}", day(2), **data)
    assert rows(history) == [Delivery("7", "n1", "email", "order_paid", type_, reason, day(1), day(2), doubt)]
