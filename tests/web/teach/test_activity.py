"""The heat map of a run: days of the week by weeks."""

from datetime import UTC, datetime
from typing import Any

from domain.weeks import WEEKDAYS
from web.teach.activity import MOST_WEEKS, heat_map_of
from web.words import Reader, zone_of

WEDNESDAY = Reader("de", zone_of("Europe/Berlin"), datetime(2026, 3, 18, 12, tzinfo=UTC))


def week(monday: str, *rows: int) -> dict[str, Any]:
    """A week as the dashboard has it."""
    return {"week": monday, **dict(zip(WEEKDAYS, (*rows, *[0] * (7 - len(rows))), strict=True))}


def test_weeks_without_activity_are_there_and_days_to_come_are_not() -> None:
    """Rows are days, Monday first, in the language of the reader; of this week only what is over or was done."""
    found = heat_map_of([week("2026-03-16", 4, 0, 1), week("2026-03-02", 1, 2, 3, 4, 5, 6, 7)], WEDNESDAY)
    assert found is not None
    assert list(found.days) == ["Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."]
    assert list(found.weeks) == ["02.03.26", "09.03.26", "16.03.26"]
    assert [list(each) for each in found.values] == [
        [1, 0, 4], [2, 0, 0], [3, 0, 1], [4, 0, None], [5, 0, None], [6, 0, None], [7, 0, None],
    ]  # fmt: skip


def test_a_long_run_shows_its_latest_weeks() -> None:
    """A year of them, so that the page stays light."""
    found = heat_map_of([week("2020-01-06", 1), week("2026-03-16", 1)], WEDNESDAY)
    assert found is not None
    assert (len(found.weeks), found.weeks[-1]) == (MOST_WEEKS, "16.03.26")


def test_what_says_nothing_of_days_has_no_heat_map() -> None:
    """A run without activity, and rows of a read model that older code has built."""
    assert heat_map_of([], WEDNESDAY) is None
    assert heat_map_of([{"week": "2026-03-16", **dict.fromkeys(WEEKDAYS)}], WEDNESDAY) is None
