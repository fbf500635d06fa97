"""A failover that only some connections notice: the others go on as they are, and lead to the life before."""

from adapters.postgres.connection import connect
from adapters.settings import Settings

BEGIN = "INSERT INTO log_lives (number, reason) SELECT max(number) + 1, 'failover' FROM log_lives"
END = """
SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
 WHERE datname = current_database() AND application_name = ANY(%s)
"""


async def fail_over(settings: Settings, *applications: str) -> None:
    """Begin another life of the log, to which only the connections of these applications go over."""
    async with await connect(settings, application="test") as connection:
        await connection.execute(BEGIN)
        await connection.execute(END, [[f"campus:{each}" for each in applications]])
