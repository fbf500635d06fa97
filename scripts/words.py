"""
`python -m scripts.words`: what the pages say that a language does not have yet, as entries to be translated.

The sentences are found in the templates, the components and the modules of web/; those of a desk belong into the file
of its name (`web/locale/de/learn.po`), all others into `common.po`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

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
        write_po(sys.stdout.buffer, catalog, omit_header=True)
    sys.exit(not is_whole)


if __name__ == "__main__":
    main()
