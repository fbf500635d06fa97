"""Days and weeks by the ordinals of days (UTC), as facts have them."""

from datetime import date
from functools import lru_cache

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@lru_cache(maxsize=4_096)
def iso_day(ordinal: int) -> str:
    """A day as ISO 8601 writes it."""
    return date.fromordinal(ordinal).isoformat()


def monday_of(ordinal: int) -> int:
    """The ordinal of the Monday of the week of a day; 0001-01-01, ordinal 1, was a Monday."""
    return (ordinal - 1) // 7 * 7 + 1
