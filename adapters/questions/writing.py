"""
Question files, written: each question is read back at once, and one that would come back as another is not written.

So what is written comes back equal, by construction; what a format has no words for is refused with the reason.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from adapters.questions.found import Found, NotTaken, Refused, tidy
from adapters.questions.gift_writer import gift_of
from adapters.questions.moodle_writer import document, moodle_of
from adapters.questions.normal import normal
from adapters.questions.qti_writer import package, qti_of
from adapters.questions.reading import read_questions
from domain.errors import Rejected
from domain.questions import Key, Question
from domain.questions.sections import Label

WRITTEN = ("gift", "moodle", "qti3")
Entry = tuple[Label, Question, Key]


@dataclass
class WrittenFile:
    """A file, the number of questions in it, and what is not in it."""

    format: str
    data: bytes = b""
    written: int = 0
    refused: list[Refused] = field(default_factory=list)


def write_questions(file_format: str, entries: Iterable[Entry], seen: Callable[[], None] = lambda: None) -> WrittenFile:
    """
    Write questions to a file.

    Args:
        file_format: one of WRITTEN.
        seen: called for each question, for a bar that shows how far it is.
    """
    file, parts = WrittenFile(file_format), list[tuple[Entry, Any]]()
    for place, (label, question, key) in enumerate(entries, 1):
        seen()
        try:
            entry = tidy(label), *normal(question, key)
            part = _PART[file_format](*entry)
            _must_come_back(file_format, entry, part)
            parts.append((entry, part))
        except NotTaken as error:
            file.refused.append(Refused(place, label.title or question.text[:80], str(error)))
    file.data, file.written = _FILE[file_format](parts), len(parts)
    return file


def _must_come_back(file_format: str, entry: Entry, part: Any) -> None:
    try:
        read = read_questions(_FILE[file_format]([(entry, part)]))
    except Rejected as error:
        raise NotTaken(f"{file_format} would not be read back: {error.sentence}") from None
    if read.refused:
        raise NotTaken(f"{file_format} would not be read back: {read.refused[0].reason}")
    if [_compared(found.label, found.question, found.key) for found in read.found] != [_compared(*entry)]:
        raise NotTaken(f"{file_format} has no words for a part of it: it would come back as another question")


def _compared(label: Label, question: Question, key: Key) -> tuple[str, str, list[str], Question, Key]:
    return label.title, label.category, sorted(label.tags), question, key


def _gift_file(parts: list[tuple[Entry, Any]]) -> bytes:
    blocks, category = list[str](), ""
    for (label, _, _), block in parts:
        if label.category != category:
            category = label.category
            blocks.append(f"$CATEGORY: {category or 'top'}")
        blocks.append(block)
    return ("\n\n".join(blocks) + "\n").encode()


_PART: dict[str, Callable[[Label, Question, Key], Any]] = {"gift": gift_of, "moodle": moodle_of, "qti3": qti_of}
_FILE: dict[str, Callable[[list[tuple[Entry, Any]]], bytes]] = {
    "gift": _gift_file,
    "moodle": lambda parts: document([(entry[0], part) for entry, part in parts]),
    "qti3": lambda parts: package([(f"question-{place}", part) for place, (_, part) in enumerate(parts, 1)]),
}


def entries_of(found: Iterable[Found]) -> list[Entry]:
    """What was found in a file, to be written to another."""
    return [(each.label, each.question, each.key) for each in found]
