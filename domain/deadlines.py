"""
When units are due (days after the start of their run, by the clocks of its time zone), until when work is accepted,
and when a run is over.

`deadline_of` is the one rule: unit, run, quiz and extensions in, the deadline with its late policy out. Attempts begin
and end by it, lateness is measured from it, and learners are shown it (decisions/0319).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import msgspec

from domain.late_policy import NONE, LatePolicy

UTC_ZONE = "UTC"
FROM_START, FROM_ENROLLMENT = "start", "enrollment"
DUE_FROM = (FROM_START, FROM_ENROLLMENT)
"""From when the days of a deadline count: from the start of the run, or from when a learner got a place, if later; of
learners in a cohort, from when that begins."""
SECOND = timedelta(seconds=1)
OF_A_MACHINE = ("localtime", "posixrules", "Factory", "posix", "right")
"""Names, or beginnings of names before a `/`, that mean another zone on each machine, or none there."""


class Due(Protocol):
    """What is asked of a unit here."""

    @property
    def unit_id(self) -> str: ...
    @property
    def due_after_days(self) -> int | None: ...
    @property
    def due_time(self) -> str: ...


class DueWithPolicy(Due, Protocol):
    """What is asked of a unit for all that its deadline means."""

    @property
    def late(self) -> LatePolicy | None: ...


class Dates(Protocol):
    """What is asked of a run here."""

    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def ends_at(self) -> datetime | None: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def late(self) -> LatePolicy | None: ...
    @property
    def due_from(self) -> str: ...


def is_over(ends_at: datetime | None, at: datetime) -> bool:
    """Whether a run that ends at *ends_at* is over at the moment *at*; its end is the first moment at which it is."""
    return ends_at is not None and ends_at <= at


def is_time_zone(name: str) -> bool:
    """Whether *name* is that of a time zone, such as Europe/London, and means the same everywhere."""
    if name.partition("/")[0] in OF_A_MACHINE:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such name, no name at all, a folder
        return False
    return True


def due_at(starts_at: datetime, days: int, time_zone: str = UTC_ZONE, clock: str = "") -> datetime:
    """
    The time *days* after *starts_at* at which a clock on a wall in *time_zone* shows the same time of day.

    Where the clock skips that time (a change to summer time), it is as many minutes later; where the clock shows it
    twice, it is the earlier one.

    Args:
        clock: another time of day than that of *starts_at*, `HH:MM`; empty for the same.
    """
    local = starts_at.astimezone(ZoneInfo(time_zone)).replace(fold=0) + timedelta(days=days)
    if clock:
        local = datetime.combine(local.date(), time.fromisoformat(clock), local.tzinfo)
    return local.astimezone(UTC)


def moved(at: datetime, old_start: datetime, new_start: datetime, time_zone: str = UTC_ZONE) -> datetime:
    """The time that is as far from *new_start* as *at* is from *old_start*, by clocks on a wall in *time_zone*."""
    zone = ZoneInfo(time_zone)
    local, old, new = (each.astimezone(zone).replace(tzinfo=None) for each in (at, old_start, new_start))
    return (new + (local - old)).replace(tzinfo=zone).astimezone(UTC)


def due_times(units: Iterable[Due], run: Mapping[str, Any]) -> dict[str, datetime]:
    """The deadlines of *units* that have one for all, by the fields of the fact that scheduled their *run*."""
    if run.get("due_from", FROM_START) != FROM_START:
        return {}
    starts_at, zone = datetime.fromisoformat(run["starts_at"]), run.get("time_zone") or UTC_ZONE
    return {
        unit.unit_id: due_at(starts_at, unit.due_after_days, zone, unit.due_time)
        for unit in units
        if unit.due_after_days is not None
    }


class FromEnrollment(msgspec.Struct, frozen=True):
    """
    The units of a run whose days count from when a learner got a place.

    Attributes:
        units: the days of each unit with a deadline, and its time of day (empty: that of the place).
    """

    starts_at: datetime
    time_zone: str
    units: dict[str, tuple[int, str]]

    def due(self, placed_at: datetime) -> dict[str, datetime]:
        """When the units are due for a learner who got a place then."""
        start = max(self.starts_at, placed_at)
        return {unit_id: due_at(start, days, self.time_zone, clock) for unit_id, (days, clock) in self.units.items()}


def from_enrollment(units: Iterable[Due], run: Mapping[str, Any]) -> FromEnrollment | None:
    """The same for runs of which `due_times` has nothing, by the same fields; None for other runs."""
    if run.get("due_from", FROM_START) == FROM_START:
        return None
    days = {unit.unit_id: (unit.due_after_days, unit.due_time) for unit in units if unit.due_after_days is not None}
    return FromEnrollment(datetime.fromisoformat(run["starts_at"]), run.get("time_zone") or UTC_ZONE, days)


def with_more_time(due: Mapping[str, datetime], extensions: Mapping[str, datetime]) -> dict[str, datetime]:
    """When units are due for a learner with *extensions*: an extension is more time, never less."""
    return {**due, **{unit_id: max(at, due.get(unit_id, at)) for unit_id, at in extensions.items()}}


def due_for(
    due: Mapping[str, datetime],
    own: FromEnrollment | None,
    placed_at: datetime | None,
    extensions: Mapping[str, datetime],
) -> dict[str, datetime]:
    """When units are due for one learner: as *due* for all, counted from the place, and with extensions."""
    if own is not None and placed_at is not None:
        due = {**own.due(placed_at), **due}  # a quiz may have a deadline for all
    return with_more_time(due, extensions)


class OfQuiz(NamedTuple):
    """
    What a quiz says itself about its deadline; its unit and its run say the rest.

    Attributes:
        due_at: when it is due; None for when its unit is. So is a quiz that is due when its unit is for all.
        late: what becomes of late work; None for what its unit or run says.
    """

    due_at: datetime | None = None
    late: LatePolicy | None = None


AS_UNIT = OfQuiz()


class Deadline(NamedTuple):
    """
    When work on a unit is due, for one learner.

    Attributes:
        due_at: the last moment that is in time; None for no deadline.
        accepted_until: the last moment at which work is accepted; None for as long as the run lasts.
        over_at: from when on nothing is accepted: the end of the run, or a later extension; None where it is not known.
        policy: what becomes of late work; None: it is taken as it comes.
        time_zone: by whose clocks days are counted.
        extended: whether the learner has more time than others.
    """

    due_at: datetime | None = None
    accepted_until: datetime | None = None
    over_at: datetime | None = None
    policy: LatePolicy | None = None
    time_zone: str = UTC_ZONE
    extended: bool = False

    @property
    def off_bp(self) -> int:
        """Basis points that are taken off for each day that has begun after `due_at`."""
        return (self.policy.off_bp or 0) if self.policy is not None else 0

    @property
    def ends_at(self) -> datetime | None:
        """When work is not accepted any more, at the latest; None where that is not known."""
        return min((each for each in (self.accepted_until, self.over_at) if each is not None), default=None)

    def accepts(self, at: datetime) -> bool:
        """Whether work that is handed in at the moment *at* is accepted."""
        if self.accepted_until is not None and at > self.accepted_until:
            return False
        return not is_over(self.over_at, at) or (self.extended and at == self.due_at)

    def days_late(self, at: datetime) -> int:
        """The days that have begun between the deadline and *at*, by the clocks of the run; 0 in the first second."""
        if self.due_at is None or at - self.due_at < SECOND:
            return 0
        at = self.due_at + (at - self.due_at) // SECOND * SECOND
        days = max((at - self.due_at).days - 1, 1)  # a day of the change to summer time has 23 or 25 hours
        while due_at(self.due_at, days, self.time_zone) < at:
            days += 1
        return days


def deadline_of(
    unit: DueWithPolicy,
    run: Dates,
    extensions: Mapping[str, datetime] = {},
    quiz: OfQuiz = AS_UNIT,
    placed_at: datetime | None = None,
) -> Deadline:
    """
    The deadline of a unit, or of a quiz in it, for one learner: when it is due, until when work is accepted.

    Args:
        unit: as the version of the course has it that the run follows.
        run: its dates, its zone and its own late policy; `commands.lookups.catalog.Outline` has them.
        extensions: new deadlines of the learner by unit, as `enrollment.extension_granted` says in `new_due`, the
            latest for each unit.
        quiz: what the quiz says, in the place of its unit.
        placed_at: when the learner's cohort begins, or else when the learner got a place, for runs whose days count
            from then; None for no learner.

    Returns:
        Accepted at any moment of the run where there is no deadline or no late policy (neither of the quiz nor of the
        unit or the run). An extension is more time, never less: before a deadline for all it changes nothing. Beyond
        the end of the run work is accepted until then, and late work not after the end.
    """
    due = due_of(unit, run, placed_at) if quiz.due_at is None else quiz.due_at
    extended = extensions.get(unit.unit_id)
    has_more = extended is not None and (due is None or extended > due)
    due = extended if has_more else due
    over_at = over_for(run.ends_at, extended if has_more else None)
    policy = quiz.late or unit.late or run.late
    until = accepted_until(due, policy, run.time_zone)
    return Deadline(due, until, over_at, policy, run.time_zone, has_more)


def over_for(ends_at: datetime | None, extended: datetime | None) -> datetime | None:
    """From when on nothing is accepted in a unit: the end of the run, or the learner's extension if that is later."""
    return ends_at if ends_at is None or extended is None else max(ends_at, extended)


