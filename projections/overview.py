"""
Campus overview: how many people, enrolments, outcomes, submissions and activities there are, in all and per run.

Reads     facts of domain.catalog (runs), domain.enrollment, domain.progress and domain.quiz, in log order.
Writes    overview, one row per run and one, `*`, for the campus; overview_people, one row per learner.
Serves    api.overview.
Rebuild   campus projections rebuild overview (safe: rows are its only effect).
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar

import msgspec

from domain.fact import Fact
from projections.base import SEGMENTS, Handler, Projection, RowKey, Rows, Table
from projections.streams import by_stream, ids

CAMPUS = "*"  # an id that no run can have
NO_DATE = "no_registration_date"  # irregular: the records do not say when the learner registered


class Counts(msgspec.Struct):
    """
    What is counted of one run, or of the campus.

    Attributes:
        source: where the run came from (`api`, `seed`, `import:oulad`); empty for the campus.
        people: learners with any registration; each counts once, on the campus too.
        without_registration_date: registrations whose day nobody knows.
        submissions: attempts handed in, with the banked ones and those without a score.
        activity_rows: records of activity, and `activity_amount` their amounts added up.
        active_people: learners with any activity; each counts once.
        irregular: facts that break today's rules, by reason.
    """

    run_id: str
    source: str = ""
    people: int = 0
    registrations: int = 0
    withdrawals: int = 0
    without_registration_date: int = 0
    outcomes: dict[str, int] = {}
    submissions: int = 0
    banked: int = 0
    graded: int = 0
    activity_rows: int = 0
    activity_amount: int = 0
    active_people: int = 0
    irregular: dict[str, int] = {}


class Person(msgspec.Struct):
    """The runs on which one learner registered and was active, and the outcome by run."""

    learner_id: str
    registered: list[str] = []
    active: list[str] = []
    outcomes: dict[str, str] = {}


OVERVIEW = Table("overview", Counts, ("run_id",), spread="summed")
PEOPLE = Table("overview_people", Person, ("learner_id",))
_CAMPUS_KEY = RowKey(OVERVIEW, (CAMPUS,))


@by_stream
def _of_learner(stream: str) -> Iterable[RowKey]:
    learner_id, run_id = ids(stream)
    return _CAMPUS_KEY, RowKey(OVERVIEW, (run_id,)), RowKey(PEOPLE, (learner_id,))


def _needs_learner(fact: Fact) -> Iterable[RowKey]:
    return _of_learner(fact.stream_id)


def _needs_attempt(fact: Fact) -> Iterable[RowKey]:
    return _CAMPUS_KEY, RowKey(OVERVIEW, (fact.data["run_id"],))


def _needs_run(fact: Fact) -> Iterable[RowKey]:
    return _CAMPUS_KEY, RowKey(OVERVIEW, ids(fact.stream_id))


def _both(fact: Fact, rows: Rows, run_id: str) -> tuple[Counts, Counts]:
    """The counts of the run and of the campus, with the fact's irregularity counted in both."""
    both = rows.edit(OVERVIEW, Counts, run_id), rows.edit(OVERVIEW, Counts, CAMPUS)
    reason = fact.data.get("irregular")
    if reason is not None:
        for counts in both:
            _add(counts.irregular, reason, 1)
    return both


def _add(counts: dict[str, int], name: str, number: int) -> None:
    """Add *number* to what is counted under *name*; nothing stays where there is nothing left."""
    counts[name] = counts.get(name, 0) + number
    if not counts[name]:
        del counts[name]


def _scheduled(fact: Fact, rows: Rows) -> None:
    run, _ = _both(fact, rows, ids(fact.stream_id)[0])
    run.source = fact.meta.source


def _only_irregular(fact: Fact, rows: Rows) -> None:
    if "irregular" in fact.data:
        _both(fact, rows, ids(fact.stream_id)[1])


def _requested(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = ids(fact.stream_id)
    run, campus = _both(fact, rows, run_id)
    for counts in (run, campus):
        counts.registrations += 1
        counts.without_registration_date += fact.data.get("irregular") == NO_DATE
    person = rows.edit(PEOPLE, Person, learner_id)
    if run_id not in person.registered:
        run.people += 1
        campus.people += not person.registered
        person.registered.append(run_id)


def _withdrawn(fact: Fact, rows: Rows) -> None:
    for counts in _both(fact, rows, ids(fact.stream_id)[1]):
        counts.withdrawals += 1


def _outcome_decided(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = ids(fact.stream_id)
    person = rows.edit(PEOPLE, Person, learner_id)
    before, outcome = person.outcomes.get(run_id), fact.data["outcome"]
    person.outcomes[run_id] = outcome
    for counts in _both(fact, rows, run_id):
        if before is not None:
            _add(counts.outcomes, before, -1)
        _add(counts.outcomes, outcome, 1)


def _submitted(fact: Fact, rows: Rows) -> None:
    for counts in _both(fact, rows, fact.data["run_id"]):
        counts.submissions += 1
        counts.banked += fact.data["banked"]


def _graded(fact: Fact, rows: Rows) -> None:
    for counts in _both(fact, rows, fact.data["run_id"]):
        counts.graded += 1


def _activity_recorded(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = ids(fact.stream_id)
    amount = fact.data["amount"]
    run, campus = _both(fact, rows, run_id)
    run.activity_rows += 1
    run.activity_amount += amount
    campus.activity_rows += 1
    campus.activity_amount += amount
    person = rows.read(PEOPLE, Person, learner_id)
    if person is None or run_id not in person.active:
        person = rows.edit(PEOPLE, Person, learner_id)
        run.active_people += 1
        campus.active_people += not person.active
        person.active.append(run_id)


class Overview(Projection):
    """Counts of the whole campus, and of each run."""

    name = "overview"
    version = 1
    store = "postgres"
    segments = SEGMENTS
    tables = (OVERVIEW, PEOPLE)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "run.scheduled": Handler(_needs_run, _scheduled),
        "enrollment.requested": Handler(_needs_learner, _requested),
        "enrollment.activated": Handler(_needs_learner, _only_irregular),
        "enrollment.withdrawn": Handler(_needs_learner, _withdrawn),
        "enrollment.completed": Handler(_needs_learner, _only_irregular),
        "progress.unit_opened": Handler(_needs_learner, _only_irregular),
        "progress.unit_completed": Handler(_needs_learner, _only_irregular),
        "progress.activity_recorded": Handler(_needs_learner, _activity_recorded),
        "progress.course_outcome_decided": Handler(_needs_learner, _outcome_decided),
        "attempt.submitted": Handler(_needs_attempt, _submitted),
        "attempt.graded": Handler(_needs_attempt, _graded),
    }
