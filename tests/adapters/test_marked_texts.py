"""Texts with the words marked that were looked for."""

from adapters.marked_texts import LONGEST_EXCERPT, Marks, plain_of


def shown(text: str, *words: str) -> str:
    """A text with its hits in brackets."""
    return "".join(f"[{part.text}]" if part.hit else part.text for part in Marks(words).parts_of(text))


def test_words_are_marked_as_they_are_written() -> None:
    """Whatever their case and accents are, and without the signs around them; nothing is lost."""
    assert shown("Élan, “élan” and elan's C++!", "elan", "c++") == "[Élan], “[élan]” and [elan]'s [C++]!"
    assert shown("nothing", "elan") == "nothing"
    assert shown("", "elan") == ""


def test_an_excerpt_is_around_the_first_hit() -> None:
    """It begins and ends between words, and says that there is more."""
    text = " ".join(f"word{number}" for number in range(500))
    found = Marks(["word300"]).excerpt_of(text)
    assert found.startswith("… word")
    assert found.endswith(" …")
    assert "word300" in found
    assert len(found) <= LONGEST_EXCERPT + 4
    assert Marks(["short"]).excerpt_of("a short one") == "a short one"
    assert Marks(["absent"]).excerpt_of(text).startswith("word0 ")
    assert len(Marks(["x"]).excerpt_of("y" * 1_000 + " x")) <= LONGEST_EXCERPT + 4


def test_marks_of_markdown_are_left_out() -> None:
    """What is read stays."""
    assert (
        plain_of("# Why\n\n- **six** `rows`\n- [seven](https://a.example/b) ![](x)\n\n> 2 * 3")
        == "Why six rows seven 2 3"
    )
