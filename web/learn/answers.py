"""
Answers as a form has them: the fields of a question, and the response of the API that they say.

A field is named by its item, and after another colon by the part of the question: `a:i1`, `a:i1:o2`; no id has a colon.
Beside them stand the kind of the question (`kind:i1`), and a digest of the answer that they were drawn with
(`was:i1`), so that a form which was left open changes only what was changed in it. The API says whether an answer fits.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from markupsafe import Markup, escape

from adapters.markdown import html_of
from domain.questions.html import clean_html

Response = dict[str, Any] | None
Fields = Mapping[str, str]
PREFIX, KIND, WAS = "a:", "kind:", "was:"
DIGEST = 16  # hex digits
TAGS = re.compile(r'(<(?:[^>"]|"[^"]*")*>)')
GAP = re.compile(r"\{\{([^{}]+)\}\}")


def items_in(fields: Fields) -> list[str]:
    """The items whose fields a form has."""
    return [name.removeprefix(WAS) for name in fields if name.startswith(WAS)]


def response_of(item_id: str, fields: Fields) -> Response:
    """What the fields of an item answer; None for nothing. Files are no fields (web/learn/attempt.py)."""
    kind = fields.get(f"{KIND}{item_id}", "")
    answer = _KINDS.get(kind, _nothing)(item_id, fields)
    return None if answer is None else {"kind": kind, **answer}


def _text(fields: Fields, name: str) -> str:
    return fields.get(name, "").replace("\r\n", "\n").replace("\0", "").strip()


def _parts(item_id: str, fields: Fields) -> Iterator[tuple[str, str]]:
    """The parts of a question with what their fields say, in the order of the form."""
    prefix = f"{PREFIX}{item_id}:"
    return ((name.removeprefix(prefix), _text(fields, name)) for name in fields if name.startswith(prefix))


def _single_choice(item_id: str, fields: Fields) -> Response:
    chosen = _text(fields, f"{PREFIX}{item_id}")
    return {"option_id": chosen} if chosen else None


def _multiple_choice(item_id: str, fields: Fields) -> Response:
    chosen = [option for option, _ in _parts(item_id, fields)]
    return {"option_ids": sorted(chosen)} if chosen else None


def _true_false(item_id: str, fields: Fields) -> Response:
    said = _text(fields, f"{PREFIX}{item_id}")
    return {"answer": said == "true"} if said else None


def _numeric(item_id: str, fields: Fields) -> Response:
    value, unit = _text(fields, f"{PREFIX}{item_id}"), _text(fields, f"{PREFIX}{item_id}:unit")
    if not value:
        return None
    return {"value": value, "unit": unit} if unit else {"value": value}


def _words(item_id: str, fields: Fields) -> Response:
    text = _text(fields, f"{PREFIX}{item_id}")
    return {"text": text} if text else None


def _ordering(item_id: str, fields: Fields) -> Response:
    """By the places that were given; of two in one place the one that stands first."""
    placed = [(int(at), option) for option, at in _parts(item_id, fields) if at.isascii() and at.isdigit()]
    return {"order": [option for _, option in sorted(placed, key=lambda each: each[0])]} if placed else None


def _matching(item_id: str, fields: Fields) -> Response:
    pairs = {prompt: choice for prompt, choice in _parts(item_id, fields) if choice}
    return {"pairs": pairs} if pairs else None


def _cloze(item_id: str, fields: Fields) -> Response:
    prefix = f"{KIND}{item_id}:"
    gaps = [name.removeprefix(prefix) for name in fields if name.startswith(prefix)]
    found = {gap: answer for gap in gaps if (answer := response_of(f"{item_id}:{gap}", fields)) is not None}
    return {"gaps": found} if found else None


def _nothing(_item_id: str, _fields: Fields) -> Response:
    return None


_KINDS: dict[str, Callable[[str, Fields], Response]] = {
    "single_choice": _single_choice,
    "multiple_choice": _multiple_choice,
    "true_false": _true_false,
    "numeric": _numeric,
    "short_text": _words,
    "ordering": _ordering,
    "matching": _matching,
    "cloze": _cloze,
    "essay": _words,
}


def digest(response: Response) -> str:
    """A short name of an answer, the same for equal ones."""
    plain = msgspec.json.encode(_plain(response), order="deterministic")
    return hashlib.sha256(plain).hexdigest()[:DIGEST]


def _plain(value: Any) -> Any:
    """A response as its form would send it again: with the line ends of texts, and without the spaces around them."""
    if isinstance(value, dict):
        kept = {name: _plain(each) for name, each in value.items() if name != "unit" or each}
        return {name: sorted(each) if name == "option_ids" else each for name, each in kept.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def shown_text(text: str, form: str) -> Markup:
    """A text of a question as HTML, by the format of the question."""
    if form == "html":
        return Markup(clean_html(text))  # noqa: S704 - cleaned
    if form == "markdown":
        return Markup(html_of(text))  # noqa: S704 - html_of lets no HTML through
    return Markup("<br>").join(escape(line) for line in text.split("\n"))


def with_gaps(text: str, form: str) -> list[tuple[Markup, str]]:
    """A text with gaps: what stands before each gap, and its id; empty after the last one."""
    pieces: list[tuple[Markup, str]] = []
    before = ""
    for part in TAGS.split(str(shown_text(text, form))):
        if part.startswith("<"):
            before += part
            continue
        start = 0
        for found in GAP.finditer(part):
            pieces.append((Markup(before + part[start : found.start()]), found[1]))  # noqa: S704 - of shown_text
            before, start = "", found.end()
        before += part[start:]
    return [*pieces, (Markup(before), "")]  # noqa: S704 - of shown_text
