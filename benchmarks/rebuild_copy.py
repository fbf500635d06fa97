"""
A yardstick of `bench rebuild`: the whole log read by a bare COPY, block by block, and thrown away.

In PostgreSQL's default form, text, for the target; and in the binary form, for comparison.
"""

import time

import psycopg

from adapters.settings import Settings

BARE = b"COPY events TO STDOUT"
BINARY = b"COPY events TO STDOUT (FORMAT BINARY)"


def seconds(settings: Settings, statement: bytes) -> float:
    """Seconds of one COPY, BARE or BINARY."""
    options = f"-c search_path={settings.schema_name}"
    with psycopg.connect(settings.postgres_url, options=options) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        with cursor.copy(statement) as copy:
            while copy.read():
                pass
        return time.perf_counter() - started
