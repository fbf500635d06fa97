"""
The yardsticks of `bench rebuild`.

The library's `ProjectionRunner` on PostgreSQL, written as its documentation shows: an application with learners on
runs, and a projection that counts what our overview counts of them: registrations, activities and their amounts, one
row for each run. The library has its own tables and its own defaults.

The whole log read by a bare COPY, block by block, and thrown away: in PostgreSQL's default form, text, for the target,
and in the binary form, for comparison.

What this machine's second core gives to a plain loop: cores that share caches, or that a host divides among several
guests, reach less than twice the rate of one with any program.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic
from psycopg.sql import SQL, Identifier

from adapters.settings import Settings
from benchmarks.stock import environment

RUNS = 22  # as in OULAD
ACTIVITIES = 49  # of each learner, after the registration
EVENTS = 1 + ACTIVITIES  # of each learner
SAVED = 50  # learners of one transaction
PATIENCE = 600.0  # seconds for the runner to reach the end of the log
BARE = b"COPY events TO STDOUT"
BINARY = b"COPY events TO STDOUT (FORMAT BINARY)"
LOOP = 4_000_000  # turns, some half a second


class Learner(Aggregate):
    """One learner on one run."""

    class Registered(Aggregate.Created):
        run_id: str

    class ActivityRecorded(Aggregate.Event):
        run_id: str
        unit_id: str
        kind: str
        amount: int

    @event(Registered)
    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.amount = 0

    def record_activity(self, unit_id: str, kind: str, amount: int) -> None:
        """Record an activity."""
        self._activity_recorded(self.run_id, unit_id, kind, amount)

    @event(ActivityRecorded)
    def _activity_recorded(self, run_id: str, unit_id: str, kind: str, amount: int) -> None:  # noqa: ARG002
        self.amount += amount


class Learners(Application[UUID]):
    """The application whose events are projected."""


class CountsView(PostgresTrackingRecorder):
    """A table of counts, changed together with the record of what was processed."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        table = Identifier(self.datastore.schema), Identifier(self.tracking_table_name.replace("_tracking", ""))
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS {0}.{1} (run_id text PRIMARY KEY,"
                " registrations bigint NOT NULL, activities bigint NOT NULL, amount bigint NOT NULL)"
            ).format(*table)
        )
        self.count_statement = SQL(
            "INSERT INTO {0}.{1} AS counts VALUES (%s, %s, %s, %s) ON CONFLICT (run_id) DO UPDATE"
            " SET registrations = counts.registrations + excluded.registrations,"
            " activities = counts.activities + excluded.activities, amount = counts.amount + excluded.amount"
        ).format(*table)
        self.select_statement = SQL("SELECT run_id, registrations, activities, amount FROM {0}.{1}").format(*table)

    def count(self, tracking: Tracking, run_id: str, registrations: int, activities: int, amount: int) -> None:
        """Add to the counts of a run."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(self.count_statement, (run_id, registrations, activities, amount), prepare=True)

    def counts(self) -> dict[str, tuple[int, int, int]]:
        """Registrations, activities and amount of each run."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(self.select_statement)
            return {
                row["run_id"]: (row["registrations"], row["activities"], row["amount"]) for row in cursor.fetchall()
            }


class Counts(Projection[CountsView]):
    """The projection: one row is changed by every event."""

    name = "counts"
    topics = (get_topic(Learner.Registered), get_topic(Learner.ActivityRecorded))

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:  # noqa: ARG002 - the library's signature
        """Ignore other events."""
        self.view.insert_tracking(tracking)

    @process_event.register
    def _registered(self, domain_event: Learner.Registered, tracking: Tracking) -> None:
        self.view.count(tracking, domain_event.run_id, 1, 0, 0)

    @process_event.register
    def _activity_recorded(self, domain_event: Learner.ActivityRecorded, tracking: Tracking) -> None:
        self.view.count(tracking, domain_event.run_id, 0, 1, domain_event.amount)


def variables(postgres_url: str) -> dict[str, str]:
    """The library's settings for that database, with its default pool of connections."""
    return {name: value for name, value in environment(postgres_url).items() if "_POOL_" not in name}


def record(env: Mapping[str, str], learners: int) -> int:
    """Record that many new *learners*, EVENTS each; returns the position of the last event."""
    application = Learners(env=dict(env))
    last = 0
    for first in range(0, learners, SAVED):
        saved = application.save(*(_learner(number) for number in range(first, min(first + SAVED, learners))))
        last = saved[-1].notification.id
    application.close()
    return last


def _learner(number: int) -> Learner:
    learner = Learner(f"run-{number % RUNS}")
    for activity in range(ACTIVITIES):
        learner.record_activity(f"unit-{activity}", "click", 1 + activity % 7)
    return learner


@contextmanager
def projected(env: Mapping[str, str], until: int) -> Iterator[tuple[float, CountsView]]:
    """Run the projection from its position to the event *until*; yields the seconds and the counts."""
    started = time.perf_counter()
    with ProjectionRunner(
        application_class=Learners, projection_class=Counts, view_class=CountsView, env=dict(env)
    ) as runner:
        runner.wait(until, timeout=PATIENCE)
        yield time.perf_counter() - started, runner.view


def runner_rate(env: Mapping[str, str], learners: int) -> float:
    """Events a second, over those of that many new *learners*."""
    until = record(env, learners)
    with projected(env, until) as (seconds, _):
        return learners * EVENTS / seconds


def copy_seconds(settings: Settings, statement: bytes) -> float:
    """Seconds of one COPY, BARE or BINARY."""
    options = f"-c search_path={settings.schema_name}"
    with psycopg.connect(settings.postgres_url, options=options) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        with cursor.copy(statement) as copy:
            while copy.read():
                pass
        return time.perf_counter() - started


def gain_of_second_core() -> float:
    """How many times faster two processes do twice the work than one after the other."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(_turn, (LOOP // 10, LOOP // 10)))  # start both processes
        one, two = _seconds(pool, 1), _seconds(pool, 2)
    return 2 * one / two


def _seconds(pool: ProcessPoolExecutor, processes: int) -> float:
    started = time.perf_counter()
    list(pool.map(_turn, [LOOP] * processes))
    return time.perf_counter() - started


def _turn(turns: int) -> None:
    counts: dict[int, int] = {}
    for number in range(turns):
        counts[number % 1_000] = number
