"""Where a live row and the log went apart, for every way in which a projector can be wrong."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fact import Fact
from projections.course_dashboard import ENROLLMENTS, WEEKS, CourseDashboard, CourseEnrollment
from projections.engine.diff.divergence import Divergence, first_divergence
from projections.engine.diff.lineage import facts_touching
from projections.engine.projection import RowKey, Table
from projections.learner_dashboard import LearnerDashboard
from projections.learner_dashboard.rows import LEARNERS, RUNS, Dashboard
from tests.support.facts import START, History, day, fold

DASHBOARD = RowKey(LEARNERS, ("7",))
ENROLLMENT = RowKey(ENROLLMENTS, ("AAA-1", "7"))


def history() -> History:
    """Twelve facts: three of the catalog, eight of learner 7 (4, 5 and 7 to 12), one of learner 8 (6)."""
    facts = History().course().enrolled("7").clicked("8", 5).clicked("7", 3).clicked("7", 4, day(8))
    facts.submitted("7", "tma1", day(17)).graded("7", "tma1", 5_000, day(20)).clicked("7", 6, day(30))
    return facts.progress("7", "course_outcome_decided", day(90), outcome="fail", grade_bp=2_000, policy="p")


FACTS = history().facts
OWN = [fact.position for fact in FACTS if fact.key == "7"]


def at(*positions: int) -> list[Fact]:
    """The facts at these positions, in this order."""
    return [FACTS[position - 1] for position in positions]


def row_of(facts: Sequence[Fact]) -> CourseEnrollment:
    """The enrollment after these facts, in the order given."""
    made = History()
    made.facts = list(facts)
    row = fold(CourseDashboard, made)[ENROLLMENT]
    assert isinstance(row, CourseEnrollment)
    return row


def dashboard_of(facts: Sequence[Fact]) -> Dashboard:
    """The dashboard of learner 7 after these facts, in the order given."""
    made = History()
    made.facts = list(facts)
    row = fold(LearnerDashboard, made).get(DASHBOARD, Dashboard("7"))
    assert isinstance(row, Dashboard)
    return row


def cause(live: msgspec.Struct | None, key: RowKey = DASHBOARD, facts: Sequence[Fact] = FACTS) -> Divergence:
    """Where *live* went apart from the log."""
    projection = LearnerDashboard() if key.table in LearnerDashboard.tables else CourseDashboard()
    return first_divergence(projection, key, facts, live)


def position(divergence: Divergence) -> int | None:
    """Of the fact that is named."""
    return divergence.fact.position if divergence.fact else None


def test_a_row_as_the_log_says_does_not_diverge() -> None:
    """Neither does one that both lack."""
    found = cause(dashboard_of(FACTS))
    assert (found.why, found.fact, found.touching) == ("same", None, 8)
    assert cause(None, RowKey(LEARNERS, ("9",))).why == "same"


@pytest.mark.parametrize("missed", OWN[:-1])
def test_a_missed_fact_is_not_later_than_what_is_named(missed: int) -> None:
    """Its row differs, and each field names the facts between which its live value stopped being right."""
    found = cause(dashboard_of([fact for fact in FACTS if fact.position != missed]))
    named = position(found)
    assert found.why == "differs"
    assert named is not None
    assert named >= missed
    assert all(field.never or field.right_until for field in found.fields if field.wrong_from.position > OWN[0])


@pytest.mark.parametrize("doubled", OWN)
def test_a_doubled_fact_shows_as_a_value_that_never_was_or_was_before(doubled: int) -> None:
    """Whether it was applied twice at once, or again later; a fact of the row is named."""
    for facts in ([*FACTS[:doubled], FACTS[doubled - 1], *FACTS[doubled:]], [*FACTS, FACTS[doubled - 1]]):
        found = cause(dashboard_of(facts))
        assert (found.why, position(found) in OWN) == ("differs", True)


def test_a_row_that_stands_still_says_since_when() -> None:
    """It is what it was before some fact of its own."""
    found = cause(row_of(FACTS[:8]), ENROLLMENT)
    assert (found.why, position(found), found.facts) == ("stands_still", 9, 4)
    assert "since fact 8 (" in found.reason
    last = cause(row_of(FACTS[:11]), ENROLLMENT)
    assert (last.why, position(last), last.facts) == ("stands_still", 12, 1)


def test_a_corrupted_field_is_named_with_the_fact_that_set_it() -> None:
    """Its value comes from no fact; other fields are as the log says."""
    found = cause(msgspec.structs.replace(row_of(FACTS), grade_bp=9_999), ENROLLMENT)
    assert (found.why, position(found)) == ("differs", 10)
    (field,) = found.fields
    assert (field.name, field.live, field.log, field.never, field.right_until) == ("grade_bp", 9_999, 2_000, True, None)
    assert found.reason.startswith("no fact ever led to the live value of grade_bp")


def test_a_field_that_stopped_says_until_when_it_was_right() -> None:
    """Here the outcome was never written, and another field holds a value that no fact wrote."""
    found = cause(msgspec.structs.replace(row_of(FACTS), outcome=None, status="gone"), ENROLLMENT)
    assert (found.why, position(found)) == ("differs", 12)
    outcome, status = found.fields
    assert outcome.right_until is not None
    assert (outcome.right_until.position, outcome.wrong_from.position) == (11, 12)
    assert (status.never, status.wrong_from.position) == (True, 5)
    assert "no fact ever led to the live value of status" in found.reason


def test_a_missing_row_is_named_with_the_fact_that_makes_it() -> None:
    """And with how many facts it lacks."""
    found = cause(None)
    assert (found.why, position(found), found.facts) == ("missing", 4, 8)


def test_an_unexpected_row_has_no_fact() -> None:
    """Nothing in the log makes it, even if a fact looks for it."""
    found = cause(Dashboard("9", position=3), RowKey(LEARNERS, ("9",)))
    assert (found.why, found.fact, found.touching) == ("unexpected", None, 0)
    run = RowKey(RUNS, ("AAA-1",))
    looked_for = cause(RUNS.row("AAA-1"), run, at(*OWN))
    assert (looked_for.why, looked_for.fact, looked_for.touching) == ("unexpected", None, 8)


def test_a_summed_row_depends_on_the_facts_of_all_learners() -> None:
    """The week counts learners, which it knows from their own rows; the fact of another one is named."""
    week = RowKey(WEEKS, ("AAA-1", "2013-09-30"))
    made = History()
    made.facts = FACTS[:5]
    found = cause(fold(CourseDashboard, made).get(week, WEEKS.row(*week.key)), week)
    assert (found.why, position(found)) == ("stands_still", 6)


def test_facts_of_a_parked_key_are_left_out() -> None:
    """The live row waits, and is right to."""
    found = first_divergence(LearnerDashboard(), DASHBOARD, FACTS, dashboard_of(FACTS[:7]), {"7": 8})
    assert found.why == "same"


def test_a_poison_fact_stops_its_key_and_nothing_else() -> None:
    """It leaves no half change behind, and the learner's later facts wait."""
    broken = [msgspec.structs.replace(fact, data={"unit_id": "tma1"}) if fact.position == 7 else fact for fact in FACTS]
    assert cause(dashboard_of(FACTS[:6]), facts=broken).why == "same"


