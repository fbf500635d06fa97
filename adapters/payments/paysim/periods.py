"""
Billing periods: days and weeks by the second, months and years by the calendar from an anchor.
"""

import calendar
from datetime import UTC, datetime, timedelta

from adapters.payments.paysim.store import Object

DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "year": 12}


def end_of(start: int, recurring: Object, anchor: int) -> int:
    """
    When the period that begins at *start* ends.

    Args:
        anchor: when the first period began; its day of the month is that of all others, where the month has it.
    """
    interval, count = recurring["interval"], recurring["interval_count"]
    moment = datetime.fromtimestamp(start, UTC)
    if interval in DAYS:
        return int((moment + timedelta(days=DAYS[interval] * count)).timestamp())
    months = moment.year * 12 + moment.month - 1 + MONTHS[interval] * count
    year, month = divmod(months, 12)
    day = min(datetime.fromtimestamp(anchor, UTC).day, calendar.monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())
