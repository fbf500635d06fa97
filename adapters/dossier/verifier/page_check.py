"""The page of a dossier, held against its documents and facts: each value says where it is from."""

from __future__ import annotations

import json
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any

from adapters.dossier.verifier.leaves import Fact
from adapters.dossier.verifier.notes import json_of, text_of

PAGE = "index.html"
SOURCE, FORM = "data-of", "data-as"  # attributes: the way to a value, as a list in JSON; and how it is shown
VALUES = {"td", "dd"}  # elements in which there is nothing else
NOTHING = "\N{EN DASH}"
MOST_SHOWN = 600  # characters of one value


def shown(value: Any, form: str) -> str:
    """A value as the page shows it."""
    if value is None or value in ("", [], {}):
        return NOTHING
    if form == "percent" and type(value) is int:
        return f"{value // 100}.{value % 100:02d} %"
    if form == "time" and isinstance(value, str) and value.endswith("Z"):
        return f"{value[:10]} {value[11:19]} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        text = ", ".join(value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]} … ({len(text)} characters)"


def page_values(statement: dict[str, Any], facts: list[Fact], documents: dict[str, Any]) -> dict[str, Any]:
    """Everything that the page may show, by the first name of the way to it."""
    return {
        "statement": statement,
        "facts": {str(fact.position): _fact(fact) for fact in facts},
        "documents": documents,
    }


def _fact(fact: Fact) -> dict[str, Any]:
    """A fact, with its stored bytes as text."""
    found = {**fact._asdict(), "data": fact.data.decode(errors="replace"), "meta": {}}
    with suppress(ValueError, RecursionError):  # what cannot be read is shown as missing; its bytes are in facts.jsonl
        found["meta"] = json.loads(fact.meta)
    return found


def found_at(values: Any, way: list[str | int]) -> Any:
    """The value to which a way leads; None if there is none."""
    for name in way:
        try:
            values = values[name]
        except (KeyError, IndexError, TypeError):
            return None
    return values


class Page(HTMLParser):
    """Reads the page: what it shows of what, and whether that is so."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.seen: set[tuple[str, ...]] = set()
        self._values = values
        self._open: tuple[str, list[str | int] | None, str] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin to read a value."""
        given = dict(attrs)
        if tag not in VALUES:
            return
        way = json_of(given.get(SOURCE) or "null", f"{PAGE}, line {self.getpos()[0]}: the source of a value")
        self._open, self._text = (tag, way if isinstance(way, list) else None, given.get(FORM) or ""), ""

    def handle_data(self, data: str) -> None:
        """Read on."""
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        """Compare the value that has ended with where it is from."""
        if self._open is None or self._open[0] != tag:
            return
        (_, way, form), self._open = self._open, None
        if way is None:
            self.wrong.append(f"{PAGE}, line {self.getpos()[0]}, shows {self._text[:60]!r} without saying of what")
            return
        self.seen.add(tuple(map(str, way)))
        right = shown(found_at(self._values, way), form)
        if self._text != right:
            place = " ".join(map(str, way))
            self.wrong.append(
                f"{PAGE}, line {self.getpos()[0]}, shows {self._text[:60]!r} for {place}: it is {right[:60]!r}"
            )


def check_page(data: bytes, values: dict[str, Any]) -> list[str]:
    """What the page shows wrongly or leaves out: a fact, or a row of a document."""
    page = Page(values)
    page.feed(text_of(data, PAGE))
    page.close()
    wrong = page.wrong
    wrong += [
        f"{PAGE} leaves out the fact at position {position}"
        for position in values["facts"]
        if ("facts", position, "position") not in page.seen
    ]
    rows = {each[:5] for each in page.seen if each[0] == "documents"}
    for name, document in values["documents"].items():
        for table, found in document["rows"].items():
            wrong += [
                f"{PAGE} leaves out row {at} of {table} in documents/{name}.json"
                for at in range(len(found))
                if ("documents", name, "rows", table, str(at)) not in rows
            ]
    return wrong
