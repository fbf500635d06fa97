"""Deadlines are at the same time of day as the start, by the clocks of the run's time zone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.catalog import Run, Unit
from domain.deadlines import OfQuiz, deadline_of, due_at, due_times, is_over, is_time_zone, moved
from domain.late_policy import LatePolicy, from_words_of_quizzes, problem_of_late_policy
from domain.score import FULL, Score

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
        assert deadline.off_bp == 0


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
    late = [deadline.days_late(due + hours * hour) for hours in (0, 0.01, 23, 23.01, 24, 47, 47.01, 200)]
    assert late == [0, 1, 1, 2, 2, 2, 3, 9]
    assert deadline.policy is not None
    left = [deadline.policy.lowered(Score(3, 4), days).bp for days in (0, 1, 2, 3, 9)]
    assert left == [7_500, 4_500, 1_500, 0, 0]
    assert deadline.accepted_until == datetime(2026, 4, 6, 22, 59, tzinfo=UTC)


def test_an_extension_goes_before_all() -> None:
    """Before the deadline of the unit, that of a quiz, and the end of the run; lateness counts from it."""
    run = run_in("UTC", LatePolicy("percent_a_day", 1_000))
    own, new = MARCH + timedelta(days=1), MARCH + timedelta(days=90)
    quiz = OfQuiz(own)
    assert deadline_of(QUIZ, run, {}, quiz).due_at == own
    assert deadline_of(QUIZ, run, {"q2": new}, quiz).due_at == own
    deadline = deadline_of(QUIZ, run, {"q1": new}, quiz)
    assert deadline.due_at == new
    assert deadline.accepts(new)
    assert deadline.days_late(new) == 0
    assert not deadline.accepts(new + timedelta(seconds=1))
    assert deadline_of(QUIZ, run, {"q1": own}) == deadline_of(QUIZ, run)  # it is more time, never less


def test_a_quiz_may_have_a_policy_of_its_own() -> None:
    """Before that of its unit and its run; an old one that had none accepts late work."""
    unit = Unit("q1", "quiz", "", due_after_days=6, late=LatePolicy("until", days=2))
    run = run_in("UTC", LatePolicy("percent_a_day", 1_000))
    due = MARCH + timedelta(days=6)
    assert deadline_of(unit, run).accepted_until == due + timedelta(days=2)
    assert deadline_of(unit, run, {}, OfQuiz(late=LatePolicy("none"))).accepted_until == due
    assert deadline_of(unit, run, {}, OfQuiz(late=LatePolicy("accept"))).accepted_until is None


def test_quizzes_keep_what_their_words_for_late_work_meant() -> None:
    """What `deduct` took off was a part of what was earned; it is read, and not published any more."""
    old: list[dict[str, Any]] = [{}, {"policy": "refuse"}, {"policy": "deduct", "bp_per_day": 1_000}]
    accept, refuse, deduct = (LatePolicy(**from_words_of_quizzes(each)) for each in old)
    assert (accept, refuse) == (LatePolicy("accept"), LatePolicy("none"))
    assert [deduct.lowered(Score(2, 3), days) for days in (0, 1, 2, 99)] == [
        *(Score(2, 3), Score(18_000, 30_000), Score(16_000, 30_000), Score(0, 30_000))
    ]
    assert "is no rule" in problem_of_late_policy(deduct)


TIMES = st.integers(0, 700 * 24 * 60).map(lambda minutes: MARCH + timedelta(minutes=minutes))
POLICIES = st.one_of(
    st.builds(LatePolicy, st.just("percent_a_day"), st.integers(1, FULL), st.none() | st.just(7)),
    st.builds(LatePolicy, st.sampled_from(["none", "accept"])),
    st.just(LatePolicy("until", days=3)),
)


@given(
    extension=TIMES,
    own=st.none() | TIMES,
    at=TIMES,
    late=st.none() | POLICIES,
    zone=st.sampled_from(["UTC", "Europe/London", "Pacific/Chatham"]),
)
@settings(max_examples=60)
def test_more_time_is_never_less(
    extension: datetime, own: datetime | None, at: datetime, late: LatePolicy | None, zone: str
) -> None:
    """No extension makes a deadline earlier, refuses what was accepted, or takes more off."""
    run, quiz = run_in(zone, late), OfQuiz(own)
    without, extended = deadline_of(QUIZ, run, {}, quiz), deadline_of(QUIZ, run, {"q1": extension}, quiz)
    assert extended.due_at == max(extension, without.due_at or extension)
    assert extended.accepts(at) or not without.accepts(at)
    assert extended.days_late(at) <= without.days_late(at)


@given(
    points=st.integers(0, 50), possible=st.integers(1, 50), policy=POLICIES, days=st.tuples(*[st.integers(0, 400)] * 2)
)
@settings(max_examples=60)
def test_being_late_takes_off_something_between_nothing_and_all(
    points: int, possible: int, policy: LatePolicy, days: tuple[int, int]
) -> None:
    """Exactly, and never less for more days."""
    score = Score(min(points, possible), possible)
    sooner, later = (policy.lowered(score, each) for each in sorted(days))
    assert not sooner.beats(score)
    assert not later.beats(sooner)
    assert later.points >= 0
    assert policy.lowered(score, 0) == score


def test_a_cloned_date_keeps_its_time_of_day() -> None:
    """As far from the new start as it was from the old one, by clocks on a wall."""
    end = datetime(2026, 4, 2, 8, tzinfo=UTC)  # 09:00 in London, after the change
    autumn = datetime(2026, 10, 23, 8, tzinfo=UTC)  # 09:00 in London, before the change back
    assert moved(end, MARCH, autumn, "Europe/London") == datetime(2026, 11, 2, 9, tzinfo=UTC)
