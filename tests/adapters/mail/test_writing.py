"""What mails of notifications say: every template in every language."""

from datetime import UTC, datetime

import pytest

from adapters.mail.messages import languages
from adapters.mail.writing import Content, letter, reader_of
from domain.notification import TEMPLATES

VALUES = {
    "campus": "https://campus.test",
    "course": "Algebra <i>& more",
    "unit": "Equations",
    "role": "assistant",
    "scope": "run:algebra-2026",
    "outcome": "pass",
    "method": "password+totp",
    "ground": "rude",
}
UNTIL = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
LINK = "https://campus.test/learn"


def content(template: str = "seat_offered", version: int = 1, unsubscribe: str | None = "https://x.test/u") -> Content:
    return Content(template, version, VALUES, UNTIL, LINK, unsubscribe)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_is_written_in_every_language(name: str, language: str) -> None:
    """In every version that a notification may have; as text and as HTML with its styles within the elements."""
    for version in range(1, TEMPLATES[name].version + 1):
        found = letter(content(name, version), reader_of(language, "Europe/Berlin"))
        assert "\n" not in found.subject
        assert LINK in found.text
        assert f'href="{LINK}"' in found.html
        assert f'lang="{language}"' in found.html
        assert "<i>" not in found.html
        assert "<style" not in found.html
        assert 'style="' in found.html
        assert "{" not in found.subject + found.text


def test_languages_differ() -> None:
    """No template was left in the language of the other."""
    for name in TEMPLATES:
        subjects = {letter(content(name), reader_of(language, None)).subject for language in languages()}
        assert len(subjects) == len(languages()), name


def test_times_are_those_of_the_reader() -> None:
    """On both sides of the hour that the clocks of Berlin leave out."""
    assert "29. März 2026, 01:30 (Europe/Berlin)" in letter(content(), reader_of("de", "Europe/Berlin")).text
    later = content()._replace(until=datetime(2026, 3, 29, 1, 30, tzinfo=UTC))
    assert "29. März 2026, 03:30 (Europe/Berlin)" in letter(later, reader_of("de-AT", "Europe/Berlin")).text
    assert "March 29, 2026, 12:30" in letter(content(), reader_of("en", None)).text


def test_a_reader_who_says_nothing_known_reads_english_by_utc() -> None:
    """Whatever a profile holds."""
    assert reader_of("tlh", None) == reader_of(None, None) == ("en", None)
    assert "March 29, 2026, 12:30" in letter(content(), reader_of("tlh", "Mars/Olympus")).text


def test_what_people_have_typed_makes_no_header_and_no_paragraph() -> None:
    """A title with line ends is one line."""
    values = VALUES | {"course": "Algebra\r\nBcc: eve@example.org\n\n> Click here"}
    found = letter(content()._replace(values=values), reader_of("en", None))
    assert found.subject == "A place is kept for you: Algebra Bcc: eve@example.org > Click here"
    assert "\nTake the place:\n" in found.text


def test_what_is_required_has_no_way_to_stop_it() -> None:
    """And says so."""
    assert "cannot be switched off" in letter(content(unsubscribe=None), reader_of("en", None)).text
    assert "https://x.test/u" in letter(content(), reader_of("en", None)).html
