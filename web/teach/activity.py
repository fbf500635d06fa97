"""What was done on a run, by the day of the week and the week: the numbers of a heat map."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from babel.dates import format_date

from domain.weeks import WEEKDAYS
from web.words import Reader

MOST_WEEKS = 53
WEEK = timedelta(days=7)


class HeatMap(NamedTuple):
    """
    Rows are the days of the week, Monday first, columns are weeks, the latest last.

    Attributes:
        weeks: the day of each Monday, as the reader writes it.
        values: for each day a number for each week; None for days to come.
    """

    days: Sequence[str]
    weeks: Sequence[str]
    values: Sequence[Sequence[int | None]]


def heat_map_of(weeks: Sequence[Mapping[str, Any]], reader: Reader) -> HeatMap | None:
    """
    The heat map of the weeks of a run's dashboard, also those between them in which nothing was done.

    None where nothing was done, and where the read model does not say yet on which days.
    """
    if not weeks or any(each[WEEKDAYS[0]] is None for each in weeks):
        return None
    known = {date.fromisoformat(each["week"]): each for each in weeks}
    last = max(known)
    first = max(min(known), last - (MOST_WEEKS - 1) * WEEK)
    mondays = [first + at * WEEK for at in range((last - first) // WEEK + 1)]
    names = reader.locale.days["format"]["abbreviated"]
    return HeatMap(
        [names[at] for at in range(7)],
        [format_date(each, "short", locale=reader.locale) for each in mondays],
        [[_done(known.get(monday, {}), monday, at, reader.now.date()) for monday in mondays] for at in range(7)],
    )


def _done(week: Mapping[str, Any], monday: date, at: int, today: date) -> int | None:
    done: int = week.get(WEEKDAYS[at], 0)
    return done if done or monday + timedelta(days=at) <= today else None
