"""
How long and on which days a learner has studied, by the clocks where the learner was: streaks and study time.

Facts say when something was done, and some for how long. What is nearer than IDLE to the next is one sitting; something
by itself counts LEAST. A day is one of the zone that the profile had at that time, so that who moves changes no past
day; an hour that summer time skips or repeats makes a day shorter or longer, and nothing else.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from domain.deadlines import UTC_ZONE

IDLE = timedelta(minutes=10)
LEAST = timedelta(minutes=1)
SHOWN_DAYS = 28
STUDY = (
    *("progress.unit_opened", "progress.activity_recorded", "progress.unit_completed", "viewing.watched"),
    *("attempt.started", "attempt.answer_saved", "attempt.submitted"),
)
"""The facts of what learners do."""

Span = tuple[datetime, datetime]
ZoneSince = tuple[datetime, str]
"""A time zone, and since when it is that of the learner."""


class StudyDay(msgspec.Struct, frozen=True):
    """A day on which the learner studied, and for how many seconds."""

    day: date
    seconds: int


class Study(msgspec.Struct, kw_only=True):
    """
    What a learner has studied.

    Attributes:
        time_zone: the zone of the profile now, by which *today* is counted.
        streak: days in a row up to today, or to yesterday as long as nothing was done today; `longest_streak` of all.
        days: on how many days anything was done, and *seconds* for how long in all.
        today_seconds: for how long today.
        recent: the days of the last four weeks on which anything was done, the latest first.
    """

    time_zone: str
    streak: int
    longest_streak: int
    days: int
    seconds: int
    today_seconds: int
    recent: list[StudyDay]


class _Day(NamedTuple):
    day: date
    zone: str
    first: datetime
    last: datetime
    seconds: float


def sittings(spans: Iterable[Span]) -> list[Span]:
    """The same as sittings, in their order: what overlaps, or is nearer than IDLE, is one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start - found[-1][1] <= IDLE:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def study(sat: Sequence[Span], zones: Sequence[ZoneSince], now: datetime) -> Study:
    """
    What a learner has studied.

    Args:
        sat: sittings, in their order.
        zones: the time zones of the profile, in their order; the first one counts for all that was before.
    """
    days = _days(sat, zones or [(now, UTC_ZONE)])
    zone = zones[-1][1] if zones else UTC_ZONE
    today = now.astimezone(ZoneInfo(zone)).date()
    longest = row = 0
    for number, each in enumerate(days):
        row = row + 1 if number and _follows(days[number - 1], each) else 1
        longest = max(longest, row)
    goes_on = bool(days) and _follows(days[-1], _Day(today, zone, now, now, 0))
    recent = [
        StudyDay(each.day, round(each.seconds)) for each in reversed(days) if (today - each.day).days < SHOWN_DAYS
    ]
    return Study(
        time_zone=zone,
        streak=row if goes_on else 0,
        longest_streak=longest,
        days=len(days),
        seconds=round(sum(each.seconds for each in days)),
        today_seconds=round(sum(each.seconds for each in days if each.day == today)),
        recent=recent,
    )


def _days(sat: Iterable[Span], zones: Sequence[ZoneSince]) -> list[_Day]:
    since = [at for at, _ in zones]
    found: dict[date, _Day] = {}
    for start, last in sat:
        at, end = start, max(last, start + LEAST)
        while at < end:
            number = max(bisect_right(since, at) - 1, 0)
            zone = zones[number][1]
            day = at.astimezone(ZoneInfo(zone)).date()
            midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
            stop = min(end, midnight, *since[number + 1 : number + 2])
            known = found.get(day)
            first, seconds = (at, 0.0) if known is None else (min(known.first, at), known.seconds)
            found[day] = _Day(day, zone, first, stop, seconds + (stop - at).total_seconds())
            at = stop
    return [found[day] for day in sorted(found)]


def _follows(before: _Day, after: _Day) -> bool:
    """Whether no day lies between; who has changed the zone has no day missing that one of both zones does not miss."""
    if (after.day - before.day).days <= 1:
        return True
    if before.zone == after.zone:
        return False
    zones = ZoneInfo(before.zone), ZoneInfo(after.zone)
    return any((after.first.astimezone(z).date() - before.last.astimezone(z).date()).days <= 1 for z in zones)
