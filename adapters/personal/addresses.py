"""
E-mail addresses: which account one belongs to, found by a keyed digest (HMAC-SHA-256), never by the address itself.

Writes    account_addresses, derived from the facts of the accounts: one row for each address.
An address is claimed before its account is recorded. If the record fails, the next who asks gets the same account.
"""

import hashlib
import hmac
import unicodedata
from datetime import datetime

from adapters.personal.keys import PersonKeys
from adapters.postgres.connection import Connection, Link

PURPOSE = "addresses"
CLAIM = "INSERT INTO account_addresses (digest, learner_id) VALUES (%s, %s) ON CONFLICT (digest) DO NOTHING"
FIND = "SELECT learner_id FROM account_addresses WHERE digest = %s"
FORGET = "DELETE FROM account_addresses WHERE learner_id = %s"
# Five minutes after the first mail, then twice as long each time, a day at most.
TAKE_TURN = """
UPDATE account_addresses SET asks = asks + 1, asked_at = %(now)s
 WHERE digest = %(digest)s AND (asked_at IS NULL OR asked_at > %(now)s
    OR asked_at + least(interval '5 minutes' * 2 ^ least(asks - 1, 12), interval '1 day') <= %(now)s)
"""


def plain(address: str) -> str:
    """The one form of an address for look-ups: capitals mean nothing."""
    return unicodedata.normalize("NFKC", address.strip()).casefold()


class Addresses:
    """Which address belongs to which account."""

    def __init__(self, link: Link, keys: PersonKeys) -> None:
        self._link = link
        self._keys = keys

    async def claim(self, address: str, learner_id: str) -> str:
        """The account of an address; *learner_id*, if it has none yet. Raises AccountsClosed."""
        digest = await self._digest(address)

        async def work(connection: Connection) -> str:
            await connection.execute(CLAIM, (digest, learner_id))
            row = await (await connection.execute(FIND, (digest,))).fetchone()
            return str(row[0]) if row else learner_id

        return await self._link.run(work)

    async def find(self, address: str) -> str | None:
        """The account of an address."""
        digest = await self._digest(address)

        async def work(connection: Connection) -> str | None:
            row = await (await connection.execute(FIND, (digest,))).fetchone()
            return str(row[0]) if row else None

        return await self._link.run(work)

    async def take_turn(self, address: str, now: datetime) -> bool:
        """Whether a mail may go to the address now: five minutes after the first, then ever more seldom."""
        digest = await self._digest(address)

        async def work(connection: Connection) -> bool:
            cursor = await connection.execute(TAKE_TURN, {"digest": digest, "now": now})
            return cursor.rowcount == 1

        return await self._link.run(work)

    async def forget(self, learner_id: str) -> None:
        """Forget the addresses of an account."""

        async def work(connection: Connection) -> None:
            await connection.execute(FORGET, (learner_id,))

        await self._link.run(work)

    async def _digest(self, address: str) -> bytes:
        return hmac.new(await self._keys.of_campus(PURPOSE), plain(address).encode(), hashlib.sha256).digest()
