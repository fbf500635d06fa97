"""
The store: every object of paysim as JSON in SQLite, in memory or in a file.

A request is one transaction, committed before its answer is sent: a killed paysim has every charge that it answered.
Names that begin with `_` are paysim's own and never shown.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.json import decode, encode

Object = dict[str, Any]
FOUND_BY = ("payment_intent", "charge", "customer", "source", "_payout", "_subscription", "invoice")
"""Fields with a column and an index of their own."""
COLUMNS = ", ".join(FOUND_BY)
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, kind TEXT NOT NULL, body TEXT NOT NULL, {COLUMNS}
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, at REAL NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    request TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    params TEXT NOT NULL, key TEXT, status INTEGER NOT NULL, note TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL, variant TEXT NOT NULL,
    due REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting', status INTEGER
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS deliveries_of ON deliveries (event) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS timers (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, due REAL NOT NULL, what TEXT NOT NULL, object TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS timers_due ON timers (due, seq);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
PUT = (  # an object that is there already is replaced, and keeps its place
    f"INSERT INTO objects (id, kind, body, {COLUMNS}) VALUES (?, ?, ?{', ?' * len(FOUND_BY)})"
    " ON CONFLICT (id) DO UPDATE SET body = excluded.body, "
    + ", ".join(f"{name} = excluded.{name}" for name in FOUND_BY)
)
TABLES = ("objects", "answers", "requests", "deliveries", "timers", "meta")


class Store:
    """All that paysim keeps."""

    def __init__(self, file: Path | None = None) -> None:
        self.rows = sqlite3.connect(file or ":memory:", isolation_level=None, check_same_thread=False)
        self.rows.row_factory = sqlite3.Row
        self.rows.execute("PRAGMA locking_mode = EXCLUSIVE")  # one paysim for a file
        self.rows.execute("PRAGMA journal_mode = WAL")
        self.rows.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing; a power cut may
        self.rows.executescript(SCHEMA)
        for name in FOUND_BY:
            self.rows.execute(
                f"CREATE INDEX IF NOT EXISTS objects_by_{name} ON objects (kind, {name}, seq) WHERE {name} IS NOT NULL"
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A block whose changes are kept together, or not at all."""
        if self.rows.in_transaction:  # part of a larger one
            yield
            return
        self.rows.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.rows.execute("ROLLBACK")
            raise
        self.rows.execute("COMMIT")

    def put(self, thing: Object) -> Object:
        """Keep an object, new or changed."""
        found_by = (value if isinstance(value := thing.get(name), str) else None for name in FOUND_BY)
        self.rows.execute(PUT, (thing["id"], thing["object"], encode(thing).decode(), *found_by))
        return thing

    def forget(self, id_: str) -> None:
        """Remove an object."""
        self.rows.execute("DELETE FROM objects WHERE id = ?", (id_,))

    def get(self, kind: str, id_: str | None) -> Object | None:
        """One object."""
        row = self.rows.execute("SELECT body FROM objects WHERE id = ? AND kind = ?", (id_, kind)).fetchone()
        return decode(row["body"]) if row else None

    def any(self, id_: str) -> Object | None:
        """The object of that id, of whatever kind."""
        row = self.rows.execute("SELECT body FROM objects WHERE id = ?", (id_,)).fetchone()
        return decode(row["body"]) if row else None

    def find(self, kind: str, **equal: Any) -> list[Object]:
        """All objects with these values, the oldest first."""
        where = [(name, "=", value) for name, value in equal.items()]
        return list(reversed(self.page(kind, where, limit=-1)))

    def page(
        self, kind: str, where: Iterable[tuple[str, str, Any]] = (), *, limit: int, after: str | None = None,
        before: str | None = None,
    ) -> list[Object]:  # fmt: skip
        """A page of objects, the newest first; *before* an id, the page that ends at it."""
        sql = ["SELECT body FROM objects WHERE kind = ?"]
        values: list[Any] = [kind]
        for name, operator, value in where:
            field = name if name in FOUND_BY else f"json_extract(body, '$.{name}')"
            given = value if isinstance(value, list | tuple) else [value]
            sql.append(f"AND {field} {operator} ({', '.join('?' * len(given))})")
            values += given
        for id_, operator in ((after, "<"), (before, ">")):
            if id_ is not None:
                sql.append(f"AND seq {operator} (SELECT seq FROM objects WHERE id = ?)")
                values.append(id_)
        sql.append(f"ORDER BY seq {'ASC' if before else 'DESC'} LIMIT {limit}")
        found = [decode(row["body"]) for row in self.rows.execute(" ".join(sql), values)]
        return found[::-1] if before else found

    def setting(self, name: str, default: Any = None) -> Any:
        """A kept value of paysim itself."""
        row = self.rows.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return decode(row["value"]) if row else default

    def keep(self, name: str, value: Any) -> None:
        """Keep a value of paysim itself."""
        self.rows.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, encode(value).decode()))

    def empty(self) -> None:
        """Forget everything."""
        for table in TABLES:
            self.rows.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        """Close the file."""
        self.rows.close()
