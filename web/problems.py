"""
What the API says of a refusal, in the language of the reader.

The API's sentences are English, each made of its facts (decisions/0062). `locale/LANGUAGE/problems.po` has them in
another language by the code of the problem (`msgctxt`), with the names of the facts in braces; `*` stands for all
sentences of a code that has several, whose English may be shown as `{detail}`. Words among the facts, such as the state
of an enrollment, are translated there, too (`word`). What is wrong with a field is said here, in every language.
"""

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any, Final

from api.http.errors import INVALID, MEMBERS
from api.http.types import ADDRESS, EXPECTED, NO_CONTROLS
from web.words import ANY, Reader, sentences

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$")
WORD = "word"
MOST_DEFECTS = 3  # that a sentence names


def _(text: str) -> str:
    """Mark a sentence; it is looked up where it is shown."""
    return text


DEFECTS: Final = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        (r"Field required|String should have at least 1 character|say why", _("This is needed.")),
        (r"String should have at least (?P<n>\d+) characters", _("This has %(n)s characters or more.")),
        (r"String should have at most (?P<n>\d+) characters?", _("This has %(n)s characters at most.")),
        (re.escape(f"has to be {EXPECTED[ADDRESS]}"), _("This has to be a mail address, such as ada@example.org.")),
        (re.escape(f"has to be {EXPECTED[NO_CONTROLS]}"), _("This has to be a text in one line.")),
        (r"has to be a time of day", _("This has to be a time of day, such as 08:00.")),
        (r"has to be an id", _("This has letters, digits, dots, dashes and underscores only.")),
        (r"has to be a ticket", _("This has to be a ticket, such as HELP-123.")),
        (r"Input should be greater than or equal to (?P<n>[\d.-]+)", _("This is %(n)s at least.")),
        (r"Input should be less than or equal to (?P<n>[\d.-]+)", _("This is %(n)s at most.")),
        (r"Input should be greater than (?P<n>[\d.-]+)", _("This is more than %(n)s.")),
        (r"Input should be less than (?P<n>[\d.-]+)", _("This is less than %(n)s.")),
        (r"Input should be a valid (integer|number|decimal)|unable to parse string as", _("This has to be a number.")),
        (r"a time (as|between)|Input should (be a valid|have) (datetime|timezone|date)", _("This has to be a time.")),
        (r"Input should be '", _("This is none of what can be chosen.")),
        (r"List should have at least (?P<n>\d+) items?", _("Choose %(n)s at least.")),
        (r"List should have at most (?P<n>\d+) items?", _("Choose %(n)s at most.")),
    )
)
"""What pydantic, and the types of requests, say of a field, and what a page says."""

OTHER = _("This does not fit.")
FIELDS: Final = {
    "email": _("Address"),
    "password": _("Password"),
    "old": _("Password"),
    "new": _("Password"),
    "code": _("Code"),
    "token": _("The code of the link"),
    "display_name": _("Name"),
    "language": _("Language"),
    "time_zone": _("Time zone"),
    "notification_address": _("Another address for notifications"),
    "label": _("Name"),
    "reason": _("Reason"),
    "ticket": _("Ticket"),
    "title": _("Title"),
    "until": _("Until"),
    "words": _("Why should it be another one?"),
}
"""What fields are called in a sentence about them; others by their own name."""


def translated(document: Mapping[str, Any], reader: Reader) -> str:
    """The sentence of a problem document for *reader*, without a full stop."""
    code, detail = str(document.get("code", "")), str(document.get("detail", ""))
    if code == INVALID:
        return _of_defects(document.get("errors", ()), reader)
    values = {_name(name): shown(value, document, reader) for name, value in document.items() if name not in MEMBERS}
    values["detail"] = detail
    for english, text in sentences(reader.language).of_problem(code):
        if values.keys() >= fields_of(text) and (english == ANY or values.keys() >= fields_of(english)):
            return text.format_map(values)
    return detail


def defect(problem: str, reader: Reader) -> str:
    """What is wrong with a field, as a sentence for *reader*."""
    say = sentences(reader.language).gettext
    for pattern, sentence in DEFECTS:
        if (found := pattern.match(problem)) is not None:
            return say(sentence) % found.groupdict()
    return say(OTHER)


def shown(value: Any, facts: Mapping[str, Any], reader: Reader) -> str:
    """A fact of a problem, as it is written in a sentence."""
    if isinstance(value, str):
        return reader.exact(value) if MOMENT.match(value) else _word(value, facts, reader)
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(each, facts, reader) for each in value)
    return reader.number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def fields_of(template: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def finished(text: str) -> str:
    """A sentence with its capital and its full stop."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}" if text else ""


def _name(name: str) -> str:
    """A fact that is called like a member of every problem has a name of its own there (api/http/errors.py)."""
    short = name.removeprefix("fact_")
    return short if short in MEMBERS and short != name else name


def _word(text: str, facts: Mapping[str, Any], reader: Reader) -> str:
    for english, said in sentences(reader.language).of_problem(WORD):
        if english == text:
            return said
        if "{" in english and facts.keys() >= fields_of(english) and english.format_map(facts) == text:
            return said.format_map(facts)
    return text


def _of_defects(defects: Sequence[Mapping[str, str]], reader: Reader) -> str:
    say = sentences(reader.language).gettext
    parts = []
    for each in defects[:MOST_DEFECTS]:
        field = each["at"].rpartition(".")[2]
        parts.append(f"{say(FIELDS.get(field, field))}: {defect(each['problem'], reader).removesuffix('.')}")
    return "; ".join(parts) or say(OTHER).removesuffix(".")
