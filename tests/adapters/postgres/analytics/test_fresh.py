"""The views of analysts are always there, and follow the generations that are served without being in their way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import psycopg
import pytest

from adapters.embedded import PostgresServer
from adapters.postgres.analytics import analyst_url, keep_fresh, refresh
from adapters.postgres.connection import connect
from adapters.postgres.store.generations import BlockedByReaders, Generation, Generations, InUse
from adapters.postgres.store.row_owner import execute_as_owner
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from adapters.valkey.client import connect as connect_valkey
from projections.catalog import Catalog
from tests.support.analysts import ask
from tests.support.appends import query
from tests.support.polling import until
from tests.support.servers import FIRST, Servers


@asynccontextmanager
async def generations(settings: Settings) -> AsyncIterator[tuple[Generations, Generation]]:
    """The generations of the catalog, and the one that is served: it has the course `algebra`, called `old`."""
    async with await connect(settings, application="test") as connection, connect_valkey(settings) as valkey:
        catalog = Generations(connection, valkey, settings, Catalog())
        first = await catalog.served()
        await give_title(connection, first, "old")
        yield catalog, first


async def give_title(connection: psycopg.AsyncConnection, generation: Generation, title: str) -> None:
    """Write a course into the tables of a generation, as a projector would."""
    await connection.execute(
        f"INSERT INTO catalog_courses_g{generation.number} VALUES ('algebra', %s, '', 'en', 1, now(), 0)".encode(),
        [title],
    )


async def test_views_follow_a_promotion(settings: Settings) -> None:
    """They lead to the old generation until they lead to the new one, and then its tables can go."""
    async with generations(settings) as (catalog, first):
        connection = catalog._connection
        await refresh(connection, settings)
        assert ask(settings, "SELECT title FROM courses") == [("old",)]
        second = await catalog.create("building")
        await give_title(connection, second, "new")
        await catalog.go_live(second)
        assert ask(settings, "SELECT title FROM courses") == [("old",)]
        await catalog.drop(first)
        assert ask(settings, "SELECT title FROM courses") == [("new",)]


async def test_what_an_analyst_reads_is_not_dropped(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads is named, and nothing is gone; when the query has ended, it can go."""
    monkeypatch.setattr("adapters.postgres.store.generations.VIEWS_PATIENCE", 0.1)
    async with generations(settings) as (catalog, first):
        connection = catalog._connection
        await connection.execute("SET lock_timeout = 200")
        await refresh(connection, settings)
        with psycopg.connect(analyst_url(settings), application_name="notebook") as analyst:
            assert analyst.execute("SELECT title FROM courses").fetchall() == [("old",)]
            await catalog.go_live(await catalog.create("building"))
            who = f"process {analyst.info.backend_pid}, campus_analyst, notebook"
            reader = f"another session \\({who}\\) has been reading generation 1 "
            with pytest.raises(BlockedByReaders, match=f"{reader}.*, so nothing was deleted: retry when it has ended"):
                await catalog.drop(first)
            assert [each.number for each in await catalog.all()] == [1, 2]
            assert analyst.execute("SELECT title FROM courses").fetchall() == [("old",)]
        await catalog.drop(first)
        assert [each.number for each in await catalog.all()] == [2]


