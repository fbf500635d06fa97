"""
How often signing in may fail: for one address from one network, so that guesses end and the owner gets in elsewhere.

Counted in PostgreSQL, by a keyed digest of both: who has failed where is not kept in clear, and soon forgotten.
"""

import hashlib
import hmac
import ipaddress
import math
from datetime import datetime, timedelta

from adapters.personal.addresses import plain
from adapters.personal.keys import PersonKeys
from adapters.postgres.connection import Connection, Link
from domain.errors import Forbidden

MOST_FAILURES = 10
WINDOW = timedelta(minutes=15)
PURPOSE = "failed logins"
V6_NETWORK = 64  # bits of an IPv6 address that one customer has at least

COUNT = """
INSERT INTO failed_logins AS kept (key, failures, since) VALUES (%(key)s, 1, %(now)s)
ON CONFLICT (key) DO UPDATE
   SET failures = CASE WHEN kept.since > %(before)s THEN kept.failures + 1 ELSE 1 END,
       since = CASE WHEN kept.since > %(before)s THEN kept.since ELSE %(now)s END
RETURNING failures, since
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

    async def begin(self, address: str, client: str, now: datetime) -> bytes:
        """
        Count an attempt as failed before its password is looked at, so that many at the same time are no way around.

        Returns:
            The key under which it counts; `succeeded` takes it back.

        Raises:
            TooManyAttempts: there were too many before.
        """
        secret = await self._keys.of_campus(PURPOSE)
        key = hmac.new(secret, f"{plain(address)}\n{_network(client)}".encode(), hashlib.sha256).digest()

        async def work(connection: Connection) -> tuple[int, datetime]:
            parameters = {"key": key, "now": now, "before": now - WINDOW}
            ((failures, since),) = await (await connection.execute(COUNT, parameters)).fetchall()
            return int(failures), since

        failures, since = await self._link.run(work)
        if failures > MOST_FAILURES:
            raise TooManyAttempts(retry_after=max(1, math.ceil((since + WINDOW - now).total_seconds())))
        return key

    async def succeeded(self, key: bytes) -> None:
        """Forget the attempts up to a success."""

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
