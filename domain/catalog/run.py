"""Runs: when a course is given, by which version, and for how many."""

from datetime import datetime
from typing import Any

from domain.aggregate import Aggregate, event, stream_id
from domain.capacity import EXCESS_STAYS, check_capacity
from domain.catalog.errors import BadSchedule, RunExists, RunNotFound
from domain.deadlines import DUE_FROM, FROM_START, UTC_ZONE, is_over, is_time_zone
from domain.late_policy import LatePolicy, problem_of_late_policy

PACINGS = ("instructor", "self", "cohort")


def run_stream(run_id: str) -> str:
    """The stream of a run."""
    return stream_id("run", run_id)


class Run(Aggregate):
    """One run of a course: when it is given, by which version, and for how many."""

    category = "run"
    ids = ("run_id",)
    scope = "reference"
    tagged_by = ("course_id",)

    class Scheduled(Aggregate.Event):
        TOPIC = "run.scheduled"
        class_version = 6
        course_id: str
        course_version: int
        starts_at: datetime
        ends_at: datetime
        capacity: int | None
        pacing: str
        seat_offer_hours: int | None
        time_zone: str
        waitlist_limit: int | None
        late: LatePolicy | None
        registration_opens_at: datetime | None
        registration_closes_at: datetime | None
        cloned_from: str | None
        due_from: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """In version 1 a seat that came free was given at once."""
            state["seat_offer_hours"] = None

        @staticmethod
        def upcast_v2_v3(state: dict[str, Any]) -> None:
            """In version 2 deadlines were multiples of 24 hours after the start, which is wall-clock time in UTC."""
            state["time_zone"] = UTC_ZONE

        @staticmethod
        def upcast_v3_v4(state: dict[str, Any]) -> None:
            """In version 3 every run queued as many learners as asked."""
            state["waitlist_limit"] = None

        @staticmethod
        def upcast_v4_v5(state: dict[str, Any]) -> None:
            """In version 4 late work was taken as it came, and learners registered while the run was open."""
            state.update(late=None, registration_opens_at=None, registration_closes_at=None, cloned_from=None)

        @staticmethod
        def upcast_v5_v6(state: dict[str, Any]) -> None:
            """In version 5 the days of all deadlines counted from the start of the run."""
            state["due_from"] = FROM_START

    class Opened(Aggregate.Event):
        TOPIC = "run.opened"

    class Closed(Aggregate.Event):
        TOPIC = "run.closed"

    class CapacityChanged(Aggregate.Event):
        TOPIC = "run.capacity_changed"
        class_version = 2
        old: int | None
        new: int
        excess: str

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """In version 1 only a run that had a limit of seats got another one; `old` is null for one without."""

    class VersionChanged(Aggregate.Event):
        """The run follows another version of its course from now on; changes count from 1."""

        TOPIC = "run.version_changed"
        course_id: str
        old: int
        new: int
        change_no: int

    def initial_state(self) -> None:
        self.course_id = ""
        self.versions: list[int] = []
        self.starts_at: datetime | None = None
        self.ends_at: datetime | None = None
        self.capacity: int | None = None
        self.pacing = ""
        self.seat_offer_hours: int | None = None
        self.time_zone = UTC_ZONE
        self.waitlist_limit: int | None = None
        self.late: LatePolicy | None = None
        self.registration_opens_at: datetime | None = None
        self.registration_closes_at: datetime | None = None
        self.cloned_from: str | None = None
        self.due_from = FROM_START
        self.is_open = False

    @property
    def course_version(self) -> int:
        """The version of the course that the run follows, 0 before it is scheduled."""
        return self.versions[-1] if self.versions else 0

    def schedule(self, course_id: str, course_version: int, **plan: Any) -> None:
        """
        Plan the run.

        Args:
            plan: starts_at, ends_at, capacity (None: no limit), pacing, seat_offer_hours: for how long a seat that
                came free is held for the next in line (None or 0: it is given at once; so it is without a capacity),
                time_zone: by whose clocks units are due (UTC if left out), and waitlist_limit: how many learners may
                wait for a seat (None or left out: no limit, 0: none; no limit without a capacity); late: what becomes
                of late work where a unit says nothing; registration_opens_at and registration_closes_at: when learners
                may ask for a place while the run is open (None or left out: always); cloned_from: the run whose plan
                this is; due_from: from when days count, one of domain.deadlines.DUE_FROM (left out: from the start).
        """
        plan.setdefault("time_zone", UTC_ZONE)
        plan.setdefault("due_from", FROM_START)
        for name in ("waitlist_limit", "late", "registration_opens_at", "registration_closes_at", "cloned_from"):
            plan.setdefault(name, None)
        if plan["capacity"] is None:
            plan["seat_offer_hours"] = plan["waitlist_limit"] = None
        plan["seat_offer_hours"] = plan["seat_offer_hours"] or None
        if self.exists:
            known = {name: getattr(self, name) for name in plan}
            if (self.course_id, self.versions[0], known) != (course_id, course_version, plan):
                raise RunExists(run_id=self.id_of("run_id"))
            return
        _check_plan(self.id_of("run_id"), plan, any_pacing=self.importing)
        self._scheduled(course_id=course_id, course_version=course_version, **plan)

    @event(Scheduled)
    def _scheduled(
        self,
        course_id: str,
        course_version: int,
        starts_at: datetime,
        ends_at: datetime,
        capacity: int | None,
        pacing: str,
        seat_offer_hours: int | None,
        time_zone: str,
        waitlist_limit: int | None,
        late: LatePolicy | None,
        registration_opens_at: datetime | None,
        registration_closes_at: datetime | None,
        cloned_from: str | None,
        due_from: str,
    ) -> None:
        self.course_id, self.versions = course_id, [course_version]
        self.starts_at, self.ends_at, self.capacity, self.pacing = starts_at, ends_at, capacity, pacing
        self.seat_offer_hours, self.time_zone, self.waitlist_limit = seat_offer_hours, time_zone, waitlist_limit
        self.late, self.cloned_from, self.due_from = late, cloned_from, due_from
        self.registration_opens_at, self.registration_closes_at = registration_opens_at, registration_closes_at

    def open(self) -> None:
        """Admit learners."""
        self._must_exist()
        if not self.is_open:
            self._opened()

    @event(Opened)
    def _opened(self) -> None:
        self.is_open = True

    def close(self) -> None:
        """Admit no further learners; those who have a place keep it."""
        self._must_exist()
        if self.is_open:
            self._closed()

    @event(Closed)
    def _closed(self) -> None:
        self.is_open = False

    def change_capacity(self, capacity: int, excess: str = EXCESS_STAYS) -> None:
        """Have so many seats, also where there was no limit; *excess* is the policy for those who sit above it."""
        self._must_exist()
        check_capacity(self.id_of("run_id"), capacity, excess)
        if capacity != self.capacity:
            self._capacity_changed(old=self.capacity, new=capacity, excess=excess)

    @event(CapacityChanged)
    def _capacity_changed(self, old: int | None, new: int, excess: str) -> None:
        self.capacity = new

    def follow_version(self, version: int, at: datetime) -> None:
        """Follow another version of the course; a run that has ended keeps the one that it had."""
        self._must_exist()
        if version == self.course_version:
            return
        if is_over(self.ends_at, at):
            run_id = self.id_of("run_id")
            raise BadSchedule(f"run {run_id} has ended, and keeps its version of the course", run_id=run_id)
        self._version_changed(
            course_id=self.course_id, old=self.course_version, new=version, change_no=len(self.versions)
        )

    @event(VersionChanged)
    def _version_changed(self, course_id: str, old: int, new: int, change_no: int) -> None:
        self.versions.append(new)

    def _must_exist(self) -> None:
        if not self.exists:
            raise RunNotFound(run_id=self.id_of("run_id"))


