"""
A question of an analyst in SQL: asked by the role that reads the views and nothing else, within limits.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.types.numeric import FloatLoader

from adapters.postgres.connection import (
    CONNECT_TIMEOUT,
    SILENCE,
    PatientConnection,
    is_broken,
    patience_for,
    unavailable,
)
from adapters.postgres.store.views import ViewRows
from adapters.settings import Settings

AT_ONCE = 1_000  # rows in one message of the server

Parameters = Sequence[Any] | Mapping[str, Any]


class Refused(Exception):
    """PostgreSQL refuses a question, or gives it up; the message is its reason."""


class TooManyRows(Exception):
    """The answer is larger than was allowed; the rest was not fetched."""


async def ask(settings: Settings, query: str, parameters: Parameters | None, *, limit: int, timeout: float) -> ViewRows:  # noqa: ASYNC109 - the server keeps it
    """
    The rows of the answer.

    Args:
        query: one statement; `%s` or `%(name)s` stand for *parameters*, if there are any.
        limit: rows at most.
        timeout: seconds after which the server gives the statement up.

    Raises:
        Refused: the statement is wrong, not allowed, or takes too long.
        TooManyRows: there are more than *limit* rows.
        Unavailable: PostgreSQL cannot be reached.
    """
    try:
        connection = await connect_analyst(settings, round(timeout * 1_000), application="campus:sdk")
        async with connection, connection.cursor() as cursor:
            rows: list[tuple[Any, ...]] = []
            stream: Any = cursor.stream(query.encode(), parameters, size=AT_ONCE)  # an async generator
            async with aclosing(stream) as answer:
                async for row in answer:
                    rows.append(row)
                    if len(rows) > limit:
                        raise TooManyRows
            if not rows:  # a stream without rows does not say what its columns are
                await cursor.execute(query.encode(), parameters)
            return ViewRows([(column.name, column.type_display) for column in cursor.description or ()], rows)
    except psycopg.errors.QueryCanceled as error:
        raise Refused(f"no answer within {timeout:g} s: narrow it down, or allow it a longer time") from error
    except psycopg.Error as error:
        if is_broken(error) and not isinstance(error, psycopg.errors.ReadOnlySqlTransaction):  # it is meant to be
            raise unavailable(error) from error
        raise Refused(_reason(error)) from error


async def connect_analyst(
    settings: Settings, statement_timeout: int, *, application: str, **more: Any
) -> PatientConnection:
    """
    A session of the role that reads the views of a campus and nothing else, in which a transaction writes nothing.

    Args:
        statement_timeout: milliseconds after which the server gives a statement up.
        application: as what PostgreSQL lists the session.
        more: further settings of the session.
    """
    limits = {
        "search_path": settings.analytics_schema,
        "timezone": "UTC",
        "default_transaction_read_only": "on",
        "statement_timeout": statement_timeout,
        **more,
    }
    connection = await PatientConnection.connect(
        make_conninfo(settings.postgres_analyst_url, **SILENCE),
        autocommit=True,
        options=" ".join(f"-c {name}={value}" for name, value in limits.items()),
        application_name=application,
        connect_timeout=CONNECT_TIMEOUT,
    )
    connection.patience = patience_for(statement_timeout)
    connection.adapters.register_loader("numeric", FloatLoader)
    return connection


def _reason(error: psycopg.Error) -> str:
    """What PostgreSQL says, and its hint, in one line."""
    said = [error.diag.message_primary, error.diag.message_hint]
    return ". ".join(part for part in said if part) or " ".join(str(error).split())
