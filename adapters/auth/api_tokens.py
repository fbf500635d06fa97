"""
The table of the API's tokens, and what one process knows of it: one that was revoked is good nowhere after a second.

Reads     api_tokens
Writes    api_tokens; the log says what was issued and revoked (`token.…`).
A process remembers a token until it hears that it has changed (changes.py), and asks twice a second for those whose
streams are open.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from adapters.auth.changes import FRESH, AccessChanges, Known
from adapters.auth.standing import stands
from adapters.postgres.connection import Connection, Link, Unavailable
from adapters.tasks import cancel_and_wait
from commands.clock import Clock
from domain.auth import Token

SEEN_EVERY = timedelta(minutes=1)  # how exactly the latest use is known

COLUMNS = "token_id, learner_id, kind, scopes, label, turn, issued_at, used_at, until, with_factor"
KEEP = f"""
INSERT INTO api_tokens ({COLUMNS}, token_hash) VALUES (%s, %s, %s, %s, %s, 0, %s, NULL, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
VALID = f"until > %s AND {stands('api_tokens', Token.category, 'token_id')}"
ORDER = "ORDER BY issued_at DESC, token_id"
FIND_BY_HASH = f"SELECT {COLUMNS} FROM api_tokens WHERE token_hash = %s AND {VALID}"
FIND = f"SELECT {COLUMNS} FROM api_tokens WHERE token_id = ANY(%s) AND {VALID}"
OF_PERSON = f"SELECT {COLUMNS} FROM api_tokens WHERE learner_id = %s AND {VALID} {ORDER}"
KEPT = f"SELECT {COLUMNS} FROM api_tokens WHERE learner_id = %s AND until > %s {ORDER}"
SEE = "UPDATE api_tokens SET used_at = %s WHERE token_id = %s AND (used_at IS NULL OR used_at <= %s)"
RENEW = "UPDATE api_tokens SET turn = turn + 1, used_at = %s WHERE token_id = %s AND turn = %s AND until > %s"
NO_FACTOR = "UPDATE api_tokens SET with_factor = false WHERE learner_id = %s AND with_factor"
END = "DELETE FROM api_tokens WHERE learner_id = %s AND token_id = ANY(%s)"
END_ALL = "DELETE FROM api_tokens WHERE learner_id = %s"
FORGET = "DELETE FROM api_tokens WHERE until <= %s"


class ApiToken(NamedTuple):
    """
    A token that is valid.

    Attributes:
        label: how the person calls it, sealed.
        turn: how often an app has renewed it.
        with_factor: whether it was issued in a session with a second factor.
    """

    token_id: str
    learner_id: str
    kind: str
    scopes: list[str]
    label: str
    turn: int
    issued_at: datetime
    used_at: datetime | None
    until: datetime
    with_factor: bool


class ApiTokens:
    """The tokens of one campus, as one process sees them."""

    def __init__(self, link: Link, clock: Clock, changes: AccessChanges) -> None:
        self._link = link
        self._clock = clock
        self._changes = changes
        self._known: Known[bytes | str, ApiToken] = Known(changes)
        self._watched: dict[str, set[asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def keep(self, token: ApiToken, token_hash: bytes | None) -> None:
        """Keep what recognises a token that the log knows."""
        row = (token.token_id, token.learner_id, token.kind, token.scopes, token.label, token.issued_at, token.until)
        await self._do(KEEP, *row, token.with_factor, token_hash)

    def known(self, key: bytes | str) -> ApiToken | None:
        """The token of a hash or of an id, if this process knows without asking that it is valid."""
        token, now = self._known.get(key), self._clock.now()
        if token is None or token.until <= now or token.used_at is None or now - token.used_at >= SEEN_EVERY:
            return None
        return token

    async def find(self, key: bytes | str) -> ApiToken | None:
        """The token of a hash or of an id, as it was half a second ago at the most; None if it has ended."""
        await self._changes.look()
        if (known := self.known(key)) is not None:
            return known
        number = self._changes.number
        rows = await self._rows(*((FIND_BY_HASH, key) if isinstance(key, bytes) else (FIND, [key])))
        if not rows:
            self._known.drop(key)
            return None
        token, now = rows[0], self._clock.now()
        if token.used_at is None or now - token.used_at >= SEEN_EVERY:
            await self._do(SEE, now, token.token_id, now - SEEN_EVERY)
            token = token._replace(used_at=now)
        self._known.keep(key, token.learner_id, number, token)
        return token

    async def of_person(self, learner_id: str) -> Sequence[ApiToken]:
        """The tokens of a person, the latest first."""
        return await self._rows(OF_PERSON, learner_id)

    async def kept_of(self, learner_id: str) -> Sequence[ApiToken]:
        """These, and those that have ended with a fact of the person and are still to be taken away."""
        return await self._rows(KEPT, learner_id)

    async def renew(self, token_id: str, turn: int) -> bool:
        """Whether it is the turn of this token, which is over with that."""
        now = self._clock.now()
        return await self._do(RENEW, now, token_id, turn, now) == 1

    async def end(self, learner_id: str, token_ids: Sequence[str]) -> None:
        """End tokens of a person whose end the log knows."""
        await self._do(END, learner_id, list(token_ids))
        self._changes.note(learner_id)

    async def forget_factors(self, learner_id: str) -> None:
        """No token of a person stands for a second factor any more."""
        await self._do(NO_FACTOR, learner_id)
        self._changes.note(learner_id)

    async def forget(self, learner_id: str) -> None:
        """End all tokens of a person."""
        await self._do(END_ALL, learner_id)
        self._changes.note(learner_id)

    @asynccontextmanager
    async def watch(self, token_id: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set within a second after the token has ended, until the block ends."""
        ended = asyncio.Event()
        self._watched.setdefault(token_id, set()).add(ended)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on())
        try:
            yield ended
        finally:
            watching = self._watched[token_id]
            watching.discard(ended)
            if not watching:
                del self._watched[token_id]

    async def stop(self) -> None:
        """End the look at the tokens of open streams."""
        if self._looking is not None:
            await cancel_and_wait([self._looking])

    async def _look_on(self) -> None:
        """Look at all watched tokens, twice a second, as long as there are any; without PostgreSQL they stay."""
        while self._watched:
            await asyncio.sleep(FRESH)
            watched = list(self._watched)
            with suppress(Unavailable):
                valid = {token.token_id for token in await self._rows(FIND, watched)}
                for token_id in set(watched) - valid:
                    for ended in self._watched.get(token_id, ()):
                        ended.set()

    async def _rows(self, statement: str, value: Any) -> list[ApiToken]:
        async def work(connection: Connection) -> list[ApiToken]:
            rows = await (await connection.execute(statement.encode(), (value, self._clock.now()))).fetchall()
            return [ApiToken(*row) for row in rows]

        return await self._link.run(work)

    async def _do(self, statement: str, *values: Any) -> int:
        async def work(connection: Connection) -> int:
            return (await connection.execute(statement.encode(), values)).rowcount

        return await self._link.run(work)


async def forget_old(connection: Connection, now: datetime) -> None:
    """Forget tokens that have ended by time."""
    await connection.execute(FORGET, (now,))
