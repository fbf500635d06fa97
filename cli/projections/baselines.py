"""
What the rate of a rebuild is held against, each time that one is done: a COPY of a piece of the log out of PostgreSQL,
thrown away, measured right now on the same machine. `campus bench rebuild` takes the bare COPY of the whole table, and
the `eventsourcing` library's ProjectionRunner, which is too slow to be run along.
"""

import time
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from adapters.settings import Settings

SAMPLE = 300_000  # facts of the middle of the log
LEAST = 20_000  # facts; what is measured over fewer says nothing

COPY_OUT = "COPY (SELECT * FROM events WHERE position > {after} AND position <= {until}) TO STDOUT"


class Yardsticks(msgspec.Struct, frozen=True):
    """
    The rate to compare with.

    Attributes:
        copy_per_second: facts/s of the COPY; None where the log is too short to measure it.
        copy_facts: over how many facts that was measured.
        of_copy: our rate as a multiple of it.
    """

    copy_per_second: int | None
    copy_facts: int
    of_copy: float | None


def measure(settings: "Settings", rate: float, head: int) -> Yardsticks:
    """Hold *rate*, in facts/s, against the yardstick; *head* is that of the log."""
    facts = min(SAMPLE, head)
    copied = round(facts / _copy_seconds(settings, (head - facts) // 2, facts)) if facts >= LEAST else None
    return Yardsticks(copied, facts, copied and round(rate / copied, 2))


def _copy_seconds(settings: "Settings", after: int, facts: int) -> float:
    from adapters.postgres.bulk.page_reader import open_connection

    with open_connection(settings) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        with cursor.copy(COPY_OUT.format(after=after, until=after + facts).encode()) as copy:
            while copy.read():
                pass
        return time.perf_counter() - started
