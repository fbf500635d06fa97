"""Rules of notifications, of inboxes, and of what a person wants to be notified of."""

from collections.abc import Callable

import pytest

from domain.notification import (
    TEMPLATES,
    Channel,
    Inbox,
    Kind,
    Notification,
    NotificationNotFound,
    NotificationSettings,
    RequiredKind,
    Setting,
    SuppressedBy,
    Switch,
    UnfitSwitch,
    dedupe_key,
    notification_id,
)
from tests.support.given import Said, fact, given

KEY = dedupe_key("event-1", "page", "attempt_graded")
ID = "5f3cbe0d7b0f4a3c9d2e1f0a8b7c6d5e"  # of tests/support/given.py


def planned(channel: str = "page") -> Said:
    return fact(
        Notification.Planned,
        cause_event_id="event-1",
        cause_position=7,
        channel=channel,
        template="attempt_graded",
        template_version=1,
        dedupe_key=KEY,
        not_before=None,
    )


def plan(notification: Notification) -> None:
    notification.plan(cause=("event-1", 7), channel="page", template=("attempt_graded", 1), key=KEY, not_before=None)


def test_it_is_planned_once() -> None:
    """However often its cause is seen."""
    given(Notification).when(plan).then(planned())
    given(Notification, planned()).when(plan).then()
    suppressed = fact(Notification.Suppressed, reason="muted")
    given(Notification, planned(), suppressed).when(plan).then()


def test_its_id_is_the_same_for_ever() -> None:
    """It says cause, channel and template; in a later version of the code it is the same."""
    assert KEY == "event-1:page:attempt_graded"
    assert notification_id(KEY) == "00b7bbbcf0abd5d2d451ad440ffe4200"


def test_it_is_suppressed_once_and_only_if_it_was_planned() -> None:
    """A second reason changes nothing."""
    given(Notification, planned()).when(lambda it: it.suppress(SuppressedBy.MUTED)).then(
        fact(Notification.Suppressed, reason="muted")
    )
    given(Notification).when(lambda it: it.suppress(SuppressedBy.MUTED)).then()
    suppressed = fact(Notification.Suppressed, reason="muted")
    given(Notification, planned(), suppressed).when(lambda it: it.suppress(SuppressedBy.MUTED)).then()


def test_what_becomes_of_a_mail_is_noted_once() -> None:
    """The first outcome stays, whatever a process that was late says after it."""
    mail = planned("email")
    sent = fact(Notification.Sent, attempts=2, doubtful=True)
    bounced, suppressed = (
        fact(Notification.Bounced, status=550, doubtful=False),
        fact(Notification.Suppressed, reason="stale"),
    )
    acts: list[tuple[Callable[[Notification], None], Said]] = [
        (lambda it: it.note_sent(2, doubtful=True), sent),
        (lambda it: it.note_bounced(550, doubtful=False), bounced),
        (lambda it: it.suppress(SuppressedBy.STALE), suppressed),
    ]
    for act, outcome in acts:
        given(Notification, mail).when(act).then(outcome)
        given(Notification).when(act).then()
        for _, before in acts:
            given(Notification, mail, before).when(act).then()


def test_it_is_read_and_put_away_once() -> None:
    """A second time changes nothing, and the order does not matter."""
    read, archived = fact(Notification.Read), fact(Notification.Archived)
    given(Notification, planned()).when(lambda it: it.read()).then(read)
    given(Notification, planned(), read).when(lambda it: it.read()).then()
    given(Notification, planned()).when(lambda it: it.archive()).then(archived)
    given(Notification, planned(), archived).when(lambda it: it.archive()).then()
    given(Notification, planned(), archived).when(lambda it: it.read()).then(read)


