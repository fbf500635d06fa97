"""Streaks and study time, by the clocks where the learner was."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.study import span_of
from domain.fact import Fact, Meta
from domain.progress.study import Span, StudyDay, sittings, study

NOW = datetime(2026, 3, 31, 18, tzinfo=UTC)
LONDON, TOKYO, HONOLULU = "Europe/London", "Asia/Tokyo", "Pacific/Honolulu"
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


def at(day: int, hour: int = 12, minute: int = 0, minutes: int = 0) -> Span:
    """A time in March 2026, and so many minutes from then."""
    start = datetime(2026, 3, day, hour, minute, tzinfo=UTC)
    return start, start + timedelta(minutes=minutes)


def fact(fact_type: str, actor: str = "ann", on_behalf_of: str | None = None, **data: object) -> Fact:
    meta = Meta("e", actor, "api", on_behalf_of=on_behalf_of)
    stream = "viewing-ann:r:u" if fact_type.startswith("viewing") else "progress-ann:r"
    stream = "attempt-ann:q:1" if fact_type.startswith("attempt") else stream
    return Fact(1, stream, 1, fact_type, 1, 0, data, meta, NOW, NOW)


def test_what_is_near_is_one_sitting() -> None:
    """Up to ten minutes of nothing are studied, a thing by itself counts a minute, what overlaps counts once."""
    found = study(sittings([at(20, 12), at(20, 12, 9), at(20, 12, 5, 10), at(20, 15), at(21, 9, 0, 30)]), [], NOW)
    assert (found.days, found.seconds) == (2, (15 + 1 + 30) * 60)
    assert found.recent == [StudyDay(date(2026, 3, 21), 30 * 60), StudyDay(date(2026, 3, 20), 16 * 60)]


def test_a_sitting_past_midnight_is_of_two_days() -> None:
    """By the clocks of the learner: in London it is midnight an hour earlier in summer."""
    sat = sittings([at(30, 22, 50, 20)])
    assert [(each.day.day, each.seconds) for each in study(sat, [(BEGIN, LONDON)], NOW).recent] == [
        (31, 600),
        (30, 600),
    ]
    assert [each.day.day for each in study(sat, [], NOW).recent] == [30]


def test_a_streak_is_of_days_in_a_row() -> None:
    """It goes on until the end of the day after the last; the longest one stays."""
    days = [at(day) for day in (1, 2, 3, 4, 10, 29, 30)]
    found = study(sittings(days), [(BEGIN, LONDON)], NOW)
    assert (found.streak, found.longest_streak, found.today_seconds) == (2, 4, 0)
    assert study(sittings(days), [(BEGIN, LONDON)], NOW + timedelta(days=1)).streak == 0
    assert study([], [], NOW).streak == 0


def test_the_night_of_summer_time_breaks_no_streak() -> None:
    """The 29th of March has 23 hours in London."""
    sat = sittings([at(28, 23, 30), at(29, 22, 30), at(30, 22, 30)])
    assert study(sat, [(BEGIN, LONDON)], NOW).longest_streak == 3


def test_who_flies_over_the_date_line_has_missed_no_day() -> None:
    """Studying each evening of Honolulu, then each evening of Tokyo: a date is skipped, and no day was."""
    zones = [(BEGIN, HONOLULU), (datetime(2026, 3, 12, tzinfo=UTC), TOKYO)]
    sat = sittings([at(10, 6), at(11, 6), at(12, 11), at(13, 11)])  # the 9th and 10th there, the 12th and 13th here
    assert study(sat, zones, NOW).longest_streak == 4
    assert study(sat, [(BEGIN, TOKYO)], NOW).longest_streak == 4
    missed = sittings([at(10, 6), at(11, 6), at(13, 11)])
    assert study(missed, zones, NOW).longest_streak == 2


def test_past_days_stay_when_the_zone_changes() -> None:
    """A day is of the zone that the profile had then."""
    sat = sittings([at(10, 23, 30, 0)])
    moved = [(BEGIN, LONDON), (datetime(2026, 3, 20, tzinfo=UTC), TOKYO)]
    assert study(sat, moved, NOW).recent[0].day.day == 10
    assert study(sat, [(BEGIN, TOKYO)], NOW).recent[0].day.day == 11


@given(
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 300)), max_size=12),
    st.lists(st.tuples(st.integers(0, 200_000), st.sampled_from((LONDON, TOKYO, HONOLULU))), max_size=3),
)
def test_no_second_is_lost_or_counted_twice(spans: list[tuple[int, int]], moves: list[tuple[int, str]]) -> None:
    """Whatever the zones: the days together have the length of the sittings."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    sat = sittings((start + timedelta(minutes=a), start + timedelta(minutes=a + b)) for a, b in spans)
    assert all(one[1] < two[0] for one, two in pairwise(sat))
    zones = [(BEGIN, LONDON), *((start + timedelta(seconds=a), zone) for a, zone in sorted(moves))]
    found = study(sat, zones, NOW)
    assert found.seconds == sum(max((end - begin).total_seconds(), 60) for begin, end in sat)
    assert found.streak <= found.longest_streak <= found.days


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (fact("progress.unit_opened", unit_id="u"), 0),
        (fact("progress.activity_recorded", unit_id="u", kind="seconds", amount=90), 90),
        (fact("progress.activity_recorded", unit_id="u", kind="click", amount=90), 0),
        (fact("progress.unit_completed", rule="learner"), 0),
        (fact("progress.unit_completed", rule="quiz_passed"), None),
        (fact("viewing.watched", ended_at="2026-03-02T12:00:00Z", seconds=80), 80),
        (fact("attempt.submitted", by="server"), None),
        (fact("attempt.submitted", by="learner"), 0),
        (fact("progress.unit_opened", "ada", "ann", unit_id="u"), None),
        (fact("progress.unit_opened", "import", unit_id="u"), 0),
    ],
)
def test_what_learners_do_themselves_counts(said: Fact, seconds: int | None) -> None:
    """Not what staff do for them, nor what the program does."""
    span = span_of(said)
    assert (None if span is None else (span[1] - span[0]).total_seconds()) == seconds
