"""Who is at risk, and the figures that say so."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.progress.at_risk import RULE, Reason, Standing, last_day, missed_units, reasons

TODAY = date(2026, 3, 4)  # a Wednesday
DUE = {"q1": datetime(2026, 2, 15, tzinfo=UTC), "q2": datetime(2026, 3, 15, tzinfo=UTC)}


def standing(**changes: Any) -> Standing:
    """A learner who is not at risk, with changes."""
    usual = {"since": date(2026, 2, 1), "last_week": date(2026, 3, 2), "last_handed_in": None}
    return Standing(**{**usual, "missed": [], "due": 1, "grade_so_far_bp": 4_000, **changes})


def test_nothing_is_said_without_a_reason() -> None:
    """The grade to pass with is enough; no grade is no reason."""
    assert reasons(standing(), TODAY) == []
    assert reasons(standing(grade_so_far_bp=None), TODAY) == []
    assert "14 days" in RULE
    assert "40 %" in RULE


def test_quiet_for_two_weeks() -> None:
    """Counted from the Sunday of the last known week, or from what was handed in, whichever is later."""
    week = standing(last_week=date(2026, 2, 9))  # until 15 February
    (reason,) = reasons(week, TODAY)
    assert reason == Reason("inactive", 17, "Nothing done or handed in since 2026-02-15: 17 days.")
    assert reasons(week._replace(last_handed_in=date(2026, 2, 19)), TODAY) == []
    assert reasons(week, date(2026, 2, 28)) == []
    assert [each.figure for each in reasons(week, date(2026, 3, 1))] == [14]


def test_who_never_did_anything_is_quiet_since_the_place() -> None:
    """Who has got one yesterday is not at risk, however long the run goes on."""
    never = standing(last_week=None)
    (reason,) = reasons(never, TODAY)
    assert (reason.figure, reason.words) == (31, "Nothing done or handed in at all: 31 days.")
    assert reasons(never._replace(since=TODAY - timedelta(days=1)), TODAY) == []
    assert last_day(standing(), TODAY) == TODAY  # this week has a Sunday that is still to come


def test_what_was_due_and_is_missing() -> None:
    """Up to the moment of the deadline it is not; of many units the first are named."""
    assert missed_units(DUE, {"q2"}, datetime(2026, 3, 4, tzinfo=UTC)) == (["q1"], 1)
    assert missed_units(DUE, {"q1"}, datetime(2026, 3, 4, tzinfo=UTC)) == ([], 1)
    assert missed_units(DUE, set(), DUE["q1"]) == ([], 0)
    (reason,) = reasons(standing(missed=["q1"], due=3), TODAY)
    assert reason == Reason("missed", 1, "1 of 3 units that were due not handed in: q1.")
    (reason,) = reasons(standing(missed=list("abcdefg"), due=9), TODAY)
    assert reason.words == "7 of 9 units that were due not handed in: a, b, c, d, e, …."


def test_a_low_grade_and_more() -> None:
    """All reasons are said."""
    found = reasons(standing(missed=["q1"], grade_so_far_bp=3_999), TODAY)
    assert [each.code for each in found] == ["missed", "low_grade"]
    assert found[1].words == "Grade so far 39.99 %, below the 40 % to pass."
