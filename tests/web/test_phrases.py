"""What the API says for programs, on pages in the language of the reader."""

import ast
from pathlib import Path

import pytest

import adapters.questions
from web.phrases import PLACE, _patterns, phrase

FINDINGS = (
    "payment: the provider has no entry of it",
    "payment: the provider has it, and no fact says so",
    "payment: facts say 900, the provider 870; the books have 870 EUR, the provider 900",
    "refund: facts say 900, the provider 450 in 2 entries",
    "payment: facts say 900 EUR, the provider 1000, exchanged into USD",
    "payment: facts say EUR, the provider USD; facts say a fee of 5, the provider one of 6 USD",
    "balance: the provider has -5 EUR more than the books, 7 of it not in its list of entries, for no known reason",
    "balance: the provider has 5 EUR more than the books, for no known reason",
    "subscription: the provider has it (active), and no fact says so",
    "subscription: it is active by facts, and the provider does not know it",
    "dispute: it is lost, and the books still have 900 of it in reserve",
    "subscription: the books have 900 EUR of it deferred, for no period",
    "subscription: invoice in_1 of 900 EUR is paid at the provider, and no fact says so",
    "subscription: invoice in_1: facts say 900 EUR, the provider 800 EUR",
    "subscription: it is paid until 2026-02-01 by facts, until None by the provider",
    "subscription: its end is planned by facts, and not at the provider",
    "subscription: its end is planned at the provider, and not by facts",
    "subscription: facts say plan a, the provider b; facts say each 1 month, the provider each 1 year",
    "line 1: it has granted nothing",
    "line 1: e1 is live: its dispute is lost",
    "line 1: e1 is live: its money was given back",
    "line 1: e1 was revoked (a gift), and nothing was given back",
    "line 1: e1 is suspended (a dispute), and no dispute is open",
    "line 1: e1 is live, but the enrollment on algebra is withdrawn",
    "entitlement: it is live, and its order is not paid (cancelled)",
    "entitlement: it is live, and its order is not there",
    "entitlement: it is live, and its subscription is not there",
    "enrollment: it is active by an entitlement, and none is live",
    "subscription s1 is active, and grants nothing",
    "message: charge.failed is about something of this campus and changes nothing: no intent",
)
"""What domain/payment and adapters/postgres/queries/reconciliation.py say."""


def reasons() -> list[str]:
    """Why questions of files are not taken, with something at each place."""
    found: list[str] = []
    for path in sorted(Path(adapters.questions.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "NotTaken":
                found += [text for each in node.args for text in _texts(each)]
    return found


def _texts(node: ast.expr) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(str(each.value) if isinstance(each, ast.Constant) else "x1" for each in parts)]
        case ast.IfExp(body=one, orelse=other):
            return _texts(one) + _texts(other)
    return []


@pytest.mark.parametrize(("kind", "texts"), [("finding", list(FINDINGS)), ("question", reasons())])
def test_all_that_is_said_has_its_german(kind: str, texts: list[str]) -> None:
    """Whole: no part of it stays English; and each entry is there for one of them, or for a part."""
    assert len(texts) >= 20
    english = [text for text in texts if 'lang="en"' in phrase(text, kind, "de") and text != "x1: x1"]
    assert english == []
    parts = [part for text in texts for part in (text, text.partition(": ")[2], *text.split("; "))]
    parts += [part.partition(": ")[2] for part in parts]
    unused = [said for pattern, said in _patterns(kind, "de") if not any(pattern.fullmatch(part) for part in parts)]
    assert [each for each in unused if not PLACE.search(each)] == []


def test_parts_and_places_are_said_too() -> None:
    """In their order."""
    assert phrase(
        "payment: facts say 900, the provider 870; the books have 870 EUR, the provider 900", "finding", "de"
    ) == ("Zahlung: die Fakten sagen 900, der Anbieter 870; die Bücher haben 870 EUR, der Anbieter 900")
    assert phrase("GIFT would not be read back: it has no item body", "question", "de") == (
        "GIFT würde nicht wieder gelesen: sie hat keinen Inhalt (item body)"
    )


def test_what_has_no_entry_is_english_and_text() -> None:
    """And says so; in English nothing is looked up, and nothing that is said is markup."""
    assert phrase("<b>new", "finding", "de") == '<span lang="en">&lt;b&gt;new</span>'
    assert phrase("<b>new", "finding", "en") == "&lt;b&gt;new"
    assert phrase("payment: <b>", "finding", "de") == "Zahlung: &lt;b&gt;"
