"""
When mails come that can wait: the quiet hours of a person and the hour of a digest, by clocks on a wall in a time zone.

A day on which clocks change has each of these times once: one that they skip is as much later as they jump, and of one
that they show twice it is the first.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.deadlines import UTC_ZONE, is_time_zone
from domain.errors import Rejected

EVERY = DAY, WEEK = "day", "week"
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class UnfitQuietHours(Rejected):
    """Quiet hours begin or end at a time that there is not, or have no length."""

    code = "unfit_quiet_hours"
    template = "quiet hours are between two different times of day, such as 22:00 and 07:00"


class UnfitDigest(Rejected):
    """A digest is to come at a time that there is not."""

    code = "unfit_digest"
    template = "a digest comes each day, or each week on a day from 1 to 7, at a time of day such as 08:00"


class QuietHours(NamedTuple):
    """From when to when no mails come that can wait, as `22:00` and `07:00`; over midnight if the end is before."""

    begins: str
    ends: str


class DigestRule(NamedTuple):
    """
    Mails that can wait come as one.

    Attributes:
        every: `day` or `week`.
        at: as `08:00`.
        weekday: of a week, 1 for Monday to 7; None of a day.
    """

    every: str
    at: str
    weekday: int | None = None


class Window(NamedTuple):
    """What a digest takes in: all until it closes. *day* is the date on the calendar of the person when it does."""

    day: str
    closes_at: datetime


def check_quiet_hours(hours: QuietHours) -> None:
    """Raise UnfitQuietHours for what are none."""
    if hours.begins == hours.ends or not all(_CLOCK.fullmatch(each) for each in hours):
        raise UnfitQuietHours


def check_digest(rule: DigestRule) -> None:
    """Raise UnfitDigest for what is none."""
    fits = rule.weekday is None if rule.every == DAY else rule.every == WEEK and rule.weekday in range(1, 8)
    if not fits or not _CLOCK.fullmatch(rule.at):
        raise UnfitDigest


def zone_of(name: str | None) -> ZoneInfo:
    """The zone of a profile; UTC where it says nothing that is known here."""
    return ZoneInfo(name if name and is_time_zone(name) else UTC_ZONE)


def quiet_until(now: datetime, hours: QuietHours | None, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours end in which *now* is; None if it is in none."""
    if hours is None:
        return None
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        ends_on = day if hours.begins < hours.ends else day + timedelta(days=1)
        ends = _moment(ends_on, hours.ends, zone)
        if _moment(day, hours.begins, zone) <= now < ends:
            return ends
    return None


def windows(now: datetime, rule: DigestRule, zone: ZoneInfo) -> Iterator[Window]:
    """The windows of digests that close after *now*, the next one first."""
    day, latest = now.astimezone(zone).date() - timedelta(days=1), now
    while True:
        closes_at = _moment(day, rule.at, zone)
        fits = rule.weekday is None or day.isoweekday() == rule.weekday
        if fits and closes_at > latest:  # a zone that skips a whole day has the same moment on two dates
            yield Window(day.isoformat(), closes_at)
            latest = closes_at
        day += timedelta(days=1)


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)
