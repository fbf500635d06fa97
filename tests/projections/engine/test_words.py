"""Words for search: the same from what is stored and from what is typed, in every language."""

import pytest

from projections.engine.words import LONGEST_WORD, MOST_WORDS, lexemes, tsquery, words_of

WORDS = {
    "case and accents": ("Éléments d'ALGÈBRE", ["elements", "d", "algebre"]),
    "letters without accents": ("Straße Øresund Łódź", ["strasse", "oresund", "lodz"]),
    "greek, as one types it": ("Ἄλγεβρα ΣΙΓΜΑΣ", ["αλγεβρα", "σιγμασ"]),
    "marks that are no accents": ("हिन्दी", ["हिन्दी"]),
    "names of languages": ("C++ or C#, a+b #1", ["c++", "or", "c#", "a+", "b", "1"]),
    "no spaces": ("線形代数 101", ["線形", "形代", "代数", "101"]),
    "one sign": ("数", ["数"]),
    "scripts together": ("Python入門", ["python", "入門"]),
    "forms": ("\ufb01nance \uff11\uff12", ["finance", "12"]),
    "nothing": ("\0 ?! _ — \n", []),
    "a long word": ("a" * 500, ["a" * LONGEST_WORD]),
}


@pytest.mark.parametrize(("text", "words"), WORDS.values(), ids=WORDS)
def test_words_are_what_people_type(text: str, words: list[str]) -> None:
    """Without case, accents and punctuation, each part of a script without spaces by itself."""
    assert list(words_of(text)) == words


def test_a_document_has_each_word_once_with_its_places() -> None:
    """In the order of their bytes, as PostgreSQL writes them."""
    assert lexemes([("Zebra algebra", "A"), ("Algebra é", "D")]) == "'algebra':2A,3 'e':4 'zebra':1A"


def test_a_document_has_a_limit() -> None:
    """A word beyond it is not found; no course can be too long to be stored."""
    found = lexemes([(" ".join(f"w{number}" for number in range(2 * MOST_WORDS)), "D")])
    assert found.count("'") == 2 * MOST_WORDS


def test_a_query_says_what_may_stand_for_a_word() -> None:
    """A word with a star for each that begins so."""
    choices = [["alg*"], ["intro", "outro"]]
    assert tsquery(choices) == "('alg':*) & ('intro' | 'outro')"
    assert tsquery(choices, every=False) == "('alg':*) | ('intro' | 'outro')"
