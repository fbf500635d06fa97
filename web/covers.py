"""
Pictures of courses: SVG that follows from the id and the department with which it begins, and is always the same.

Colours stand in presentation attributes only, since the pages allow no style of their own (CSP). What is written
in a picture is its title, for who does not see it.
"""

import colorsys
import hashlib
import math
import random
from collections.abc import Callable, Iterator, Mapping
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 320, 180
Motif = Callable[[random.Random], Iterator[str]]


def cover(course_id: str, title: str) -> str:
    """
    The picture of a course, as an SVG element of 16 to 9.

    Args:
        title: what it is called by those who do not see it.
    """
    dice = random.Random(hashlib.sha256(course_id.encode()).digest())  # noqa: S311 - a picture, no secret
    department = course_id.partition("-")[0].rstrip("0123456789").upper()
    hue = HUES.get(department, dice.random())
    dark, light = _colour(hue, 0.62, 0.30), _colour(hue + 0.06, 0.58, 0.52)
    motif = MOTIFS.get(department) or dice.choice([*MOTIFS.values()])
    name = f"cover-{hashlib.sha256(course_id.encode()).hexdigest()[:10]}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-labelledby="{name}-title" preserveAspectRatio="xMidYMid slice">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<defs><linearGradient id="{name}" x1="0" y1="0" x2="1" y2="1">'
        f'<stop offset="0" stop-color="{light}"/><stop offset="1" stop-color="{dark}"/></linearGradient></defs>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#{name})"/>'
        f'<g fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">'
        f"{''.join(motif(dice))}</g></svg>"
    )


def _colour(hue: float, saturation: float, lightness: float) -> str:
    red, green, blue = colorsys.hls_to_rgb(hue % 1, lightness, saturation)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _line(x1: float, y1: float, x2: float, y2: float, opacity: float, width: float = 2) -> str:  # noqa: PLR0917 - two points
    return (
        f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" stroke-opacity="{opacity}"'
        f' stroke-width="{width:g}"/>'
    )


def _circle(x: float, y: float, radius: float, opacity: float, *, filled: bool = False) -> str:
    paint = f'fill="#fff" fill-opacity="{opacity}" stroke="none"' if filled else f'stroke-opacity="{opacity}"'
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.0f}" {paint}/>'


def _path(points: list[tuple[float, float]], opacity: float, width: float = 2) -> str:
    drawn = " ".join(f"{'L' if number else 'M'}{x:.0f} {y:.0f}" for number, (x, y) in enumerate(points))
    return f'<path d="{drawn}" stroke-opacity="{opacity}" stroke-width="{width:g}"/>'


def _arrows(dice: random.Random) -> Iterator[str]:
    """A grid with arrows from one point."""
    for column in range(20, WIDTH, 40):
        yield _line(column, 0, column, HEIGHT, 0.15, 1)
    for row in range(10, HEIGHT, 40):
        yield _line(0, row, WIDTH, row, 0.15, 1)
    for _ in range(3):
        angle, length = dice.uniform(0.1, 1.3), dice.uniform(70, 150)
        x, y = 100 + length * math.cos(angle), 130 - length * math.sin(angle)
        yield _line(100, 130, x, y, 0.9, 4)
        head = [(x - 12 * math.cos(angle + turn), y + 12 * math.sin(angle + turn)) for turn in (0.45, -0.45)]
        yield _path([head[0], (x, y), head[1]], 0.9, 4)


def _bars(dice: random.Random) -> Iterator[str]:
    """Columns of a distribution."""
    for number in range(12):
        tall = 130 * math.exp(-(((number - 5.5) / 3) ** 2)) * dice.uniform(0.75, 1.1) + 8
        yield (
            f'<rect x="{34 + number * 21}" y="{160 - tall:.0f}" width="14" height="{tall:.0f}" rx="3" fill="#fff"'
            f' fill-opacity="{0.35 + 0.04 * (number % 5):.2f}" stroke="none"/>'
        )
    yield _line(24, 160, 296, 160, 0.8)


def _blocks(dice: random.Random) -> Iterator[str]:
    """Indented lines of a program."""
    indent = 0
    for row in range(8):
        indent = max(0, min(3, indent + dice.choice((-1, 0, 1, 1))))
        x, length = 40 + indent * 26, dice.randint(60, 150)
        yield _line(x, 26 + row * 18, x + length, 26 + row * 18, 0.45 + 0.15 * (row % 3), 7)


