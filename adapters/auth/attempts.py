"""
How often signing in may fail, and mails may be asked for: limits by where it comes from, so that guesses end and the
owner gets in elsewhere.

Counted in PostgreSQL, by a keyed digest: who has failed where is not kept in clear, and soon forgotten.
"""

import hashlib
import hmac
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from adapters.networks import address_of, network_around
from adapters.personal.addresses import plain
from adapters.personal.keys import PersonKeys
from adapters.postgres.connection import Connection, Link, Unavailable
from domain.errors import Forbidden


class Limit(NamedTuple):
    """How often something may be done within a time."""

    most: int
    window: timedelta


FAILURES = Limit(10, timedelta(minutes=15))
"""Of one address or account from one network."""
FAILURES_OF_NETWORK = Limit(100, timedelta(minutes=15))
"""Of all addresses together: a school has one IPv4 address, and its pupils mistype now and then."""
MAILS_OF_NETWORK = Limit(60, timedelta(hours=1))
"""Registrations and forgotten passwords, asked for from one network."""
MAILS_TO_ADDRESS = Limit(3, timedelta(hours=1))
"""To an address that an account is to have, asked for by all accounts from all networks together."""
PURPOSE = "failed logins"

COUNT = """
INSERT INTO failed_logins AS kept (key, failures, since) VALUES (%(key)s, 1, %(now)s)
ON CONFLICT (key) DO UPDATE
   SET failures = CASE WHEN kept.since > %(before)s THEN kept.failures + 1 ELSE 1 END,
       since = CASE WHEN kept.since > %(before)s THEN kept.since ELSE %(now)s END
RETURNING failures, since
"""
TAKE_BACK = "UPDATE failed_logins SET failures = failures - 1 WHERE key = ANY(%s) AND failures > 0"
CLEAR = "DELETE FROM failed_logins WHERE key = %s"
FORGET = "DELETE FROM failed_logins WHERE since < %s"


class TooManyAttempts(Forbidden):
    """Something was tried too often; `retry_after` is in seconds."""

    code = "too_many_attempts"
    template = "that was tried too often: try again in {retry_after} s"


class Attempts:
    """Failed attempts to sign in, and mails that were asked for, of one campus."""

    def __init__(self, link: Link, keys: PersonKeys) -> None:
        self._link = link
        self._keys = keys

    @asynccontextmanager
    async def counted(
        self, name: str, client: str, now: datetime, limit: Limit = FAILURES, *, everywhere: bool = False
    ) -> AsyncIterator[None]:
        """
        Have the block count as failed if it raises; one that could not be carried out (503) does not count.

        It counts before it begins, so that many at the same time are no way around.

        Args:
            name: the address or the account.
            client: where the request comes from.
            everywhere: whether attempts from all networks count together.

        Raises:
            TooManyAttempts: there were too many before.
        """
        keys = [await self._count(await self._key(name, "" if everywhere else _network(client)), limit, now)]
        keys.append(await self._count(await self._key("", _network(client)), FAILURES_OF_NETWORK, now))
        try:
            yield
        except Unavailable:
            with suppress(Unavailable):
                await self._take_back(keys)
            raise
        await self._take_back(keys[1:])
        await self._clear(keys[0])

    async def count_mail(self, client: str, now: datetime, to: str | None = None) -> None:
        """
        Count a mail that was asked for.

        Args:
            to: the address, where it is not that of an account, which has turns of its own (`Addresses.take_turn`).

        Raises:
            TooManyAttempts: there were too many from this network, or to this address.
        """
        await self._count(await self._key("mails", _network(client)), MAILS_OF_NETWORK, now)
        if to is not None:
            await self._count(await self._key(f"mails to {to}", ""), MAILS_TO_ADDRESS, now)

    async def forgive(self, name: str, client: str) -> None:
        """Forget failures from one network, as after a password was reset there."""
        await self._clear(await self._key(name, _network(client)))

    async def _key(self, name: str, network: str) -> bytes:
        secret = await self._keys.of_campus(PURPOSE)
        return hmac.new(secret, f"{plain(name)}\n{network}".encode(), hashlib.sha256).digest()

    async def _count(self, key: bytes, limit: Limit, now: datetime) -> bytes:
        async def work(connection: Connection) -> tuple[int, datetime]:
            parameters = {"key": key, "now": now, "before": now - limit.window}
            ((failures, since),) = await (await connection.execute(COUNT, parameters)).fetchall()
            return int(failures), since

        failures, since = await self._link.run(work)
        if failures > limit.most:
            raise TooManyAttempts(retry_after=max(1, math.ceil((since + limit.window - now).total_seconds())))
        return key

    async def _take_back(self, keys: Sequence[bytes]) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(TAKE_BACK, (list(keys),))

        await self._link.run(work)

    async def _clear(self, key: bytes) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(CLEAR, (key,))

        await self._link.run(work)


async def forget_old(connection: Connection, now: datetime) -> None:
    """Forget failures that count no more."""
    longest = max(limit.window for limit in (FAILURES, FAILURES_OF_NETWORK, MAILS_OF_NETWORK, MAILS_TO_ADDRESS))
    await connection.execute(FORGET, (now - longest,))


def _network(client: str) -> str:
    address = address_of(client)
    return client if address is None else network_around(address)
