"""Use cases of notifications."""

from typing import Any

import pytest

from commands.notification import (
    ArchiveNotification,
    ChangeNotificationSettings,
    NoteBounced,
    NoteSent,
    NoteSuppressed,
    PlanNotifications,
    ReadInbox,
    ReadNotification,
)
from commands.user import RegisterAccount, RequestErasure, SuspendAccount, VerifyEmail
from domain.notification import Inbox, Notification, Setting, SuppressedBy, Switch, dedupe_key, notification_id
from tests.support.given import Said, fact
from tests.support.usecases import Campus

ACCOUNT = (RegisterAccount("ann", "ann@example.org"), VerifyEmail("ann"))
PLAN = PlanNotifications("ann", "attempt_graded", "event-1", 7)
MAIL = dedupe_key("event-1", "email", "attempt_graded")
BY_MAIL = f"notification-ann:{notification_id(MAIL)}"
KEY = dedupe_key("event-1", "page", "attempt_graded")
STREAM = f"notification-ann:{notification_id(KEY)}"
PLANNED = fact(
    Notification.Planned,
    cause_event_id="event-1",
    cause_position=7,
    channel="page",
    template="attempt_graded",
    template_version=1,
    dedupe_key=KEY,
    not_before=None,
)
PLANNED_MAIL = Said(PLANNED.type, {**PLANNED.fields, "channel": "email", "dedupe_key": MAIL})
BOTH = [(STREAM, PLANNED), (BY_MAIL, PLANNED_MAIL)]


def off(kind: str | None) -> ChangeNotificationSettings:
    return ChangeNotificationSettings("ann", (Setting(Switch(kind), on=False),))


async def test_a_person_is_notified_once(empty: Campus) -> None:
    """However often, and from wherever, it is planned."""
    await empty.give(*ACCOUNT)
    assert await empty.new(PLAN) == BOTH
    assert await empty.repeats(PLAN)
    assert await empty.new(PlanNotifications("ann", "attempt_graded", "event-1", 9)) == []


async def test_one_thing_is_notified_once_for_several_facts(empty: Campus) -> None:
    """Such as a way of signing in, which is said for the first of its facts."""
    await empty.give(*ACCOUNT)
    first = PlanNotifications("ann", "signed_in", "event-1", 7, "method.password")
    ((_, planned),) = await empty.new(first)
    assert planned.fields["dedupe_key"] == "method.password:page:signed_in"
    assert await empty.new(PlanNotifications("ann", "signed_in", "event-2", 8, "method.password")) == []
    assert len(await empty.new(PlanNotifications("ann", "signed_in", "event-3", 9, "method.passkey"))) == 1


@pytest.mark.parametrize(
    "commands",
    [(), ACCOUNT[:1], (*ACCOUNT, SuspendAccount("ann", "a test")), (*ACCOUNT, RequestErasure("ann"))],
    ids=["no account", "pending", "suspended", "erased"],
)
async def test_who_cannot_sign_in_is_not_notified(empty: Campus, commands: tuple[Any, ...]) -> None:
    """An account that is in use is needed."""
    await empty.give(*commands)
    assert await empty.new(PLAN) == []


@pytest.mark.parametrize("kind", ["grades", None])
async def test_what_is_muted_is_planned_and_suppressed(empty: Campus, kind: str | None) -> None:
    """In one append, so that a report can say why nothing came; what is required goes out."""
    await empty.give(*ACCOUNT, off(kind))
    muted = fact(Notification.Suppressed, reason="muted")
    assert await empty.new(PLAN) == [(STREAM, PLANNED), (STREAM, muted), (BY_MAIL, PLANNED_MAIL), (BY_MAIL, muted)]
    assert await empty.repeats(PLAN)
    new: list[tuple[str, Said]] = await empty.new(PlanNotifications("ann", "order_paid", "event-2", 8))
    assert [said.type for _, said in new] == ["notification.planned"] * 2


async def test_what_a_person_asks_for_comes_by_mail_too(empty: Campus) -> None:
    """Though the template does not go out by mail by itself."""
    await empty.give(*ACCOUNT, ChangeNotificationSettings("ann", (Setting(Switch("places", "email"), on=True),)))
    new: list[tuple[str, Said]] = await empty.new(PlanNotifications("ann", "enrolled", "event-2", 8))
    assert [said.fields["channel"] for _, said in new] == ["page", "email"]


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        (
            NoteSent("ann", notification_id(MAIL), 1, doubtful=False),
            fact(Notification.Sent, attempts=1, doubtful=False),
        ),
        (
            NoteBounced("ann", notification_id(MAIL), 550, doubtful=True),
            fact(Notification.Bounced, status=550, doubtful=True),
        ),
        (
            NoteSuppressed("ann", notification_id(MAIL), SuppressedBy.STALE),
            fact(Notification.Suppressed, reason="stale"),
        ),
    ],
)
async def test_what_becomes_of_a_mail(empty: Campus, command: Any, outcome: Said) -> None:
    """One fact, once; one by mail is not in the inbox."""
    await empty.give(*ACCOUNT, PLAN)
    assert await empty.refused(ReadNotification("ann", notification_id(MAIL))) == "notification_not_found"
    assert await empty.new(command) == [(BY_MAIL, outcome)]
    assert await empty.repeats(command)


async def test_what_a_person_does_with_it(empty: Campus) -> None:
    """Each act is one fact, once; that of another person is not found."""
    await empty.give(*ACCOUNT, PLAN)
    number = notification_id(KEY)
    assert await empty.new(ReadNotification("ann", number)) == [(STREAM, fact(Notification.Read))]
    assert await empty.repeats(ReadNotification("ann", number))
    assert await empty.new(ArchiveNotification("ann", number)) == [(STREAM, fact(Notification.Archived))]
    assert await empty.refused(ReadNotification("bob", number)) == "notification_not_found"
    assert await empty.new(ReadInbox("ann", 9)) == [("inbox-ann", fact(Inbox.ReadThrough, old=0, new=9))]
    assert await empty.new(ReadInbox("ann", 8)) == []