async def test_a_generation_that_another_view_is_made_of_is_not_dropped(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the view, and no reader."""
    monkeypatch.setattr("adapters.postgres.store.generations.VIEWS_PATIENCE", 0.1)
    async with generations(settings) as (catalog, first):
        await catalog.go_live(await catalog.create("building"))
        mine = f"{settings.read_schema}.mine"
        await query(settings, f"CREATE VIEW {mine} AS SELECT * FROM {settings.read_schema}.catalog_courses_g1")
        used = (
            r"generation 1 of catalog is still used \(view .*mine depends on table .*catalog_courses_g1\), so nothing"
        )
        with pytest.raises(InUse, match=used):
            await catalog.drop(first)
        assert [each.number for each in await catalog.all()] == [1, 2]
        await query(settings, f"DROP VIEW {mine}")
        await catalog.drop(first)


async def test_who_keeps_the_views_from_moving_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """With process, role and application, and since when where that can be seen; the old generation is served."""
    monkeypatch.setattr("adapters.postgres.store.generations.VIEWS_PATIENCE", 0.1)
    async with generations(settings) as (catalog, _), await connect(settings, application="slow") as reader:
        second = await catalog.create("building")
        async with reader.transaction():
            await reader.execute("SELECT title FROM catalog_courses")
            who = f"process {reader.info.backend_pid}, campus_app, campus:slow, since 20..-..-.. ..:.. UTC"
            with pytest.raises(
                BlockedByReaders, match=f"another session \\({who}\\) has been reading catalog .*, so nothing has moved"
            ):
                await catalog.go_live(second)
            assert (await catalog.served()).number == 1
        await catalog.go_live(second)
        assert (await catalog.served()).number == 2


async def test_a_promotion_does_not_wait_for_an_analyst(settings: Settings) -> None:
    """A view that is being read stays as it is for the moment; it is named, and follows later."""
    async with generations(settings) as (catalog, _):
        connection = catalog._connection
        await refresh(connection, settings)
        with psycopg.connect(analyst_url(settings)) as analyst:
            assert analyst.execute("SELECT title FROM courses").fetchall() == [("old",)]
            second = await catalog.create("building")
            await give_title(connection, second, "new")
            await catalog.go_live(second)
            assert await refresh(connection, settings) == ["courses"]
            assert analyst.execute("SELECT title FROM courses").fetchall() == [("old",)]
        assert await refresh(connection, settings) == []
    assert ask(settings, "SELECT title FROM courses") == [("new",)]


async def test_there_is_no_moment_without_a_view(settings: Settings) -> None:
    """Who reads all the time while generations change sees the old or the new one, and no error."""
    seen: list[str] = []
    async with (
        generations(settings) as (catalog, _),
        await psycopg.AsyncConnection.connect(analyst_url(settings), autocommit=True) as analyst,
    ):

        async def read() -> None:
            while True:
                ((title,),) = await (await analyst.execute("SELECT title FROM courses")).fetchall()
                seen.append(title)

        async def has_seen(title: str) -> bool:
            assert not reading.done()
            return title in seen

        connection = catalog._connection
        await until_fresh(connection, settings)
        reading = asyncio.create_task(read())
        await until(lambda: has_seen("old"))
        for title in ("second", "third"):
            generation = await catalog.create("building")
            await give_title(connection, generation, title)
            await catalog.go_live(generation)
            await until_fresh(connection, settings)
            await until(partial(has_seen, title))
        reading.cancel()
    assert list(dict.fromkeys(seen)) == ["old", "second", "third"]


async def until_fresh(connection: psycopg.AsyncConnection, settings: Settings) -> None:
    """Refresh until no session locks the views."""

    async def fresh() -> bool:
        return not await refresh(connection, settings)

    await until(fresh)


async def test_views_are_kept_fresh(settings: Settings) -> None:
    """The keeper of the views sees a change, a view that has gone, and a new analyst."""

    async def readable() -> bool:
        try:
            return ask(settings, "SELECT count(*) FROM facts") == [(0,)]
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
            return False

    keeping = asyncio.create_task(keep_fresh(settings))
    try:
        await until(readable)
        await query(settings, f"DROP VIEW {settings.analytics_schema}.facts")
        await until(readable)
    finally:
        await cancel_and_wait([keeping])


async def test_a_view_of_another_release_is_replaced(settings: Settings) -> None:
    """Also where its columns were others."""
    async with await connect(settings, application="test") as connection:
        schema = settings.analytics_schema
        await execute_as_owner(connection, schema, f"CREATE VIEW {schema}.facts AS SELECT 1 AS position")
        assert await refresh(connection, settings) == []
    assert ask(settings, "SELECT count(learner_id) FROM facts") == [(0,)]


@pytest.mark.servers
async def test_a_server_from_before_gets_the_role(own_servers: Servers) -> None:
    """At its next start, with the password that is kept for it."""
    role = own_servers.settings("old").postgres_analyst_url
    own_servers.drop_database(FIRST)  # where it has rights
    await as_superuser(own_servers.postgres, "DROP ROLE campus_analyst")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(role)
    await own_servers.stop("postgres")
    (own_servers.postgres.directory / "roles.sha256").unlink()
    await own_servers.start("postgres")
    with psycopg.connect(role) as connection:
        assert connection.execute("SHOW transaction_read_only").fetchone() == ("on",)


async def as_superuser(postgres: PostgresServer, statement: str) -> None:
    """Run one statement with all rights."""
    async with await psycopg.AsyncConnection.connect(postgres.url("postgres"), autocommit=True) as connection:
        await connection.execute(statement.encode())
