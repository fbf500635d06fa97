"""
Whose the tables of read models are: of the owner of their schema, whichever role makes them.

So an operator's rebuild leaves tables that the projector may drop. Where one role does everything, it is the owner.
"""

from adapters.postgres.connection import Connection

OWNER = """
SELECT quote_ident(rolname) FROM pg_namespace JOIN pg_roles ON pg_roles.oid = nspowner
 WHERE nspname = %s AND rolname <> current_user AND pg_has_role(nspowner, 'SET')
"""


async def execute_as_owner(connection: Connection, schema: str, statement: str) -> None:
    """Carry out one statement that makes or drops something in *schema*, as the owner of the schema if we may be it."""
    row = await (await connection.execute(OWNER, [schema])).fetchone()
    if row is not None:
        statement = f"SET LOCAL ROLE {row[0]}; {statement}; RESET ROLE"
    await connection.execute(statement.encode())
