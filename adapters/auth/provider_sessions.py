"""
By which sign-in elsewhere a session was opened: what ends with it, and what signs out there.

Reads     provider_sessions, sessions
Writes    provider_sessions: a row when a provider has answered, before its session is opened; gone with that.
The ID token is sealed with the key of the person. The session there is known by a keyed digest.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from adapters.auth.identities import PURPOSE
from adapters.personal.keys import PersonKeys
from adapters.postgres.connection import Connection, Link
from domain.auth import credentials_stream

UNUSED_FOR = timedelta(minutes=30)  # a second factor has to follow within five

BEGIN = """
INSERT INTO provider_sessions (provider_session_id, learner_id, identity_id, sid, id_token, begun_at)
VALUES (%s, %s, %s, %s, %s, %s)
"""
STANDS = "SELECT FROM provider_sessions WHERE provider_session_id = %s"
OF_SESSION = """
SELECT identity_id, id_token, provider_session_id FROM provider_sessions JOIN sessions USING (provider_session_id)
 WHERE sessions.learner_id = %s AND session_id = %s
"""
# As far as they are named; a sign-in that has named no session there may be any of its identity.
NAMED = """(%(identity)s::text IS NULL OR identity_id = %(identity)s)
   AND (%(sid)s::bytea IS NULL OR sid = %(sid)s OR (sid IS NULL AND %(identity)s::text IS NOT NULL))"""
END = f"DELETE FROM provider_sessions WHERE {NAMED} RETURNING provider_session_id"
ENDING = f"""
SELECT sessions.learner_id, session_id FROM provider_sessions JOIN sessions USING (provider_session_id) WHERE {NAMED}
"""
OPENED_BY = "SELECT learner_id, session_id FROM sessions WHERE provider_session_id = ANY(%s)"
FORGET = "DELETE FROM provider_sessions WHERE learner_id = %s"
FORGET_OLD = """
DELETE FROM provider_sessions AS old WHERE begun_at < %s AND NOT EXISTS (
    SELECT FROM sessions WHERE sessions.provider_session_id = old.provider_session_id)
"""


class Elsewhere(NamedTuple):
    """The sign-in elsewhere by which a session was opened; *id_token* is empty once its key is gone."""

    identity_id: str
    id_token: str


class Signed(NamedTuple):
    """Sign-ins by an account elsewhere, in a session of a provider, or both: at least one of them is named."""

    identity_id: str | None
    issuer: str
    sid: str | None = None


class ProviderSessions:
    """The sign-ins elsewhere of one campus."""

    def __init__(self, link: Link, keys: PersonKeys) -> None:
        self._link, self._keys = link, keys

    async def begin(self, learner_id: str, by: Signed, id_token: str, now: datetime) -> str:
        """Keep that a person has signed in by an account elsewhere; returns the id by which a session names it."""
        key, number = await self._keys.writing(credentials_stream(learner_id)), uuid4().hex
        sealed = key.seal(0, f"id-token-{number}", id_token)
        await self._do(BEGIN, (number, learner_id, by.identity_id, await self._digest(by), sealed, now))
        return number

    async def stands(self, provider_session_id: str) -> bool:
        """Whether the provider, or the person, has not ended it meanwhile."""
        return bool(await self._rows(STANDS, (provider_session_id,)))

    async def of_session(self, learner_id: str, session_id: str) -> Elsewhere | None:
        """The sign-in elsewhere by which a session was opened; None for one that was opened here."""
        rows = await self._rows(OF_SESSION, (learner_id, session_id))
        if not rows:
            return None
        identity_id, sealed, _ = rows[0]
        key = await self._keys.reading(credentials_stream(learner_id))
        return Elsewhere(identity_id, key.open(sealed) or "")

    async def ending(self, by: Signed) -> Sequence[Any]:
        """The persons and sessions that such sign-ins have opened."""
        return await self._rows(ENDING, await self._named(by))

    async def end(self, by: Signed) -> Sequence[Any]:
        """
        Have such sign-ins open no session any more.

        Returns:
            The persons and sessions that they have opened until then, also since `ending` has looked.
        """
        ids = [number for (number,) in await self._rows(END, await self._named(by))]
        return await self._rows(OPENED_BY, (ids,)) if ids else []

    async def forget(self, learner_id: str) -> None:
        """Forget the sign-ins of a person."""
        await self._do(FORGET, (learner_id,))

    async def _named(self, by: Signed) -> dict[str, Any]:
        if by.identity_id is None and by.sid is None:
            raise ValueError("neither an account elsewhere nor a session there is named")
        return {"identity": by.identity_id, "sid": await self._digest(by)}

    async def _digest(self, by: Signed) -> bytes | None:
        if by.sid is None:
            return None
        secret = await self._keys.of_campus(PURPOSE)
        return hmac.new(secret, f"session\n{by.issuer}\n{by.sid}".encode(), hashlib.sha256).digest()

    async def _rows(self, statement: str, values: Any) -> list[Any]:
        async def work(connection: Connection) -> list[Any]:
            return await (await connection.execute(statement.encode(), values)).fetchall()

        return await self._link.run(work)

    async def _do(self, statement: str, values: Any) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(statement.encode(), values)

        await self._link.run(work)


async def forget_old(connection: Connection, now: datetime) -> None:
    """Forget sign-ins elsewhere whose session has ended, or was never opened."""
    await connection.execute(FORGET_OLD, (now - UNUSED_FOR,))
