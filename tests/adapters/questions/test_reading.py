"""Question files of every format: what is taken, what is refused and why. The files are in tests/data/questions."""

import io
import zipfile
from pathlib import Path

import pytest

from adapters.questions.found import Read, UnreadableFile
from adapters.questions.reading import FORMATS, read_questions
from domain.questions import check_question, kind_of
from domain.questions.key import SingleChoiceKey
from domain.questions.question import SingleChoice
from domain.questions.sections import Label

FILES = Path(__file__).parents[2] / "data" / "questions"

TAKEN = {
    "examples.gift": "4 single_choice, 10 multiple_choice, 12 true_false, 14 short_text, 16 numeric, 18 numeric,"
    " 20 numeric, 25 matching, 31 essay",
    "examples.aiken.txt": "1 single_choice",
    "examples.moodle.xml": "4 multiple_choice, 18 true_false, 23 short_text, 29 numeric, 36 matching, 43 ordering,"
    " 49 cloze, 53 essay, 58 file_upload",
    "examples.qti21.xml": "2 single_choice",
    "examples.qti22.xml": "2 cloze",
    "examples.canvas.xml": "3 single_choice, 13 multiple_choice, 19 numeric, 22 cloze, 25 matching",
}
"""For each file the lines and kinds of the questions that are taken."""

REFUSED = {
    "examples.gift": [
        (33, "it has no answers between braces"),
        (35, "it has more than one pair of braces; braces in a text are written \\{ and \\}"),
        (37, "key.shares: those above 0 do not add up to 1"),
    ],
    "examples.aiken.txt": [(6, "no option, or more than one, has the letter of the answer, 'D'")],
    "examples.moodle.xml": [
        (62, "questions of Moodle's type 'calculated' are not taken"),
        (63, "it has files within it (pictures, sounds), which are not taken"),
    ],
    "examples.canvas.xml": [(31, "questions of the type 'calculated_question' are not taken")],
}


def example(name: str) -> Read:
    """What is in one of the files."""
    return read_questions((FILES / name).read_bytes())


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_and_what_is_refused(name: str) -> None:
    """Each question of the file is either taken and makes sense, or is refused with its line and a reason."""
    read = example(name)
    assert ", ".join(f"{found.line} {kind_of(found.question)}" for found in read.found) == TAKEN[name]
    assert [(each.line, each.reason) for each in read.refused] == REFUSED.get(name, [])
    assert read.format == name.split(".")[1].replace("xml", "")
    assert read.format in FORMATS
    for found in read.found:
        check_question(found.question, found.key)


def test_a_gift_question_has_all_its_parts() -> None:
    """Title, category, tags, format, options with shares and feedback."""
    found = example("examples.gift").found[0]
    assert found.label == Label(title="Germany", category="Geography/Capitals", tags=["geography"])
    assert isinstance(found.question, SingleChoice)
    assert [each.text for each in found.question.options] == ["Berlin", "Bonn", "Berlin-Mitte"]
    assert found.key == SingleChoiceKey(shares={"1": "1", "3": "0.5"}, feedback={"1": "Yes.", "2": "It was."})


def test_moodle_texts_are_cleaned_and_thirds_are_thirds() -> None:
    """A script is not stored; 33.33333 % are a third."""
    found = example("examples.moodle.xml").found[0]
    assert found.question.text == "<p>Which are <b>organelles</b>?</p>"
    assert found.question.hints == ["They are in a cell."]
    assert (found.question.points, found.question.hint_penalty) == ("2", "1/3")
    assert getattr(found.key, "shares") == {"1": "1/3", "2": "1/3", "3": "1/3", "4": "-1"}  # noqa: B009 - of a union


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_text_files_have_several_encodings(encoding: str) -> None:
    """Byte order marks are believed; what is no UTF-8 is Windows-1252; line ends are of any sort."""
    read = read_questions("Köln? {=ja}\r\n\r\nUlm? {=Münster}\r\n".encode(encoding))
    assert [found.question.text for found in read.found] == ["Köln?", "Ulm?"]


def package(**files: bytes) -> bytes:
    """A zip file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return content.getvalue()


def test_a_package_is_read_file_by_file() -> None:
    """What is broken in it is refused by its name; the manifest is no question."""
    item = (FILES / "examples.qti21.xml").read_bytes()
    read = read_questions(
        package(**{"imsmanifest.xml": b"<manifest/>", "a/one.xml": item, "two.xml": b"<broken", "p.png": b""})
    )
    assert (read.format, len(read.found)) == ("qti21", 1)
    assert [(each.file, each.reason.partition(":")[0]) for each in read.refused] == [
        ("two.xml", "it is no well-formed XML")
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no question was found"),
        (b"Dear all, the quiz is on Friday.", "no question was found"),
        (b"<html><body/></html>", "its root <html> is of no known format"),
        (b"<quiz><question></quiz>", "no well-formed XML"),
        (b"PK\x03\x04nonsense", "no whole zip file"),
        (package(**{"a.txt": b"x"}), "no QTI item and no Canvas quiz"),
        (b'<?xml version="1.0" encoding="utf-7"?><quiz/>', "the encoding utf-7 is not read"),
        (b"\xff\xfea", "utf-16"),
    ],
)
def test_files_that_are_not_read(data: bytes, reason: str) -> None:
    """The whole file is refused, with the reason."""
    with pytest.raises(UnreadableFile, match=reason):
        read_questions(data)
