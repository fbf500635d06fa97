"""A yardstick of `bench rebuild`: the whole log read by a bare binary COPY, block by block, and thrown away."""

import time

import psycopg

from adapters.settings import Settings

COPY_OUT = "COPY events TO STDOUT (FORMAT BINARY)"


def seconds(settings: Settings) -> float:
    """How long that takes."""
    options = f"-c search_path={settings.schema_name}"
    with psycopg.connect(settings.postgres_url, options=options) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        with cursor.copy(COPY_OUT) as copy:
            while copy.read():
                pass
        return time.perf_counter() - started
