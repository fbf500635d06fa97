"""Charts: well-formed, with every value where it belongs, and labels that are text and nothing else."""

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from web import charts
from web.charts import Bin, Point, Series

HOSTILE = """<script>alert("x")</script> & 'more' ]]>"""
NAMES = {"svg", "title", "desc", "rect", "text", "line", "path", "circle"}
FINITE = st.floats(0, 1e12)

EVERY: dict[str, Callable[[str, float], Markup]] = {
    "spark": lambda text, value: charts.spark([value, None, 2.0], text, text),
    "bars": lambda text, value: charts.bars([Point(text, value), Point("b", 2, text)], text, text),
    "stacked": lambda text, value: charts.stacked([text, "b"], [Series(text, [value, None])], text, text),
    "funnel": lambda text, value: charts.funnel([Point(text, value), Point("b", 0)], text, text),
    "heat_map": lambda text, value: charts.heat_map([text], [text, "b"], [[value, None]], text, text),
    "histogram": lambda text, value: charts.histogram(
        [Bin(0, 5, 3), Bin(5, 10, round(value))], text, text, across=text, up=text, mark=Point(text, 5)
    ),
    "ring": lambda text, value: charts.ring([Point(text, value), Point("b", 1)], text, text, middle=text),
    "lines": lambda text, value: charts.lines(
        ["a", text], [Series(text, [value, 1]), Series("b", [None, 1])], text, text
    ),
}


def parsed(drawn: Markup) -> ET.Element:
    """The chart as XML; raises ParseError if it is not well-formed."""
    return ET.fromstring(drawn)  # noqa: S314 - our own


def found(drawn: Markup, classes: str) -> list[dict[str, str]]:
    """The attributes of all shapes with these classes."""
    return [shape.attrib for shape in parsed(drawn).iter() if shape.get("class") == classes]


def texts(drawn: Markup) -> list[str]:
    """What stands in a chart."""
    return [shape.text or "" for shape in parsed(drawn).iter("text")]


@pytest.mark.parametrize("name", EVERY)
def test_labels_are_text(name: str) -> None:
    """Whatever a label says, the chart has only its own elements, and says the label."""
    drawn = EVERY[name](HOSTILE, 3)
    shapes = list(parsed(drawn).iter())
    assert {shape.tag for shape in shapes} <= NAMES
    assert {key for shape in shapes for key in shape.attrib if key == "style" or key.startswith("on")} == set()
    assert (shapes[0].get("role"), shapes[1].tag, shapes[1].text) == ("img", "title", HOSTILE)
    assert (shapes[2].tag, shapes[2].text) == ("desc", HOSTILE)


@given(name=st.sampled_from(sorted(EVERY)), value=FINITE)
def test_shapes_are_within_the_chart(name: str, value: float) -> None:
    """However large a value is: no number of a shape is negative or not finite, and none lies beyond the edge."""
    root = parsed(EVERY[name]("a", value))
    width, height = (float(each) for each in root.attrib["viewBox"].split()[2:])
    for shape in root.iter():
        for key, most in (
            ("x", width),
            ("y", height),
            ("width", width),
            ("height", height),
            ("cx", width),
            ("cy", height),
        ):
            if shape.tag != "svg" and key in shape.attrib:
                assert 0 <= float(shape.attrib[key]) <= most, (key, shape.attrib)


@pytest.mark.parametrize("name", sorted(EVERY))
def test_nothing_is_no_error(name: str) -> None:
    """Charts of no values and of zeros are drawn."""
    parsed(EVERY[name]("a", 0))
    empty: dict[str, tuple[Any, ...]] = {
        "spark": ([], "t"),
        "bars": ([], "t"),
        "stacked": ([], [], "t"),
        "funnel": ([], "t"),
        "ring": ([], "t"),
    }
    rest: dict[str, tuple[Any, ...]] = {"heat_map": ([], [], [], "t"), "histogram": ([], "t"), "lines": ([], [], "t")}
    parsed(getattr(charts, name)(*(empty | rest)[name]))


def test_bars_are_as_long_as_their_values() -> None:
    """The longest fills the chart, or what is as long as can be does."""
    points = [Point("a", 50), Point("b", 25, "a quarter")]
    drawn = charts.bars(points, "t")
    assert [each["width"] for each in found(drawn, "series-1 area")] == ["360", "180"]
    assert texts(drawn) == ["a", "50", "b", "a quarter"]
    assert [each["width"] for each in found(charts.bars(points, "t", highest=100), "series-1 area")] == ["180", "90"]


def test_parts_of_a_bar_follow_one_another() -> None:
    """Each begins where the last one ends; all bars have one scale."""
    drawn = charts.stacked(["a", "b"], [Series("x", [10, 5]), Series("y", [20, None])], "t")
    assert [(each["x"], each["width"]) for each in found(drawn, "series-1 part")] == [("0", "120"), ("0", "60")]
    assert [(each["x"], each["width"]) for each in found(drawn, "series-2 part")] == [("120", "240")]
    assert texts(drawn) == ["a", "30", "b", "5"]


def test_a_funnel_says_how_many_stay() -> None:
    """Steps stand in the middle, with the share of the step before."""
    drawn = charts.funnel([Point("in", 200), Point("done", 50)], "t")
    assert [(each["x"], each["width"]) for each in found(drawn, "series-1 area")] == [("0", "360"), ("135", "90")]
    assert texts(drawn) == ["in", "200", "done", "50 · 25%"]


