"""Migrations on a real server."""

import multiprocessing
import uuid
from concurrent.futures import ProcessPoolExecutor
from unittest import mock

import psycopg
import pytest

from adapters.postgres.ops import migrate as module
from adapters.postgres.ops.migrate import Migration, MigrationError, all_migrations, migrate
from adapters.settings import Settings
from tests.support.appends import query
from tests.support.servers import Servers


@pytest.fixture
def fresh(servers: Servers) -> Settings:
    """A campus that has not been migrated."""
    return servers.settings(f"t{uuid.uuid4().hex[:12]}")


def test_many_processes_may_start_at_once(fresh: Settings) -> None:
    """Each migration is applied by one of them, and all of them find a whole schema."""
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as processes:
        applied = list(processes.map(migrate, [fresh] * 4))
    assert sorted(name for names in applied for name in names) == sorted(each.name for each in all_migrations())
    assert migrate(fresh) == []


async def test_every_file_is_written_down(settings: Settings) -> None:
    """With its number, its name and its digest."""
    rows = await query(settings, "SELECT number, name, digest FROM migrations ORDER BY number", owner=True)
    assert rows == [(each.number, each.name, each.digest) for each in all_migrations()]


def test_a_changed_file_is_refused(settings: Settings) -> None:
    """What was applied can only be changed by another migration."""
    first, *others = all_migrations()
    changed = Migration(first.number, first.name, first.text + "\n-- a better comment\n")
    with (
        mock.patch.object(module, "all_migrations", return_value=[changed, *others]),
        pytest.raises(MigrationError, match="0001_log was changed after it had been applied"),
    ):
        migrate(settings)


def test_a_newer_database_is_refused(settings: Settings) -> None:
    """Old code does not run on a schema that it does not know."""
    with (
        mock.patch.object(module, "all_migrations", return_value=all_migrations()[:-1]),
        pytest.raises(MigrationError, match="deploy newer code"),
    ):
        migrate(settings)


async def test_a_migration_that_fails_leaves_nothing(settings: Settings) -> None:
    """It can be mended and applied again."""
    broken = Migration(9_999, "9999_broken", "CREATE TABLE half (a integer); SELECT 1 / 0")
    with (
        mock.patch.object(module, "all_migrations", return_value=[*all_migrations(), broken]),
        pytest.raises(psycopg.errors.DivisionByZero),
    ):
        migrate(settings)
    assert await query(settings, "SELECT to_regclass('half')") == [(None,)]
    mended = Migration(9_999, "9999_mended", "CREATE TABLE whole (a integer)")
    with mock.patch.object(module, "all_migrations", return_value=[*all_migrations(), mended]):
        assert migrate(settings) == ["9999_mended"]
