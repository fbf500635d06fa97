"""What is written comes back equal; what a format has no words for is refused, and said."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.questions.found import tidy
from adapters.questions.normal import normal
from adapters.questions.reading import read_questions
from adapters.questions.writing import WRITTEN, entries_of, write_questions
from domain.questions import Key, Question
from domain.questions.key import EssayKey, SingleChoiceKey
from domain.questions.question import Essay, Option, SingleChoice
from domain.questions.sections import Label
from tests.adapters.questions.test_reading import FILES, TAKEN
from tests.support.questions import QUESTIONS, TEXTS, Pair

LABELS = st.builds(Label, title=TEXTS.map(str.strip), category=st.sampled_from(["", "Algebra", "A/B c"]))

KEPT = {
    "gift": {"single_choice", "multiple_choice", "true_false", "numeric", "short_text", "matching", "essay"},
    "moodle": {
        *("single_choice", "multiple_choice", "true_false", "numeric", "short_text", "ordering", "matching", "cloze"),
        *("essay", "file_upload"),
    },
    "qti3": {
        *("single_choice", "multiple_choice", "true_false", "numeric", "short_text", "ordering", "matching", "cloze"),
        *("essay", "file_upload"),
    },
}


@pytest.mark.parametrize("examples", [15, pytest.param(3_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("file_format", WRITTEN)
def test_what_is_written_comes_back_equal(file_format: str, examples: int) -> None:
    """Several questions in one file, in their order; those that are not written are named."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.tuples(LABELS, QUESTIONS), max_size=3))
    def check(drawn: list[tuple[Label, Pair]]) -> None:
        entries = [(label, *pair) for label, pair in drawn]
        file = write_questions(file_format, entries)
        assert file.written + len(file.refused) == len(entries)
        left_out = {each.line for each in file.refused}
        kept = [(tidy(label), *normal(q, k)) for place, (label, q, k) in enumerate(entries, 1) if place not in left_out]
        assert not kept or entries_of(read_questions(file.data).found) == kept

    check()


@pytest.mark.parametrize("file_format", WRITTEN)
@pytest.mark.parametrize("name", TAKEN)
def test_one_format_becomes_another(name: str, file_format: str) -> None:
    """What is written of the examples comes back as it is in the bank, and its kinds are those that the format has."""
    entries = entries_of(read_questions((FILES / name).read_bytes()).found)
    file = write_questions(file_format, entries)
    left_out = {each.line for each in file.refused}
    kept = [entry for place, entry in enumerate(entries, 1) if place not in left_out]
    assert not kept or entries_of(read_questions(file.data).found) == kept
    assert {entry[1].__struct_config__.tag for entry in kept} <= KEPT[file_format]


def test_all_of_a_moodle_bank_comes_back() -> None:
    """Our Moodle XML has everything that was read from Moodle's own."""
    entries = entries_of(read_questions((FILES / "examples.moodle.xml").read_bytes()).found)
    assert len(entries) == 9
    assert write_questions("moodle", entries).refused == []
    assert [each.title for each in write_questions("qti3", entries).refused] == [
        "Power house",
        "Length",
        "Order",
        "Gaps",
    ]


def test_the_same_questions_make_the_same_file() -> None:
    """Also a package: its entries have no time of today."""
    entries = entries_of(read_questions((FILES / "examples.canvas.xml").read_bytes()).found)
    for file_format in WRITTEN:
        assert write_questions(file_format, entries).data == write_questions(file_format, entries).data


def test_what_cannot_be_written_is_named() -> None:
    """With its place, its title and the reason."""
    rubric = Essay(question_id="q", text="Write.", points="2")
    file = write_questions("gift", [(Label(title="Essay"), rubric, EssayKey())])
    assert file.written == 0
    assert [(each.line, each.title, each.reason) for each in file.refused] == [
        (1, "Essay", "GIFT has no points other than 1, and no hints")
    ]


SAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"question_id": "x"}, {}),
    ({"text": " Which? \r\n"}, {}),
    ({"points": "1.0"}, {}),
    (
        {"options": [Option(option_id="left", text="1"), Option(option_id="right", text="2")]},
        {"shares": {"left": "1.0"}},
    ),
]


@pytest.mark.parametrize(("asked", "key"), SAME)
def test_the_same_content_has_the_same_id(asked: dict[str, Any], key: dict[str, Any]) -> None:
    """Names of options, spaces at ends and ways to write a number are no content; a text is."""
    options = [Option(option_id="a", text="1"), Option(option_id="b", text="2")]
    question: Question = SingleChoice(question_id="q", text="Which?", options=options)
    right: Key = SingleChoiceKey(shares={"a": "1"})
    other = normal(msgspec.structs.replace(question, **asked), msgspec.structs.replace(right, **key))
    assert other == normal(question, right)
    assert normal(msgspec.structs.replace(question, text="Who?"), right)[0].question_id != other[0].question_id
    assert normal(*other) == other
