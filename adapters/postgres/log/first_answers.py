"""First answers to requests that carry an `Idempotency-Key`: kept for `KEPT`, then the key may be used again."""

from datetime import timedelta

from adapters.postgres.connection import Connection

KEPT = timedelta(days=7)
AT_ONCE = 10_000  # keys in one statement

FORGET = "SELECT forget_first_answers(%s, %s)"


async def forget_old(connection: Connection, kept: timedelta = KEPT) -> int:
    """Forget the answers that are older than *kept*; returns how many."""
    forgotten, more = 0, AT_ONCE
    while more == AT_ONCE:
        row = await (await connection.execute(FORGET, (kept, AT_ONCE))).fetchone()
        more = int(row[0]) if row else 0
        forgotten += more
    return forgotten
