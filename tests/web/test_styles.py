"""The styles: built from what is committed, with colours that everyone can read."""

import math
import re
from itertools import product
from pathlib import Path

import pytest

from scripts.styles import BUILT, SOURCE, build

TOKENS = (SOURCE.parent / "tokens.css").read_text()
COLOUR = re.compile(r"--([\w-]+): oklch\(([\d.]+) ([\d.]+) ([\d.]+)\);")
THEMES = ("light", "dark")
GROUNDS = ("color-base-100", "color-base-200")
TONES = ("primary", "secondary", "info", "success", "warning", "error")


def theme(name: str) -> dict[str, tuple[float, float, float]]:
    """The colours of a theme, in linear sRGB."""
    block = re.search(rf"@utility {name}-tokens {{(.*?)\n}}", TOKENS, re.DOTALL)
    assert block is not None
    return {
        token: linear(float(light), float(chroma), float(hue)) for token, light, chroma, hue in COLOUR.findall(block[1])
    }


def linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """OKLCH as linear sRGB, after https://bottosson.github.io/posts/oklab/; what no screen shows is cut off."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    return (min(max(red, 0.0), 1.0), min(max(green, 0.0), 1.0), min(max(blue, 0.0), 1.0))


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """The ratio of WCAG 2.2, from 1 to 21."""
    bright, dark = sorted((0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (one, other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_wcag() -> None:
    """Black on white is 21, and a grey that is known has what is known of it (#767676: 4.54)."""
    assert contrast(linear(1, 0, 0), linear(0, 0, 0)) == pytest.approx(21, abs=0.01)
    grey = ((0x76 / 255 + 0.055) / 1.055) ** 2.4
    assert contrast((1, 1, 1), (grey, grey, grey)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("name", THEMES)
def test_text_can_be_read(name: str) -> None:
    """All text has a contrast of 4.5 and more to what it stands on (WCAG 2.2, 1.4.3)."""
    colours = theme(name)
    pairs = list(product(("color-base-content", "color-muted", *(f"color-{tone}" for tone in TONES)), GROUNDS))
    pairs += [(f"color-{tone}-content", f"color-{tone}") for tone in (*TONES, "accent", "neutral")]
    pairs += [("color-base-content", "color-base-300"), ("color-muted", "color-base-300")]
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("name", THEMES)
def test_edges_and_charts_can_be_seen(name: str) -> None:
    """What shows where a field is, where the focus is and what a chart says has 3 and more (1.4.11)."""
    colours = theme(name)
    shown = ("color-edge", "color-focus", *(f"series-{number}" for number in range(1, 6)))
    ratios = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in product(shown, GROUNDS)}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 3} == {}


def test_both_themes_have_the_same_tokens() -> None:
    """A colour that one theme has is a colour of the other."""
    assert theme("light").keys() == theme("dark").keys()


@pytest.mark.processes
def test_the_built_styles_are_those_of_the_sources(tmp_path: Path) -> None:
    """`make styles` was run before the commit: web/static/campus.css is what is built now."""
    build(tmp_path / "built.css")
    assert (tmp_path / "built.css").read_text() == BUILT.read_text(), (
        "run `make styles` and commit web/static/campus.css"
    )
