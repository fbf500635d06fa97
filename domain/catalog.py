"""
The catalog: courses in published versions, and the runs in which they are given.

A course's structure never changes in place: a new version is published, and a run says which one it follows.
Weights and scores are in basis points (0 to 10,000).
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.capacity import EXCESS_STAYS, check_capacity
from domain.deadlines import UTC_ZONE, is_time_zone
from domain.errors import Conflict, NotFound, Rejected
from domain.grading import Group, counted
from domain.kinds import KINDS, Kind, plain_kind
from domain.score import FULL

MAX_UNITS = 5_000
COMPLETION_RULES = ("all_weighted_units",)
GRADING_POLICIES = ("weighted_mean",)
PACINGS = ("instructor", "self", "cohort")


class Unit(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One thing to open, do or hand in.

    Attributes:
        kind: one of domain.kinds.KINDS; older versions may have other words.
        weight: share of the course's percentage, in basis points; 0 for a unit without work.
        due_after_days: days from the start of the run to the deadline, None for no deadline.
        group: the group of the final grade to which it belongs, empty where the course has no groups.
        recorded: false for an assessment of which the run's records have nothing: it counts for nothing.
    """

    unit_id: str
    kind: Kind
    title: str
    weight: int = 0
    due_after_days: int | None = None
    group: str = ""
    recorded: bool = True


class CourseNotFound(NotFound):
    """No such course."""

    code = "course_not_found"
    template = "there is no course {course_id}"
    lifted_by = "course-{course_id}"


class VersionNotFound(CourseNotFound):
    """The course has no such version."""

    template = "course {course_id} has no version {version}"


class RunNotFound(NotFound):
    """No such course run."""

    code = "run_not_found"
    template = "there is no course run {run_id}"
    lifted_by = "run-{run_id}"


class CourseExists(Conflict):
    """Another course has this id."""

    code = "course_exists"
    template = "course {course_id} exists with another title or text"


class RunExists(Conflict):
    """Another run has this id."""

    code = "run_exists"
    template = "run {run_id} exists with another plan"


class BadStructure(Rejected):
    """The units of a course contradict each other."""

    code = "bad_structure"


class BadSchedule(Rejected):
    """A run ends before it starts, has too few seats or hours, or follows a version that the course lacks."""

    code = "bad_schedule"


def course_stream(course_id: str) -> str:
    return stream_id("course", course_id)


def run_stream(run_id: str) -> str:
    return stream_id("run", run_id)


def structure_hash(units: list[Unit], groups: list[Group] | None = None) -> str:
    """SHA-256, in hex, of units and groups as canonical JSON: equal structures have equal hashes."""
    return hashlib.sha256(msgspec.json.encode([units, groups] if groups else units, order="sorted")).hexdigest()


class Course(Aggregate):
    """A course and all its published versions."""

    category = "course"
    ids = ("course_id",)
    scope = "reference"

    class Created(Aggregate.Event):
        TOPIC = "course.created"
        title: str
        summary: str
        language: str

    class VersionPublished(Aggregate.Event):
        TOPIC = "course.version_published"
        class_version = 2
        version: int
        units: list[Unit]
        completion_rule: str
        grading_policy: str
        structure_hash: str
        groups: list[Group]

        @staticmethod
        def upcast_v1_v2(state: dict[str, Any]) -> None:
            """In version 1 all units made one mean."""
            state["groups"] = []

    def initial_state(self) -> None:
        self.title = ""
        self.summary = ""
        self.language = ""
        self.versions: dict[int, list[Unit]] = {}
        self.rules: dict[int, tuple[str, str]] = {}
        self.groups: dict[int, list[Group]] = {}

    def create(self, title: str, summary: str, language: str) -> None:
        """Put the course into the catalog."""
        if self.exists:
            if (self.title, self.summary, self.language) != (title, summary, language):
                raise CourseExists(course_id=self.id_of("course_id"))
            return
        self._created(title=title, summary=summary, language=language)

    @event(Created)
    def _created(self, title: str, summary: str, language: str) -> None:
        self.title, self.summary, self.language = title, summary, language

    def publish(
        self, units: list[Unit], completion_rule: str, grading_policy: str, groups: Sequence[Group] = ()
    ) -> int:
        """Publish a structure with its rules; returns its version, the first one if the same was published before."""
        if not self.exists:
            raise CourseNotFound(course_id=self.id_of("course_id"))
        plain = [msgspec.structs.replace(unit, kind=plain_kind(unit.kind)) for unit in units]
        for version, published in self.versions.items():
            same = self.rules[version] == (completion_rule, grading_policy) and self.groups[version] == list(groups)
            if same and published in (units, plain):
                return version
        _check_units(plain, any_kind=self.importing)
        _check_groups(plain, groups)
        _check_word("completion rule", completion_rule, COMPLETION_RULES)
        _check_word("grading policy", grading_policy, GRADING_POLICIES)
        version = len(self.versions) + 1
        digest = structure_hash(plain, list(groups))
        self._version_published(version, plain, completion_rule, grading_policy, digest, list(groups))
        return version

    @event(VersionPublished)
    def _version_published(
        self,
        version: int,
        units: list[Unit],
        completion_rule: str,
        grading_policy: str,
        structure_hash: str,
        groups: list[Group],
    ) -> None:
        self.versions[version] = units
        self.rules[version] = (completion_rule, grading_policy)
        self.groups[version] = groups


def _check_word(what: str, word: str, words: Sequence[str]) -> None:
    if word not in words:
        raise BadStructure(f"{word!r} is no {what}; these are: {', '.join(words)}", word=word)