def accepted_until(due: datetime | None, policy: LatePolicy | None, time_zone: str = UTC_ZONE) -> datetime | None:
    """The last moment at which work that is due then is accepted, by a late policy; None for as long as the run."""
    if due is None or policy is None:
        return None
    if policy.days is not None:
        return due_at(due, policy.days, time_zone)
    return due if policy.rule == NONE else None


def latest_of(deadlines: Sequence[Deadline]) -> Deadline:
    """Of the deadlines of several quizzes in one unit, that of the quiz that is due last."""
    return max(deadlines, key=lambda each: (each.due_at is not None, each.due_at))


def days_count_from(run: Dates, placed_at: datetime | None) -> datetime | None:
    """From when days count for a learner who got a place, or whose cohort began, then; None where that is not known."""
    if run.due_from != FROM_ENROLLMENT or run.starts_at is None:
        return run.starts_at
    return None if placed_at is None else max(run.starts_at, placed_at)


def due_of(unit: Due, run: Dates, placed_at: datetime | None) -> datetime | None:
    """When a unit is due without an extension; None for never, and where days count from a place that is not known."""
    start = days_count_from(run, placed_at)
    if unit.due_after_days is None or start is None:
        return None
    return due_at(start, unit.due_after_days, run.time_zone, unit.due_time)