def test_cells_are_darker_for_more() -> None:
    """By quarters of the most; nothing has a level of its own, and what is not yet has no cell."""
    drawn = charts.heat_map(["Mo"], ["1", "2", "3", "4"], [[0, 1, 8, None]], "t")
    assert [len(found(drawn, f"level-{level} cell")) for level in range(5)] == [1, 1, 0, 0, 1]
    cells = list(parsed(drawn).iter("rect"))
    assert [cell.attrib["x"] for cell in cells] == ["40", "58", "76"]
    assert [title.text for title in parsed(drawn).iter("title")][1:] == ["1, Mo: 0", "2, Mo: 1", "3, Mo: 8"]


def test_a_histogram_has_its_axes() -> None:
    """Bars stand on the axis between their ends, as tall as the scale says; the mark is where its value is."""
    drawn = charts.histogram(
        [Bin(0, 50, 4), Bin(50, 100, 2)], "t", across="points", up="learners", mark=Point("pass", 50)
    )
    first, second = found(drawn, "series-1 area")
    assert (float(first["x"]), float(second["x"])) == (45, 199)
    assert (float(first["y"]), float(first["height"])) == (26, 140)
    assert (float(second["y"]), float(second["height"])) == (96, 70)
    assert found(drawn, "mark")[0]["x1"] == "198"
    assert texts(drawn) == ["0", "1", "2", "3", "4", "0", "50", "100", "points", "learners", "pass"]


def test_parts_of_a_ring_share_it() -> None:
    """Each has its share of what is around, after those before it; the rest is left."""
    drawn = charts.ring([Point("a", 1), Point("b", 1)], "t", total=4, middle="50 %")
    around = 2 * 3.141592653589793 * 48
    parts = found(drawn, "series-1 arc") + found(drawn, "series-2 arc")
    assert [float(part["stroke-dasharray"].split()[0]) for part in parts] == pytest.approx([around / 4] * 2, abs=0.01)
    assert [float(part["stroke-dashoffset"]) for part in parts] == pytest.approx([0, -around / 4], abs=0.01)
    assert texts(drawn) == ["50 %"]


def test_a_line_is_broken_where_a_value_is_missing() -> None:
    """The line goes on after the gap."""
    drawn = charts.lines(["a", "b", "c", "d"], [Series("x", [0, None, 2, 4])], "t")
    (path,) = found(drawn, "series-1 line")
    assert re.sub(r"[\d. ]+", "", path["d"]) == "MML"
    assert [(float(dot["cx"]), float(dot["cy"])) for dot in found(drawn, "series-1 dot")][-1] == (348, 24)


def test_a_spark_line_ends_in_a_dot() -> None:
    """At the last value that there is; the highest is above, the lowest below."""
    drawn = charts.spark([1, 3, None], "t")
    assert found(drawn, "series-1 line")[0]["d"] == "M4 28L60 4"
    assert [(dot["cx"], dot["cy"]) for dot in found(drawn, "series-1 dot")] == [("60", "4")]


@pytest.mark.parametrize(
    ("highest", "ticks"), [(0, [0, 1]), (3, [0, 1, 2, 3]), (4, [0, 1, 2, 3, 4]), (5, [0, 2, 4, 6]), (97, [0, 50, 100])]
)
def test_ticks_are_round(highest: float, ticks: list[float]) -> None:
    """The scale begins at 0 and ends at or beyond the highest value."""
    assert charts.nice_ticks(highest) == ticks


def test_what_is_counted_has_whole_ticks() -> None:
    """No half of a learner is drawn beside a bar."""
    assert charts.nice_ticks(1, whole=True) == [0, 1]
    assert charts.nice_ticks(3, whole=True) == [0, 1, 2, 3]


@given(highest=st.floats(1e-6, 1e12))
def test_ticks_are_few_and_reach_the_highest(highest: float) -> None:
    """At most four steps, or one more for a rounding error."""
    ticks = charts.nice_ticks(highest)
    assert ticks[0] == 0
    assert ticks[-1] >= highest * (1 - 1e-9)
    assert len(ticks) <= 6


def test_too_many_series_are_refused() -> None:
    """As colours would repeat; and so are values that do not fit their places."""
    many = [Point(str(number), 1) for number in range(6)]
    with pytest.raises(ValueError, match="at most 5 parts, not 6"):
        charts.ring(many, "t")
    with pytest.raises(ValueError, match="series x has 1 values for 2 places"):
        charts.lines(["a", "b"], [Series("x", [1])], "t")


@pytest.mark.parametrize("name", sorted({*EVERY} - {"spark"}))
def test_shapes_have_the_number_of_their_row(name: str) -> None:
    """From 0, in the order of the table beside the chart; without one no value would be read to who points at it."""
    numbers = [
        int(shape.attrib["data-at"]) for shape in parsed(EVERY[name]("a", 3)).iter() if "data-at" in shape.attrib
    ]
    assert sorted({*numbers}) == ([0] if name in ("heat_map", "stacked") else [0, 1])


def test_a_long_name_is_shortened_and_said_whole() -> None:
    """Beside a value there is room for so many characters; who points at it, and the table, have all."""
    drawn = charts.bars([Point("a" * 60, 3), Point("b" * 36, 2)], "Runs")
    (short,) = [each for each in parsed(drawn).iter("text") if each.get("translate") == "no"]
    assert (short.text, [each.text for each in short]) == ("a" * 35 + "…", ["a" * 60])
    assert "b" * 36 in texts(drawn)