def _check_plan(run_id: str, plan: dict[str, Any], *, any_pacing: bool) -> None:
    """Refuse a plan that contradicts itself; *any_pacing* lets old words pass."""
    if plan["pacing"] not in PACINGS and not any_pacing:
        raise BadSchedule(f"{plan['pacing']!r} is no pacing; these are: {', '.join(PACINGS)}", pacing=plan["pacing"])
    if plan["due_from"] not in DUE_FROM:
        raise BadSchedule(f"days count from one of {', '.join(DUE_FROM)}, not from {plan['due_from']!r}", run_id=run_id)
    if plan["ends_at"] <= plan["starts_at"]:
        raise BadSchedule(f"run {run_id} would end before it starts", run_id=run_id)
    if plan["capacity"] is not None and plan["capacity"] < 1:
        raise BadSchedule(f"run {run_id} needs a seat at least, or no limit", run_id=run_id)
    if not is_time_zone(plan["time_zone"]):
        raise BadSchedule(
            f"{plan['time_zone']!r} is no time zone; give a name such as Europe/London", time_zone=plan["time_zone"]
        )
    if (plan["seat_offer_hours"] or 0) < 0:
        raise BadSchedule(f"run {run_id} cannot offer seats for fewer than 0 hours", run_id=run_id)
    if (plan["waitlist_limit"] or 0) < 0:
        raise BadSchedule(f"run {run_id} cannot let fewer than 0 learners wait", run_id=run_id)
    if plan["late"] is not None and (problem := problem_of_late_policy(plan["late"])):
        raise BadSchedule(f"run {run_id} has a late policy that says nothing: {problem}", run_id=run_id)
    opens, closes = plan["registration_opens_at"], plan["registration_closes_at"]
    if (opens and closes and closes <= opens) or (opens and opens >= plan["ends_at"]):
        raise BadSchedule(f"registration for run {run_id} would close, or the run end, before it opens", run_id=run_id)
