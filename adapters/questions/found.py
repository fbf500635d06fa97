"""What a reader finds in a file: questions, and what it did not take."""

from collections.abc import Callable
from dataclasses import dataclass, field

from adapters.questions.normal import normal
from domain.errors import Rejected
from domain.question_bank import LONGEST_CATEGORY, LONGEST_TAG, LONGEST_TITLE, MOST_TAGS
from domain.questions import BadQuestion, Key, Question, check_question
from domain.questions.sections import Label

MOST_QUESTIONS = 50_000  # of one file
SHOWN_TITLE = 80  # characters


class UnreadableFile(Rejected):
    """A file that is not of a format that this release reads, or is broken as a whole."""

    code = "unreadable_question_file"


class NotTaken(Exception):
    """A question that cannot be taken, and why."""


def tidy(label: Label) -> Label:
    """A label as a bank takes it: in one line, not longer than it may be."""
    parts = (_line(part) for part in label.category.split("/"))
    tags = sorted({_line(tag)[:LONGEST_TAG].strip() for tag in label.tags} - {""})[:MOST_TAGS]
    category = "/".join(part for part in parts if part)[:LONGEST_CATEGORY].strip("/ ")
    return Label(title=_line(label.title)[:LONGEST_TITLE].strip(), category=category, tags=tags)


def _line(text: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


@dataclass(frozen=True)
class Found:
    """A question in normal form, with its content's id."""

    line: int
    label: Label
    question: Question
    key: Key


@dataclass(frozen=True)
class Refused:
    """
    What was not taken.

    Attributes:
        file: the file within a package; empty for the file itself.
        line: where it begins in the file, counted from 1.
    """

    line: int
    title: str
    reason: str
    file: str = ""


@dataclass
class Read:
    """What was found in a file, in its order."""

    format: str
    found: list[Found] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def questions(self) -> int:
        """How many questions the file has."""
        return len(self.found) + len(self.refused)

    def take(self, line: int, title: str, read: Callable[[], tuple[Label, Question, Key]], file: str = "") -> None:
        """Add a question, or why *read* did not make one."""
        if self.questions >= MOST_QUESTIONS:
            raise UnreadableFile(f"the file has more than {MOST_QUESTIONS} questions: divide it")
        try:
            label, question, key = read()
            question, key = normal(question, key)
            check_question(question, key)
        except NotTaken as error:
            self.refused.append(Refused(line, title[:SHOWN_TITLE], str(error), file))
        except BadQuestion as error:
            reason = f"{error.facts['where']}: {error.facts['what']}"
            self.refused.append(Refused(line, title[:SHOWN_TITLE], reason, file))
        else:
            self.found.append(Found(line, tidy(label), question, key))


class LongFile(Rejected):
    """A file has, or would have, more questions than one request takes."""

    code = "long_question_file"
    template = "there are {questions} questions, and one request takes {most}: use `campus questions {command}`"
