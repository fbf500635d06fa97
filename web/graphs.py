"""
Graphs in layers as SVG that the server draws: boxes with names, and lines from each layer to the next.

As charts (web/charts.py), each is one `<svg role="img">` with a title; what it shows stands beside it as a table.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

BOX, GAP, ROW = 250, 90, 32  # units: width of a box, from one layer to the next, from one box to the one below
HIGH = 24  # units: of a box
LONGEST = 34  # characters of a name


class Node(NamedTuple):
    """A box; *key* is how lines name it, *strong* whether it stands out."""

    key: str
    text: str
    strong: bool = False


def layered(layers: Sequence[Sequence[Node]], edges: Iterable[tuple[str, str]], title: str) -> Markup:
    """The graph; each layer is in the middle of the height of the longest."""
    most = max((len(layer) for layer in layers), default=1)
    height, width = most * ROW + 8, len(layers) * BOX + (len(layers) - 1) * GAP
    places: dict[str, tuple[float, float]] = {}
    boxes = Markup()
    for number, layer in enumerate(layers):
        top = (most - len(layer)) * ROW / 2 + 4
        for row, node in enumerate(layer):
            left, above = number * (BOX + GAP), top + row * ROW
            places[node.key] = left, above + HIGH / 2
            boxes += _box(node, left, above)
    lines = Markup().join(
        _line(places[start], places[end]) for start, end in edges if start in places and end in places
    )
    return Markup(
        '<svg class="graph-svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
        ' focusable="false"><title>{title}</title>{lines}{boxes}</svg>'
    ).format(width=width, height=height, title=title, lines=lines, boxes=boxes)


def _box(node: Node, left: float, above: float) -> Markup:
    text = node.text if len(node.text) <= LONGEST else f"{node.text[: LONGEST - 1]}…"
    return Markup(
        '<g class="node{strong}"><title>{whole}</title>'
        '<rect x="{left}" y="{above}" width="{box}" height="{high}" rx="4"/>'
        '<text x="{at}" y="{base}">{text}</text></g>'
    ).format(
        strong=" is-strong" if node.strong else "",
        whole=node.text,
        left=left,
        above=above,
        box=BOX,
        high=HIGH,
        at=left + 8,
        base=above + HIGH / 2 + 4.5,
        text=escape(text),
    )


def _line(start: tuple[float, float], end: tuple[float, float]) -> Markup:
    left, right = start[0] + BOX, end[0]
    half = (left + right) / 2
    return Markup('<path class="edge" d="M{} {}C{} {} {} {} {} {}"/>').format(
        left, start[1], half, start[1], half, end[1], right, end[1]
    )
