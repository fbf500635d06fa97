"""Deadlines are at the same time of day as the start, by the clocks of the run's time zone."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.catalog import Unit
from domain.deadlines import due_at, due_times, is_over, is_time_zone

MARCH = datetime(2026, 3, 23, 9, tzinfo=UTC)  # 09:00 in London, which changes to summer time on 29 March


def test_the_time_of_day_stays_across_the_change_to_summer_time() -> None:
    """Seven days later it is 09:00 in London again, which is 08:00 UTC; in UTC it is 168 hours later."""
    assert due_at(MARCH, 7, "Europe/London") == datetime(2026, 3, 30, 8, tzinfo=UTC)
    assert due_at(MARCH, 7) == MARCH + timedelta(days=7)


@pytest.mark.parametrize("days", [-400, 0, 1, 218, 400])
def test_a_deadline_is_whole_days_later(days: int) -> None:
    """Without a time zone a day has 24 hours."""
    assert due_at(MARCH, days) == MARCH + timedelta(days=days)


def test_a_time_that_is_skipped_is_as_much_later() -> None:
    """01:30 does not exist in London on the day of the change: 02:30 by the new time is meant."""
    start = datetime(2026, 3, 28, 1, 30, tzinfo=UTC)
    assert due_at(start, 1, "Europe/London") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_run_of_before_there_were_time_zones_keeps_its_deadlines() -> None:
    """The fact has no time zone: its days have 24 hours."""
    units = [Unit("u1", "quiz", "", due_after_days=7), Unit("u2", "page", "")]
    assert due_times(units, {"starts_at": MARCH.isoformat()}) == {"u1": MARCH + timedelta(days=7)}
    assert due_times(units, {"starts_at": MARCH.isoformat(), "time_zone": "Europe/London"})["u1"].hour == 8


def test_a_run_is_over_from_its_end_on() -> None:
    """Its end is the first moment at which it is; one whose end is not known is not."""
    before = MARCH - timedelta(microseconds=1)
    assert [is_over(MARCH, before), is_over(MARCH, MARCH), is_over(None, MARCH)] == [False, True, False]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        *(("UTC", True), ("Europe/London", True)),
        *(("Mars", False), ("..", False), ("", False), ("localtime", False), ("right/UTC", False)),
    ],
)
def test_a_time_zone_has_a_known_name(name: str, *, known: bool) -> None:
    """What has no name in the database of time zones is none, nor is the zone of the machine."""
    assert is_time_zone(name) == known
