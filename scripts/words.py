"""
`python -m scripts.words`: what the pages say that a language does not have yet, as entries to be translated.

The sentences are found in the templates, the components and the modules of web/; those of a desk belong into the file
of its name (`web/locale/de/learn.po`), all others into `common.po`. What the API says of a refusal is found in its
code, and belongs into `problems.po`, with the code of the problem as its context (web/problems.py).
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

import adapters
import api
import commands
import domain
from api.http.errors import CODES, OWN_CODES
from domain.errors import DomainError
from web.words import ANY

WEB = Path(__file__).parent.parent / "web"
LOCALE = WEB / "locale"
OPTIONS = {"trimmed": "false", "silent": "false", "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols"}
KEYWORDS = {"_": None, "gettext": None, "say": None, "ngettext": (1, 2)}


class Sentence(NamedTuple):
    """What a page says: the text, or the texts for one and for many; and where."""

    text: str | tuple[str, ...]
    file: str
    line: int


def said() -> Iterator[Sentence]:
    """All that the pages say."""
    for path in sorted([*WEB.rglob("*.html"), *WEB.rglob("*.py")]):
        method = "jinja2.ext:babel_extract" if path.suffix == ".html" else "python"
        for line, text, _, _ in extract_from_file(method, path, keywords=KEYWORDS, options=OPTIONS):
            if text:
                found = text if isinstance(text, str) else tuple(each for each in text if each)
                yield Sentence(found, str(path.relative_to(WEB)), line)


def translated(language: str) -> list[Catalog]:
    """The files of a language."""
    found = []
    for path in sorted((LOCALE / language).glob("*.po")):
        with path.open("rb") as content:
            found.append(read_po(content, locale=language, abort_invalid=True))
    return found


def missing(language: str) -> list[Sentence]:
    """What a language does not have, each once."""
    has = {
        _key(entry.id)
        for each in translated(language)
        for entry in each
        if entry.id and not entry.fuzzy and (all(entry.string) if isinstance(entry.string, tuple) else entry.string)
    }
    found: dict[str, Sentence] = {}
    for each in said():
        if _key(each.text) not in has:
            found.setdefault(_key(each.text), each)
    return list(found.values())


class Refusal(NamedTuple):
    """What the API says with a code: the template of its sentence, or ANY for a code with several."""

    code: str
    text: str


@cache
def refusals() -> frozenset[Refusal]:
    """All that the API can say of a refusal."""
    for package in (domain, commands, adapters, api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    of_domain = {Refusal(each.code, each.template or ANY) for each in _narrower(DomainError)}
    others = {*CODES.values(), *OWN_CODES} - {each.code for each in of_domain}
    return frozenset(of_domain | {Refusal(code, ANY) for code in others})


def untranslated(language: str) -> list[Refusal]:
    """What a language cannot say of a refusal."""
    has = {Refusal(entry.context, str(entry.id)) for each in translated(language) for entry in each if entry.context}
    return sorted(refusals() - has)


def _narrower(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for each in kind.__subclasses__():
        if each.__module__.partition(".")[0] != "tests":
            yield each
        yield from _narrower(each)


def _key(text: str | tuple[str, ...] | list[str]) -> str:
    return text if isinstance(text, str) else text[0]


def main() -> None:
    """Print what is missing, language by language; exits 1 if something is."""
    is_whole = True
    for folder in sorted(each for each in LOCALE.iterdir() if each.is_dir()):
        catalog = Catalog(locale=folder.name)
        for each in missing(folder.name):
            is_whole = False
            catalog.add(each.text, locations=[(each.file, each.line)])
        for refusal in untranslated(folder.name):
            is_whole = False
            catalog.add(refusal.text, context=refusal.code)
        write_po(sys.stdout.buffer, catalog, omit_header=True)
    sys.exit(not is_whole)


if __name__ == "__main__":
    main()
