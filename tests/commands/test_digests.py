"""Use cases of digests."""

from datetime import UTC, datetime

import pytest

from commands.notification import NoteSent, PlanNotifications
from commands.notification.digests import (
    CloseDigest,
    GatherNotification,
    NoteDigestBounced,
    NoteDigestSent,
    NoteDigestSuppressed,
    ScheduleMails,
)
from commands.user import RegisterAccount, VerifyEmail
from domain.notification import (
    Digest,
    DigestRule,
    Notification,
    QuietHours,
    SuppressedBy,
    Window,
    dedupe_key,
    notification_id,
)
from tests.support.given import fact
from tests.support.usecases import Campus

ACCOUNT = (RegisterAccount("ann", "ann@example.org"), VerifyEmail("ann"))
PLANS = tuple(PlanNotifications("ann", "attempt_graded", f"event-{each}", each) for each in (1, 2))
FIRST, SECOND = (notification_id(dedupe_key(f"event-{each}", "email", "attempt_graded")) for each in (1, 2))
DAYS = tuple(Window(f"2026-03-{day}", datetime(2026, 3, day, 6, tzinfo=UTC)) for day in (28, 29))
OPENED = fact(Digest.Opened, every="day", closes_at="2026-03-28T06:00:00Z")


def gather(number: str) -> GatherNotification:
    return GatherNotification("ann", number, "day", DAYS)


async def test_what_is_gathered_is_in_one_digest(empty: Campus) -> None:
    """In one append; the first one opens it, and once more changes nothing."""
    await empty.give(*ACCOUNT, *PLANS)
    assert await empty.new(gather(FIRST)) == [
        (f"notification-ann:{FIRST}", fact(Notification.Gathered, digest="2026-03-28")),
        ("digest-ann:2026-03-28", OPENED),
        ("digest-ann:2026-03-28", fact(Digest.Added, notification_id=FIRST)),
    ]
    assert await empty.repeats(gather(FIRST))
    assert await empty.new(NoteSent("ann", FIRST, 1, doubtful=False)) == []


async def test_after_one_has_closed_it_goes_into_the_next(empty: Campus) -> None:
    """Though the clock of who gathers is before that of who has closed it; what was sent goes into none."""
    await empty.give(*ACCOUNT, *PLANS, gather(FIRST), CloseDigest("ann", "2026-03-28"))
    new = await empty.new(gather(SECOND))
    assert [stream for stream, _ in new] == [f"notification-ann:{SECOND}", *["digest-ann:2026-03-29"] * 2]
    assert await empty.new(gather(FIRST)) == []
    await empty.give(CloseDigest("ann", "2026-03-29"), PlanNotifications("ann", "attempt_graded", "event-3", 3))
    third = notification_id(dedupe_key("event-3", "email", "attempt_graded"))
    assert await empty.refused(gather(third)) == "digests_closed"


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        (
            NoteDigestSent("ann", "2026-03-28", 1, 2, doubtful=True),
            fact(Digest.Sent, items=1, attempts=2, doubtful=True),
        ),
        (
            NoteDigestBounced("ann", "2026-03-28", 550, doubtful=False),
            fact(Digest.Bounced, status=550, doubtful=False),
        ),
        (NoteDigestSuppressed("ann", "2026-03-28", SuppressedBy.EMPTY), fact(Digest.Suppressed, reason="empty")),
    ],
)
async def test_what_becomes_of_a_digest(empty: Campus, command: object, outcome: object) -> None:
    """One fact, once, after it has closed."""
    await empty.give(*ACCOUNT, *PLANS, gather(FIRST))
    assert await empty.new(command) == []
    assert await empty.new(CloseDigest("ann", "2026-03-28")) == [("digest-ann:2026-03-28", fact(Digest.Closed))]
    assert await empty.new(command) == [("digest-ann:2026-03-28", outcome)]
    assert await empty.repeats(command)


async def test_a_person_says_when_mails_come(empty: Campus) -> None:
    """Once more changes nothing."""
    command = ScheduleMails("ann", QuietHours("22:00", "07:00"), DigestRule("day", "08:00"))
    assert len(await empty.new(command)) == 2
    assert await empty.repeats(command)
