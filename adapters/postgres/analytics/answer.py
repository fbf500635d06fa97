"""
One statement of an analyst, answered row by row within limits, for people who ask over HTTP.

It is asked within a query of ours. So nothing but a query expression can be asked, whatever the role might do
elsewhere, and no row that is too large leaves the server. The connection is opened for the question, and closed after.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import psycopg

from adapters.postgres.analytics.question import connect_analyst
from adapters.postgres.connection import (
    PatientConnection,
    Unavailable,
    is_broken,
    unavailable,
)
from adapters.settings import Settings
from domain.errors import Rejected

STATEMENT_TIMEOUT = 30_000  # milliseconds
LARGEST_ROW = 256 * 1024  # bytes, as text
AT_ONCE = 100  # rows in one message of the server
MARK = "the_row_is_too_large"
CURSOR = "DECLARE answer NO SCROLL CURSOR FOR "
LIMITS: dict[str, Any] = {
    "idle_in_transaction_session_timeout": STATEMENT_TIMEOUT,
    "client_connection_check_interval": 1_000,  # milliseconds: a question whose asker has gone ends
    "work_mem": "32MB",
    "max_parallel_workers_per_gather": 0,  # the processors are for the campus, too
    "standard_conforming_strings": "on",
    "row_security": "on",
}
RIGHTS = "SELECT has_function_privilege('pg_catalog.pg_sleep(double precision)', 'EXECUTE')"


class BadStatement(Rejected):
    """PostgreSQL refuses a statement; where in it stands in `line` and `column`, from 1, if that is known."""

    code = "bad_statement"

    def __init__(self, said: str, line: int | None, column: int | None, hint: str, sqlstate: str) -> None:
        where = "" if line is None else f" (line {line}, column {column})"
        super().__init__(f"{said}{where}{f'. {hint}' if hint else ''}")
        self.facts = {"line": line, "column": column, "hint": hint or None, "sqlstate": sqlstate}


class StatementTooSlow(Rejected):
    """A statement takes longer than it may."""

    code = "statement_too_slow"
    template = "no answer within {seconds} s: narrow it down, or use `campus analytics url` for what takes minutes"


class AnswerTooLarge(Rejected):
    """An answer, or one of its rows, is larger than may be sent."""

    code = "answer_too_large"
    template = "{what}: ask for fewer rows or columns, or count in the statement"


class AnswerColumn(NamedTuple):
    """A column of an answer; `type` is PostgreSQL's name of its type."""

    name: str
    type: str


class Asked(NamedTuple):
    """
    What is asked.

    Attributes:
        rows: how many to send at the most, one more included to see whether there are more.
        skip: so many rows of the answer are left out first.
    """

    statement: str
    rows: int
    skip: int = 0


class Rows(NamedTuple):
    """Some rows of an answer, and how many bytes they had on the way."""

    rows: list[tuple[Any, ...]]
    size: int


Answering = tuple[list[AnswerColumn], AsyncIterator[Rows]]


@asynccontextmanager
async def answering(settings: Settings, asked: Asked) -> AsyncIterator[Answering]:
    """
    The columns of the answer, and its rows as they come.

    Raises:
        BadStatement, StatementTooSlow, AnswerTooLarge: also while rows are read.
        Unavailable: there is no role for analysts, or PostgreSQL does not answer.
    """
    begin, query = _wrapped(asked)
    try:
        async with asyncio.timeout(STATEMENT_TIMEOUT / 1_000), await _connect(settings) as connection:
            cursor = connection.cursor()
            await cursor.execute("BEGIN READ ONLY")
            await cursor.execute(query.encode(), binary=True)  # which takes one statement, and no second one after it
            await cursor.execute("FETCH 0 FROM answer")
            columns = [AnswerColumn(each.name, each.type_display) for each in cursor.description or ()]
            yield columns, _rows(cursor)
    except TimeoutError as error:
        raise StatementTooSlow(seconds=STATEMENT_TIMEOUT // 1_000) from error
    except psycopg.Error as error:
        raise _refusal(error, asked.statement, begin) from error


async def _rows(cursor: psycopg.AsyncCursor[Any]) -> AsyncIterator[Rows]:
    while True:
        await cursor.execute(f"FETCH {AT_ONCE} FROM answer".encode())
        result = cursor.pgresult
        if result is None or not result.ntuples:
            return
        places = range(result.nfields)
        size = sum(len(result.get_value(row, place) or b"") for row in range(result.ntuples) for place in places)
        yield Rows(await cursor.fetchall(), size)


def _wrapped(asked: Asked) -> tuple[int, str]:
    """
    The query of ours, and how many characters stand in it before the statement.

    What follows the statement begins with `) SELECT`, which is grammar after a query in a WITH alone: a statement with
    parentheses of its own choice cannot take the place of our query, and an open quotation leaves another one open.
    """
    row = f"answer_{secrets.token_hex(8)}"  # no column of the statement is called so
    begin = f"{CURSOR}WITH {row} AS (\n"
    statement = asked.statement.strip().rstrip(";")
    guard = f"CASE WHEN octet_length({row}::text) > {LARGEST_ROW} THEN (left({row}::text, 0) || '{MARK}')::boolean"
    limits = f"LIMIT {asked.rows} OFFSET {asked.skip}"
    query = f"{begin}{statement}\n) SELECT * FROM {row} WHERE {guard} ELSE true END {limits}"
    return len(begin) - (len(asked.statement) - len(asked.statement.lstrip())), query


async def _connect(settings: Settings) -> PatientConnection:
    if not settings.postgres_analyst_url:
        raise Unavailable("this campus has no role for analysts: set CAMPUS_POSTGRES_ANALYST_URL (docs/analytics.md)")
    connection = await connect_analyst(settings, STATEMENT_TIMEOUT, application="campus:analyst", **LIMITS)
    row = await (await connection.execute(RIGHTS)).fetchone()
    if row is None or row[0]:
        await connection.close()
        raise Unavailable(
            "the role of analysts may call functions that sleep: run adapters/embedded/analyst.sql as a superuser"
        )
    return connection


def _refusal(error: psycopg.Error, statement: str, before: int) -> Exception:
    """What a question is refused with."""
    if isinstance(error, psycopg.errors.QueryCanceled):
        return StatementTooSlow(seconds=STATEMENT_TIMEOUT // 1_000)
    if isinstance(error, psycopg.errors.InvalidTextRepresentation) and MARK in str(error):
        return AnswerTooLarge(what=f"a row has more than {LARGEST_ROW // 1024} kB")
    if is_broken(error) and not isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return unavailable(error)
    said = error.diag.message_primary or " ".join(str(error).split())
    line, column = _place(error.diag.statement_position, statement, before) or (None, None)
    return BadStatement(said, line, column, error.diag.message_hint or "", error.sqlstate or "")


def _place(position: str | None, statement: str, before: int) -> tuple[int, int] | None:
    """Line and column of a position in the query of ours; the end of the statement for what is beyond it."""
    if position is None:
        return None
    at = min(max(int(position) - 1 - before, 0), len(statement.rstrip().rstrip(";")))
    return statement.count("\n", 0, at) + 1, at - (statement.rfind("\n", 0, at) + 1) + 1
