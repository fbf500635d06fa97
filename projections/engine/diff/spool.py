"""
Where a comparison keeps its rows: tables of a temporary database, so that memory stays bounded.

Rows of both sides are appended as they come and read back in the order of table and key, so that a row's two versions
meet.
"""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from projections.engine.diff.report import DiffKind
from projections.engine.spill import TemporaryDatabase

OLD, NEW = 0, 1

_SETUP = """
CREATE TABLE spooled (tab INTEGER, place TEXT, side INTEGER, key BLOB, body BLOB);
CREATE TABLE differing (number INTEGER PRIMARY KEY, tab INTEGER, kind TEXT, key BLOB, old BLOB, new BLOB);
CREATE TABLE numbers (field INTEGER, old, new, difference);
CREATE TABLE transitions (field INTEGER, old BLOB, new BLOB);
CREATE TABLE parts (field INTEGER, part TEXT);
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
    kind: DiffKind
    key: bytes
    old: bytes | None
    new: bytes | None


class DiffSpool:
    """The rows of both sides, and then those that differ, in tables of *database*."""

    def __init__(self, database: TemporaryDatabase) -> None:
        self.database = database
        database.run(_SETUP)

    def add_row(self, tab: int, place: str, side: int, key: bytes, body: bytes) -> None:
        """A row of one side; *place* sorts as its key does."""
        self.database.append("INSERT INTO spooled VALUES (?, ?, ?, ?, ?)", (tab, place, side, key, body))

    def add_differing(self, tab: int, kind: DiffKind, key: bytes, old: bytes | None, new: bytes | None) -> None:
        """A row that differs."""
        statement = "INSERT INTO differing (tab, kind, key, old, new) VALUES (?, ?, ?, ?, ?)"
        self.database.append(statement, (tab, kind, key, old, new))

    def pairs(self) -> Iterator[Pair]:
        """
        The rows of both sides, by table and key.

        Raises:
            DuplicateRow: a key is there twice on the same side.
        """
        found = self.database.select("SELECT tab, place, side, key, body FROM spooled ORDER BY tab, place, side")
        for (tab, _), group in groupby(found, key=itemgetter(0, 1)):
            sides: dict[int, bytes] = {}
            for _, _, side, key, body in group:
                if side in sides:
                    raise DuplicateRow(f"two rows of one side have the key {key.decode()}")
                sides[side] = body
            yield Pair(tab, key, sides.get(OLD), sides.get(NEW))

    def forget_rows(self) -> None:
        """Drop the rows of both sides; those that differ stay."""
        self.database.run("DROP TABLE spooled")

    def select(
        self, *, after: int = 0, limit: int | None = None, tab: int | None = None, kind: DiffKind | None = None
    ) -> Iterator[Differing]:
        """The differing rows after number *after*; those of one table or one kind only, where it is given."""
        query = """
            SELECT number, tab, kind, key, old, new FROM differing
             WHERE number > ?1 AND (?2 IS NULL OR tab = ?2) AND (?3 IS NULL OR kind = ?3)
             ORDER BY number LIMIT ?4
        """
        return map(Differing._make, self.database.select(query, (after, tab, kind, -1 if limit is None else limit)))

    def select_one(self, number: int) -> Differing:
        """The differing row with this number."""
        (found,) = self.select(after=number - 1, limit=1)
        return found
