"""
Secrets that sign webhooks: `whsec_…` (Standard Webhooks), shown once, sealed beside the log.

Reads     webhook_secrets
Writes    it, before the fact that makes a secret valid; a row without its fact signs nothing.
Two are valid while one is replaced: a message then has a signature by each.
"""

import base64
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from adapters.personal.keys import PersonKeys
from adapters.personal.sealing import PersonKey
from adapters.postgres.connection import Connection, Link
from domain.admin.webhooks import webhook_stream

PREFIX = "whsec_"
SIZE = 32  # bytes
PURPOSE = "webhook secrets"

KEEP = """
INSERT INTO webhook_secrets (endpoint_id, secret_id, sealed, made_at) VALUES (%s, %s, %s, %s)
ON CONFLICT DO NOTHING RETURNING secret_id
"""
END_OTHERS = """
UPDATE webhook_secrets SET until = least(until, %(until)s)
 WHERE endpoint_id = %(endpoint)s AND secret_id <> %(secret)s
"""
VALID = "SELECT secret_id, sealed, until FROM webhook_secrets WHERE endpoint_id = %s ORDER BY made_at DESC"
ENDPOINTS = 'SELECT DISTINCT endpoint_id COLLATE "C" FROM webhook_secrets ORDER BY 1'
FORGET = "DELETE FROM webhook_secrets WHERE endpoint_id = %s"
FORGET_OLD = "DELETE FROM webhook_secrets WHERE until < %s"


class KeptSecret(NamedTuple):
    """A secret; *until*: when it signs no more, None for the one that is valid."""

    secret_id: str
    text: str
    until: datetime | None


class WebhookSecrets:
    """The secrets of one campus."""

    def __init__(self, link: Link, keys: PersonKeys) -> None:
        self._link, self._keys = link, keys

    async def make(self, endpoint_id: str, secret_id: str, now: datetime) -> str | None:
        """
        Keep a new secret and return it; None if one of that id is kept already, which is shown no more.

        Raises:
            AccountsClosed: the campus has no master key to seal it.
        """
        text = PREFIX + base64.b64encode(secrets.token_bytes(SIZE)).decode()
        sealed = (await self._key(endpoint_id)).seal(0, f"webhook_{secret_id}", text)

        async def work(connection: Connection) -> bool:
            cursor = await connection.execute(KEEP, (endpoint_id, secret_id, sealed, now))
            return await cursor.fetchone() is not None

        return text if await self._link.run(work) else None

    async def end_others(self, endpoint_id: str, secret_id: str, until: datetime) -> None:
        """All but this one are valid until a time."""
        await self._do(END_OTHERS, {"until": until, "endpoint": endpoint_id, "secret": secret_id})

    async def signing(self, endpoint_id: str, known: Collection[str], now: datetime) -> list[str]:
        """The secrets by which a message is signed now, of those that the log *knows*; the newest first."""

        async def work(connection: Connection) -> list[KeptSecret]:
            return [KeptSecret(*row) for row in await (await connection.execute(VALID, (endpoint_id,))).fetchall()]

        key = await self._key(endpoint_id)
        kept = [each for each in await self._link.run(work) if each.secret_id in known]
        opened = [key.open(each.text) for each in kept if each.until is None or each.until > now]
        return [each for each in opened if each is not None]

    async def endpoints(self) -> list[str]:
        """The endpoints that have a secret."""

        async def work(connection: Connection) -> list[str]:
            return [row[0] for row in await (await connection.execute(ENDPOINTS)).fetchall()]

        return await self._link.run(work)

    async def forget(self, endpoint_id: str) -> None:
        """Forget all secrets of an endpoint."""
        await self._do(FORGET, (endpoint_id,))

    async def _key(self, endpoint_id: str) -> PersonKey:
        return PersonKey(await self._keys.of_campus(PURPOSE), webhook_stream(endpoint_id))

    async def _do(self, statement: str, values: Sequence[Any] | Mapping[str, Any]) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(statement.encode(), values)

        await self._link.run(work)
