"""Recent activity: bounded, newest first, without the noise."""

from projections.engine.projection import Rows
from projections.recent_activity import CAMPUS, KEPT, RECENT, Entry, RecentActivity, RecentFacts
from tests.support.facts import START, History, fold, rows_of


def test_clicks_are_not_worth_showing() -> None:
    """Facts about enrollments, attempts and outcomes are."""
    history = History().enrolled("7").clicked("7", 3).graded("7", "tma1", 5_000)
    assert rows_of(fold(RecentActivity, history), RECENT, RecentFacts) == [
        RecentFacts(
            "campus",
            position=4,
            entries=[
                Entry(4, "attempt.graded", START, "7", "AAA-1", "tma1", 5_000),
                Entry(2, "enrollment.activated", START, "7", "AAA-1"),
                Entry(1, "enrollment.requested", START, "7", "AAA-1"),
            ],
        )
    ]


def test_whatever_changes_a_score_is_shown() -> None:
    """An overridden grade as well as the first one, with the new score."""
    history = History().graded("7", "tma1", 5_000)
    history.add(
        "attempt-7:AAA-1-tma1:1",
        "attempt.grade_overridden",
        run_id="AAA-1",
        unit_id="tma1",
        score_bp=7_000,
        reason="appeal",
    )
    (document,) = rows_of(fold(RecentActivity, history), RECENT, RecentFacts)
    assert document.entries[0] == Entry(2, "attempt.grade_overridden", START, "7", "AAA-1", "tma1", 7_000)


def test_the_oldest_entries_make_room() -> None:
    """The document stays bounded however long the log."""
    history = History()
    for number in range(KEPT):
        history.enrolled(str(number))
    (document,) = rows_of(fold(RecentActivity, history), RECENT, RecentFacts)
    assert [entry.position for entry in document.entries] == list(range(2 * KEPT, KEPT, -1))


def test_a_fact_that_comes_late_takes_its_place() -> None:
    """A parked key that is folded after newer facts of others ends with the rows that it would have had."""
    history = History().enrolled("7").enrolled("8").enrolled("9")
    in_order = rows_of(fold(RecentActivity, history), RECENT, RecentFacts)
    rows = Rows()
    for fact in (*history.facts[:2], *history.facts[4:], *history.facts[2:4]):
        RecentActivity.handlers[fact.type].apply(fact, rows)
    assert [rows.edit(RECENT, RecentFacts, CAMPUS)] == in_order


def test_access_that_is_suspended_and_resumed_is_shown() -> None:
    """As every other change of an enrollment is."""
    history = History().enrolled("7").add("enrollment-7:AAA-1", "enrollment.suspended", reason="refunded")
    history.add("enrollment-7:AAA-1", "enrollment.resumed", status="active", reason="bought again")
    (document,) = rows_of(fold(RecentActivity, history), RECENT, RecentFacts)
    assert [entry.type for entry in document.entries][:2] == ["enrollment.resumed", "enrollment.suspended"]
