"""
Charts as SVG that the server draws from plain numbers, without a script.

Each function returns one `<svg role="img">` with a `<title>` and a `<desc>` for screen readers. Colours come by class
from the tokens of the theme (web/styles/charts.css); positions are attributes, as the policy of the pages allows no
style attributes. A chart is as wide as its place: it is scaled by its view box, `WIDTH` units wide. The macros of
web/components/charts.html put a caption, a key and the same numbers as a table beside it. What stands for a row of that
table has its number (`data-at`), by which web/static/charts.js reads it to who points at it or uses the arrow keys.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from markupsafe import Markup, escape

WIDTH = 360
LABEL = 13  # units: the size of type, which stays readable in a window of 320 px
LONGEST_NAME = 36  # characters beside a value
LINE = 30  # units from one bar to the next
MOST_SERIES = 5
LEVELS = 4  # of a heat map, beside nothing


class Point(NamedTuple):
    """
    A value with its name.

    Attributes:
        text: the value as people read it; the plain number if there is none.
    """

    label: str
    value: float
    text: str = ""

    @property
    def shown(self) -> str:
        """What stands at the value."""
        return self.text or _short(self.value)


class Bin(NamedTuple):
    """How many values (`size`) are from `lower` up to `upper`."""

    lower: float
    upper: float
    size: int


class Series(NamedTuple):
    """Values of one thing at the places of all; None where there is none."""

    name: str
    values: Sequence[float | None]


def as_points(given: Iterable[Sequence[Any]]) -> list[Point]:
    """Points from the tuples of a template."""
    return [Point(*each) for each in given]


def as_series(given: Iterable[Sequence[Any]]) -> list[Series]:
    """Series from the tuples of a template."""
    return [Series(*each) for each in given]


def as_bins(given: Iterable[Sequence[Any]]) -> list[Bin]:
    """Bins from the tuples of a template."""
    return [Bin(*each) for each in given]


def spark(values: Sequence[float | None], title: str, desc: str = "") -> Markup:
    """A line without axes, as high as a line of text; a dot marks the last value."""
    width, height, edge = 120, 32, 4
    known = [value for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    step = (width - 2 * edge) / max(len(values) - 1, 1)
    spots = [
        None if value is None else (edge + at * step, _along(value, low, high, height - edge, edge))
        for at, value in enumerate(values)
    ]
    drawn = _paths(spots, "series-1 line")
    last = next((spot for spot in reversed(spots) if spot is not None), None)
    if last is not None:
        drawn += _tag("circle", cx=last[0], cy=last[1], r=3, class_="series-1 dot")
    return _svg((width, height), title, desc, drawn, "spark")


def bars(points: Sequence[Point], title: str, desc: str = "", *, highest: float | None = None) -> Markup:
    """Bars from the left, one below the other; *highest* is the value of a bar that is as long as can be."""
    longest = _positive(highest if highest is not None else max((point.value for point in points), default=0.0))
    drawn = Markup()
    for at, point in enumerate(points):
        top = at * (LINE + 14)
        length = _along(point.value, 0, longest, 0, WIDTH)
        drawn += _name(point.label, top + LABEL) + _text(point.shown, WIDTH, top + LABEL, "value end")
        drawn += _tag("rect", x=0, y=top + 20, width=WIDTH, height=12, rx=3, class_="track")
        drawn += _tag("rect", x=0, y=top + 20, width=length, height=12, rx=3, class_="series-1 area", data_at=at)
    return _svg((WIDTH, max(len(points) * (LINE + 14), 1)), title, desc, drawn)


def stacked(labels: Sequence[str], series: Sequence[Series], title: str, desc: str = "") -> Markup:
    """Bars that are put together of series, up to five; each bar is as long as its sum, to the same scale."""
    _check(series, len(labels))
    sums = [sum(each.values[at] or 0.0 for each in series) for at in range(len(labels))]
    longest, drawn = _positive(max(sums, default=0.0)), Markup()
    for at, label in enumerate(labels):
        top, left = at * (LINE + 14), 0.0
        drawn += _text(label, 0, top + LABEL, "name") + _text(_short(sums[at]), WIDTH, top + LABEL, "value end")
        for number, each in enumerate(series, 1):
            length = _along(each.values[at] or 0.0, 0, longest, 0, WIDTH)
            if length > 0:
                inside = _tag("title", f"{label}, {each.name}: {_short(each.values[at] or 0.0)}")
                drawn += _tag(
                    "rect",
                    inside,
                    x=left,
                    y=top + 20,
                    width=length,
                    height=14,
                    class_=f"series-{number} part",
                    data_at=at,
                )
                left += length
    return _svg((WIDTH, max(len(labels) * (LINE + 14), 1)), title, desc, drawn)


def funnel(points: Sequence[Point], title: str, desc: str = "") -> Markup:
    """Steps from the first to the last, each in the middle, as wide as its value; and how much of the step before."""
    widest, drawn = _positive(max((point.value for point in points), default=0.0)), Markup()
    before: float | None = None
    for at, point in enumerate(points):
        top, wide = at * 52, _along(point.value, 0, widest, 0, WIDTH)
        kept = "" if not before else f" · {point.value / before:.0%}"
        drawn += _text(point.label, 0, top + LABEL, "name")
        drawn += _text(point.shown + kept, WIDTH, top + LABEL, "value end")
        drawn += _tag(
            "rect", x=(WIDTH - wide) / 2, y=top + 20, width=wide, height=22, rx=3, class_="series-1 area", data_at=at
        )
        before = point.value
    return _svg((WIDTH, max(len(points) * 52 - 8, 1)), title, desc, drawn)


def heat_map(
    rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float | None]], title: str, desc: str = ""
) -> Markup:
    """
    Cells in rows (days) and columns (weeks), darker for more; every fourth column is named.

    Args:
        values: a sequence for each row; None for what is not yet.
    """
    cell, left, top = 18, 40, 18
    most = _positive(max((value for row in values for value in row if value is not None), default=0.0))
    drawn = Markup()
    for at, name in enumerate(columns):
        if at % 4 == 0:
            drawn += _text(name, left + at * cell, 12, "name")
    for down, (name, row) in enumerate(zip(rows, values, strict=True)):
        drawn += _text(name, 0, top + down * cell + 13, "name")
        for across, value in enumerate(row):
            if value is None:
                continue
            level = math.ceil(value / most * LEVELS) if value > 0 else 0
            inside = _tag("title", f"{columns[across]}, {name}: {_short(value)}")
            place = {"x": left + across * cell, "y": top + down * cell, "width": cell - 3, "height": cell - 3, "rx": 3}
            drawn += _tag("rect", inside, class_=f"level-{level} cell", data_at=down, **place)
    width = left + max(len(columns), 1) * cell + 24
    return _svg((width, top + len(rows) * cell), title, desc, drawn, "is-fixed")


def histogram(
    bins: Sequence[Bin], title: str, desc: str = "", *, across: str = "", up: str = "", mark: Point | None = None
) -> Markup:
    """
    How often values are in ranges that follow one another, with labelled axes.

    Args:
        across, up: what the axes measure.
        mark: a value on the axis across that is drawn as a line, such as the mark to pass.
    """
    left, top, width, height = 44, 26, WIDTH - 52, 140
    base = top + height
    low, high = (bins[0].lower, bins[-1].upper) if bins else (0.0, 1.0)
    ticks = nice_ticks(max((each.size for each in bins), default=0), whole=True)
    drawn = _grid(ticks, left, width, base, height)
    for number, each in enumerate(bins):
        start, end = (_along(value, low, high, left, left + width) for value in (each.lower, each.upper))
        tall = _along(each.size, 0, ticks[-1], 0, height)
        inside = _tag("title", f"{_short(each.lower)}-{_short(each.upper)}: {each.size}")
        place = {"x": start + 1, "y": base - tall, "width": max(end - start - 2, 1), "height": tall}
        drawn += _tag("rect", inside, class_="series-1 area", data_at=number, **place)
    edges = [each.lower for each in bins] + [high]
    for value in edges[:: max(math.ceil(len(edges) / 6), 1)]:
        anchor = "tick end" if value == high else "tick middle"
        drawn += _text(_short(value), _along(value, low, high, left, left + width), base + 16, anchor)
    drawn += _text(across, left + width / 2, base + 34, "name middle") + _text(up, 0, 12, "name")
    if mark is not None and low <= mark.value <= high:
        at = _along(mark.value, low, high, left, left + width)
        drawn += _tag("line", x1=at, x2=at, y1=2, y2=base, class_="mark")
        is_right = at > left + width / 2
        drawn += _text(mark.label, at + (-4 if is_right else 4), 12, "name end" if is_right else "name")
    return _svg((WIDTH, base + 42), title, desc, drawn)


def ring(parts: Sequence[Point], title: str, desc: str = "", *, total: float | None = None, middle: str = "") -> Markup:
    """A ring of up to five parts, clockwise from the top; of *total*, if that is more than their sum."""
    if len(parts) > MOST_SERIES:
        raise ValueError(f"a ring has at most {MOST_SERIES} parts, not {len(parts)}: put the smallest together")
    radius, whole = 48, _positive(max(total or 0.0, sum(part.value for part in parts)))
    around, begun, drawn = 2 * math.pi * radius, 0.0, Markup()
    drawn += _tag("circle", cx=64, cy=64, r=radius, class_="track arc")
    for number, part in enumerate(parts, 1):
        length = part.value / whole * around
        if length > 0:
            inside = _tag("title", f"{part.label}: {part.shown}")
            dashes: dict[str, str | float] = {
                "stroke_dasharray": f"{_digits(length)} {_digits(around)}",
                "stroke_dashoffset": -begun,
                "transform": "rotate(-90 64 64)",
            }
            drawn += _tag(
                "circle", inside, cx=64, cy=64, r=radius, class_=f"series-{number} arc", data_at=number - 1, **dashes
            )
            begun += length
    drawn += _text(middle, 64, 64, "middle total")
    return _svg((128, 128), title, desc, drawn, "ring-chart")


def lines(labels: Sequence[str], series: Sequence[Series], title: str, desc: str = "", *, up: str = "") -> Markup:
    """One line for each series over the same places, the second dashed; a gap where a value is missing."""
    _check(series, len(labels))
    left, top, width, height = 44, 24, WIDTH - 56, 140
    base = top + height
    ticks = nice_ticks(max((value for each in series for value in each.values if value is not None), default=0))
    step = width / max(len(labels) - 1, 1)
    drawn = _grid(ticks, left, width, base, height) + _text(up, 0, 12, "name")
    for number, each in enumerate(series, 1):
        spots = [
            None if value is None else (left + at * step, base - _along(value, 0, ticks[-1], 0, height))
            for at, value in enumerate(each.values)
        ]
        drawn += _paths(spots, f"series-{number} line")
        for at, spot in enumerate(spots):
            if spot is not None:
                inside = _tag("title", f"{each.name}, {labels[at]}: {_short(each.values[at] or 0.0)}")
                drawn += _tag("circle", inside, cx=spot[0], cy=spot[1], r=3, class_=f"series-{number} dot", data_at=at)
    for at in range(0, len(labels), max(math.ceil(len(labels) / 4), 1)):
        anchor = "tick" if at == 0 else "tick end" if at == len(labels) - 1 else "tick middle"
        drawn += _text(labels[at], left + at * step, base + 16, anchor)
    return _svg((WIDTH, base + 24), title, desc, drawn)


def nice_ticks(highest: float, most: int = 4, *, whole: bool = False) -> list[float]:
    """From 0 to *highest* or beyond, in at most *most* steps of 1, 2 or 5 times a power of ten; *whole* ones, if so."""
    if highest <= 0:
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(highest / most))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * most >= highest)
    step = max(step, 1.0) if whole else step
    return [step * at for at in range(math.ceil(highest / step) + 1)]


def _grid(ticks: Sequence[float], left: float, width: float, base: float, height: float) -> Markup:
    """Lines across with their numbers at the left."""
    drawn, highest = Markup(), max(ticks)
    for value in ticks:
        at = base - _along(value, 0, highest, 0, height)
        drawn += _tag("line", x1=left, x2=left + width, y1=at, y2=at, class_="gridline")
        drawn += _text(_short(value), left - 6, at + 4, "tick end")
    return drawn


def _paths(spots: Sequence[tuple[float, float] | None], classes: str) -> Markup:
    """A line through the spots, broken where there is none."""
    drawn = [
        f"{'L' if before is not None else 'M'}{_digits(spot[0])} {_digits(spot[1])}"
        for before, spot in pairwise([None, *spots])
        if spot is not None
    ]
    return _tag("path", d="".join(drawn), class_=classes) if drawn else Markup()


def _svg(size: tuple[float, float], title: str, desc: str, drawn: Markup, kind: str = "") -> Markup:
    """The chart; one of the kind `is-fixed` is not scaled."""
    inside = _tag("title", title) + (_tag("desc", desc) if desc else Markup()) + drawn
    classes = f"chart-svg {kind}".strip()
    width, height = size
    box = f"0 0 {_digits(width)} {_digits(height)}"
    fixed = {"width": width, "height": height} if kind == "is-fixed" else {}
    return _tag("svg", inside, viewBox=box, role="img", focusable="false", class_=classes, **fixed)


def _name(text: str, y: float) -> Markup:
    """A name at the left; of a long one the beginning, which no program should translate, and all for who points."""
    if len(text) <= LONGEST_NAME:
        return _text(text, 0, y, "name")
    shown = escape(f"{text[: LONGEST_NAME - 1]}…") + _tag("title", text)
    return _tag("text", shown, x=0, y=y, class_="name", translate="no")


def _text(text: str, x: float, y: float, classes: str) -> Markup:
    return _tag("text", text, x=x, y=y, class_=classes) if text else Markup()


def _tag(name: str, inside: str = "", /, **attributes: str | float) -> Markup:
    """An element; `_` in a name of an attribute is `-`, and one at the end is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value if isinstance(value, str) else _digits(value))}"'
        for key, value in attributes.items()
    )
    return Markup(f"<{name}{written}>{escape(inside)}</{name}>")  # noqa: S704 - each part is escaped


def _along(value: float, low: float, high: float, start: float, end: float) -> float:
    """Where *value* between *low* and *high* lies between *start* and *end*; the middle if all are alike."""
    share = (value - low) / (high - low) if high > low else 0.5
    return start + min(max(share, 0.0), 1.0) * (end - start)


def _positive(value: float) -> float:
    return value if value > 0 else 1.0


def _check(series: Sequence[Series], places: int) -> None:
    if len(series) > MOST_SERIES:
        raise ValueError(f"a chart has at most {MOST_SERIES} series, not {len(series)}")
    for each in series:
        if len(each.values) != places:
            raise ValueError(f"series {each.name} has {len(each.values)} values for {places} places")


def _digits(value: float) -> str:
    """A coordinate, to a hundredth of a unit."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def _short(value: float) -> str:
    """A number as short as it can be."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}".rstrip("0")
