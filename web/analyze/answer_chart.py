"""An answer to a question in SQL as a chart: which columns fit, and the points or lines of those that were chosen."""

from typing import Any, NamedTuple

from web.words import NOTHING

BARS, LINES = "bars", "lines"
NUMBERS = frozenset(("integer", "number"))
MOST_BARS, MOST_PLACES, MOST_LINES = 40, 400, 5
LONGEST_NAME = 32  # characters of what stands below a place


class AnswerChart(NamedTuple):
    """
    A chart of an answer.

    Attributes:
        kind: `bars` or `lines`.
        across: the number of the column whose values are the places; *up* is that of the (first) measured one.
        points: of bars: a name, a value, and the value as it is read.
        names: of lines: the places; *series* are tuples of a name and values.
        left_out: rows that are not drawn.
    """

    kind: str
    across: int
    up: int
    points: list[tuple[str, float, str]]
    names: list[str]
    series: list[tuple[str, list[float | None]]]
    left_out: int


def chart_of(answer: dict[str, Any], kind: str, across: str, up: str) -> AnswerChart | None:
    """The chart that is wanted; None without one, or where nothing could be drawn."""
    columns, rows = answer["columns"], answer["rows"]
    measured = [place for place, each in enumerate(columns) if each["kind"] in NUMBERS]
    if kind not in (BARS, LINES) or not rows or not measured:
        return None
    others = [place for place in range(len(columns)) if place not in measured]
    at = _chosen(across, range(len(columns)), (others or measured)[0])
    rest = [place for place in measured if place != at] or measured
    high = _chosen(up, measured, rest[0])
    most = MOST_BARS if kind == BARS else MOST_PLACES
    shown = rows[:most]
    names = [_name(row[at]) for row in shown]
    if kind == BARS:
        points = [(name, max(row[high] or 0, 0), _name(row[high])) for name, row in zip(names, shown, strict=True)]
        return AnswerChart(kind, at, high, points, [], [], len(rows) - len(shown))
    drawn = [high] if up else rest[:MOST_LINES]
    series = [(columns[place]["name"], [row[place] for row in shown]) for place in drawn]
    return AnswerChart(kind, at, high, [], names, series, len(rows) - len(shown))


def _chosen(text: str, allowed: Any, otherwise: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1
    return number if number in allowed else otherwise


def _name(value: Any) -> str:
    text = NOTHING if value is None else str(value)
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"
