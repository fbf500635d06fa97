"""
How often signing in may fail: for one address from one network, so that guesses end and the owner gets in elsewhere.

Counted in PostgreSQL, by a keyed digest of both: who has failed where is not kept in clear, and soon forgotten.
"""

import hashlib
import hmac
import ipaddress
from datetime import datetime, timedelta

from adapters.personal.addresses import plain
from adapters.personal.keys import PersonKeys
from adapters.postgres.connection import Connection, Link
from domain.errors import Forbidden

MOST_FAILURES = 10
WINDOW = timedelta(minutes=15)
PURPOSE = "failed logins"
V6_NETWORK = 64  # bits of an IPv6 address that one customer has at least

COUNTED = "SELECT failures, since FROM failed_logins WHERE key = %s AND since > %s"
FAIL = """
INSERT INTO failed_logins AS kept (key, failures, since) VALUES (%(key)s, 1, %(now)s)
ON CONFLICT (key) DO UPDATE
   SET failures = CASE WHEN kept.since > %(before)s THEN kept.failures + 1 ELSE 1 END,
       since = CASE WHEN kept.since > %(before)s THEN kept.since ELSE %(now)s END
"""
CLEAR = "DELETE FROM failed_logins WHERE key = %s"
FORGET = "DELETE FROM failed_logins WHERE since < %s"


class TooManyAttempts(Forbidden):
    """Signing in has failed too often; `retry_after` is in seconds."""

    code = "too_many_attempts"
    template = "signing in has failed too often from here: try again in {retry_after} s"


class Attempts:
    """Failed attempts to sign in, of one campus."""

    def __init__(self, link: Link, keys: PersonKeys) -> None:
        self._link = link
        self._keys = keys

    async def check(self, address: str, client: str, now: datetime) -> bytes:
        """The key under which an attempt counts; raises TooManyAttempts."""
        secret = await self._keys.of_campus(PURPOSE)
        key = hmac.new(secret, f"{plain(address)}\n{_network(client)}".encode(), hashlib.sha256).digest()

        async def work(connection: Connection) -> tuple[int, datetime] | None:
            row = await (await connection.execute(COUNTED, (key, now - WINDOW))).fetchone()
            return (int(row[0]), row[1]) if row else None

        found = await self._link.run(work)
        if found is not None and found[0] >= MOST_FAILURES:
            raise TooManyAttempts(retry_after=max(1, round((found[1] + WINDOW - now).total_seconds())))
        return key

    async def failed(self, key: bytes, now: datetime) -> None:
        """Count a failure."""

        async def work(connection: Connection) -> None:
            await connection.execute(FAIL, {"key": key, "now": now, "before": now - WINDOW})

        await self._link.run(work)

    async def succeeded(self, key: bytes) -> None:
        """Forget the failures before a success."""

        async def work(connection: Connection) -> None:
            await connection.execute(CLEAR, (key,))

        await self._link.run(work)


async def forget_old(connection: Connection, now: datetime) -> None:
    """Forget failures that count no more."""
    await connection.execute(FORGET, (now - WINDOW,))


def _network(client: str) -> str:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    return str(ipaddress.ip_network((address, V6_NETWORK if address.version == 6 else 32), strict=False))
