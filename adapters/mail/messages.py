"""
What is written to people: a text for each occasion and language, in adapters/mail/templates/LANGUAGE/OCCASION.txt.

The first line of a text is the subject. The HTML of a mail has the same paragraphs (mail.html); one that is nothing but
the link is a link.

Nothing that another person has typed stands in a mail: who registers a foreign address sends its owner no words.
"""

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from domain.deadlines import is_time_zone

FOLDER = Path(__file__).parent / "templates"
ENGLISH = "en"


@cache
def languages() -> tuple[str, ...]:
    """The languages in which mails are written, each with a folder of templates."""
    return tuple(sorted(each.name for each in FOLDER.iterdir() if each.is_dir()))


@cache
def occasions() -> tuple[str, ...]:
    """The occasions on which mails are written: the names of their templates."""
    return tuple(sorted(each.stem for each in (FOLDER / ENGLISH).iterdir()))


def language_for(chosen: str | None) -> str:
    """The language of mails to a person whose profile says *chosen*, such as `de-AT`; English for all others."""
    found = (chosen or "").partition("-")[0].lower()
    return found if found in languages() else ENGLISH


def as_time(moment: datetime, language: str, zone: str | None) -> str:
    """A time as it is written in a language, in the zone of who reads it, which stands beside it."""
    name = zone if zone and is_time_zone(zone) else "UTC"
    local, locale = moment.astimezone(ZoneInfo(name)), Locale.parse(language, sep="-")
    day, time = format_date(local, "long", locale=locale), format_time(local, "short", locale=locale)
    return f"{day}, {time} ({name})"


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
    )


def message(
    occasion: str, *, sender: str, recipient: str, key: str, values: dict[str, Any], language: str = ENGLISH
) -> EmailMessage:
    """
    The mail for an occasion.

    Args:
        sender: a name and an address, or an address.
        key: of the job; two mails of one job have the same `Message-ID`, so that a second one can be dropped.
        values: what the templates need.
        language: one of `languages()`.
    """
    subject, _, text = _templates().get_template(f"{language}/{occasion}.txt").render(values).partition("\n\n")
    paragraphs = [" ".join(each.split()) for each in text.split("\n\n")]
    html = {"language": language, "subject": subject, "paragraphs": paragraphs, "link": values["link"]}
    found = with_head(sender, recipient, subject, key, language)
    found.set_content(f"{text}\n")
    found.add_alternative(_templates().get_template("mail.html").render(html), subtype="html")
    return found


def with_head(sender: str, recipient: str, subject: str, key: str, language: str) -> EmailMessage:
    """A mail without a content; arguments as for `message`."""
    found = EmailMessage()
    name, address = parseaddr(sender)
    found["From"] = Address(name, addr_spec=address)
    found["To"] = Address(addr_spec=recipient)
    found["Subject"] = subject
    found["Date"] = formatdate(localtime=False)
    found["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{address.partition('@')[2]}>"
    found["Auto-Submitted"] = "auto-generated"
    found["Content-Language"] = language
    return found
