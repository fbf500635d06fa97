"""
Migrations: numbered SQL files, each applied once, in order, in a transaction of its own; all in one for a new campus.

Reads     adapters/migrations/NNNN_what_it_does.sql
Writes    the schema of one campus, and `migrations` in it: number, name, SHA-256 of each file that was applied.
Locks     an advisory lock for the campus, so that several processes may start at once.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from adapters.postgres.ops.granting import grant
from adapters.settings import Settings


class MigrationError(Exception):
    """The schema cannot be brought up to date."""


@dataclass(frozen=True)
class Migration:
    """One file: its number, its name and its text."""

    number: int
    name: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def all_migrations() -> list[Migration]:
    """Every migration that comes with this code, in order."""
    found = []
    for entry in files("adapters.migrations").iterdir():
        if entry.name.endswith(".sql"):
            number = int(entry.name.partition("_")[0])
            found.append(Migration(number, entry.name.removesuffix(".sql"), entry.read_text("utf-8")))
    return sorted(found, key=lambda migration: migration.number)


def migrate(settings: Settings) -> list[str]:
    """Bring the campus's schema up to date; returns the names of the migrations that were applied now."""
    schema = settings.schema_name
    app = urlsplit(settings.postgres_url).username or "campus_app"
    with psycopg.connect(settings.postgres_owner_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"migrate {schema}"])
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        connection.execute(
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), sql.Identifier(app))
        )
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL,"
            " digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        pending = _pending(connection)
        is_new = connection.execute("SELECT FROM migrations LIMIT 1").fetchone() is None
        for step in [pending] if is_new and pending else [[migration] for migration in pending]:
            _apply(connection, step, schema, app)
        _let_analyst_in(connection, settings)
        grant(connection, settings)
        return [migration.name for migration in pending]


def _pending(connection: psycopg.Connection) -> list[Migration]:
    applied: dict[int, str] = dict(connection.execute("SELECT number, digest FROM migrations").fetchall())
    known = all_migrations()
    newer = sorted(set(applied) - {migration.number for migration in known})
    if newer:
        raise MigrationError(
            f"the database has migration {newer[-1]}, which this code does not know: deploy newer code"
        )
    for migration in known:
        if applied.get(migration.number, migration.digest) != migration.digest:
            raise MigrationError(f"migration {migration.name} was changed after it had been applied")
    return [migration for migration in known if migration.number not in applied]


def _apply(connection: psycopg.Connection, migrations: Sequence[Migration], schema: str, app: str) -> None:
    """Apply *migrations* in one transaction, by one request, which takes two thirds of the time of many."""
    names = {
        "{schema}": sql.Identifier(schema),
        "{read_schema}": sql.Identifier(f"{schema}_read"),
        "{analytics_schema}": sql.Identifier(f"{schema}_analytics"),
        "{app}": sql.Identifier(app),
    }
    text = "\n;\n".join(part for each in migrations for part in (each.text, _note(each).as_string(connection)))
    for placeholder, name in names.items():
        text = text.replace(placeholder, name.as_string(connection))
    with connection.transaction():
        connection.execute(text.encode())


def _note(migration: Migration) -> sql.Composed:
    values = (migration.number, migration.name, migration.digest)
    return sql.SQL("INSERT INTO migrations (number, name, digest) VALUES ({}, {}, {})").format(
        *map(sql.Literal, values)
    )


def _let_analyst_in(connection: psycopg.Connection, settings: Settings) -> None:
    """Let the role of the analyst's URL use the schema of the views, every time: the role may be younger than it."""
    analyst = urlsplit(settings.postgres_analyst_url).username
    if analyst and connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [analyst]).fetchone() is not None:
        connection.execute(
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(
                sql.Identifier(settings.analytics_schema), sql.Identifier(analyst)
            )
        )
