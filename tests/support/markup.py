"""
Reads pages as strictly as the specification of HTML, and says what is wrong with one.

Beside what the parser of html5lib refuses: ids that are there twice or are named and missing, controls without names,
elements where they may not stand, headings out of order, and whatever the policy of pages (CSP) forbids.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import html5lib

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "details", "dialog", "div", "dl", "fieldset", "figure", "form"),
        *("footer", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table", "ul", *HEADINGS),
    )
)
ONLY_PHRASES = frozenset(("p", "span", "button", "label", "summary", "a", "pre", "code", "em", "strong", *HEADINGS))
"""In which there is text, and no block; a link may stand around blocks where it does not stand in text itself."""
INTERACTIVE = frozenset(("a", "button", "details", "input", "label", "select", "textarea"))
CHILDREN = {
    "ul": {"li", "script", "template"},
    "ol": {"li", "script", "template"},
    "dl": {"dt", "dd", "div"},
    "select": {"option", "optgroup", "hr"},
    "tr": {"td", "th"},
}
"""What may stand directly in an element."""
REFERENCES = ("aria-labelledby", "aria-describedby", "aria-controls", "for", "list", "form", "popovertarget")
LINKS = ("href", "src", "action", "formaction", "poster", "data-hx-get", "data-sse-connect")
SCHEMES = frozenset(("", "http", "https", "mailto"))
NAMELESS = frozenset(("hidden", "submit", "button", "reset", "image"))
"""Kinds of inputs that need no label."""
USE = "{http://www.w3.org/2000/svg}use"
Node = Element


@dataclass(frozen=True)
class Form:
    """Where a form goes, with the names of its fields."""

    method: str
    action: str
    fields: dict[str, str]


class Markup:
    """
    A page.

    Attributes:
        defects: what html5lib refuses in its text.
    """

    def __init__(self, text: str) -> None:
        parser = html5lib.HTMLParser(html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
        self.root: Any = parser.parse(text)
        self.defects = [f"{code} at {place}" for place, code, _ in parser.errors]
        self.parents = {child: parent for parent in self.root.iter() for child in parent}

    def all(self, *names: str) -> list[Node]:
        """The elements with one of some names, in their order."""
        return [each for each in self.root.iter() if isinstance(each.tag, str) and (not names or each.tag in names)]

    def above(self, node: Node) -> Iterator[Node]:
        """The elements around one, the closest first."""
        while (node := self.parents.get(node)) is not None:  # type: ignore[assignment]
            yield node

    @cached_property
    def title(self) -> str:
        """The title."""
        return " ".join(
            text_of(each)
            for each in self.all("title")
            if not isinstance(self.parents[each].tag, str) or self.parents[each].tag == "head"
        )

    @cached_property
    def ids(self) -> Counter[str]:
        """How often there is each id."""
        return Counter(each.get("id", "") for each in self.all() if each.get("id") is not None)

    @cached_property
    def addresses(self) -> list[str]:
        """Where links, pictures, scripts and streams lead."""
        named = (each.get(name) for each in self.all() for name in LINKS if name not in ("action", "formaction"))
        return [address for address in named if address is not None]

    @cached_property
    def loaded(self) -> list[str]:
        """What a browser loads with the page."""
        found = [each.get("src") for each in self.all("script", "img")] + [
            each.get("href") for each in self.all("link")
        ]
        icons = [each.get("href") for each in self.all(USE)]
        return [address for address in (*found, *icons) if address is not None]

    @property
    def said(self) -> str:
        """All text."""
        return " ".join(self.root.itertext())

    @cached_property
    def forms(self) -> list[Form]:
        """Forms, and the buttons that send them elsewhere."""
        buttons = [each for each in self.all("button", "input") if each.get("formaction") is not None]
        sent = [(each, each.get("action", ""), each) for each in self.all("form")]
        sent += [(self._form_of(each), each.get("formaction", ""), each) for each in buttons]
        return [
            Form((by.get("formmethod") or form.get("method") or "get").lower(), to, self._fields(form))
            for form, to, by in sent
        ]

    def _form_of(self, button: Node) -> Node:
        named = (each for each in self.all("form") if each.get("id") == button.get("form"))
        return next(named if button.get("form") else (each for each in self.above(button) if each.tag == "form"))

    def _fields(self, form: Node) -> dict[str, str]:
        own = [*form.iter()] + [each for each in self.all() if each.get("form") and each.get("form") == form.get("id")]
        return {each.get("name", ""): each.get("value", "") for each in own if each.get("name")}

    @property
    def faults(self) -> list[str]:
        """All that is wrong."""
        found = [*self.defects, *self._ids(), *self._headings(), *self._forbidden(), *self._names(), *self._places()]
        return sorted(set(found))

    def _ids(self) -> Iterator[str]:
        yield from (f"id {name!r} is there {times} times" for name, times in self.ids.items() if times > 1 or not name)
        for each in self.all():
            for name in REFERENCES:
                for one in (each.get(name) or "").split():
                    if one not in self.ids:
                        yield f"{name} of {shown(each)} names no id"
            fragment = (each.get("href") or "") if each.tag == "a" else ""
            if fragment.startswith("#") and len(fragment) > 1 and fragment[1:] not in self.ids:
                yield f"{shown(each)} leads to no id"

    def _headings(self) -> Iterator[str]:
        found = [int(each.tag[1]) for each in self.all(*HEADINGS)]
        if found.count(1) != 1:
            yield f"{found.count(1)} elements h1"
        yield from (
            f"h{after} follows h{before}"
            for before, after in zip([1, *found], found, strict=False)
            if after > before + 1
        )
        if len(self.all("main")) != 1:
            yield "not one main"
        if not self.title.partition("·")[0].strip():
            yield "no title"

    def _forbidden(self) -> Iterator[str]:
        for each in self.all():
            if each.tag == "style" or (
                each.tag == "script" and not each.get("src") and each.get("type") != "application/json"
            ):
                yield f"{shown(each)} inside the page"
            for name, value in each.attrib.items():
                if name == "style" or name.startswith(("on", "hx-", "sse-")) or "canary" in name:
                    yield f"{name} of {shown(each)}"
                if name in LINKS and urlsplit(value.strip()).scheme not in SCHEMES | (
                    {"data"} if each.tag == "img" else set()
                ):
                    yield f"{name} of {shown(each)} leads to {value[:40]!r}"

    def _names(self) -> Iterator[str]:
        labelled = {each.get("for") for each in self.all("label")}
        for each in self.all("input", "select", "textarea"):
            is_named = each.get("aria-label") or each.get("aria-labelledby") or each.get("id") in labelled
            is_within = any(above.tag == "label" for above in self.above(each))
            if not (is_named or is_within or (each.tag == "input" and each.get("type") in NAMELESS)):
                yield f"{shown(each)} has no label"
        for each in self.all("button", "a"):
            if each.get("hidden") is not None:
                continue
            if not (
                text_of(each)
                or each.get("aria-label")
                or each.get("aria-labelledby")
                or any(img.get("alt") for img in each.iter("img"))
                or any(svg.get("aria-label") for svg in each.iter("{http://www.w3.org/2000/svg}svg"))
            ):
                yield f"{shown(each)} has no name"
        yield from (f"{shown(each)} has no alt" for each in self.all("img") if each.get("alt") is None)

    def _places(self) -> Iterator[str]:
        for each in self.all():
            parent = self.parents.get(each)
            if parent is None:
                continue
            if parent.tag in CHILDREN and each.tag not in CHILDREN[parent.tag]:
                yield f"{shown(each)} in {shown(parent)}"
            if each.tag in BLOCKS:
                yield from (f"{shown(each)} in {shown(above)}" for above in self._text_around(each))
            if each.tag in INTERACTIVE and each.get("type") != "hidden":
                within = [
                    above
                    for above in self.above(each)
                    if above.tag in ("a", "button") or (above.tag == "label" and each.tag in ("a", "button", "label"))
                ]
                yield from (f"{shown(each)} in {shown(above)}" for above in within)

    def _text_around(self, node: Node) -> Iterator[Node]:
        for above in self.above(node):
            if above.tag not in ONLY_PHRASES:
                return
            if above.tag != "a" and not (above.tag == "summary" and node.tag in HEADINGS):
                yield above


def shown(node: Node) -> str:
    """An element as it begins."""
    named = "".join(f' {name}="{value[:40]}"' for name, value in [*node.attrib.items()][:4])
    return f"<{node.tag}{named}>"


def text_of(node: Node) -> str:
    """What an element says."""
    return re.sub(r"\s+", " ", "".join(node.itertext())).strip()
