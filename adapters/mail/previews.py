"""Mails of notifications as the staff look at them, and tests: every template in every language, with sample data."""

from datetime import UTC, datetime

from adapters.mail.digests import DIGEST, INBOX
from adapters.mail.messages import languages
from adapters.mail.writing import Content, Letter, digest_letter, letter, line, names_of, reader_of
from domain.notification import REQUIRED, TEMPLATES

SAMPLE = {
    "course": "Algebra",
    "unit": "Equations",
    "role": "assistant",
    "scope": "run:algebra-2026",
    "outcome": "pass",
    "method": "password+totp",
}
UNTIL = datetime(2026, 3, 29, 16, 0, tzinfo=UTC)
ZONE = "Europe/Berlin"
NAMES = (*TEMPLATES, DIGEST)
"""Of all mails that there are: those of the templates, and the digest."""
IN_DIGEST = {"attempt_graded": 1, "outcome_decided": 1, "seat_offered": 3}
"""What the digest of the preview says, and how often."""


def preview(name: str, language: str, campus: str) -> Letter:
    """A mail with sample data; its links lead to pages of the campus, and none stops anything."""
    reader, stop = reader_of(language, ZONE), f"{campus}/unsubscribe/TOKEN"
    if name != DIGEST:
        return letter(_content(name, language, campus), reader)
    lines = [line(_content(each, language, campus), number, reader) for each, number in IN_DIGEST.items()]
    return digest_letter(lines, sum(IN_DIGEST.values()), reader, campus=campus, page=INBOX, unsubscribe=stop)


def _content(name: str, language: str, campus: str) -> Content:
    template = TEMPLATES[name]
    wanted = names_of(name, template.version, language)
    values = {**{each: each for each in wanted}, **SAMPLE, "campus": campus}
    stop = None if template.kind in REQUIRED else f"{campus}/unsubscribe/TOKEN"
    return Content(name, template.version, values, UNTIL, f"{campus}{INBOX}", stop)


__all__ = ["DIGEST", "NAMES", "SAMPLE", "languages", "preview"]
