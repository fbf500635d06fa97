"""What the API says of a refusal stands in the language of the reader."""

from zoneinfo import ZoneInfo

from api.http.types import EXPECTED
from tests.support.pages import Reader as Visitor
from tests.support.pages import text_of
from tests.support.people import PASSWORD, Town
from tests.web.test_words import NOW
from web.client import Problem
from web.problems import DEFECTS, OTHER, defect, translated
from web.words import Reader, sentences

GERMAN = Reader("de", ZoneInfo("Europe/Berlin"), NOW)


def test_values_are_written_as_the_reader_writes_them() -> None:
    """Times in the zone of the reader, numbers, lists, states; what is called like a member of every problem, too."""
    full = {"code": "no_access", "learner_id": "7", "run_id": "r1", "fact_status": "waitlisted", "status": 409}
    assert translated(full, GERMAN) == (
        "7 hat zum Durchgang r1 keinen Zugang: der Stand der Einschreibung ist auf der Warteliste"
    )
    opens = {"code": "quiz_not_open", "quiz_id": "q1", "opens_at": "2027-03-01T23:30:00Z"}
    assert "2. März 2027, 00:30" in translated(opens, GERMAN)
    missing = {"code": "prerequisites_missing", "learner_id": "7", "run_id": "r1", "missing": ["a", "b"]}
    assert translated(missing, GERMAN).endswith(": a, b; oder die Lehrenden erlassen es")
    short = {"code": "bad_password", "why": "it needs 12 characters or more", "least": 12}
    assert translated(short, GERMAN) == "wählen Sie ein anderes Passwort: es braucht mindestens 12 Zeichen"


def test_what_is_not_known_is_shown_as_it_is() -> None:
    """A sentence without its facts, a code of tomorrow; in English always."""
    assert translated({"code": "quiz_not_open", "detail": "it is closed"}, GERMAN) == "it is closed"
    assert translated({"code": "tomorrow", "detail": "a new sentence"}, GERMAN) == "a new sentence"
    found = Problem(409, {"code": "sold_out", "detail": "it has no free seat", "run_id": "r"}, reader=GERMAN)
    assert (found.detail, found.sentence) == (
        "im Durchgang r ist kein Platz frei", "Im Durchgang r ist kein Platz frei.",
    )  # fmt: skip
    english = Problem(409, {"code": "sold_out", "detail": "it has no free seat"}, reader=Reader("en", GERMAN.zone, NOW))
    assert english.sentence == "It has no free seat."


def test_what_is_wrong_with_a_field_is_said_for_people() -> None:
    """Each pattern is met by what it is for; what no pattern knows has a sentence, too."""
    said = [
        "Field required", "String should have at least 10 characters", "String should have at most 1 character",
        *(f"has to be {each}" for each in EXPECTED.values()), "Input should be greater than or equal to 0",
        "Input should be less than or equal to 10000", "Input should be greater than 0", "Input should be less than 9",
        "Input should be a valid integer, unable to parse string as an integer", "a time as 2026-02-01T09:00:00Z",
        "Input should be 'a' or 'b'", "List should have at least 1 item after validation, not 0",
        "List should have at most 50 items after validation, not 51", "say why: white space alone is no reason",
    ]  # fmt: skip
    assert {pattern for pattern, _ in DEFECTS} == {
        next((pattern for pattern, _ in DEFECTS if pattern.match(each)), None) for each in said
    } - {None}
    assert defect("String should have at least 10 characters", GERMAN) == "Das hat mindestens 10 Zeichen."
    assert defect("never heard of", GERMAN) == sentences("de").gettext(OTHER)


async def test_refusals_are_german_on_german_pages(town: Town) -> None:
    """On a form, and beside a field; the API says it in English, as it does to programs."""
    visitor = Visitor(town)
    visitor.cookies["campus-language"] = "de"
    wrong = await visitor.send("/signin", {"email": "ada@example.org", "password": PASSWORD})
    assert "Adresse und Passwort gehören nicht zusammen, oder das Konto ist nicht benutzbar." in text_of(wrong)
    none = await visitor.send("/register", {"email": "nowhere"})
    assert "Adresse: Das muss eine E-Mail-Adresse sein, etwa ada@example.org." in text_of(none)
    answer = await visitor.browser.post("/auth/login", {"email": "ada@example.org", "password": PASSWORD})
    assert answer.json()["detail"].startswith("this address and password")