@pytest.mark.parametrize("act", [Notification.read, Notification.archive])
@pytest.mark.parametrize("facts", [(), (planned(), fact(Notification.Suppressed, reason="muted")), (planned("other"),)])
def test_what_is_not_in_the_inbox_is_not_read(act: object, facts: tuple[Said, ...]) -> None:
    """What was never planned, was muted, or went another way."""
    given(Notification, *facts).when(act).refused(  # type: ignore[arg-type]
        NotificationNotFound, learner_id="ann", notification_id=ID
    )


def test_an_inbox_is_read_up_to_the_furthest_position() -> None:
    """A list that was shown before another one takes nothing back."""
    given(Inbox).when(lambda inbox: inbox.read_through(7)).then(fact(Inbox.ReadThrough, old=0, new=7))
    earlier = fact(Inbox.ReadThrough, old=0, new=7)
    given(Inbox, earlier).when(lambda inbox: inbox.read_through(5)).then()
    given(Inbox, earlier).when(lambda inbox: inbox.read_through(9)).then(fact(Inbox.ReadThrough, old=7, new=9))


def switched(kind: str | None, channel: str | None, old: bool | None, new: bool | None) -> Said:  # noqa: FBT001 - as the fact
    return fact(NotificationSettings.Switched, kind=kind, channel=channel, old=old, new=new)


def wants(kind: Kind, *facts: Said) -> bool:
    """Whether a person for whom these are the facts is notified on the pages of what is of a kind."""
    settings = NotificationSettings.blank("notification_settings-ann")
    for said in facts:
        settings._switched(**said.fields)
    template = next(each for each in TEMPLATES.values() if each.kind is kind)
    return settings.wants(template, Channel.PAGE)


def test_the_narrowest_switch_decides() -> None:
    """Before a wider one, and where none is set the table of templates."""
    off, grades = switched(None, None, None, False), switched("grades", None, None, True)
    page = switched("grades", "page", None, False)
    assert wants(Kind.GRADES)
    assert not wants(Kind.GRADES, off)
    assert wants(Kind.GRADES, off, grades)
    assert not wants(Kind.PLACES, off, grades)
    assert not wants(Kind.GRADES, off, grades, page)
    assert wants(Kind.GRADES, off, grades, page, switched("grades", "page", False, None))


def test_a_switch_brings_what_would_not_come_by_itself() -> None:
    """By a channel by which the template does not go out."""
    settings, enrolled = NotificationSettings.blank("notification_settings-ann"), TEMPLATES["enrolled"]
    assert not settings.wants(enrolled, Channel.EMAIL)
    settings._switched(kind="places", channel="email", old=None, new=True)
    assert settings.wants(enrolled, Channel.EMAIL)
    assert settings.chosen(Kind.PLACES, Channel.PAGE) is None


def test_what_is_required_is_notified_whatever_is_set() -> None:
    """A switch for everything does not reach it, and it has none of its own."""
    assert wants(Kind.SECURITY, switched(None, None, None, False))
    given(NotificationSettings).when(lambda it: it.set([Setting(Switch("money", "page"), on=False)])).refused(
        RequiredKind, kind="money"
    )


def test_switches_are_set_with_old_and_new() -> None:
    """A fact for each that stands otherwise by it; none of them if one is refused."""
    off = Setting(Switch("grades", "page"), on=False)
    given(NotificationSettings).when(lambda it: it.set([off, off])).then(switched("grades", "page", None, False))
    first = switched("grades", "page", None, False)
    given(NotificationSettings, first).when(lambda it: it.set([off])).then()
    given(NotificationSettings, first).when(lambda it: it.set([off._replace(on=None)])).then(
        switched("grades", "page", False, None)
    )
    unknown = Setting(Switch("weather", None), on=True)
    given(NotificationSettings).when(lambda it: it.set([off, unknown])).refused(
        UnfitSwitch, kind="weather", channel=None
    )
    given(NotificationSettings).when(lambda it: it.set([Setting(Switch(None, "page"), on=True)])).refused(
        UnfitSwitch, kind=None, channel="page"
    )
