"""Languages of the pages are whole, and say what English says."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scripts.words import missing, refusals, translated, untranslated
from web.problems import fields_of
from web.words import ANY, NOTHING, Reader, Sentences, language_of, languages, sentences, zone_of

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
FIELD = re.compile(r"%\((\w+)\)s")
OTHERS = [each for each in languages() if each != "en"]


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_sentence_of_the_pages(language: str) -> None:
    """`python -m scripts.words` prints what it lacks."""
    assert [each.text for each in missing(language)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_fields_of_its_sentence(language: str) -> None:
    """What a sentence is filled with is called the same in each language."""
    for entry in (entry for each in translated(language) for entry in each if entry.id):
        one = entry.id if isinstance(entry.id, str) else entry.id[1]
        texts = [entry.string] if isinstance(entry.string, str) else list(entry.string or ())
        assert all(set(FIELD.findall(text)) <= set(FIELD.findall(one)) for text in texts), entry.id


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_sentence_of_the_api(language: str) -> None:
    """By code and template: `python -m scripts.words` prints what it lacks, also where the English has changed."""
    assert untranslated(language) == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_sentence_has_no_facts_but_those_of_the_problem(language: str) -> None:
    """Else the English one would be shown."""
    for code, english in sorted(refusals()):
        of_code = dict(sentences(language).of_problem(code))
        allowed = {"detail"} if english == ANY else fields_of(english) | {"detail"}
        assert fields_of(of_code[english]) <= allowed, code


@pytest.mark.parametrize("language", OTHERS)
def test_a_sentence_has_one_translation(language: str) -> None:
    """In all files: the last one would win everywhere. What means something else is another sentence."""
    said: dict[str, set[str]] = {}
    for entry in (entry for each in translated(language) for entry in each if entry.id and not entry.context):
        said.setdefault(str(entry.id), set()).add(str(entry.string))
    assert {text: found for text, found in said.items() if len(found) > 1} == {}


def test_the_language_is_the_one_that_was_chosen_or_is_accepted() -> None:
    """English otherwise."""
    assert language_of("de", "en") == "de"
    assert language_of("", "fr-CA, de-CH;q=0.8, en;q=0.5") == "de"
    assert [language_of(chosen, accepted) for chosen, accepted in (("xx", "xx"), ("", ""), ("../de", "*"))] == [
        "en"
    ] * 3


def test_moments_numbers_and_money_are_written_as_the_reader_writes_them() -> None:
    """In the zone of the reader; distances up to a week."""
    reader = Reader("de", ZoneInfo("Europe/Berlin"), NOW)
    assert reader.distance((NOW + timedelta(days=3)).isoformat()) == "in 3 Tagen"
    assert reader.distance("2027-03-01T23:30:00Z") == "02.03.2027"
    assert "00:30" in reader.exact("2027-03-01T23:30:00Z")
    assert reader.weekday("2026-12-10T23:30:00Z") == "Fr., 11. Dezember"
    assert (reader.month("2026-10"), Reader("en", zone_of("UTC"), NOW).month("2026-10")) == (
        "Oktober 2026",
        "October 2026",
    )
    assert (reader.percent(6_667), reader.percent(None), reader.number(1234.5)) == ("66,67\xa0%", NOTHING, "1.234,5")
    assert (reader.money(129_900, "EUR"), reader.money(500, "JPY")) == ("1.299,00\xa0€", "500\xa0¥")
    assert Reader("en", zone_of("No/Where"), NOW).exact(NOW).endswith("UTC")


def test_a_number_of_things_has_its_form() -> None:
    """By the rule of the language; English where there is no translation."""
    assert [Sentences("en").ngettext("%(n)s day", "%(n)s days", count) for count in (0, 1, 2)] == [
        "%(n)s days", "%(n)s day", "%(n)s days",
    ]  # fmt: skip
