"""
The answer to an analyst's statement as a whole: a table for a page, or a file to be saved (CSV, Parquet, Arrow).

A table is cut where it is too large, and says so. A file is whole, or there is none.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, time
from typing import Any, NamedTuple, Protocol

import msgspec

from adapters.postgres.analytics.answer import AnswerColumn, AnswerTooLarge, Asked, BadStatement, answering
from adapters.settings import Settings
from domain.errors import Rejected

MOST_ROWS, MOST_BYTES = 10_000, 4 * 1024 * 1024  # of a table; bytes as PostgreSQL sends them
MOST_FILE_ROWS, MOST_FILE_BYTES = 500_000, 64 * 1024 * 1024
OF_ONE_PERSON, OF_ALL = 2, 6  # questions that are answered at once, of the 20 connections of the role
LEARNER = "learner_id"

KINDS = {
    **dict.fromkeys(("int2", "int4", "int8", "oid", "smallint", "integer", "bigint"), "integer"),
    **dict.fromkeys(("float4", "float8", "numeric", "real", "double precision"), "number"),
    **dict.fromkeys(("bool", "boolean"), "boolean"),
    **dict.fromkeys(("date",), "date"),
    **dict.fromkeys(("timestamp", "timestamptz"), "time"),
    **dict.fromkeys(("json", "jsonb"), "json"),
}
"""What a value is, by PostgreSQL's name of its type; all others are text."""


class TooManyQuestions(Rejected):
    """A person asks more than may be asked at once, or all together do."""

    code = "too_many_questions"
    template = "{most} questions of {whose} are being answered: wait for them"


class AnswerTable(NamedTuple):
    """
    Rows of an answer, with its columns.

    Attributes:
        more: whether there are further rows.
        about: the one learner whom all rows are about, by a column `learner_id`; None if they are about none or more.
    """

    columns: list[AnswerColumn]
    rows: list[tuple[Any, ...]]
    more: bool
    about: str | None


class AnswerFile(NamedTuple):
    """A whole answer as a file; *rows* is how many it has."""

    content: bytes
    rows: int
    about: str | None


class FileWriter(Protocol):
    """Writes the rows of an answer to a file."""

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write some rows."""
        ...

    def finish(self) -> bytes:
        """The file."""
        ...


class Questioners:
    """Who asks at the moment, in one process."""

    def __init__(self) -> None:
        self._asking: Counter[str] = Counter()

    @contextmanager
    def asking(self, person: str) -> Iterator[None]:
        """Hold a place for a question; raises TooManyQuestions."""
        if self._asking[person] >= OF_ONE_PERSON:
            raise TooManyQuestions(most=OF_ONE_PERSON, whose="yours", retry_after=2)
        if self._asking.total() >= OF_ALL:
            raise TooManyQuestions(most=OF_ALL, whose="all analysts", retry_after=5)
        self._asking[person] += 1
        try:
            yield
        finally:
            self._asking[person] -= 1


def kind_of(column: AnswerColumn) -> str:
    """What the values of a column are: `integer`, `number`, `boolean`, `date`, `time`, `json` or `text`."""
    return KINDS.get(column.type.partition("(")[0], "text")


def as_text(value: Any) -> str:
    """A value in a file of texts: times by ISO 8601, documents as JSON."""
    if isinstance(value, dict | list):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return value.isoformat() if isinstance(value, date | time) else str(value)


async def answer_table(settings: Settings, statement: str, rows: int, skip: int) -> AnswerTable:
    """The first *rows* rows of an answer after *skip* of them, fewer if they are large."""
    found: list[tuple[Any, ...]] = []
    size = 0
    async with answering(settings, Asked(statement, rows + 1, skip)) as (columns, parts):
        async for part in parts:
            size += part.size
            if found and size > MOST_BYTES:
                return AnswerTable(columns, found[:rows], True, _only(_learners(columns, found)))
            found += part.rows
    return AnswerTable(columns, found[:rows], len(found) > rows, _only(_learners(columns, found)))


async def answer_file(
    settings: Settings, statement: str, begin: Callable[[list[AnswerColumn]], FileWriter]
) -> AnswerFile:
    """The whole answer as a file of the kind that *begin* makes; raises AnswerTooLarge."""
    written = size = 0
    learners: set[object] = set()
    async with answering(settings, Asked(statement, MOST_FILE_ROWS + 1)) as (columns, parts):
        if twice := [name for name, often in Counter(each.name for each in columns).items() if often > 1]:
            raise BadStatement(f"two columns are called {twice[0]}: name one with AS", None, None, "", "42701")
        file = await asyncio.to_thread(begin, columns)
        async for part in parts:
            written, size = written + len(part.rows), size + part.size
            if written > MOST_FILE_ROWS or size > MOST_FILE_BYTES:
                much = f"{MOST_FILE_ROWS:,} rows and {MOST_FILE_BYTES // 1024**2} MB"
                raise AnswerTooLarge(what=f"the answer has more than a file may have ({much})")
            file.add(part.rows)
            if len(learners) < 2:
                learners |= set(_learners(columns, part.rows))
    return AnswerFile(await asyncio.to_thread(file.finish), written, _only(learners))


def _only(learners: Iterable[object]) -> str | None:
    """The one learner of rows; None where there is none, or another one."""
    found = set(learners)
    return str(*found) if len(found) == 1 and None not in found else None


def _learners(columns: list[AnswerColumn], rows: Sequence[tuple[Any, ...]]) -> Iterator[object]:
    for place, column in enumerate(columns):
        if column.name == LEARNER:
            yield from (row[place] for row in rows)
