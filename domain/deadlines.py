"""
When units are due (days after the start of their run, by the clocks of its time zone), what becomes of work that is
late, and when a run is over.

`deadline_of` is the one rule: unit, run and extensions in, the deadline with its penalty out. No score is lowered by
that penalty yet: an attempt follows the late policy of its quiz (domain/quiz/rules.py, decisions/0272).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import msgspec

from domain.score import FULL

UTC_ZONE = "UTC"
OF_A_MACHINE = ("localtime", "posixrules", "Factory", "posix", "right")
"""Names, or beginnings of names before a `/`, that mean another zone on each machine, or none there."""


NONE, ACCEPT, PERCENT_A_DAY, UNTIL = "none", "accept", "percent_a_day", "until"
LATE_WORDS = (NONE, ACCEPT, PERCENT_A_DAY, UNTIL)
"""What becomes of work after its deadline; the set is closed for what is published from now on."""
MAX_DAYS_LATE = 1_000


class LatePolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What becomes of work after its deadline.

    Attributes:
        rule: `none`: it is not accepted; `accept`: as if it were in time; `percent_a_day`: *off_bp* basis points of the
            possible points are taken off for each day that has begun; `until`: as if it were in time, for *days*.
        off_bp: of `percent_a_day`, else None.
        days: after which nothing is accepted; of `until`, and where wanted of `percent_a_day`.
    """

    rule: str
    off_bp: int | None = None
    days: int | None = None


def problem_of_late_policy(policy: LatePolicy) -> str:
    """What is wrong with a policy, as a sentence; empty if nothing is."""
    rule, off_bp, days = policy.rule, policy.off_bp, policy.days
    if rule not in LATE_WORDS:
        return f"{rule!r} is no rule; rules are: {', '.join(LATE_WORDS)}"
    if (off_bp is not None) != (rule == PERCENT_A_DAY) or not 1 <= (1 if off_bp is None else off_bp) <= FULL:
        return f"off_bp is 1 to {FULL} with {PERCENT_A_DAY}, and is left out otherwise"
    if (days is None and rule == UNTIL) or (days is not None and rule not in (UNTIL, PERCENT_A_DAY)):
        return f"days are needed with {UNTIL}, may be there with {PERCENT_A_DAY}, and are left out otherwise"
    if not 1 <= (1 if days is None else days) <= MAX_DAYS_LATE:
        return f"days are 1 to {MAX_DAYS_LATE}"
    return ""


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
    """The deadlines of *units* that have one, by the fields of the fact that scheduled their *run*."""
    starts_at, zone = datetime.fromisoformat(run["starts_at"]), run.get("time_zone") or UTC_ZONE
    return {
        unit.unit_id: due_at(starts_at, unit.due_after_days, zone, unit.due_time)
        for unit in units
        if unit.due_after_days is not None
    }


class Deadline(NamedTuple):
    """
    When work on a unit is due, for one learner.

    Attributes:
        due_at: the last moment that is in time; None for no deadline.
        accepted_until: the last moment at which work is accepted; None for as long as the run lasts.
        over_at: the end of the run, the first moment at which nothing is accepted; None where it is not known.
        off_bp: basis points of the possible points that are taken off for each day that has begun after `due_at`.
        time_zone: by whose clocks days are counted.
    """

    due_at: datetime | None
    accepted_until: datetime | None
    over_at: datetime | None
    off_bp: int = 0
    time_zone: str = UTC_ZONE

    def accepts(self, at: datetime) -> bool:
        """Whether work that is handed in at the moment *at* is accepted."""
        return not is_over(self.over_at, at) and (self.accepted_until is None or at <= self.accepted_until)

    def days_late(self, at: datetime) -> int:
        """The days that have begun between the deadline and *at*, by the clocks of the run; 0 in time."""
        if self.due_at is None or at <= self.due_at:
            return 0
        days = max((at - self.due_at).days - 1, 1)  # a day of the change to summer time has 23 or 25 hours
        while due_at(self.due_at, days, self.time_zone) < at:
            days += 1
        return days

    def penalty_bp(self, at: datetime) -> int:
        """Basis points of the possible points that are taken off work that is handed in at *at*; at most all."""
        return min(self.days_late(at) * self.off_bp, FULL) if self.off_bp else 0


def deadline_of(
    unit: DueWithPolicy, run: Dates, extensions: Mapping[str, datetime] = {}, due: datetime | None = None
) -> Deadline:
    """
    The deadline of a unit for one learner: when it is due, until when work is accepted, and what being late costs.

    Asked for the deadlines of a learner, for that of a new quiz without one of its own, and before an extension.

    Args:
        unit: as the version of the course has it that the run follows.
        run: its dates, its zone and its own late policy; `commands.lookups.catalog.Outline` has them.
        extensions: new deadlines of the learner by unit, as `enrollment.extension_granted` says in `new_due`, the
            latest for each unit.
        due: the deadline of a quiz of its own, in the place of that of the unit; an extension goes before it.

    Returns:
        Accepted at any moment of the run where there is no deadline or no late policy (neither of the unit nor of the
        run). An extension beyond the end of the run is accepted until then, and late work on it not after the end.
    """
    if due is None and unit.due_after_days is not None and run.starts_at is not None:
        due = due_at(run.starts_at, unit.due_after_days, run.time_zone, unit.due_time)
    extended = extensions.get(unit.unit_id)
    due = extended or due
    over_at = run.ends_at
    if extended is not None and over_at is not None and over_at <= extended:
        over_at = extended + timedelta(microseconds=1)  # the moment itself is in time
    policy = unit.late or run.late
    if due is None or policy is None:
        return Deadline(due, None, over_at, time_zone=run.time_zone)
    until = due if policy.rule == NONE else None
    if policy.days is not None:
        until = due_at(due, policy.days, run.time_zone)
    return Deadline(due, until, over_at, policy.off_bp or 0, run.time_zone)