@given(st.lists(st.sampled_from(OWN), min_size=1, max_size=len(OWN), unique=True))
def test_whatever_was_missed_a_fact_is_named(missed: list[int]) -> None:
    """It is never one before which all was right: the first that was missed, or a later one."""
    left = [fact for fact in FACTS if fact.position not in missed]
    live = dashboard_of(left)
    found = cause(live if any(fact.key == "7" for fact in left) else None)
    assert found.why != "same"
    assert found.fact is not None
    if found.why in {"missing", "stands_still"}:
        assert found.fact.position == min(missed)


def test_the_facts_behind_a_row_are_counted_and_named_at_both_ends() -> None:
    """Those of other rows are not among them; few are all named first."""
    behind = facts_touching(LearnerDashboard(), DASHBOARD, FACTS, shown=3)
    assert behind.count == 8
    assert [fact.position for fact in behind.first] == [4, 5, 7]
    assert [fact.position for fact in behind.last] == [10, 11, 12]
    assert (behind.first[0].type, behind.first[0].occurred_at) == ("enrollment.requested", START)
    few = facts_touching(LearnerDashboard(), DASHBOARD, at(4, 5), shown=3)
    assert ([fact.position for fact in few.first], few.last) == ([4, 5], [])


def test_the_facts_behind_a_row_of_another_version_are_found_by_its_name() -> None:
    """The old version's row may have other fields; facts at which the rule fails are passed over."""
    old = Table("course_enrollments", msgspec.defstruct("Old", [("run_id", str), ("learner_id", str)]), ENROLLMENTS.key)
    broken = [msgspec.structs.replace(fact, data={}) if fact.position == 9 else fact for fact in FACTS]
    behind = facts_touching(CourseDashboard(), RowKey(old, ("AAA-1", "7")), broken)
    assert behind.count == 7
