"""
Fills the log of a throw-away campus with the synthetic facts, as its owner: by COPY, many thousands a second.

It bypasses `append_events()`, so it needs a log that only this process writes to.
"""

from collections.abc import Callable, Iterable
from itertools import islice

import psycopg

from adapters.postgres.log.postgres_log import COLUMNS
from adapters.settings import Settings
from benchmarks.synthetic import Row

SLICE = 20_000  # facts of one transaction
TYPES = ("int8", "text", "int4", "text", "int2", "int2", "bytea", "bytea", "timestamptz", "timestamptz")

COPY_IN = f"COPY events ({COLUMNS}) FROM STDIN (FORMAT BINARY)"


def fill(settings: Settings, facts: Iterable[Row], count: int, advance: Callable[[int], None] = lambda _: None) -> None:
    """
    Append the next *count* of *facts*, a few of them in memory at a time, then vacuum, as autovacuum would have done.

    Args:
        advance: called with the number of facts that have been written since.
    """
    facts = iter(facts)
    options = f"-c search_path={settings.schema_name}"
    with psycopg.connect(settings.postgres_owner_url, autocommit=True, options=options) as connection:
        for done in range(0, count, SLICE):
            slice_ = min(SLICE, count - done)
            with connection.transaction(), connection.cursor() as cursor:
                with cursor.copy(COPY_IN) as copy:
                    copy.set_types(TYPES)
                    for fact in islice(facts, slice_):
                        copy.write_row(fact)
                cursor.execute("UPDATE log_head SET position = position + %s", (slice_,))
            advance(slice_)
        connection.execute("VACUUM (ANALYZE) events")
