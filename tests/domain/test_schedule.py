"""Quiet hours and windows of digests, by clocks on a wall."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notification import DigestRule, QuietHours, UnfitDigest, UnfitQuietHours, quiet_until, windows, zone_of
from domain.notification.schedule import check_digest, check_quiet_hours

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours("22:00", "07:00")
ZONES = st.sampled_from(sorted(available_timezones()))
CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
MOMENTS = st.datetimes(datetime(1975, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - has one


def at(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    """A moment by the clocks of a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-02-14T21:59", None),
        ("2026-02-14T22:00", "2026-02-15T07:00"),
        ("2026-02-15T03:00", "2026-02-15T07:00"),
        ("2026-02-15T07:00", None),
        ("2026-03-28T23:00", "2026-03-29T07:00"),
        ("2026-10-24T23:00", "2026-10-25T07:00"),
    ],
)
def test_quiet_hours_go_over_midnight(now: str, until: str | None) -> None:
    """And over the hour that clocks leave out or show twice."""
    assert quiet_until(at(now), NIGHT, BERLIN) == (until and at(until))


def test_quiet_hours_end_once_where_clocks_show_their_end_twice() -> None:
    """The first time; the hour that is shown once more is not quiet."""
    hours = QuietHours("22:00", "02:30")
    assert quiet_until(at("2026-10-25T02:10"), hours, BERLIN) == at("2026-10-25T02:30")
    assert quiet_until(at("2026-10-25T02:10", fold=1), hours, BERLIN) is None
    assert quiet_until(at("2026-03-29T01:59"), hours, BERLIN) == at("2026-03-29T03:30")
    assert quiet_until(at("2026-03-29T03:30"), hours, BERLIN) is None
    noon = QuietHours("12:00", "13:00")
    assert quiet_until(at("2026-03-29T12:30"), noon, BERLIN) == at("2026-03-29T13:00")
    assert quiet_until(at("2026-03-29T12:30"), None, BERLIN) is None


@given(MOMENTS, CLOCKS, CLOCKS, ZONES)
def test_quiet_hours_end_after_now_and_within_two_days(now: datetime, begins: str, ends: str, name: str) -> None:
    """In whatever zone, and then it is quiet no more."""
    zone, hours = ZoneInfo(name), QuietHours(begins, ends)
    until = None if begins == ends else quiet_until(now, hours, zone)
    if until is not None:
        assert now < until < now + timedelta(days=2, hours=1)


def test_a_digest_comes_on_both_days_on_which_clocks_change() -> None:
    """Once, at the hour of the wall; one that is left out, an hour later; one that is shown twice, the first time."""
    for clock, spring, autumn in (
        ("08:00", "2026-03-29T06:00:00+00:00", "2026-10-25T07:00:00+00:00"),
        ("02:30", "2026-03-29T01:30:00+00:00", "2026-10-25T00:30:00+00:00"),
    ):
        for day, moment in (("2026-03-29", spring), ("2026-10-25", autumn)):
            start = at(f"{date.fromisoformat(day) - timedelta(days=1)}T12:00")
            (window,) = islice(windows(start, DigestRule("day", clock), BERLIN), 1)
            assert window == (day, datetime.fromisoformat(moment))


def test_a_weekly_digest_comes_on_its_day() -> None:
    """The next one first; one that closes now is over."""
    found = list(islice(windows(at("2026-03-23T08:00"), DigestRule("week", "08:00", 1), BERLIN), 2))
    assert found == [("2026-03-30", at("2026-03-30T08:00")), ("2026-04-06", at("2026-04-06T08:00"))]


@given(MOMENTS, CLOCKS, ZONES)
def test_there_is_one_digest_for_each_date(now: datetime, clock: str, name: str) -> None:
    """Never two for one, none left out; but for a zone that has skipped a day, which had it on no calendar."""
    zone = ZoneInfo(name)
    found = list(islice(windows(now, DigestRule("day", clock), zone), 8))
    assert found[0].closes_at > now
    assert found[0].closes_at <= now + timedelta(days=2, hours=2)
    for before, after in pairwise(found):
        assert before.closes_at < after.closes_at
        assert date.fromisoformat(after.day) - date.fromisoformat(before.day) in (timedelta(1), timedelta(2))
        assert next(windows(before.closes_at, DigestRule("day", clock), zone)).closes_at == after.closes_at


def test_a_zone_that_skips_a_day_has_one_digest_for_two_dates() -> None:
    """Samoa had no 30 December 2011: what would close then closes with the 31st, once."""
    apia = ZoneInfo("Pacific/Apia")
    start = datetime(2011, 12, 29, 12, tzinfo=apia).astimezone(UTC)
    found = list(islice(windows(start, DigestRule("day", "08:00"), apia), 2))
    assert [each.closes_at.astimezone(apia).date().isoformat() for each in found] == ["2011-12-31", "2012-01-01"]


def test_what_is_no_time_is_refused() -> None:
    """Quiet hours without a length, a week without a day, hours that no clock shows."""
    for hours in (QuietHours("22:00", "22:00"), QuietHours("24:00", "07:00"), QuietHours("22:00", "7")):
        with pytest.raises(UnfitQuietHours):
            check_quiet_hours(hours)
    for rule in (DigestRule("month", "08:00"), DigestRule("day", "8"), DigestRule("day", "08:00", 1)):
        with pytest.raises(UnfitDigest):
            check_digest(rule)
    for weekday in (None, 0, 8):
        with pytest.raises(UnfitDigest):
            check_digest(DigestRule("week", "08:00", weekday))


def test_a_profile_without_a_zone_goes_by_utc() -> None:
    """Or with one that is not known here."""
    assert [zone_of(name).key for name in (None, "", "Mars/Olympus", "Asia/Tokyo")] == [
        "UTC",
        "UTC",
        "UTC",
        "Asia/Tokyo",
    ]
