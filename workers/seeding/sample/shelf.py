"""
The courses of the sample campus, as they are written down in `courses/`, a Markdown file for each.

A file begins with `title`, `language`, `summary` and perhaps `needs`. `# TITLE` begins a section, `## KIND ID | TITLE |
NAME=VALUE …` a unit, whose text follows. A quiz has its questions in GIFT, with `// hint:` lines before them, and what
GIFT has no words for as JSON. Work that a person grades has `Question:`, `Rubric:` and `Guidance:` lines after its
text, and `Answer:` lines with what learners have handed in.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import msgspec

from adapters.questions.gift_reader import read_gift
from domain.catalog import Section
from domain.kinds import has_score
from domain.questions import Key, Question, check_question, key_from, question_from
from domain.questions.key import Criterion, EssayKey, Level
from domain.questions.question import Essay

FOLDER = "courses"
HINT = re.compile(r"^// hint: (.*)$", re.MULTILINE)
HINT_COSTS = "0.1"
LINE = re.compile(r"^(Question|Rubric|Guidance|Answer): (.*)$", re.MULTILINE)
GIFT = re.compile(r"```gift\n(.*?)```", re.DOTALL)
JSON = re.compile(r"```json\n(.*?)```", re.DOTALL)


class Unwritten(Exception):
    """A file of a course cannot be read; the message says where and why."""


@dataclass(frozen=True)
class WrittenUnit:
    """
    A unit as it is written.

    Attributes:
        text: Markdown, or the lines of a file; empty where there are only questions.
        options: what stands behind the title.
        asked: what its quiz asks, with what is right.
        answers: to a question that a person grades, the best first.
    """

    kind: str
    unit_id: str
    title: str
    text: str
    options: Mapping[str, str]
    asked: tuple[tuple[Question, Key], ...] = ()
    answers: tuple[str, ...] = ()

    def number(self, name: str, otherwise: int = 0) -> int:
        """An option that is a number."""
        return int(self.options.get(name, otherwise))

    @property
    def is_graded_by_people(self) -> bool:
        """Whether its answers wait for a person."""
        return any(isinstance(question, Essay) for question, _ in self.asked)


@dataclass(frozen=True)
class WrittenCourse:
    """A course as it is written; *needs* is a course that has to be passed before, empty for none."""

    course_id: str
    title: str
    language: str
    summary: str
    needs: str = ""
    sections: tuple[Section, ...] = ()
    units: tuple[WrittenUnit, ...] = field(default=())

    @property
    def graded(self) -> list[WrittenUnit]:
        """The units with a score."""
        return [unit for unit in self.units if has_score(unit.kind)]


@cache
def courses() -> Mapping[str, WrittenCourse]:
    """All courses by their ids, those first that others need; raises Unwritten."""
    folder = files(__package__).joinpath(FOLDER)
    found = [_course(file.name.removesuffix(".md"), file.read_text("utf-8")) for file in folder.iterdir()]
    return {course.course_id: course for course in sorted(found, key=lambda each: (bool(each.needs), each.course_id))}


def _course(course_id: str, text: str) -> WrittenCourse:
    _, head, body = text.split("---\n", 2)
    named = dict(line.partition(": ")[::2] for line in head.splitlines())
    sections, units = list[Section](), list[WrittenUnit]()
    for number, part in enumerate(re.split(r"^# ", body, flags=re.MULTILINE)[1:], start=1):
        title, _, rest = part.partition("\n")
        written = [_unit(course_id, each) for each in re.split(r"^## ", rest, flags=re.MULTILINE)[1:]]
        sections.append(Section(f"part-{number}", title.strip(), [unit.unit_id for unit in written]))
        units += written
    return WrittenCourse(course_id, **named, sections=tuple(sections), units=tuple(units))


def _unit(course_id: str, text: str) -> WrittenUnit:
    head, _, body = text.partition("\n")
    names, title, *options = (each.strip() for each in head.split(" | "))
    kind, unit_id = names.split()
    named = dict(option.partition("=")[::2] for option in " ".join(options).split())
    asked = (*_by_key(f"{course_id}/{unit_id}", body), *_by_people(body))
    answers = tuple(rest for name, rest in LINE.findall(body) if name == "Answer")
    shown = LINE.sub("", JSON.sub("", GIFT.sub("", body))).strip()
    return WrittenUnit(kind, unit_id, title, f"{shown}\n" if shown else "", named, asked, answers)


def _by_key(where: str, text: str) -> Iterator[tuple[Question, Key]]:
    for block in (each for gift in GIFT.findall(text) for each in re.split(r"\n\n", gift) if each.strip()):
        read = read_gift(HINT.sub("", block).strip())
        if len(read.found) != 1:
            raise Unwritten(f"{where}: {[each.reason for each in read.refused]} in {block!r}")
        hints = HINT.findall(block)
        question = read.found[0].question
        if hints:
            question = msgspec.structs.replace(question, hints=hints, hint_penalty=HINT_COSTS)
        yield question, read.found[0].key
    for each in (each for found in JSON.findall(text) for each in json.loads(found)):
        question, key = question_from(each["question"]), key_from(each["key"])
        check_question(question, key)
        yield question, key


def _by_people(text: str) -> Iterator[tuple[Question, Key]]:
    lines = LINE.findall(text)
    rubric = [_criterion(number, rest) for number, (name, rest) in enumerate(lines) if name == "Rubric"]
    points = str(sum(max(int(level.points) for level in each.levels) for each in rubric))
    guidance = " ".join(rest for name, rest in lines if name == "Guidance")
    for asked in (rest for name, rest in lines if name == "Question"):
        yield (
            Essay(question_id="essay", text=asked, points=points, max_words=500),
            EssayKey(rubric=rubric, guidance=guidance),
        )


def _criterion(number: int, text: str) -> Criterion:
    name, *levels = text.split(" | ")
    made = []
    for rank, level in enumerate(levels, start=1):
        word, points, words = level.split(": ", 2)
        made.append(Level(level_id=f"level-{rank}", text=f"{word.capitalize()}: {words}", points=points))
    return Criterion(criterion_id=f"criterion-{number}", text=name, levels=made)
