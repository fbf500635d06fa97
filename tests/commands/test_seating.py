"""A crowd on a run with few seats: in memory, many times, and on real servers through two processes' memories."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from adapters.command_bus.bus import Bus
from adapters.command_bus.unit_of_work import encode_state, restore_state
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.catalog import CloseRun, CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.log import Context
from domain.catalog import Unit
from tests.support.clock import StoppedClock
from tests.support.given import Said, state_of
from tests.support.memory_log import MemoryBus, MemoryLog
from tests.support.seat_model import Seating

DATES = (datetime(2026, 9, 1, tzinfo=UTC), datetime(9027, 1, 31, tzinfo=UTC))  # no offer is cut short by the end
COURSE = (CreateCourse("algebra", "Algebra"), PublishCourse("algebra", [Unit("u1", "page", "Begin here")]))


def scheduled(run_id: str, capacity: int, seat_offer_hours: int | None, waitlist_limit: int | None) -> ScheduleRun:
    """The command that plans the run."""
    hours, limit = seat_offer_hours, waitlist_limit
    return ScheduleRun(run_id, "algebra", 1, *DATES, capacity, seat_offer_hours=hours, waitlist_limit=limit)


def other(run_id: str) -> tuple[ScheduleRun, OpenRun]:
    """Another run of the course, which has room for all."""
    return ScheduleRun(run_id, "algebra", 1, *DATES), OpenRun(run_id)


class InMemory(Seating):
    """The use cases over a log in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.log = MemoryLog()
        self.log.clock = StoppedClock(DATES[0])
        self.bus = MemoryBus(self.log)

    def open(self, capacity: int, seat_offer_hours: int | None, waitlist_limit: int | None) -> None:
        self.run_id, self.other = "algebra-1", "algebra-2"
        plan = scheduled(self.run_id, capacity, seat_offer_hours, waitlist_limit)
        for command in (*COURSE, plan, OpenRun(self.run_id), *other(self.other)):
            self.send(command)

    def move(self, hours: int) -> None:
        self.log.clock.move(timedelta(hours=hours))

    def at(self, hours: int) -> datetime:
        return self.log.clock.now() + timedelta(hours=hours)

    def send(self, command: Any, *, again: bool = False) -> int:  # noqa: ARG002 - there is one place only
        return self.runner.run(self.bus.handle(command, Context(actor="test", at=self.log.clock.now())))

    def facts(self, stream: str) -> Sequence[Said]:
        return [Said(fact.type, fact.data) for fact in self.log.of(stream)]

    @rule()
    def close_or_open(self) -> None:
        """A closed run admits no learner, and offers no seat."""
        self.send(CloseRun(self.run_id) if self.is_open else OpenRun(self.run_id))
        self.is_open = not self.is_open

    @invariant()
    def what_was_saved_is_remembered(self) -> None:
        """A replay gives the state that was decided on, and so does a snapshot, with the queue in its order."""
        for stream, live in self.log.saved.items():
            assert state_of(self.log.replay(type(live), stream)) == state_of(live)
            if live.snapshot_fields:
                restored = type(live).blank(stream)
                restore_state(restored, encode_state(live))
                for name in live.snapshot_fields:
                    kept, original = getattr(restored, name), getattr(live, name)
                    assert kept == original
                    assert not isinstance(kept, dict) or list(kept) == list(original)
        self.log.saved.clear()

    def teardown(self) -> None:
        self.runner.close()


class OnServers(Seating):
    """The use cases over PostgreSQL, from processes that remember different things."""

    campus: Settings
    runner: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        self.log = self.runner.run(PostgresLog.open(self.campus))
        self.buses = (Bus(self.log), Bus(self.log))
        self.bus = self.bus_again = self.buses[0]

    @rule(first=st.integers(0, 1), again=st.integers(0, 1))
    def change_process(self, first: int, again: int) -> None:
        """What comes next goes to a process that may remember an older state."""
        self.bus, self.bus_again = self.buses[first], self.buses[again]

    def open(self, capacity: int, seat_offer_hours: int | None, waitlist_limit: int | None) -> None:
        self.run_id = f"run-{uuid.uuid4().hex[:8]}"
        self.other = f"{self.run_id}-b"
        plan = scheduled(self.run_id, capacity, seat_offer_hours, waitlist_limit)
        for command in (*COURSE, plan, OpenRun(self.run_id), *other(self.other)):
            self.send(command)

    def move(self, hours: int) -> None:
        self.log.clock.move(timedelta(hours=hours))

    def at(self, hours: int) -> datetime:
        return self.log.clock.now() + timedelta(hours=hours)

    def send(self, command: Any, *, again: bool = False) -> int:
        bus = self.bus_again if again else self.bus
        return self.runner.run(bus.handle(command, Context(actor="test", at=self.log.clock.now())))

    def facts(self, stream: str) -> Sequence[Said]:
        return [Said(fact.type, fact.data) for fact in self.runner.run(self.log.stream(stream))]

    def teardown(self) -> None:
        self.runner.run(self.log.close())


@pytest.mark.thorough
@pytest.mark.parametrize("examples", [80, pytest.param(3_000, marks=pytest.mark.slow)])
def test_seats_in_memory(examples: int) -> None:
    """Never more seated than seats, never out of turn, and a replay or a snapshot remembers the same."""
    run_state_machine_as_test(InMemory, settings=effort(max_examples=examples, stateful_step_count=40, deadline=None))


def test_seats_on_servers(settings: Settings) -> None:
    """The same holds when commands go through two processes, each of which remembers what it has seen."""
    with asyncio.Runner() as shared:

        class Here(OnServers):
            campus = settings
            runner = shared

        few = effort(
            max_examples=15, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        )
        run_state_machine_as_test(Here, settings=few)
