"""Deadlines are at the same time of day as the start, by the clocks of the run's time zone."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.catalog import Run, Unit
from domain.deadlines import LatePolicy, deadline_of, due_at, due_times, is_over, is_time_zone, moved

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


def run_in(zone: str, late: LatePolicy | None = None) -> Run:
    """A run that begins in March and ends in May."""
    run = Run.blank("run-algebra-1")
    plan = {"capacity": None, "pacing": "instructor", "seat_offer_hours": None, "time_zone": zone, "late": late}
    run.schedule("algebra", 1, starts_at=MARCH, ends_at=MARCH + timedelta(days=60), **plan)
    return run


QUIZ = Unit("q1", "quiz", "", due_after_days=6, due_time="23:59")  # 29 March, on which London has 23 hours


def test_a_deadline_has_a_time_of_day() -> None:
    """By the clocks of the run, on the day of the change to summer time as on the day before."""
    assert deadline_of(QUIZ, run_in("Europe/London")).due_at == datetime(2026, 3, 29, 22, 59, tzinfo=UTC)
    assert deadline_of(QUIZ, run_in("UTC")).due_at == datetime(2026, 3, 29, 23, 59, tzinfo=UTC)
    assert due_at(MARCH, 5, "Europe/London", "23:59") == datetime(2026, 3, 28, 23, 59, tzinfo=UTC)
    run = {"starts_at": MARCH.isoformat(), "time_zone": "Europe/London"}
    assert due_times([QUIZ], run) == {"q1": datetime(2026, 3, 29, 22, 59, tzinfo=UTC)}


def test_work_is_taken_as_it_comes_where_nothing_is_said() -> None:
    """Until the run ends, at any time and for nothing."""
    for unit in (QUIZ, Unit("u", "quiz", "")):
        deadline = deadline_of(unit, run_in("UTC"))
        last = MARCH + timedelta(days=60)
        assert deadline.accepts(last - timedelta(seconds=1))
        assert not deadline.accepts(last)
        assert deadline.penalty_bp(last) == 0


@pytest.mark.parametrize(
    ("late", "until", "accepts"),
    [
        (LatePolicy("none"), datetime(2026, 3, 29, 22, 59, tzinfo=UTC), (True, False)),
        (LatePolicy("accept"), None, (True, True)),
        (LatePolicy("until", days=1), datetime(2026, 3, 30, 22, 59, tzinfo=UTC), (True, True)),
    ],
)
def test_late_work_is_refused_or_taken(late: LatePolicy, until: datetime | None, accepts: tuple[bool, bool]) -> None:
    """The policy of the unit goes before that of the run; the deadline itself is in time."""
    due = datetime(2026, 3, 29, 22, 59, tzinfo=UTC)
    by_unit = Unit("q1", "quiz", "", due_after_days=6, due_time="23:59", late=late)
    of_run = deadline_of(QUIZ, run_in("Europe/London", late))
    assert deadline_of(by_unit, run_in("Europe/London", LatePolicy("percent_a_day", 5_000))) == of_run
    assert (of_run.due_at, of_run.accepted_until, of_run.off_bp) == (due, until, 0)
    assert (of_run.accepts(due), of_run.accepts(due + timedelta(seconds=1))) == accepts


def test_each_day_that_has_begun_costs() -> None:
    """By the clocks of the run: the day of the change has 23 hours; never more than all."""
    unit = Unit("q1", "quiz", "", due_after_days=5, due_time="23:59")  # the evening before the change
    deadline = deadline_of(unit, run_in("Europe/London", LatePolicy("percent_a_day", 3_000, days=9)))
    due, hour = datetime(2026, 3, 28, 23, 59, tzinfo=UTC), timedelta(hours=1)
    assert deadline.due_at == due
    found = [deadline.penalty_bp(due + hours * hour) for hours in (0, 0.01, 23, 23.01, 24, 47, 47.01, 200)]
    assert found == [0, 3_000, 3_000, 6_000, 6_000, 6_000, 9_000, 10_000]
    assert deadline.accepted_until == datetime(2026, 4, 6, 22, 59, tzinfo=UTC)


def test_an_extension_goes_before_all() -> None:
    """Before the deadline of the unit, that of a quiz, and the end of the run; lateness counts from it."""
    run = run_in("UTC", LatePolicy("percent_a_day", 1_000))
    own, new = MARCH + timedelta(days=1), MARCH + timedelta(days=90)
    assert deadline_of(QUIZ, run, due=own).due_at == own
    assert deadline_of(QUIZ, run, {"q2": new}, own).due_at == own
    deadline = deadline_of(QUIZ, run, {"q1": new}, own)
    assert deadline.due_at == new
    assert deadline.accepts(new)
    assert deadline.penalty_bp(new) == 0
    assert not deadline.accepts(new + timedelta(seconds=1))
    sooner = deadline_of(QUIZ, run, {"q1": own})
    assert sooner.penalty_bp(own + timedelta(hours=25)) == 2_000
    assert sooner.accepts(MARCH + timedelta(days=59))


def test_a_cloned_date_keeps_its_time_of_day() -> None:
    """As far from the new start as it was from the old one, by clocks on a wall."""
    end = datetime(2026, 4, 2, 8, tzinfo=UTC)  # 09:00 in London, after the change
    autumn = datetime(2026, 10, 23, 8, tzinfo=UTC)  # 09:00 in London, before the change back
    assert moved(end, MARCH, autumn, "Europe/London") == datetime(2026, 11, 2, 9, tzinfo=UTC)
