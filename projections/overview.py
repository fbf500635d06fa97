"""
Campus overview: how many people, enrollments, outcomes, submissions and activities there are, per run.

Reads     facts of domain.catalog (runs), domain.enrollment, domain.progress and domain.quiz, in log order.
Writes    overview, one row per run; overview_people, one row per learner; overview_runs, where each run came from.
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
        first_people: those who had registered on no run before, and `first_people_of_source` those who had on no run of
            the same source: so people of a source, and of the campus, are sums over runs.
        without_registration_date: registrations without a known day.
        withdrawals: who comes back and leaves again counts twice.
        submissions: attempts handed in, with the banked ones and those without a score.
        activity_rows: records of activity, and `activity_amount` their amounts added up.
        active_people: learners with any activity; each counts once. `first_active` and `first_active_of_source` are to
            it what `first_people` is to people.
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
    first_people: int = 0
    first_people_of_source: int = 0
    first_active: int = 0
    first_active_of_source: int = 0


class Person(msgspec.Struct):
    """The runs on which one learner registered and was active, the sources of these, and the outcome by run."""

    learner_id: str
    registered: list[str] = []
    active: list[str] = []
    outcomes: dict[str, str] = {}
    registered_in: list[str] = []
    active_in: list[str] = []


class RunSource(msgspec.Struct):
    """Where a run came from, for the facts of learners, which do not say so."""

    run_id: str
    source: str = ""


OVERVIEW = Table("overview", Counts, ("run_id",), distribution="partial")
PEOPLE = Table("overview_people", Person, ("learner_id",))
RUNS = Table("overview_runs", RunSource, ("run_id",), distribution="replicated")

_place, _run = named_ids("learner_id", "run_id"), named_id("run_id")


@cached_by_stream
def _of_learner(stream: str) -> Iterable[RowKey]:
    learner_id, run_id = _place(stream)
    return RowKey(OVERVIEW, (run_id,)), RowKey(PEOPLE, (learner_id,))


def _needs_learner(fact: Fact) -> Iterable[RowKey]:
    return _of_learner(fact.stream_id)


@cached_by_stream
def _with_source(stream: str) -> Iterable[RowKey]:
    _, run_id = _place(stream)
    return *_of_learner(stream), RowKey(RUNS, (run_id,))


def _needs_source(fact: Fact) -> Iterable[RowKey]:
    return _with_source(fact.stream_id)


def _needs_attempt(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(OVERVIEW, (fact.data["run_id"],)),)


def _needs_run(fact: Fact) -> Iterable[RowKey]:
    run_id = _run(fact.stream_id)
    return RowKey(OVERVIEW, (run_id,)), RowKey(RUNS, (run_id,))


def _source(rows: Rows, run_id: str) -> str:
    """Where a run came from; the log has it before anything that happens on it."""
    found = rows.read(RUNS, RunSource, run_id)
    return found.source if found else ""


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
    run_id = _run(fact.stream_id)
    _of_run(fact, rows, run_id).source = fact.meta.source
    rows.edit(RUNS, RunSource, run_id).source = fact.meta.source


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
        run.first_people += not person.registered
        person.registered.append(run_id)
        if (source := _source(rows, run_id)) not in person.registered_in:
            run.first_people_of_source += 1
            person.registered_in.append(source)


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
        run.first_active += not person.active
        person.active.append(run_id)
        if (source := _source(rows, run_id)) not in person.active_in:
            run.first_active_of_source += 1
            person.active_in.append(source)


class Overview(Projection):
    """Counts of each run, and who is on which."""

    name = "overview"
    version = 4
    store = "postgres"
    segments = SEGMENTS
    tables = (OVERVIEW, PEOPLE, RUNS)
    audience = "campus"
    handlers: ClassVar[Mapping[str, Handler]] = {
        "run.scheduled": Handler(_needs_run, _scheduled, writes=(OVERVIEW, RUNS)),
        "enrollment.requested": Handler(_needs_source, _requested, writes=(OVERVIEW, PEOPLE)),
        "enrollment.activated": Handler(_needs_learner, _only_irregular, writes=(OVERVIEW,)),
        "enrollment.withdrawn": Handler(_needs_learner, _withdrawn, writes=(OVERVIEW,)),
        "enrollment.completed": Handler(_needs_learner, _only_irregular, writes=(OVERVIEW,)),
        "progress.unit_opened": Handler(_needs_learner, _only_irregular, writes=(OVERVIEW,)),
        "progress.unit_completed": Handler(_needs_learner, _only_irregular, writes=(OVERVIEW,)),
        "progress.activity_recorded": Handler(_needs_source, _activity_recorded, writes=(OVERVIEW, PEOPLE)),
        "progress.course_outcome_decided": _outcome("outcome"),
        "progress.course_outcome_revised": _outcome("new"),
        "attempt.submitted": Handler(_needs_attempt, _submitted, writes=(OVERVIEW,)),
        "attempt.graded": Handler(_needs_attempt, _graded, writes=(OVERVIEW,)),
    }
