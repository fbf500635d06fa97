"""Has each process a role of its own in the database, with its rights and no others? For `campus doctor`."""

from adapters.health.servers import Check, Unhealthy, connection_of
from adapters.postgres.ops.privileges import IN_DATABASE, ROLES, Right, wanted
from adapters.settings import Settings

EXIST = "SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)"
AT_WORK = """
SELECT DISTINCT usename::text FROM pg_stat_activity
 WHERE datname = current_database() AND application_name LIKE 'campus:%% heartbeat'
"""
PAGE = "docs/security/privileges.md"


async def roles(settings: Settings) -> str:
    """As which roles the workers are connected, and whether these may do what they should and nothing else."""
    async with connection_of(settings) as connection:
        count = await (await connection.execute(EXIST, [list(ROLES)])).fetchone()
        at_work = {role for (role,) in await (await connection.execute(AT_WORK)).fetchall()}
        values = {"roles": list(ROLES), "schema": settings.schema_name}
        found = {Right(*row) for row in await (await connection.execute(IN_DATABASE, values)).fetchall()}
    if count != (len(ROLES),):
        return f"one role for all processes ({PAGE} says how each gets its own)"
    table = wanted()
    if missing := table - found:
        raise Unhealthy(f"{len(missing)} rights are missing, such as {_said(missing)}", "run `campus migrate`")
    if surplus := found - table:
        raise Unhealthy(f"{len(surplus)} rights too many, such as {_said(surplus)}", "run `campus migrate`")
    if others := at_work - set(ROLES):
        return f"workers are connected as {', '.join(sorted(others))}, one role for all ({PAGE})"
    return f"{len(table)} rights of {len(ROLES)} roles are as they should be"


def _said(rights: set[Right]) -> str:
    first = min(rights, key=lambda each: (each.role, each.name, each.part, each.word))
    return f"{first.word} on {first.name} for {first.role}"


CHECKS: dict[str, Check] = {"roles": roles}
