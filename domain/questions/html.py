"""
HTML within questions: only what a text needs. Scripts, styles, frames, forms, events and odd addresses are taken out.

nh3 (the ammonia library) parses as browsers do. What is stored is clean, and what is shown is cleaned once more, since
the rules may have become stricter in the years between.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
import nh3

from domain.questions.base import Part

TAGS = {
    *(
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "cite",
        "code",
        "dd",
        "del",
        "details",
        "dfn",
        "div",
        "dl",
        "dt",
    ),
    *("em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark"),
    *("ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "summary", "sup"),
    *("table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var"),
}
ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"alt", "height", "src", "width"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
SCHEMES = {"http", "https", "mailto"}

PartT = TypeVar("PartT", bound=Part)
TEXT_FIELDS = frozenset(("text", "hints", "general", "when_right", "when_partly", "when_wrong", "feedback", "guidance"))
"""The fields whose texts are written in the format of their question."""


def clean_html(html: str, classes: Mapping[str, set[str]] = MappingProxyType({})) -> str:
    """HTML without anything that acts, and with no classes but these, by tag; the same for what is clean already."""
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=dict(classes),
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer",
    )


def cleaned(part: PartT) -> PartT:
    """A question or a key in HTML with all its texts cleaned; accepted forms are compared, not shown, and stay."""
    return mapped(part, clean_html)


def mapped(part: PartT, change: Callable[[str], str]) -> PartT:
    """A question or a key with each of its texts changed."""
    changed = {
        name: _value(getattr(part, name), change, is_text=name in TEXT_FIELDS) for name in part.__struct_fields__
    }
    return msgspec.structs.replace(part, **changed)


def _value(value: Any, change: Callable[[str], str], *, is_text: bool) -> Any:
    if isinstance(value, str):
        return change(value) if is_text else value
    if isinstance(value, list):
        return [_value(each, change, is_text=is_text) for each in value]
    if isinstance(value, dict):
        return {name: _value(each, change, is_text=is_text) for name, each in value.items()}
    if isinstance(value, Part):
        return _accepted(value, change) if hasattr(value, "share") else mapped(value, change)
    return value


def _accepted(part: Any, change: Callable[[str], str]) -> Any:
    """An accepted form or value: only its feedback is shown."""
    return msgspec.structs.replace(part, feedback=change(part.feedback))
