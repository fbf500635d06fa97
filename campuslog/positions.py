"""
When: a position in the log, or a time.

A position counts what the log knew: facts are in the order in which they were recorded. A time always means when
something happened (`occurred_at`), which for imported facts is years before they were recorded. Only `position_at` asks
for the other clock (`recorded_at`): what the log knew at a time.

An end (`until`, `as_of`, the time of `position_at`) includes what it names: the fact at a position, what happened at
the very moment, a whole day (UTC). A beginning (`since`) is after a position, at a moment, with a day.
"""

import re
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from campuslog.errors import BadTime

Moment = int | datetime | date | str
"""A position; or a time with its zone; or a day (UTC); or one of these two as ISO 8601 text."""

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
TIME = re.compile(
    DAY.pattern + r"[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,6})?)?( ?Z| ?[+-]\d{2}:?\d{2})?", re.ASCII | re.IGNORECASE
)

LARGEST = 2**63 - 1  # of PostgreSQL's bigint, which counts positions


class Bound(NamedTuple):
    """One end of what is asked for: a position or a time, the other is None."""

    position: int | None = None
    time: datetime | None = None


def bound(moment: Moment | None, name: str, *, end: bool = False) -> Bound:
    """
    What the argument *name* means.

    Args:
        end: it ends what is asked for: a day means its last microsecond, not its first.

    Raises:
        BadTime: a time without a zone, or something else altogether.
    """
    if moment is None:
        return Bound()
    if isinstance(moment, str):
        moment = _written(moment, name)
    if isinstance(moment, int) and not isinstance(moment, bool):
        if not 0 <= moment <= LARGEST:
            raise BadTime(f"{name}={moment} is no position: they begin with 1, and none is above {LARGEST:,}")
        return Bound(position=moment)
    if isinstance(moment, datetime):
        if moment.utcoffset() is None:
            raise BadTime(
                f"{name}={moment} has no time zone: say datetime(…, tzinfo=UTC), or write 2014-03-01T09:00:00Z"
            )
        return Bound(time=moment)
    if isinstance(moment, date):
        return Bound(time=datetime.combine(moment, time.max if end else time.min, UTC))
    raise BadTime(f"{name}={moment!r} is neither a position (int) nor a time (datetime, date or ISO 8601 text)")


def instant(time: Moment, name: str) -> datetime:
    """
    The time that the argument *name* means as an end, where a position will not do.

    Raises:
        BadTime: a time without a zone, or something else altogether.
    """
    found = bound(time, name, end=True).time if isinstance(time, date | str) else None
    if found is None:
        raise BadTime(f"{name}={time!r} is no time (datetime, date or ISO 8601 text)")
    return found


def worded(moment: Moment | None) -> str:
    """A moment in words: `2014-03-01` as it was asked for; empty for a position, or none."""
    if isinstance(moment, str):
        return moment
    return moment.isoformat() if isinstance(moment, date) else ""


def _written(text: str, name: str) -> datetime | date:
    """The day or the time that is written as ISO 8601 text."""
    try:
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
        if TIME.fullmatch(text):
            return datetime.fromisoformat(text.replace(" Z", "Z").replace(" +", "+").replace(" -", "-"))
    except ValueError as error:
        raise BadTime(f"{name}={text!r} is no time: {error}") from error
    raise BadTime(f"{name}={text!r} is no time: write 2014-03-01 or 2014-03-01T09:00:00Z; a position is a number (int)")
