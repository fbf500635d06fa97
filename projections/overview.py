"""
Campus overview: how many people, enrollments, outcomes, submissions and activities there are, per run.

Reads     facts of domain.catalog (runs), domain.enrollment, domain.progress and domain.quiz, in log order.
Writes    overview, one row per run; overview_people, one row per learner.
Serves    api.overview; adapters.postgres.queries.overview adds the runs up.
Rebuild   campus projections rebuild overview (safe: rows are its only effect).
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar

import msgspec

from domain.fact import Fact
from domain.streams import cached_by_stream, named_id, named_ids
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table

NO_DATE = "no_registration_date"  # irregular: the records do not say when the learner registered


class Counts(msgspec.Struct):
    """
    What is counted of one run.

    Attributes:
        source: where the run came from (`api`, `seed`, `import:oulad`).
        people: learners with any registration; each counts once.
        without_registration_date: registrations without a known day.
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


OVERVIEW = Table("overview", Counts, ("run_id",), distribution="partial")
PEOPLE = Table("overview_people", Person, ("learner_id",))

_place, _run = named_ids("learner_id", "run_id"), named_id("run_id")


@cached_by_stream
def _of_learner(stream: str) -> Iterable[RowKey]:
    learner_id, run_id = _place(stream)
    return RowKey(OVERVIEW, (run_id,)), RowKey(PEOPLE, (learner_id,))


def _needs_learner(fact: Fact) -> Iterable[RowKey]:
    return _of_learner(fact.stream_id)


def _needs_attempt(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(OVERVIEW, (fact.data["run_id"],)),)


def _needs_run(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(OVERVIEW, (_run(fact.stream_id),)),)


def _of_run(fact: Fact, rows: Rows, run_id: str) -> Counts:
    """The counts of the run, with the fact's irregularity counted."""
    counts = rows.edit(OVERVIEW, Counts, run_id)
    if "irregular" in fact.data:
        _add(counts.irregular, fact.data["irregular"], 1)
    return counts


def _add(counts: dict[str, int], name: str, number: int) -> None:
    """Add *number* to what is counted under *name*; nothing stays where there is nothing left."""
    counts[name] = counts.get(name, 0) + number
    if not counts[name]:
        del counts[name]


def _scheduled(fact: Fact, rows: Rows) -> None:
    _of_run(fact, rows, _run(fact.stream_id)).source = fact.meta.source


def _only_irregular(fact: Fact, rows: Rows) -> None:
    if "irregular" in fact.data:
        _of_run(fact, rows, _run(fact.stream_id))


def _requested(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = _place(fact.stream_id)
    run = _of_run(fact, rows, run_id)
    run.registrations += 1
    run.without_registration_date += fact.data.get("irregular") == NO_DATE
    person = rows.edit(PEOPLE, Person, learner_id)
    if run_id not in person.registered:
        run.people += 1
        person.registered.append(run_id)


def _withdrawn(fact: Fact, rows: Rows) -> None:
    _of_run(fact, rows, _run(fact.stream_id)).withdrawals += 1


def _outcome(field: str) -> Handler:
    """Count the outcome that a field of the fact says, instead of the one before."""

    def apply(fact: Fact, rows: Rows) -> None:
        learner_id, run_id = _place(fact.stream_id)
        person = rows.edit(PEOPLE, Person, learner_id)
        before, outcome = person.outcomes.get(run_id), fact.data[field]
        person.outcomes[run_id] = outcome
        outcomes = _of_run(fact, rows, run_id).outcomes
        if before is not None:
            _add(outcomes, before, -1)
        _add(outcomes, outcome, 1)

    return Handler(_needs_learner, apply, writes=(OVERVIEW, PEOPLE))


def _submitted(fact: Fact, rows: Rows) -> None:
    run = _of_run(fact, rows, fact.data["run_id"])
    run.submissions += 1
    run.banked += fact.data["banked"]


def _graded(fact: Fact, rows: Rows) -> None:
    _of_run(fact, rows, fact.data["run_id"]).graded += 1


def _activity_recorded(fact: Fact, rows: Rows) -> None:
    learner_id, run_id = _place(fact.stream_id)
    run = _of_run(fact, rows, run_id)
    run.activity_rows += 1
    run.activity_amount += fact.data["amount"]
    person = rows.read(PEOPLE, Person, learner_id)
    if person is None or run_id not in person.active:
        person = rows.edit(PEOPLE, Person, learner_id)
        run.active_people += 1
        person.active.append(run_id)


class Overview(Projection):
    """Counts of each run, and who is on which."""

    name = "overview"
    version = 3
    store = "postgres"
    segments = SEGMENTS
    tables = (OVERVIEW, PEOPLE)
    audience = "campus"
    handlers: ClassVar[Mapping[str, Handler]] = {
        "run.scheduled": Handler(_needs_run, _scheduled, writes=(OVERVIEW,)),
        "enrollment.requested": Handler(_needs_learner, _requested, writes=(OVERVIEW, PEOPLE)),
        "enrollment.activated": Handler(_needs_learner, _only_irregular, writes=(OVERVIEW,)),
        "enrollment.withdrawn": Handler(_needs_learner, _withdrawn, writes=(OVERVIEW,)),
        "enrollment.completed": Handler(_needs_learner, _only_irregular, writes=(OVERVIEW,)),
        "progress.unit_opened": Handler(_needs_learner, _only_irregular, writes=(OVERVIEW,)),
        "progress.unit_completed": Handler(_needs_learner, _only_irregular, writes=(OVERVIEW,)),
        "progress.activity_recorded": Handler(_needs_learner, _activity_recorded, writes=(OVERVIEW, PEOPLE)),
        "progress.course_outcome_decided": _outcome("outcome"),
        "progress.course_outcome_revised": _outcome("new"),
        "attempt.submitted": Handler(_needs_attempt, _submitted, writes=(OVERVIEW,)),
        "attempt.graded": Handler(_needs_attempt, _graded, writes=(OVERVIEW,)),
    }
