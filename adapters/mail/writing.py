"""
What mails of notifications say: a template for each version and language, in adapters/mail/letters.

A template is plain text: the subject, paragraphs, and behind `> ` what the link is called. Text and HTML are made of
the same paragraphs; styles are written into the elements, since readers of mail drop those of the head.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined, meta, select_autoescape

from adapters.mail.messages import as_time, language_for

LINK = "> "
OUTCOMES = {
    "en": {"distinction": "passed with distinction", "pass": "passed", "fail": "not passed", "withdrawn": "left"},
    "de": {
        "distinction": "mit Auszeichnung bestanden",
        "pass": "bestanden",
        "fail": "nicht bestanden",
        "withdrawn": "verlassen",
    },
}
WAYS = {
    "en": {
        "link": "the link of a mail",
        "password": "a password",
        "passkey": "a passkey",
        "provider": "an account elsewhere",
    },
    "de": {
        "link": "den Link einer E-Mail",
        "password": "ein Passwort",
        "passkey": "einen Passkey",
        "provider": "ein Konto anderswo",
    },
}
GROUNDS = {
    "en": {
        "off_topic": "off topic",
        "rude": "rude",
        "spam": "spam",
        "personal_data": "personal data of others",
        "solution": "gives a solution away",
        "copyright": "copyright of others",
        "other": "another reason",
    },
    "de": {
        "off_topic": "gehört nicht zum Thema",
        "rude": "unhöflich",
        "spam": "Werbung",
        "personal_data": "persönliche Daten anderer",
        "solution": "verrät eine Lösung",
        "copyright": "Urheberrecht anderer",
        "other": "ein anderer Grund",
    },
}


class Reader(NamedTuple):
    """In which language and by which clocks a person reads; UTC for None."""

    language: str
    zone: str | None


class Letter(NamedTuple):
    """A mail without its addresses."""

    subject: str
    text: str
    html: str


class Line(NamedTuple):
    """A line of a digest: what it says, and where it leads."""

    subject: str
    link: str


class Content(NamedTuple):
    """
    What a letter says.

    Attributes:
        values: of the template: `campus`, `course`, `unit`, `role`, `scope`, `outcome`, `method`, `ground`; empty
            for none.
        until: a time that it names.
        link: where the button leads.
        unsubscribe: what stops such mails; None for what cannot be switched off.
    """

    template: str
    version: int
    values: dict[str, str]
    until: datetime | None
    link: str
    unsubscribe: str | None


@cache
def _templates() -> Environment:
    return Environment(
        loader=_loader(),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False)


def reader_of(language: str | None, zone: str | None) -> Reader:
    """The reader of a profile; in English and by UTC where it says nothing that is known here."""
    return Reader(language_for(language), zone)


def letter(content: Content, reader: Reader) -> Letter:
    """The mail of a notification, for one reader."""
    values = _values(content, reader)
    said = _templates().get_template(f"{reader.language}/{content.template}.{content.version}.txt").render(values)
    return _letter(said, reader, campus=values["campus"], link=content.link, unsubscribe=content.unsubscribe)


def line(content: Content, number: int, reader: Reader) -> Line:
    """What a digest says of one thing that has happened so often (`TEMPLATE.VERSION.many.txt`, or the number after)."""
    name = f"{reader.language}/{content.template}.{content.version}"
    values = _values(content, reader)
    if number > 1 and f"{name}.many.txt" in _names():
        (subject,) = _paragraphs(_templates().get_template(f"{name}.many.txt").render(values, number=number))
        return Line(subject, content.link)
    subject = _paragraphs(_templates().get_template(f"{name}.txt").render(values))[0]
    return Line(subject if number == 1 else f"{subject} ({number})", content.link)


def digest_letter(
    lines: Sequence[Line], number: int, reader: Reader, *, campus: str, page: str, unsubscribe: str
) -> Letter:
    """The mail of a digest of *number* notifications, which leads to *page* of the campus."""
    said = _templates().get_template(f"{reader.language}/digest.txt").render(number=number)
    return _letter(said, reader, campus=campus, link=f"{campus}{page}", unsubscribe=unsubscribe, lines=lines)


def _letter(
    said: str, reader: Reader, *, campus: str, link: str, unsubscribe: str | None, lines: Sequence[Line] = ()
) -> Letter:
    subject, *paragraphs = _paragraphs(said)
    label = paragraphs.pop().removeprefix(LINK)
    below = _templates().get_template(f"{reader.language}/footer.txt")
    footer = _paragraphs(below.render(campus=campus, unsubscribe=unsubscribe))
    listed = [f"- {each.subject}\n  {each.link}" for each in lines]
    text = "\n\n".join([*paragraphs, *listed, f"{label}:", link, "--", *(each.removeprefix(LINK) for each in footer)])
    html = _templates().get_template("layout.html")
    page = html.render(
        subject=subject,
        paragraphs=paragraphs,
        lines=lines,
        label=label,
        link=link,
        footer=footer,
        language=reader.language,
    )
    return Letter(subject, text + "\n", _inliner().inline(page))


def names_of(template: str, version: int, language: str) -> set[str]:
    """The names of the values that a template needs, but for those that are made here."""
    source, _, _ = _loader().get_source(_templates(), f"{language}/{template}.{version}.txt")
    return meta.find_undeclared_variables(_templates().parse(source)) - {"until", "way", "outcome"}


@cache
def _loader() -> PackageLoader:
    return PackageLoader("adapters.mail", "letters")


@cache
def _names() -> frozenset[str]:
    return frozenset(_templates().list_templates())


def _values(content: Content, reader: Reader) -> dict[str, Any]:
    """What the templates need; a text of people has no line ends, so that it stays within its paragraph."""
    values = {name: " ".join(text.split()) for name, text in content.values.items()}
    way = values.get("method", "").partition("+")[0]
    return {
        **values,
        "outcome": OUTCOMES[reader.language].get(values.get("outcome", ""), values.get("outcome", "")),
        "way": WAYS[reader.language].get(way, way),
        "ground": GROUNDS[reader.language].get(values.get("ground", ""), values.get("ground", "")),
        "until": None if content.until is None else as_time(content.until, reader.language, reader.zone),
    }


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
