"""Rules of digests, and of when mails come."""

from datetime import UTC, datetime

from domain.notification import Digest, DigestRule, NotificationSettings, QuietHours, SuppressedBy, UnfitQuietHours
from tests.support.given import fact, given

AT = datetime(2026, 3, 29, 6, tzinfo=UTC)
OPENED = fact(Digest.Opened, every="day", closes_at=AT)
ADDED = fact(Digest.Added, notification_id="n1")
CLOSED = fact(Digest.Closed)
SENT = fact(Digest.Sent, items=1, attempts=1, doubtful=False)


def add(digest: Digest, number: str = "n1") -> None:
    digest.add(number, "day", AT)


def test_the_first_notification_opens_it() -> None:
    """Each is taken in once, and none after it has closed."""
    given(Digest).when(add).then(OPENED, ADDED)
    given(Digest, OPENED, ADDED).when(add).then()
    given(Digest, OPENED, ADDED).when(lambda it: add(it, "n2")).then(fact(Digest.Added, notification_id="n2"))
    given(Digest, OPENED, ADDED, CLOSED).when(lambda it: add(it, "n2")).then()


def test_it_closes_once() -> None:
    """One that was never opened does not."""
    given(Digest, OPENED, ADDED).when(lambda it: it.close()).then(CLOSED)
    given(Digest, OPENED, ADDED, CLOSED).when(lambda it: it.close()).then()
    given(Digest).when(lambda it: it.close()).then()


def test_it_has_one_outcome_after_it_has_closed() -> None:
    """The first one stays."""
    bounced = fact(Digest.Bounced, status=550, doubtful=True)
    empty = fact(Digest.Suppressed, reason="empty")
    acts = (
        (lambda it: it.note_sent(1, 1, doubtful=False), SENT),
        (lambda it: it.note_bounced(550, doubtful=True), bounced),
        (lambda it: it.suppress(SuppressedBy.EMPTY), empty),
    )
    for act, outcome in acts:
        given(Digest, OPENED, ADDED, CLOSED).when(act).then(outcome)
        given(Digest, OPENED, ADDED).when(act).then()
        for _, before in acts:
            given(Digest, OPENED, ADDED, CLOSED, before).when(act).then()


QUIET = fact(
    NotificationSettings.QuietHoursChanged, old_begins=None, old_ends=None, new_begins="22:00", new_ends="07:00"
)
DAILY = fact(
    NotificationSettings.DigestChanged,
    old_every=None,
    old_at=None,
    old_weekday=None,
    new_every="week",
    new_at="08:00",
    new_weekday=1,
)


def test_when_mails_come_has_old_and_new() -> None:
    """A fact for each that is another by it, none for what is as it was."""
    quiet, digest = QuietHours("22:00", "07:00"), DigestRule("week", "08:00", 1)
    given(NotificationSettings).when(lambda it: it.schedule(quiet, digest)).then(QUIET, DAILY)
    given(NotificationSettings, QUIET, DAILY).when(lambda it: it.schedule(quiet, digest)).then()
    given(NotificationSettings, QUIET, DAILY).when(lambda it: it.schedule(None, digest)).then(
        fact(
            NotificationSettings.QuietHoursChanged, old_begins="22:00", old_ends="07:00", new_begins=None, new_ends=None
        )
    )
    given(NotificationSettings).when(lambda it: it.schedule(QuietHours("22:00", "22:00"), digest)).refused(
        UnfitQuietHours
    )
