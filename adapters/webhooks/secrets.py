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
from typing import Any

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
END = """
UPDATE webhook_secrets SET until = least(until, %(until)s)
 WHERE endpoint_id = %(endpoint)s AND secret_id = ANY(%(secrets)s)
"""
OF_IDS = "SELECT secret_id, sealed FROM webhook_secrets WHERE endpoint_id = %s AND secret_id = ANY(%s)"
ENDPOINTS = 'SELECT DISTINCT endpoint_id COLLATE "C" FROM webhook_secrets ORDER BY 1'
FORGET = "DELETE FROM webhook_secrets WHERE endpoint_id = %s"
FORGET_OLD = "DELETE FROM webhook_secrets WHERE until < %s"


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

    async def end(self, endpoint_id: str, secret_ids: Collection[str], until: datetime) -> None:
        """These are valid until a time, or until one that was said before."""
        await self._do(END, {"until": until, "endpoint": endpoint_id, "secrets": list(secret_ids)})

    async def texts(self, endpoint_id: str, secret_ids: Collection[str]) -> dict[str, str]:
        """
        The secrets of these ids that are kept; which of them sign, and until when, is in the log.

        Raises:
            AccountsClosed: the campus has no master key to open them.
        """

        async def work(connection: Connection) -> list[tuple[str, str]]:
            return await (await connection.execute(OF_IDS, (endpoint_id, list(secret_ids)))).fetchall()

        key = await self._key(endpoint_id)
        opened = {secret_id: key.open(sealed) for secret_id, sealed in await self._link.run(work)}
        return {secret_id: text for secret_id, text in opened.items() if text is not None}

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


async def forget_old(connection: Connection, now: datetime) -> None:
    """Forget secrets that sign no more."""
    await connection.execute(FORGET_OLD, (now,))
