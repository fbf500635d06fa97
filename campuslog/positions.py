"""
When: a position in the log, or a time.

A position counts what the log knew: facts are in the order in which they were recorded. A time always means when
something happened (`occurred_at`), which for imported facts is years before they were recorded.
"""

from datetime import UTC, date, datetime, time
from typing import NamedTuple

from campuslog.errors import BadTime

Moment = int | datetime | date
"""A position; or a time with its zone; or a day, which begins at midnight UTC."""


LARGEST = 2**63 - 1  # of PostgreSQL's bigint, which counts positions


class Bound(NamedTuple):
    """One end of what is asked for: a position or a time, the other is None."""

    position: int | None = None
    time: datetime | None = None


def bound(moment: Moment | None, name: str) -> Bound:
    """
    What the argument *name* means.

    Raises:
        BadTime: a time without a zone, or something else altogether.
    """
    if moment is None:
        return Bound()
    if isinstance(moment, int) and not isinstance(moment, bool):
        if not 0 <= moment <= LARGEST:
            raise BadTime(f"{name}={moment} is no position: they begin with 1, and none is above {LARGEST:,}")
        return Bound(position=moment)
    if isinstance(moment, datetime):
        if moment.utcoffset() is None:
            raise BadTime(f"{name}={moment} has no time zone: say datetime(…, tzinfo=UTC)")
        return Bound(time=moment)
    if isinstance(moment, date):
        return Bound(time=datetime.combine(moment, time(), UTC))
    raise BadTime(f"{name}={moment!r} is neither a position (int) nor a time (datetime or date)")


def instant(time: Moment, name: str) -> datetime:
    """
    The time that the argument *name* means, where a position will not do.

    Raises:
        BadTime: a time without a zone, or something else altogether.
    """
    found = bound(time, name).time if isinstance(time, date) else None
    if found is None:
        raise BadTime(f"{name}={time!r} is no time (datetime or date)")
    return found