def _cells(dice: random.Random) -> Iterator[str]:
    """Cells with their kernels."""
    for _ in range(9):
        x, y, radius = dice.uniform(20, 300), dice.uniform(15, 165), dice.uniform(18, 44)
        yield _circle(x, y, radius, 0.6)
        yield _circle(x + radius / 5, y - radius / 6, radius / 3, 0.35, filled=True)


def _waves(dice: random.Random) -> Iterator[str]:
    """Layers that rise."""
    for row in range(7):
        high, shift = dice.uniform(4, 11), dice.uniform(0, 6)
        points = [(x, 45 + row * 19 - x / 14 + high * math.sin(x / 34 + shift)) for x in range(-8, WIDTH + 9, 8)]
        yield _path(list(points), 0.25 + row * 0.1, 3)


def _arches(dice: random.Random) -> Iterator[str]:
    """The arcade of a town."""
    for number in range(6):
        x, tall = 14 + number * 50, dice.randint(62, 104)
        yield (
            f'<path d="M{x} 170 V{170 - tall} A21 21 0 0 1 {x + 42} {170 - tall} V170" stroke-opacity="0.75"'
            f' stroke-width="3"/>'
        )
    yield _line(0, 170, WIDTH, 170, 0.9, 3)
    yield _circle(dice.uniform(200, 280), 34, 15, 0.5, filled=True)


def _sets(dice: random.Random) -> Iterator[str]:
    """Circles that overlap."""
    for number in range(3):
        angle = number * 2.094 + dice.uniform(-0.3, 0.3)
        x, y = 160 + 38 * math.cos(angle), 90 + 30 * math.sin(angle)
        yield _circle(x, y, 54, 0.18, filled=True)
        yield _circle(x, y, 54, 0.8)


def _lines(dice: random.Random) -> Iterator[str]:
    """A page with words, of which some are crossed out."""
    for row in range(7):
        x = 44.0
        while x < 260:
            length = dice.uniform(14, 52)
            yield _line(x, 34 + row * 19, min(x + length, 276), 34 + row * 19, 0.75, 5)
            if dice.random() < 0.18:
                yield _line(x - 3, 38 + row * 19, x + length, 29 + row * 19, 1, 2)
            x += length + 14


def _curves(dice: random.Random) -> Iterator[str]:
    """Two curves that cross."""
    bend = dice.uniform(1.7, 2.3)
    yield _path([(40, 20), (40, 160), (290, 160)], 0.6)
    for rises in (False, True):
        points = [(48 + step * 24, 40 + 110 * (step / 10) ** bend) for step in range(11)]
        yield _path([(x, 190 - y if rises else y) for x, y in points], 0.95, 4)


def _notes(dice: random.Random) -> Iterator[str]:
    """Notes on their five lines."""
    for row in range(5):
        yield _line(16, 60 + row * 15, 304, 60 + row * 15, 0.5, 1.5)
    for number in range(8):
        x, y = 40 + number * 33, 120 - 7.5 * dice.randint(0, 8)
        yield f'<ellipse cx="{x}" cy="{y:.0f}" rx="9" ry="6.5" fill="#fff" fill-opacity="0.95" stroke="none"/>'
        yield _line(x + 8, y, x + 8, y - 40, 0.95, 2.5)


def _rays(dice: random.Random) -> Iterator[str]:
    """A sun over a roof."""
    x, y = dice.uniform(90, 230), 62
    yield _circle(x, y, 24, 0.9, filled=True)
    for number in range(12):
        angle = number * math.pi / 6
        near, far = 34, dice.uniform(46, 60)
        cos, sin = math.cos(angle), math.sin(angle)
        yield _line(x + near * cos, y + near * sin, x + far * cos, y + far * sin, 0.7, 3)
    yield _path([(60, 165), (60, 140), (160, 108), (260, 140), (260, 165)], 0.9, 4)


MOTIFS: Mapping[str, Motif] = {
    "MATH": _arrows,
    "STAT": _bars,
    "CS": _blocks,
    "BIO": _cells,
    "CLIM": _waves,
    "HIST": _arches,
    "PHIL": _sets,
    "WRIT": _lines,
    "ECON": _curves,
    "MUS": _notes,
    "ENER": _rays,
}
"""What is drawn for a department; a course of another one has one of these by its id."""
HUES: Mapping[str, float] = {
    "MATH": 0.62,
    "STAT": 0.55,
    "CS": 0.72,
    "BIO": 0.33,
    "CLIM": 0.52,
    "HIST": 0.05,
    "PHIL": 0.88,
    "WRIT": 0.96,
    "ECON": 0.44,
    "MUS": 0.80,
    "ENER": 0.11,
}
