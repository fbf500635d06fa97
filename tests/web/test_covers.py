"""Pictures of courses."""

import re
from xml.etree.ElementTree import fromstring

import pytest

from web.covers import HUES, MOTIFS, cover

IDS = [*(f"{department}-101" for department in MOTIFS), "c-1", "XYZ-9", "Ωmega"]


@pytest.mark.parametrize("course_id", IDS)
def test_a_cover_is_a_picture_that_the_pages_allow(course_id: str) -> None:
    """Well-formed, small, without styles, scripts or addresses elsewhere, and called by any title."""
    title = 'A & B <script>alert("1")</script>'
    drawn = cover(course_id, title)
    root = fromstring(drawn)  # noqa: S314 - our own
    assert root.findtext("{http://www.w3.org/2000/svg}title") == title
    assert len(drawn) < 6_000
    assert not re.search(r"style|<script|href|url\((?!#)|on\w+=", drawn.replace("&lt;script", ""))


def test_a_course_keeps_its_cover() -> None:
    """The same for the same course, whatever its title, and another one for each other course."""
    assert cover("MATH-101", "a") == cover("MATH-101", "a")
    assert cover("MATH-101", "a").replace(">a<", ">b<") == cover("MATH-101", "b")
    assert len({cover(course_id, "a") for course_id in IDS}) == len(IDS)
    assert cover("MATH-101", "a") != cover("MATH-102", "a")
    assert HUES.keys() == MOTIFS.keys()
