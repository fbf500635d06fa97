"""Migrations on a real server."""

import multiprocessing
import uuid
from concurrent.futures import ProcessPoolExecutor
from unittest import mock

import psycopg
import pytest

from adapters.health.servers import Unhealthy, schema
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


async def test_doctor_names_a_migration_that_is_missing_in_between(fresh: Settings) -> None:
    """A later one may have been applied first; the highest number alone says nothing."""
    with mock.patch.object(module, "all_migrations", return_value=[m for m in all_migrations() if m.number != 130]):
        migrate(fresh)
    with pytest.raises(Unhealthy, match=r"migrations that are not applied: 130$"):
        await schema(fresh)
    assert migrate(fresh) == ["0130_course_enrollments"]
    assert await schema(fresh) == f"migration {all_migrations()[-1].number} is the newest"


async def test_refused_reactions_of_an_older_campus_stay_in_sight(fresh: Settings) -> None:
    """They move over with event and key, and each is tried once more."""
    older = [each for each in all_migrations() if each.number < 150]
    # Code as old as that gave processes no rights of their own.
    with mock.patch.object(module, "all_migrations", return_value=older), mock.patch.object(module, "grant"):
        migrate(fresh)
    for position, stream in ((1, "attempt-ada:quiz1:1"), (2, "seats-small")):
        await query(
            fresh,
            f"INSERT INTO events VALUES ({position}, '{stream}', 1, 'a.fact', 1, 0, '{{}}',"
            f""" convert_to('{{"event_id": "of {stream}"}}', 'UTF8'), now(), now()) RETURNING position""",
            owner=True,
        )
    await query(
        fresh,
        "INSERT INTO refused_reactions VALUES (1, 'complete_passed_unit', 'no_access', 'has left', '2026-01-02Z'),"
        " (2, 'offer_freed_seat', 'failed', 'KeyError', '2026-01-03Z') RETURNING position",
        owner=True,
    )
    migrate(fresh)
    named = await query(
        fresh, "SELECT position, reaction, event_id, type, stream_id, key FROM failed_reactions ORDER BY 1", owner=True
    )
    assert named == [
        (1, "complete_passed_unit", "of attempt-ada:quiz1:1", "a.fact", "attempt-ada:quiz1:1", "ada"),
        (2, "offer_freed_seat", "of seats-small", "a.fact", "seats-small", "seats-small"),
    ]
    states = await query(
        fresh,
        "SELECT code, sentence, attempts, first_tried_at::date::text, state, next_try_at <= now() FROM failed_reactions"
        " ORDER BY position",
        owner=True,
    )
    assert states == [
        ("no_access", "has left", 1, "2026-01-02", "waiting", True),
        ("failed", "KeyError", 1, "2026-01-03", "waiting", True),
    ]
