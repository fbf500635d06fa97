"""0130_course_enrollments.sql on a campus that has been running with the old names."""

import uuid
from unittest import mock

import pytest

from adapters.postgres.analytics.making import refresh
from adapters.postgres.connection import Connection, connect
from adapters.postgres.ops import migrate as module
from adapters.postgres.ops.migrate import all_migrations, migrate
from adapters.postgres.store.parking import parked_of, skip
from adapters.settings import Settings
from projections.course_dashboard import CourseDashboard
from projections.registry import PROJECTIONS
from tests.support.polling import until
from tests.support.rebuilds import rebuilt
from tests.support.servers import Servers
from tests.support.workers import assert_true_to_the_log, caught_up, projecting, writer
from workers.rebuild.promotion import promote

NUMBER = 130
RELATIONS = (
    "SELECT relname FROM pg_class WHERE relnamespace = ANY(ARRAY[%s, %s]::regnamespace[]) AND relkind IN ('r', 'v')"
)


@pytest.fixture
def before(servers: Servers) -> Settings:
    """A campus that has every migration but this one."""
    settings = servers.settings(f"t{uuid.uuid4().hex[:12]}")
    others = [each for each in all_migrations() if each.number != NUMBER]
    with mock.patch.object(module, "all_migrations", return_value=others):
        migrate(settings)
    return settings


async def relations(connection: Connection, settings: Settings) -> set[str]:
    """The tables and views of readers and analysts."""
    names = [settings.read_schema, settings.analytics_schema]
    return {name for (name,) in await (await connection.execute(RELATIONS, names)).fetchall()}


async def generations(connection: Connection) -> dict[str, list[tuple[int, str]]]:
    """The generations of each read model, with their status."""
    query = "SELECT name, generation, status FROM projections ORDER BY name, generation"
    found: dict[str, list[tuple[int, str]]] = {}
    for name, number, status in await (await connection.execute(query)).fetchall():
        found.setdefault(name, []).append((number, status))
    return found


async def rename(settings: Settings) -> None:
    """Give the relations of the course dashboard the names that they had before."""
    async with await connect(settings, application="test") as connection:
        for schema in (settings.read_schema, settings.analytics_schema):
            query = (
                "SELECT relname, relkind FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'v')"
            )
            for name, kind in await (await connection.execute(query, [schema])).fetchall():
                if "enrollment" in name:
                    what, old = "VIEW" if kind == "v" else "TABLE", name.replace("enrollment", "enrolment")
                    await connection.execute(f'ALTER {what} "{schema}"."{name}" RENAME TO "{old}"'.encode())


async def test_a_campus_with_the_old_names_migrates(before: Settings) -> None:
    """Tables and views of the old names go, course_dashboard comes back from the log, skipped facts stay skipped."""
    course = CourseDashboard()
    async with writer(before) as facts, await connect(before, application="test") as connection:
        async with projecting(before, PROJECTIONS):
            await facts.record_many(200)
            await facts.record_nonsense("ann")
            await caught_up(before, facts.head, PROJECTIONS)
            assert await skip(connection, course.name, "ann", reason="nonsense", by="test") == facts.head

            async def is_skipped() -> bool:
                return not await parked_of(connection, [course.name])

            await until(is_skipped)
        await rebuilt(before, course)
        await promote(before, course)
        await refresh(connection, before)
        await rename(before)
        old = await relations(connection, before)
        assert {"course_enrolments", "course_enrolments_g1", "course_enrolments_g2", "enrolments"} <= old
        kept = {name: found for name, found in (await generations(connection)).items() if name != course.name}

        assert migrate(before) == ["0130_course_enrollments"]

        left = await relations(connection, before)
        assert not [
            name for name in left if name.startswith(("course_enrol", "course_days", "course_week", "course_ver"))
        ]
        assert not [name for name in left if "enrolment" in name]
        assert await generations(connection) == kept
        skipped = await connection.execute("SELECT position, reason FROM skipped WHERE projection = %s", [course.name])
        assert await skipped.fetchall() == [(facts.head, "nonsense")]

        async with projecting(before, PROJECTIONS):
            await facts.record_many(20)
            await assert_true_to_the_log(before, facts.head, [course])
        assert (await generations(connection))[course.name] == [(3, "live")]  # numbers are not used again
        await refresh(connection, before)
        assert {"course_enrollments", "course_enrollments_g3", "enrollments"} <= await relations(connection, before)
