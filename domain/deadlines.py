"""When units are due (days after the start of their run, by the clocks of its time zone), and when a run is over."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

UTC_ZONE = "UTC"
OF_A_MACHINE = ("localtime", "posixrules", "Factory", "posix", "right")
"""Names, or beginnings of names before a `/`, that mean another zone on each machine, or none there."""


class Due(Protocol):
    """What is asked of a unit here."""

    @property
    def unit_id(self) -> str: ...
    @property
    def due_after_days(self) -> int | None: ...


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


def due_at(starts_at: datetime, days: int, time_zone: str = UTC_ZONE) -> datetime:
    """
    The time *days* after *starts_at* at which a clock on a wall in *time_zone* shows the same time of day.

    Where the clock skips that time (a change to summer time), it is as many minutes later; where the clock shows it
    twice, it is the earlier one.
    """
    local = starts_at.astimezone(ZoneInfo(time_zone))
    return (local + timedelta(days=days)).astimezone(UTC)


def due_times(units: Iterable[Due], run: Mapping[str, Any]) -> dict[str, datetime]:
    """The deadlines of *units* that have one, by the fields of the fact that scheduled their *run*."""
    starts_at, zone = datetime.fromisoformat(run["starts_at"]), run.get("time_zone") or UTC_ZONE
    return {
        unit.unit_id: due_at(starts_at, unit.due_after_days, zone) for unit in units if unit.due_after_days is not None
    }
