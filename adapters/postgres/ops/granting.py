"""
Gives the processes their rights, at each migration: a role may be younger than the schema.

A server that has none of these roles has one role for all, and nothing is to be done.
"""

from typing import Any

import psycopg
from psycopg import sql

from adapters.postgres.ops.privileges import ROLES, ROW_OWNER, ROW_READERS, grants, in_database, wanted
from adapters.settings import Settings

EXIST = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
OWNER = "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = %s"
MAY_USE = "SELECT role FROM unnest(%s::text[]) AS role WHERE NOT has_schema_privilege(role, %s, 'USAGE')"
UNREAD = """
SELECT DISTINCT role FROM pg_class CROSS JOIN unnest(%s::text[]) AS role
 WHERE relnamespace = %s::regnamespace AND relkind IN ('r', 'v') AND pg_get_userbyid(relowner) = %s
   AND NOT has_table_privilege(role, pg_class.oid, 'SELECT')
"""


def has_process_roles(connection: psycopg.Connection[Any]) -> bool:
    """Whether this server has a role for each process."""
    return len(connection.execute(EXIST, [list(ROLES)]).fetchall()) == len(ROLES)


def grant(connection: psycopg.Connection[Any], settings: Settings) -> None:
    """
    Give each process the rights of the table in privileges.py, and take those that it has beside them.

    Args:
        connection: of the owner of the campus's schema, in which its search_path is.
    """
    if not has_process_roles(connection):
        return
    with connection.transaction():
        for schema, roles in ((settings.schema_name, ROLES), (settings.read_schema, ROW_READERS)):
            lacking = [role for (role,) in connection.execute(MAY_USE, [list(roles), schema]).fetchall()]
            _do(connection, "GRANT USAGE ON SCHEMA {} TO {}", [schema], lacking)
        for schema in (settings.read_schema, settings.analytics_schema):
            if connection.execute(OWNER, [schema]).fetchone() != (ROW_OWNER,):
                _do(connection, "ALTER SCHEMA {} OWNER TO {}", [schema], [ROW_OWNER])
        there, table = in_database(connection, settings), wanted()
        if statements := "; ".join(grants(table - there, there - table)):
            connection.execute(statements.encode())
        _let_rows_be_read(connection, settings)


def _let_rows_be_read(connection: psycopg.Connection[Any], settings: Settings) -> None:
    """Rows of read models are read by some processes, also those of generations that are still to come."""
    schema, readers = settings.read_schema, list(ROW_READERS)
    default = "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT SELECT ON TABLES TO {}"
    _do(connection, default, [ROW_OWNER, schema], readers)
    unread = [role for (role,) in connection.execute(UNREAD, [readers, schema, ROW_OWNER]).fetchall()]
    _do(connection, "GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}", [schema], unread)


def _do(connection: psycopg.Connection[Any], statement: str, names: list[str], roles: list[str]) -> None:
    """Say *statement* about *names* and *roles*, if there are any roles."""
    if roles:
        listed = sql.SQL(", ").join(map(sql.Identifier, roles))
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names), listed))
