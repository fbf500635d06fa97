"""What ends soon: a person is reminded once, and not of what ends otherwise or is over."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from commands.enrollment import RequestEnrollment
from commands.notification.ending import RemindOfAccess, RemindOfOffer
from commands.payment.entitlements import GrantEntitlement, RevokeEntitlement
from commands.user import RegisterAccount, VerifyEmail
from tests.support.clock import StoppedClock
from tests.support.facts import History, day
from tests.support.usecases import AT, RUN, SMALL, Campus
from workers.reactions.enrollment import offer_nears_end_at
from workers.reactions.payment import access_nears_end_at

UNTIL = AT + timedelta(days=30)
CAUSE = ("event-1", 9)


@pytest.fixture
async def ann(campus: Campus) -> Campus:
    """A learner with an account, and a clock that stands."""
    campus.log.clock = StoppedClock(AT)
    await campus.give(RegisterAccount("ann", "ann@example.org"), VerifyEmail("ann"))
    return campus


async def notified(campus: Campus, command: Any) -> list[str]:
    """The templates by which a command notifies on the pages."""
    return [said.fields["template"] for _, said in await campus.new(command) if said.fields["channel"] == "page"]


async def test_a_person_is_reminded_that_access_ends(ann: Campus) -> None:
    """Once for the time at which it ends; not if that has moved, is over, or what gives it is."""
    await ann.give(GrantEntitlement("ann", "gift-1", [RUN], "a gift", access_until=UNTIL))
    remind = RemindOfAccess("ann", "gift-1", UNTIL, *CAUSE)
    moved = RemindOfAccess("ann", "gift-1", UNTIL - timedelta(days=1), *CAUSE)
    assert await notified(ann, moved) == []
    assert await notified(ann, remind) == ["access_ending"]
    assert await notified(ann, remind) == []
    other = RemindOfAccess("ann", "gift-1", UNTIL, "event-2", 10)
    ann.log.clock = StoppedClock(UNTIL)
    assert await ann.new(other, causation_id="event-2") == []
    ann.log.clock = StoppedClock(AT)
    await ann.give(RevokeEntitlement("ann", "gift-1", "a mistake"))
    assert await notified(ann, other) == []


async def test_a_learner_is_reminded_of_a_seat_that_is_kept(ann: Campus) -> None:
    """As long as it is."""
    await ann.give(RequestEnrollment("bob", SMALL), RequestEnrollment("ann", SMALL))
    assert await notified(ann, RemindOfOffer("ann", SMALL, UNTIL, *CAUSE)) == []


def test_when_a_person_is_reminded() -> None:
    """A day before a seat is lost, or when a third of the time is left; a week before access ends that is longer."""

    def offered(until: datetime | None) -> datetime | None:
        until_text = None if until is None else until.isoformat()
        (fact,) = History().add("enrollment-7:AAA-1", "enrollment.seat_offered", until=until_text).facts
        assert fact.occurred_at == day(0)
        return offer_nears_end_at(fact)

    def granted(until: datetime | None) -> datetime | None:
        text = None if until is None else until.isoformat()
        (fact,) = History().add("entitlement-7:o1", "entitlement.granted", access_until=text).facts
        return access_nears_end_at(fact)

    assert offered(None) is None
    assert offered(day(6)) == day(5)
    assert offered(day(0) + timedelta(hours=3)) == day(0) + timedelta(hours=2)
    assert granted(None) is None
    assert granted(day(10)) is None
    assert granted(day(30)) == day(23)