def _check_units(units: list[Unit], *, any_kind: bool = False) -> None:
    if not 0 < len(units) <= MAX_UNITS:
        raise BadStructure(f"a course has 1 to {MAX_UNITS} units, not {len(units)}", units=len(units))
    seen: set[str] = set()
    for unit in units:
        stream_id("unit", unit.unit_id)
        if unit.unit_id in seen:
            raise BadStructure(f"unit {unit.unit_id} is listed twice", unit_id=unit.unit_id)
        if unit.weight < 0:
            raise BadStructure(f"unit {unit.unit_id} has the negative weight {unit.weight}", unit_id=unit.unit_id)
        if unit.kind not in KINDS and not any_kind:
            raise BadStructure(
                f"unit {unit.unit_id} has the unknown kind {unit.kind!r}; kinds are: {', '.join(sorted(KINDS))}",
                unit_id=unit.unit_id,
            )
        seen.add(unit.unit_id)


def _check_groups(units: list[Unit], groups: Sequence[Group]) -> None:
    """Refuse a structure whose full percentage, or full grade, cannot be reached."""
    counts = counted(units)
    if not counts:
        raise BadStructure("100 % cannot be reached: no unit of the course counts", units=0)
    names = [group.group_id for group in groups]
    for group in groups:
        stream_id("group", group.group_id)
        if names.count(group.group_id) > 1:
            raise BadStructure(f"group {group.group_id} is listed twice", group=group.group_id)
        if group.weight < 1 or not 0 <= (group.pass_bp or 0) <= FULL:
            raise BadStructure(
                f"group {group.group_id} needs a weight of 1 at least, and a pass mark of 0 to {FULL} basis points",
                group=group.group_id,
            )
        if not any(unit.group == group.group_id and unit.unit_id in counts and unit.weight for unit in units):
            raise BadStructure(
                f"100 % cannot be reached: group {group.group_id} has no unit with a weight", group=group.group_id
            )
    for unit in units:
        if unit.group not in names and (unit.group or (names and unit.unit_id in counts)):
            raise BadStructure(
                f"unit {unit.unit_id} is in no group that the course has: every unit with a weight is in one of"
                f" {', '.join(names) or 'none'}",
                unit_id=unit.unit_id,
            )


class Run(Aggregate):
    """One run of a course: when it is given, by which version, and for how many."""

    category = "run"
    ids = ("run_id",)
    scope = "reference"
    tagged_by = ("course_id",)

    class Scheduled(Aggregate.Event):
        TOPIC = "run.scheduled"
        class_version = 4
        course_id: str
        course_version: int
        starts_at: datetime
        ends_at: datetime
        capacity: int | None
        pacing: str
        seat_offer_hours: int | None
        time_zone: str
        waitlist_limit: int | None

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

    class Opened(Aggregate.Event):
        TOPIC = "run.opened"

    class Closed(Aggregate.Event):
        TOPIC = "run.closed"

    class CapacityChanged(Aggregate.Event):
        TOPIC = "run.capacity_changed"
        old: int
        new: int
        excess: str

    def initial_state(self) -> None:
        self.course_id = ""
        self.course_version = 0
        self.starts_at: datetime | None = None
        self.ends_at: datetime | None = None
        self.capacity: int | None = None
        self.pacing = ""
        self.seat_offer_hours: int | None = None
        self.time_zone = UTC_ZONE
        self.waitlist_limit: int | None = None
        self.is_open = False

    def schedule(self, course_id: str, course_version: int, **plan: Any) -> None:
        """
        Plan the run.

        Args:
            plan: starts_at, ends_at, capacity (None: no limit), pacing, seat_offer_hours: for how long a seat that
                came free is held for the next in line (None or 0: it is given at once; so it is without a capacity),
                time_zone: by whose clocks units are due (UTC if left out), and waitlist_limit: how many learners may
                wait for a seat (None or left out: no limit, 0: none; no limit without a capacity).
        """
        plan.setdefault("time_zone", UTC_ZONE)
        plan.setdefault("waitlist_limit", None)
        if plan["capacity"] is None:
            plan["seat_offer_hours"] = plan["waitlist_limit"] = None
        plan["seat_offer_hours"] = plan["seat_offer_hours"] or None
        if self.exists:
            known = {name: getattr(self, name) for name in plan}
            if (self.course_id, self.course_version, known) != (course_id, course_version, plan):
                raise RunExists(run_id=self.id_of("run_id"))
            return
        run_id = self.id_of("run_id")
        if plan["pacing"] not in PACINGS and not self.importing:
            raise BadSchedule(
                f"{plan['pacing']!r} is no pacing; these are: {', '.join(PACINGS)}", pacing=plan["pacing"]
            )
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
    ) -> None:
        self.course_id, self.course_version = course_id, course_version
        self.starts_at, self.ends_at, self.capacity, self.pacing = starts_at, ends_at, capacity, pacing
        self.seat_offer_hours, self.time_zone, self.waitlist_limit = seat_offer_hours, time_zone, waitlist_limit

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
        """Have more or fewer seats than before; *excess* is the policy for those who sit when fewer are left."""
        self._must_exist()
        check_capacity(self.id_of("run_id"), self.capacity, capacity, excess)
        if self.capacity is not None and capacity != self.capacity:
            self._capacity_changed(old=self.capacity, new=capacity, excess=excess)

    @event(CapacityChanged)
    def _capacity_changed(self, old: int, new: int, excess: str) -> None:
        self.capacity = new

    def _must_exist(self) -> None:
        if not self.exists:
            raise RunNotFound(run_id=self.id_of("run_id"))
