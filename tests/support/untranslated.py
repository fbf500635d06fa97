"""
Finds what a page says in one language whatever the reader's: each sentence of the catalogs is put into brackets, and
words that stand outside of them were looked up nowhere.

What people have written is known by its mark (marked_campus.py). Code, ids, moments, names of facts, of read models and
of days are left out.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from babel import Locale

from domain.registry import FACTS
from projections.registry import PROJECTIONS
from tests.support.markup import Markup, Node
from web.phrases import forget_phrases
from web.rendering import _environment
from web.words import Sentences, sentences

OPENS, CLOSES = "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}", "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"
WORD = re.compile(r"[A-Za-z]{3,}")
NAME = re.compile(r"\S*[\d._:@/{\[=-]\S*")
"""An id, an address, a name with parts."""
SAME_EVERYWHERE = frozenset(("code", "pre", "time", "script", "kbd", "samp", "mark"))
UNMARKED = ("sample app", "a sample person of a development campus", "email,name")
"""What the accounts of the sample people are made with."""
ATTRIBUTES = ("title", "aria-label", "placeholder", "alt", "data-confirm")
"""With words for people."""
GERMAN = Locale("de")
LANGUAGES = ("de", "en", "fr", "es", "it", "pt", "nl", "pl")
OF_BABEL = {*GERMAN.days["format"]["wide"].values(), *GERMAN.months["format"]["wide"].values()} | {
    *("Sekunden", "Sekunde", "Minuten", "Minute", "Stunden", "Stunde", "Tage", "Tagen", "Tag", "Wochen", "Woche"),
    *(
        "Monate",
        "Monat",
        *(name.capitalize() for each in LANGUAGES for name in (Locale(each).get_display_name(each) or "",)),
    ),
}
NAMES = {
    *("Ada", "Lindqvist", "Kofi", "Mensah", "Vectors"),
    *("admin", "auth", "clients", "lti", "Moodle", "XML", "GIFT", "QTI", "Markdown", "HTML"),
    *("Campuslog", "EUR", "USD", "seed", "reactor", "api", "projector", "relay", "postgres", "valkey", "nats"),
    *(each.name for each in PROJECTIONS),
    *(part for each in FACTS for part in each.partition(".")[::2]),
}


@contextmanager
def bracketed() -> Iterator[None]:
    """Every sentence that is looked up is in brackets, until the block ends."""
    one, many, of_api = Sentences.gettext, Sentences.ngettext, Sentences.of_problem

    def looked_up(self: Sentences, text: str) -> str:
        return f"{OPENS}{one(self, text)}{CLOSES}"

    def counted(self: Sentences, *words: str | int) -> str:
        return f"{OPENS}{many(self, *words)}{CLOSES}"  # type: ignore[arg-type]

    def said(self: Sentences, code: str) -> list[tuple[str, str]]:
        return [(english, f"{OPENS}{text}{CLOSES}") for english, text in of_api(self, code)]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Sentences, "of_problem", said)
        patched.setattr(Sentences, "gettext", looked_up)
        patched.setattr(Sentences, "ngettext", counted)
        _forget()
        try:
            yield
        finally:
            _forget()


def _forget() -> None:
    _environment.cache_clear()
    sentences.cache_clear()
    forget_phrases()


def left_in_one_language(page: Markup) -> Iterator[str]:
    """The texts of a page that were not looked up, each with the element that it stands in."""
    depth = 0
    for node, text in _texts(page.root):
        outside, depth = _outside(text, depth)
        if WORD.search(outside) and not _is_same_everywhere(page, node):
            yield f"{text.strip()[:120]!r} in <{node.tag}>"
    for node in page.all():
        for name in ATTRIBUTES:
            outside, _ = _outside(node.get(name) or "", 0)
            if WORD.search(outside) and node.tag != "time" and not _is_same_everywhere(page, node):
                yield f"{node.get(name)!r} in {name} of <{node.tag}>"


def _texts(node: Node) -> Iterator[tuple[Node, str]]:
    """All texts in the order of the page, with the element around each."""
    yield node, node.text or ""
    for child in node:
        if isinstance(child.tag, str):
            yield from _texts(child)
        yield node, child.tail or ""


def _outside(text: str, depth: int) -> tuple[str, int]:
    """What stands outside of the brackets and is no name; and how deep in brackets the end is."""
    kept = []
    for character in text:
        depth += (character == OPENS) - (character == CLOSES)
        kept.append(" " if depth or character == CLOSES else character)
    if "canary" in text or "\"'" in text or text.strip() in UNMARKED:  # of a mark, cleaned HTML has the beginning
        return "", depth
    words = NAME.sub(" ", "".join(kept)).replace(",", " ").split()
    return " ".join(each for each in words if each.strip("()\"'.") not in NAMES | OF_BABEL), depth


def _is_same_everywhere(page: Markup, node: Node) -> bool:
    around = [node, *page.above(node)]
    return any(
        each.tag in SAME_EVERYWHERE
        or each.get("translate") == "no"
        or "prose" in each.get("class", "")
        or (each.get("lang") and each.tag != "html")
        for each in around
    )
