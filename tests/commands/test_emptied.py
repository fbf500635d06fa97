"""The campus that tests of use cases share: each finds it as the migrations have left it."""

import psycopg
import pytest

from adapters.settings import Settings
from commands.enrollment import RequestEnrollment
from tests.commands.conftest import opened
from tests.support.emptied import empty
from tests.support.usecases import COURSE, RUN, RUNS


def counts(connection: psycopg.Connection, schema: str) -> dict[str, int]:
    """How many rows the tables of a campus have."""
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema]).fetchall()
    rows = {name: connection.execute(f"SELECT count(*) FROM {schema}.{name}".encode()).fetchone() for (name,) in tables}
    return {name: row[0] for name, row in rows.items() if row}


async def test_what_a_test_has_recorded_is_gone(emptied_campus: Settings, settings: Settings) -> None:
    """Positions begin at 1 again, every table holds what it holds in a fresh campus, and the log is append-only."""
    schema = emptied_campus.schema_name
    with (
        psycopg.connect(emptied_campus.postgres_owner_url, autocommit=True) as connection,
        psycopg.connect(settings.postgres_owner_url) as fresh,
    ):
        async with opened(emptied_campus) as campus:
            await campus.give(*COURSE, *RUNS)
        assert counts(connection, schema)["events"] == 7
        empty(emptied_campus)
        assert counts(connection, schema) == counts(fresh, settings.schema_name)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            connection.execute(f"DELETE FROM {schema}.events".encode())
    async with opened(emptied_campus) as campus:
        await campus.give(*COURSE, *RUNS)
        fact, *_ = await campus.facts(RequestEnrollment("ann", RUN))
        assert fact.position == 8


def test_read_models_are_not_emptied(settings: Settings) -> None:
    """A campus that has some is refused."""
    with psycopg.connect(settings.postgres_owner_url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {settings.read_schema}.overview_g1 ()".encode())
    with pytest.raises(psycopg.errors.RaiseException, match="there are read models"):
        empty(settings)
