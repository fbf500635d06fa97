"""
Files of grades: a line for each grade, or a matrix with a column for each assessment, as the gradebook is exported.

A person is named by `learner_id` or by `email`. A list has `quiz_id` and `score_bp`, in basis points; in a matrix the
columns are named by the assessments of the run, with basis points in their cells. An empty cell says nothing.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from adapters.csv_lines import BadLine
from adapters.roster.entries import BadRoster
from adapters.roster.plain import SYNONYMS
from adapters.roster.tables import Line, table
from domain.errors import Rejected
from domain.score import FULL

SHOWN = frozenset(("status", "grade_so_far_bp", "grade_bp", "letter", "letter_so_far"))
"""Columns of an exported matrix that are computed: what stands there is not taken."""
CATEGORY_HEAD, QUIZ_HEAD = "category:", "quiz:"  # no id has a colon
QUIZ, SCORE = "quiz_id", "score_bp"
WHOLE = re.compile(r"[0-9]{1,5}(\.0+)?\Z")


class BadGrades(Rejected):
    """A file is no list of grades of the run, or one that is not read."""

    code = "bad_grades"


class GivenGrade(NamedTuple):
    """A grade of a file: whose, in which assessment, in basis points; the person by one of both names."""

    line: int
    learner_id: str
    email: str
    quiz_id: str
    score_bp: int


class GradesFile(NamedTuple):
    """A file of grades that was read, and the columns that mean nothing here."""

    grades: Sequence[GivenGrade | BadLine]
    ignored: Sequence[str] = ()


class _Columns(NamedTuple):
    """Where things stand: the person, in a list the assessment and the score, in a matrix each assessment."""

    who: Mapping[str, int]
    listed: tuple[int, int] | None
    quizzes: Mapping[str, int]
    ignored: Sequence[str]


def read_grades(content: bytes, quiz_ids: Collection[str]) -> GradesFile:
    """
    The grades of a file, in its order.

    Args:
        quiz_ids: the assessments of the run.

    Raises:
        BadGrades: it is no table, or its head does not say who is graded, and in what.
    """
    try:
        found = table(content, "the file")
    except BadRoster as error:
        raise BadGrades(error.sentence) from None
    columns = _columns(found.head, quiz_ids)
    grades: list[GivenGrade | BadLine] = []
    for each in found.lines:
        grades += [each] if isinstance(each, BadLine) else _grades(each, columns, quiz_ids)
    return GradesFile(grades, columns.ignored)


def _columns(head: Sequence[str], quiz_ids: Collection[str]) -> _Columns:
    who: dict[str, int] = {}
    quizzes: dict[str, int] = {}
    names = [name.strip() for name in head]
    ignored = []
    is_list = QUIZ in names and SCORE in names
    for index, name in enumerate(names):
        word = re.sub(r"[\W_]", "", name.casefold())
        meaning = next((each for each in ("learner_id", "email") if word in SYNONYMS[each]), "")
        quiz_id = name.removeprefix(QUIZ_HEAD)
        if quiz_id in quiz_ids and name not in SHOWN and not is_list:
            meaning, found = quiz_id, quizzes
        else:
            found = who
        if not meaning:
            if name not in SHOWN and not name.startswith(CATEGORY_HEAD) and not (is_list and name in (QUIZ, SCORE)):
                ignored.append(name)
            continue
        if meaning in found:
            raise BadGrades(f"columns {found[meaning] + 1} and {index + 1} both are {meaning[:80]}")
        found[meaning] = index
    if not who:
        raise BadGrades("the first line has to name columns, one of them `learner_id` or `email`")
    if not is_list and not quizzes:
        raise BadGrades(f"no column is an assessment of the run: name them, or have the columns `{QUIZ}` and `{SCORE}`")
    listed = (names.index(QUIZ), names.index(SCORE)) if is_list else None
    return _Columns(who, listed, quizzes, ignored)


def _grades(line: Line, columns: _Columns, quiz_ids: Collection[str]) -> Iterator[GivenGrade | BadLine]:
    who = {name: line.cells[index].strip() for name, index in columns.who.items()}
    if not any(who.values()):
        yield BadLine(line=line.number, field="", problem="says of no person who it is")
        return
    if columns.listed is not None:
        quiz_id, score = (line.cells[index].strip() for index in columns.listed)
        if quiz_id not in quiz_ids:
            yield BadLine(line=line.number, field=QUIZ, problem="has to be an assessment of the run")
            return
        cells = [(quiz_id, score, SCORE)]
    else:
        cells = [(quiz_id, line.cells[index].strip(), quiz_id) for quiz_id, index in columns.quizzes.items()]
    for quiz_id, text, field in cells:
        if not text:
            continue
        if not WHOLE.match(text) or int(text.partition(".")[0]) > FULL:
            yield BadLine(
                line=line.number, field=field, problem=f"has to be basis points, a whole number from 0 to {FULL}"
            )
            continue
        score_bp = int(text.partition(".")[0])
        yield GivenGrade(line.number, who.get("learner_id", ""), who.get("email", ""), quiz_id, score_bp)
