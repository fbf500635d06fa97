"""
E-mail addresses: which account one belongs to, found by a keyed digest (HMAC-SHA-256), never by the address itself.

Writes    account_addresses, derived from the facts of the accounts: one row for each address.
An address is claimed before its account is recorded. If the record fails, the next who asks gets the same account.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable
from datetime import datetime

from adapters.personal.keys import PersonKeys
from adapters.postgres.connection import Connection, Link

PURPOSE = "addresses"
CLAIM = "INSERT INTO account_addresses (digest, learner_id) VALUES (%s, %s) ON CONFLICT (digest) DO NOTHING"
FIND = "SELECT learner_id FROM account_addresses WHERE digest = %s AND released_at IS NULL"
FIND_ALL = "SELECT digest, learner_id FROM account_addresses WHERE digest = ANY(%s) AND released_at IS NULL"
TAKE_OVER = """
INSERT INTO account_addresses AS kept (digest, learner_id) VALUES (%(digest)s, %(learner)s)
ON CONFLICT (digest) DO UPDATE SET learner_id = %(learner)s, released_at = NULL
 WHERE kept.learner_id IN (%(learner)s, %(before)s)
"""
RELEASE = """
UPDATE account_addresses SET released_at = %s WHERE digest = %s AND learner_id = %s AND released_at IS NULL
"""
FORGET_RELEASED = "DELETE FROM account_addresses WHERE released_at < %s"
FORGET = "DELETE FROM account_addresses WHERE learner_id = %s"
# Five minutes after the first mail, then twice as long each time, a day at most.
TAKE_TURN = """
UPDATE account_addresses SET asks = asks + 1, asked_at = %(now)s
 WHERE digest = %(digest)s AND (asked_at IS NULL OR asked_at > %(now)s
    OR asked_at + least(interval '5 minutes' * 2 ^ least(asks - 1, 12), interval '1 day') <= %(now)s)
"""


# At most half an hour, since the link of the one before lasts an hour: others cannot use up the turns of the owner.
TAKE_TURN_TO_RESET = """
UPDATE account_addresses SET resets = resets + 1, reset_at = %(now)s
 WHERE digest = %(digest)s AND (reset_at IS NULL OR reset_at > %(now)s
    OR reset_at + least(interval '5 minutes' * 2 ^ least(resets - 1, 12), interval '30 minutes') <= %(now)s)
"""


def plain(address: str) -> str:
    """The one form of an address for look-ups: capitals mean nothing."""
    return unicodedata.normalize("NFKC", address.strip()).casefold()


class Addresses:
    """Which address belongs to which account."""

    def __init__(self, link: Link, keys: PersonKeys) -> None:
        self._link = link
        self._keys = keys

    async def claim(self, address: str, learner_id: str) -> str | None:
        """
        The account of an address; *learner_id*, if it has none yet; None if an account has just given it up.

        Raises:
            AccountsClosed: there is no master key.
        """
        digest = await self._digest(address)

        async def work(connection: Connection) -> str | None:
            await connection.execute(CLAIM, (digest, learner_id))
            row = await (await connection.execute(FIND, (digest,))).fetchone()
            return str(row[0]) if row else None

        return await self._link.run(work)

    async def take_over(self, address: str, learner_id: str, before: str = "") -> bool:
        """Have an address lead to an account, if it is free, its own, or that of *before*; whether it does."""
        parameters = {"digest": await self._digest(address), "learner": learner_id, "before": before or learner_id}

        async def work(connection: Connection) -> bool:
            return (await connection.execute(TAKE_OVER, parameters)).rowcount == 1

        return await self._link.run(work)

    async def release(self, address: str, learner_id: str, now: datetime) -> None:
        """An account has another address now: this one leads nowhere, and is forgotten later."""
        digest = await self._digest(address)

        async def work(connection: Connection) -> None:
            await connection.execute(RELEASE, (now, digest, learner_id))

        await self._link.run(work)

    async def find(self, address: str) -> str | None:
        """The account of an address."""
        digest = await self._digest(address)

        async def work(connection: Connection) -> str | None:
            row = await (await connection.execute(FIND, (digest,))).fetchone()
            return str(row[0]) if row else None

        return await self._link.run(work)

    async def find_all(self, addresses: Iterable[str]) -> dict[str, str]:
        """The accounts of those addresses that have one, in one statement."""
        key = await self._keys.of_campus(PURPOSE)
        digests = {each: _digest(key, each) for each in addresses}

        async def work(connection: Connection) -> list[tuple[bytes, str]]:
            return await (await connection.execute(FIND_ALL, (list(digests.values()),))).fetchall()

        found = {bytes(digest): learner_id for digest, learner_id in await self._link.run(work)} if digests else {}
        return {each: found[digest] for each, digest in digests.items() if digest in found}

    async def take_turn(self, address: str, now: datetime, *, to_reset: bool = False) -> bool:
        """
        Whether a mail may go to the address now: five minutes after the first, then ever more seldom.

        Args:
            to_reset: whether it is about a forgotten password, which has turns of its own.
        """
        digest = await self._digest(address)
        statement = TAKE_TURN_TO_RESET if to_reset else TAKE_TURN

        async def work(connection: Connection) -> bool:
            cursor = await connection.execute(statement, {"digest": digest, "now": now})
            return cursor.rowcount == 1

        return await self._link.run(work)

    async def forget(self, learner_id: str) -> None:
        """Forget the addresses of an account."""

        async def work(connection: Connection) -> None:
            await connection.execute(FORGET, (learner_id,))

        await self._link.run(work)

    async def _digest(self, address: str) -> bytes:
        return _digest(await self._keys.of_campus(PURPOSE), address)


def _digest(key: bytes, address: str) -> bytes:
    return hmac.new(key, plain(address).encode(), hashlib.sha256).digest()


async def forget_released(connection: Connection, before: datetime) -> None:
    """Forget addresses that accounts have given up before a time."""
    await connection.execute(FORGET_RELEASED, (before,))
