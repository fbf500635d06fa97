"""First answers to requests that carry an `Idempotency-Key`: kept for `KEPT`, then the key may be used again."""

from datetime import timedelta

from adapters.postgres.connection import Connection

KEPT = timedelta(days=7)
AT_ONCE = 10_000  # keys in one statement

FORGET = "SELECT forget_first_answers(%s, %s)"


async def forget_old(connection: Connection, kept: timedelta = KEPT) -> int:
    """Forget some answers that are older than *kept*, AT_ONCE at most; returns how many."""
    row = await (await connection.execute(FORGET, (kept, AT_ONCE))).fetchone()
    return int(row[0]) if row else 0
