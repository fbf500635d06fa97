"""
Where a comparison keeps its rows: a private, temporary SQLite database that vanishes when it is closed.

Rows of both sides are appended as they come and read back in the order of table and key, so that a row's two versions
meet. SQLite holds little in memory and puts the rest into a file that has no name.
"""

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from projections.engine.diff.report import Kind

BUFFERED = 2_000  # rows written at once
CACHE = 32_768  # KiB that SQLite keeps in memory

OLD, NEW = 0, 1

_SETUP = f"""
PRAGMA journal_mode = OFF;
PRAGMA cache_size = -{CACHE};
PRAGMA temp_store = FILE;
CREATE TABLE spooled (tab INTEGER, place TEXT, side INTEGER, key BLOB, body BLOB);
CREATE TABLE differing (number INTEGER PRIMARY KEY, tab INTEGER, kind TEXT, key BLOB, old BLOB, new BLOB);
CREATE TABLE numbers (field INTEGER, old, new, difference);
CREATE TABLE transitions (field INTEGER, old BLOB, new BLOB);
CREATE TABLE parts (field INTEGER, part TEXT);
BEGIN;
"""


class DuplicateRow(Exception):
    """One side has two rows with the same key."""


class Pair(NamedTuple):
    """A key of a table (by number), and what each side has there; None where it has nothing."""

    tab: int
    key: bytes
    old: bytes | None
    new: bytes | None


class Differing(NamedTuple):
    """A differing row as it is kept; `number` is its place among them, from 1."""

    number: int
    tab: int
    kind: Kind
    key: bytes
    old: bytes | None
    new: bytes | None


class DiffSpool:
    """The temporary database."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self.connection.executescript(_SETUP)
        self.rows = Appender(self.connection, "INSERT INTO spooled VALUES (?, ?, ?, ?, ?)")
        self.differing = Appender(
            self.connection, "INSERT INTO differing (tab, kind, key, old, new) VALUES (?, ?, ?, ?, ?)"
        )

    def close(self) -> None:
        """Throw everything away."""
        self.connection.close()

    def pairs(self) -> Iterator[Pair]:
        """
        What has been put into `rows`, by table and key.

        Raises:
            DuplicateRow: a key is there twice on the same side.
        """
        self.rows.flush()
        found = self.connection.execute("SELECT tab, place, side, key, body FROM spooled ORDER BY tab, place, side")
        for (tab, _), group in groupby(found, key=itemgetter(0, 1)):
            sides: dict[int, bytes] = {}
            for _, _, side, key, body in group:
                if side in sides:
                    raise DuplicateRow(f"two rows of one side have the key {key.decode()}")
                sides[side] = body
            yield Pair(tab, key, sides.get(OLD), sides.get(NEW))

    def forget_rows(self) -> None:
        """Drop what was put into `rows`."""
        self.connection.execute("DROP TABLE spooled")

    def select(
        self, *, after: int = 0, limit: int | None = None, tab: int | None = None, kind: Kind | None = None
    ) -> Iterator[Differing]:
        """The differing rows behind number *after*; those of one table or one kind only, where it is given."""
        query = """
            SELECT number, tab, kind, key, old, new FROM differing
             WHERE number > :after AND (:tab IS NULL OR tab = :tab) AND (:kind IS NULL OR kind = :kind)
             ORDER BY number LIMIT :limit
        """
        values = {"after": after, "limit": -1 if limit is None else limit, "tab": tab, "kind": kind}
        return map(Differing._make, self.connection.execute(query, values))

    def select_one(self, number: int) -> Differing:
        """The differing row with this number."""
        (found,) = self.select(after=number - 1, limit=1)
        return found


class Appender:
    """Writes rows in bunches."""

    def __init__(self, connection: sqlite3.Connection, statement: str) -> None:
        self._connection, self._statement = connection, statement
        self._rows: list[tuple[Any, ...]] = []

    def add(self, *values: Any) -> None:
        """Append one row; it is there for readers after `flush`."""
        self._rows.append(values)
        if len(self._rows) >= BUFFERED:
            self.flush()

    def flush(self) -> None:
        """Write what has been appended since."""
        self._connection.executemany(self._statement, self._rows)
        self._rows.clear()
