"""
Limits of the role of analysts that hold in the database of the campus only, where they go before those of the role.

Every role may keep settings for its own sessions to come (`ALTER ROLE … SET`, `ALTER ROLE … IN DATABASE … SET`).
"""

from typing import NamedTuple

from psycopg.conninfo import conninfo_to_dict

from adapters.postgres.connection import connect
from adapters.settings import Settings

OVERRIDDEN = """
WITH kept AS (SELECT rolname, setdatabase, split_part(setting, '=', 1) AS name, setting
                FROM pg_roles JOIN pg_db_role_setting ON setrole = pg_roles.oid CROSS JOIN unnest(setconfig) AS setting
               WHERE rolname = %s)
SELECT here.rolname, datname, name, here.setting, everywhere.setting
  FROM kept AS here JOIN pg_database ON pg_database.oid = here.setdatabase JOIN kept AS everywhere USING (name)
 WHERE datname = current_database() AND everywhere.setdatabase = 0 AND here.setting <> everywhere.setting
 ORDER BY name
"""


class Overridden(NamedTuple):
    """A setting of a role that is another in a database; both as `name=value`."""

    role: str
    database: str
    name: str
    here: str
    elsewhere: str


async def overridden(settings: Settings) -> list[Overridden]:
    """What the role of analysts has otherwise in the database of the campus."""
    role = conninfo_to_dict(settings.postgres_analyst_url).get("user")
    async with await connect(settings, application="doctor") as connection:
        return [Overridden(*row) for row in await (await connection.execute(OVERRIDDEN, (role,))).fetchall()]
