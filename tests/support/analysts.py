"""For the tests of the analysts' views: questions in their role."""

from typing import Any

import psycopg

from adapters.postgres.analytics import analyst_url
from adapters.settings import Settings


def ask(settings: Settings, statement: str) -> list[tuple[Any, ...]]:
    """The rows of one statement in the role of analysts."""
    with psycopg.connect(analyst_url(settings), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []
