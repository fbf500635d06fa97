"""
Another life of the log, begun by an operator: facts were taken back while its server went on (a dump was put back).

Where the server was stopped meanwhile, or another one has taken over, the next life has begun by itself.
"""

from adapters.postgres.connection import Connection, life_of

BEGIN = "INSERT INTO log_lives (number, reason) SELECT max(number) + 1, %s FROM log_lives RETURNING number"
END_SESSIONS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE datname = current_database() AND pg_has_role(usesysid, 'USAGE') AND pid <> pg_backend_pid()
"""  # a role has its own rights, and those of the processes' roles where it is the operator


async def begin_life(connection: Connection, reason: str) -> tuple[str, int]:
    """
    Begin another life: every process forgets what it remembers of the log.

    A connection is to one life, so all others of the campus's roles end; the processes open new ones. Returns the life
    before, and how many connections have ended.
    """
    before = await life_of(connection)
    for derived in ("snapshots", "log_blocks"):
        await connection.execute(f"DELETE FROM {derived}".encode())
    await connection.execute(BEGIN, [reason])
    row = await (await connection.execute(END_SESSIONS)).fetchone()
    return before, int(row[0]) if row else 0
