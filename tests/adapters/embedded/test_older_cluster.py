"""A data directory from before each process had a role of its own."""

from typing import Any

import psycopg
import pytest

from adapters.embedded.postgres import ROLE_OF
from adapters.health.roles import roles
from adapters.postgres.connection import connect
from adapters.postgres.ops.migrate import migrate
from adapters.postgres.ops.privileges import ROW_OWNER, wanted
from adapters.postgres.store.generations import Generations
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from projections.catalog import Catalog
from tests.support.roles import as_process
from tests.support.servers import FIRST, Servers

OWNERS = """
SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class
 WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'v')
"""
ROLES = ", ".join(ROLE_OF.values())


@pytest.mark.servers
async def test_its_rows_get_another_owner_at_the_next_start(own_servers: Servers) -> None:
    """Until then one role does everything, and `campus doctor` says so; then the projector owns what that one made."""
    own_servers.drop_database(FIRST)  # where they have rights
    with _superuser(own_servers) as superuser:
        superuser.execute(f"DROP OWNED BY {ROLES}".encode())
        superuser.execute(f"DROP ROLE {ROLES}".encode())
    settings = own_servers.settings("older")
    migrate(settings)
    assert (await roles(settings)).startswith("one role for all processes")
    await _build(settings)
    assert _owners(settings) == {"campus_app"}

    await own_servers.stop("postgres")
    (own_servers.postgres.directory / "roles.sha256").unlink()
    await own_servers.start("postgres")
    migrate(settings)
    assert await roles(settings) == f"{len(wanted())} rights of 6 roles are as they should be"
    assert _owners(settings) == {ROW_OWNER}
    with psycopg.connect(as_process(settings, "api").postgres_url) as api:
        assert api.execute(
            f"SELECT count(*) FROM {settings.read_schema}.{Catalog.tables[0].name}".encode()
        ).fetchone() == (0,)
    await _build(as_process(settings, "projector"))
    await _build(settings)
    assert _owners(settings) == {ROW_OWNER}


async def _build(settings: Settings) -> None:
    """Begin a generation of a read model that is served, as the role of *settings*."""
    valkey = connect_valkey(settings)
    async with await connect(settings, application="test") as connection:
        generations = Generations(connection, valkey, settings, Catalog())
        await generations.go_live(await generations.create("ready"))
    await valkey.aclose()


def _superuser(servers: Servers) -> psycopg.Connection[Any]:
    return psycopg.connect(servers.postgres.url("postgres"), autocommit=True)


def _owners(settings: Settings) -> set[str]:
    with psycopg.connect(settings.postgres_url) as connection:
        return {owner for (owner,) in connection.execute(OWNERS, [settings.read_schema]).fetchall()}
