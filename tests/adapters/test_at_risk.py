"""Who is at risk: the list for a whole run says of each learner what the rule says of that one."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapters.at_risk import AtRisk, Places, list_at_risk
from adapters.postgres.queries.attention import Enrolled, Row
from domain.deadlines import FromEnrollment, due_for
from domain.grading import Scheme
from domain.grading.of_run import Weights
from domain.progress.at_risk import Standing, missed_units, reasons

BEGIN = datetime(2026, 2, 2, 9, tzinfo=UTC)
UNITS = ("q1", "q2", "q3")
moments = st.integers(-5, 40).map(lambda days: BEGIN + timedelta(days=days))
some_units = st.lists(st.sampled_from(UNITS), unique=True)
dates = st.dictionaries(st.sampled_from(UNITS), moments)
schemes = st.builds(Scheme, weights=st.dictionaries(st.sampled_from(UNITS), st.integers(1, 9)), due=dates)
days = st.dictionaries(st.sampled_from(UNITS), st.tuples(st.integers(0, 30), st.just("")))
own = st.builds(FromEnrollment, st.just(BEGIN), st.just("UTC"), days)
weights = st.builds(Weights, schemes, st.none() | own)


@st.composite
def rows(draw: st.DrawFn, number: int) -> Row:
    """A learner of the run."""
    return Row(
        learner_id=f"learner-{number}",
        percent=0,
        grade_so_far_bp=draw(st.none() | st.integers(3_000, 5_000)),
        completed=draw(some_units),
        excused=draw(some_units),
        scores={},
        extensions=draw(dates),
        days_from=draw(st.none() | moments),
        version=draw(st.integers(0, 2)),
        last_week=draw(st.none() | st.just(BEGIN.date().toordinal())),
        last_handed_in=draw(st.none() | moments.map(datetime.date)),
        handed_in=draw(some_units),
    )


@st.composite
def runs(draw: st.DrawFn) -> Enrolled:
    """A run with some learners, who follow two versions."""
    learners = [draw(rows(number)) for number in range(draw(st.integers(0, 4)))]
    return Enrolled(7, BEGIN, draw(st.none() | moments), draw(weights), {"1": draw(weights)}, learners)


def one_by_one(found: Enrolled, places: Mapping[str, date], now: datetime) -> list[tuple[int, str]]:
    """How many reasons there are for whom, each learner looked at alone."""
    listed = []
    for row in found.rows if found.goes_on(now) else ():
        of = found.weights_for(row)
        due = due_for(of.scheme.due, of.own_due, row.days_from, row.extensions)
        of_course = {unit_id: at for unit_id, at in due.items() if unit_id in of.scheme.weights}
        missed, past = missed_units(of_course, {*row.completed, *row.excused, *row.scores, *row.handed_in}, now)
        last_week = None if row.last_week is None else date.fromordinal(row.last_week)
        since = max(BEGIN.date(), places.get(row.learner_id, BEGIN.date()))
        standing = Standing(since, last_week, row.last_handed_in, missed, past, row.grade_so_far_bp)
        if why := reasons(standing, now.date()):
            listed.append((-len(why), row.learner_id))
    return sorted(listed)


def shown(found: AtRisk) -> list[tuple[int, str]]:
    """The same of a list."""
    return [(number, learner_id) for number, learner_id, _ in found.listed]


@given(runs(), st.dictionaries(st.sampled_from(["learner-0", "learner-1"]), moments.map(datetime.date)), moments)
def test_a_list_is_the_rule_for_each(found: Enrolled, began: dict[str, date], now: datetime) -> None:
    """Whichever version, own dates and extensions a learner has."""
    listed = list_at_risk(found, Places(began, 0), now)
    assert shown(listed) == one_by_one(found, began, now)
    assert (listed.learners, listed.position) == (len(found.rows), 7)


@given(runs(), moments, st.timedeltas(timedelta(), timedelta(days=3)))
def test_a_list_holds_until_the_rule_says_otherwise(found: Enrolled, first: datetime, later: timedelta) -> None:
    """As long as it holds, it is what is listed then: word by word."""
    places, then = Places({}, 0), first + later
    kept = list_at_risk(found, places, first)
    if kept.holds(then):
        assert kept.listed == list_at_risk(found, places, then).listed
    assert kept.holds(first)
    assert not kept.holds(first - timedelta(seconds=1))
    assert not kept.holds(first + timedelta(days=1))


def test_a_list_has_the_reasons_in_words() -> None:
    """As JSON, those with most reasons first."""
    units = Weights(Scheme(weights={"q1": 1}, due={"q1": BEGIN}))
    row = Row(
        learner_id="a", percent=0, grade_so_far_bp=None, completed=[], excused=[], scores={}, extensions={},
        days_from=None, version=0, last_week=None, last_handed_in=None, handed_in=[],
    )  # fmt: skip
    low = msgspec.structs.replace(row, learner_id="b", grade_so_far_bp=100)
    listed = list_at_risk(Enrolled(7, BEGIN, None, units, {}, [row, low]), Places({}, 0), BEGIN + timedelta(hours=1))
    assert [learner_id for _, learner_id, _ in listed.listed] == listed.learner_ids == ["b", "a"]
    assert msgspec.json.decode(listed.listed[1][2]) == {
        "learner_id": "a",
        "percent": 0,
        "grade_so_far_bp": None,
        "last_active": None,
        "reasons": [{"code": "missed", "figure": 1, "words": "1 of 1 units that were due not handed in: q1."}],
    }
