"""
Sessions of browsers: an opaque token, of which only the hash is kept; revoked for all processes within a second.

A process remembers a session until it hears that it has changed (changes.py), and asks twice a second for all whose
event streams are open. So it costs a request nothing, mostly, and one that was revoked anywhere ends here in time.
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog

from adapters.auth.changes import FRESH, AccessChanges, Known
from adapters.auth.standing import stands
from adapters.postgres.connection import Connection, Link, Unavailable
from adapters.tasks import cancel_and_wait
from commands.clock import Clock
from domain.auth import Session

IDLE = timedelta(hours=12)  # after the latest request
LONGEST = timedelta(days=14)  # after signing in
SEEN_EVERY = timedelta(minutes=1)  # how exactly the latest request is known
TOKEN_SIZE = 32  # bytes

COLUMNS = (
    "token_hash, learner_id, session_id, opened_at, seen_at, until, confirmed_at, factor_at, short_password,"
    " actor_id, actor_session_id"
)
OPEN = f"""
INSERT INTO sessions ({COLUMNS}, provider_session_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
CONFIRM = """
UPDATE sessions SET token_hash = %(new)s, confirmed_at = %(now)s, factor_at = coalesce(%(factor)s, factor_at)
 WHERE token_hash = %(old)s
"""
IN_TIME = "until > %(now)s AND seen_at > %(idle)s"
STANDS = stands("sessions", Session.category, "session_id")
VALID = f"""{IN_TIME} AND {STANDS} AND (actor_id IS NULL OR EXISTS (
    SELECT FROM sessions AS own
     WHERE own.learner_id = sessions.actor_id AND own.session_id = sessions.actor_session_id
       AND own.until > %(now)s AND own.seen_at > %(idle)s AND {stands("own", Session.category, "session_id")}))"""
"""A session in which an admin acts as a learner is valid as long as the admin's own is."""
FIND = f"""
SELECT {COLUMNS} FROM sessions
 WHERE token_hash = ANY(%(hashes)s) AND {VALID}
"""
IS_OPEN = f"SELECT FROM sessions WHERE learner_id = %(learner)s AND session_id = %(session)s AND {VALID}"
SEE = "UPDATE sessions SET seen_at = %(now)s WHERE token_hash = %(hash)s AND seen_at <= %(before)s"
ORDER = "ORDER BY seen_at DESC, opened_at DESC, session_id"
OF_PERSON = f"SELECT {COLUMNS} FROM sessions WHERE learner_id = %(learner)s AND {VALID} {ORDER}"
KEPT = f"SELECT {COLUMNS} FROM sessions WHERE learner_id = %(learner)s AND {IN_TIME} {ORDER}"
RESTING = f"SELECT {COLUMNS} FROM sessions WHERE actor_id = %(actor)s"
RENEW = f"""
UPDATE sessions SET token_hash = %(new)s, seen_at = %(now)s
 WHERE learner_id = %(learner)s AND session_id = %(session)s AND {VALID}
 RETURNING until
"""
NO_FACTOR = "UPDATE sessions SET factor_at = NULL WHERE learner_id = %s AND factor_at IS NOT NULL"
END = "DELETE FROM sessions WHERE learner_id = %s AND session_id = ANY(%s)"
END_ALL = "DELETE FROM sessions WHERE learner_id = %s"
FORGET = "DELETE FROM sessions WHERE until <= %(now)s OR seen_at <= %(idle)s"

logger = structlog.get_logger()


class BrowserSession(NamedTuple):
    """
    A session that is valid.

    Attributes:
        confirmed_at: when the person has given the password or a second factor last.
        factor_at: when the person has given a second factor last.
        short_password: whether the password of the account is shorter than those of the staff have to be.
        actor_id: the admin who acts in it as the person, if one does; *actor_session_id* is the admin's own session.
    """

    token_hash: bytes
    learner_id: str
    session_id: str
    opened_at: datetime
    seen_at: datetime
    until: datetime
    confirmed_at: datetime | None = None
    factor_at: datetime | None = None
    short_password: bool = False
    actor_id: str | None = None
    actor_session_id: str | None = None


class Sessions:
    """
    The sessions of one campus, as one process sees them.

    Attributes:
        users: who was recognised by a token, and until when that is true if nothing changes.
    """

    def __init__(self, link: Link, clock: Clock, changes: AccessChanges) -> None:
        self._link = link
        self._clock = clock
        self._changes = changes
        self._known: Known[bytes, BrowserSession] = Known(changes)
        self.users: Known[str, tuple[Any, datetime]] = Known(changes)
        self._watched: dict[bytes, set[asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def open(
        self,
        learner_id: str,
        session_id: str,
        until: datetime,
        *,
        confirmed_at: datetime | None = None,
        factor_at: datetime | None = None,
        short_password: bool = False,
        actor: BrowserSession | None = None,
        provider_session_id: str | None = None,
    ) -> str:
        """
        Open a session that the log knows; returns its token, which is kept nowhere.

        Args:
            actor: the session of an admin who acts in this one as the person.
            provider_session_id: the sign-in elsewhere by which it is opened.
        """
        token, now = secrets.token_urlsafe(TOKEN_SIZE), self._clock.now()

        async def work(connection: Connection) -> None:
            resting_on = (None, None) if actor is None else (actor.learner_id, actor.session_id)
            times = (now, now, until, confirmed_at, factor_at)
            values = (hash_of(token), learner_id, session_id, *times, short_password, *resting_on, provider_session_id)
            await connection.execute(OPEN.encode(), values)

        await self._link.run(work)
        return token

    async def confirm(self, session: BrowserSession, *, with_factor: bool) -> str | None:
        """
        Note that the person has proved to be there, and give the session another token; None if it has ended.

        The token is new to every process, so each knows of the proof at once; open streams begin again with it.
        """
        token, now = secrets.token_urlsafe(TOKEN_SIZE), self._clock.now()
        parameters = {
            "new": hash_of(token),
            "old": session.token_hash,
            "now": now,
            "factor": now if with_factor else None,
        }

        async def work(connection: Connection) -> int:
            return (await connection.execute(CONFIRM, parameters)).rowcount

        is_there = await self._link.run(work) == 1
        self._changes.note(session.learner_id)
        return token if is_there else None

    @property
    def number(self) -> int:
        """What is read from now on is true for changes up to this number."""
        return self._changes.number

    def known(self, token: str) -> BrowserSession | None:
        """The session of a token, if this process knows without asking that it is valid."""
        session, now = self._known.get(hash_of(token)), self._clock.now()
        is_valid = session is not None and session.until > now and now - session.seen_at < SEEN_EVERY
        return session if is_valid else None

    async def find(self, token: str) -> BrowserSession | None:
        """The session of a token, as it was half a second ago at the most; None if it is none or has ended."""
        await self._changes.look()
        if (known := self.known(token)) is not None:
            return known
        hashed, number = hash_of(token), self._changes.number
        session, now = (await self._ask([hashed])).get(hashed), self._clock.now()
        if session is None:
            self._known.drop(hashed)
            return None
        if now - session.seen_at >= SEEN_EVERY:
            session = await self._see(session, now)
        if session.actor_id is None:  # what rests on another person's session is asked for each time
            self._known.keep(hashed, session.learner_id, number, session)
        return session

    async def is_open(self, learner_id: str, session_id: str) -> bool:
        """Whether a session has not ended, as the database has it now."""
        parameters = {"learner": learner_id, "session": session_id, **self._bounds()}

        async def work(connection: Connection) -> bool:
            return (await connection.execute(IS_OPEN.encode(), parameters)).rowcount == 1

        return await self._link.run(work)

    async def of_person(self, learner_id: str) -> Sequence[BrowserSession]:
        """The sessions of a person, the one that was used last first."""
        return await self._rows(OF_PERSON, {"learner": learner_id, **self._bounds()})

    async def kept_of(self, learner_id: str) -> Sequence[BrowserSession]:
        """These, and those that have ended with a fact of the person and are still to be taken away."""
        return await self._rows(KEPT, {"learner": learner_id, **self._bounds()})

    async def resting_on(self, actor_id: str) -> Sequence[BrowserSession]:
        """The sessions in which a person acts as others, also those that have ended."""
        return await self._rows(RESTING, {"actor": actor_id})

    async def renew(self, learner_id: str, session_id: str) -> tuple[str, datetime] | None:
        """Give a session another token, which is returned with the session's end; None if it has ended."""
        token = secrets.token_urlsafe(TOKEN_SIZE)
        parameters = {"new": hash_of(token), "learner": learner_id, "session": session_id, **self._bounds()}

        async def work(connection: Connection) -> datetime | None:
            row = await (await connection.execute(RENEW.encode(), parameters)).fetchone()
            return None if row is None else row[0]

        until = await self._link.run(work)
        self._changes.note(learner_id)
        return None if until is None else (token, until)

    async def forget_factors(self, learner_id: str) -> None:
        """No session of a person counts as one with a second factor any more."""

        async def work(connection: Connection) -> None:
            await connection.execute(NO_FACTOR, (learner_id,))

        await self._link.run(work)
        self._changes.note(learner_id)

    async def end(self, learner_id: str, session_ids: Sequence[str]) -> None:
        """End sessions of a person whose end the log knows."""

        async def work(connection: Connection) -> None:
            await connection.execute(END, (learner_id, list(session_ids)))

        await self._link.run(work)
        self._changes.note(learner_id)

    async def forget(self, learner_id: str) -> None:
        """End all sessions of a person."""

        async def work(connection: Connection) -> None:
            await connection.execute(END_ALL, (learner_id,))

        await self._link.run(work)
        self._changes.note(learner_id)

    @asynccontextmanager
    async def watch(self, session: BrowserSession) -> AsyncIterator[asyncio.Event]:
        """An event that is set within a second after the session has ended, until the block ends."""
        ended = asyncio.Event()
        self._watched.setdefault(session.token_hash, set()).add(ended)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on())
        try:
            yield ended
        finally:
            watching = self._watched[session.token_hash]
            watching.discard(ended)
            if not watching:
                del self._watched[session.token_hash]

    async def stop(self) -> None:
        """End the look at the sessions of open streams."""
        if self._looking is not None:
            await cancel_and_wait([self._looking])

    async def _look_on(self) -> None:
        """Look at all watched sessions, twice a second, as long as there are any; without PostgreSQL they stay."""
        while self._watched:
            await asyncio.sleep(FRESH)
            hashes = list(self._watched)
            with suppress(Unavailable):
                valid = await self._ask(hashes)
                for hashed in hashes:
                    if hashed not in valid:
                        for ended in self._watched.get(hashed, ()):
                            ended.set()

    async def _ask(self, hashes: Sequence[bytes]) -> dict[bytes, BrowserSession]:
        found = await self._rows(FIND, {"hashes": list(hashes), **self._bounds()})
        return {session.token_hash: session for session in found}

    async def _rows(self, statement: str, parameters: dict[str, Any]) -> list[BrowserSession]:
        async def work(connection: Connection) -> list[BrowserSession]:
            rows = await (await connection.execute(statement.encode(), parameters)).fetchall()
            return [BrowserSession(bytes(row[0]), *row[1:]) for row in rows]

        return await self._link.run(work)

    async def _see(self, session: BrowserSession, now: datetime) -> BrowserSession:
        """Note that the session is used."""
        parameters = {"now": now, "hash": session.token_hash, "before": now - SEEN_EVERY}

        async def work(connection: Connection) -> None:
            await connection.execute(SEE, parameters)

        await self._link.run(work)
        return session._replace(seen_at=now)

    def _bounds(self) -> dict[str, datetime]:
        now = self._clock.now()
        return {"now": now, "idle": now - IDLE}


async def forget_old(connection: Connection, now: datetime) -> None:
    """Forget sessions that have ended by time."""
    await connection.execute(FORGET, {"now": now, "idle": now - IDLE})


def hash_of(token: str) -> bytes:
    """What is kept of a token: of 32 random bytes no salt and no slow hash is needed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
