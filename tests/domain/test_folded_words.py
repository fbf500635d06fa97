"""Words of a text as they are compared with lists: whole, and found under every disguise that is thought of."""

import pytest
from hypothesis import given as tried
from hypothesis import strategies as st

from domain.forum.folded_words import candidates, folded, folded_entry
from domain.forum.word_list import WordAction, WordList
from tests.support.given import given


def has(text: str, entry: str) -> bool:
    """Whether a text has an entry of a list."""
    key = folded_entry(entry)
    return key in set(candidates(folded(text), {len(key)}))


@pytest.mark.parametrize(
    "text",
    [
        *("fool", "You FOOL!", "no, fool", "fool's", "f00l"),
        *("fo\u00adol", "f\u200bool", "f\u0336o\u0336o\u0336l\u0336"),  # characters that are not shown, and marks
        *("f**oo**l", "f_o_ol", "&#102;ool", "f o o l", "f.o.o.l"),
        *("\uff46\uff4f\uff4f\uff4c", "f\u03bf\u03bfl", "f\u043e\u043e\u04cf"),  # of other scripts
        *("\U0001d41f\U0001d428\U0001d428\U0001d425", "\ua730\u1d0f\u1d0f\u029f"),
    ],
)
def test_a_word_is_found_under_its_disguises(text: str) -> None:
    """Case, marks, letters that look alike, characters that are not shown, Markdown, entities, spaces."""
    assert has(text, "Fool")


@pytest.mark.parametrize("text", ["foolish", "tomfool", "f o", "food", "fo ol", "", "…"])
def test_only_whole_words_are_found(text: str) -> None:
    """Not parts of other words."""
    assert not has(text, "fool")


def test_words_of_other_languages_stay_theirs() -> None:
    """A letter with a mark that a language has is another letter; a phrase is found with any space between."""
    assert has("SCHÖN", "schön")
    assert has("scho\u0308n", "schön")
    assert not has("schon", "schön")
    assert has("ДУРАК", "дурак")
    assert has("buy\n  cheap *pills*", "cheap pills")
    assert not has("cheap red pills", "cheap pills")
    assert has("What an @ss", "ass")
    assert has("a$$", "ass")
    assert has("1488", "1488")
    assert not has("100", "ioo")
    assert has("Straße", "STRASSE")


@tried(st.text(max_size=200), st.text(max_size=40))
def test_any_text_is_folded(text: str, entry: str) -> None:
    """Without an error, and an entry with a letter is found in itself."""
    key = folded_entry(entry)
    assert folded(text) == folded(text)
    assert not key or has(entry, entry) or "@" in entry or "$" in entry


def test_a_list_says_what_becomes_of_a_post() -> None:
    """Words that refuse it come first; a word that changes over to the other action is on one of them."""
    words = WordList.blank("word_list-run:algebra-1")
    words.set_words(WordAction.FLAG, ["fool", " cheap  pills "])
    words.set_words(WordAction.REFUSE, ["spam"])
    found = words.found_in(folded("Fool, cheap pills and SPAM"))
    assert [each.word for each in found] == ["spam", "cheap pills", "fool"]
    words.set_words(WordAction.REFUSE, ["spam", "fool"])
    assert words.words == {"cheap pills": "flag", "spam": "refuse", "fool": "refuse"}
    words.set_words(WordAction.FLAG, [])
    assert words.words == {"spam": "refuse", "fool": "refuse"}
    given(WordList, stream="word_list-campus:campus").when(lambda it: it.set_words(WordAction.FLAG, [])).then()
