"""
Who signs in by which account of a provider, and sign-ins that browsers have begun there.

Reads     identities, authorization_requests
Writes    both; the log says which identities sign in (`credentials.identity_linked`).
An identity is found by a keyed digest of issuer and subject. What the provider calls the person is sealed with the key
of the person.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from adapters.personal.keys import PersonKeys
from adapters.postgres.connection import Connection, Link
from domain.auth import credentials_stream

PURPOSE = "connected sign-ins"

COLUMNS = "identity_id, learner_id, issuer, subject, label, linked_at, used_at"
FIND = f"SELECT {COLUMNS} FROM identities WHERE digest = %(digest)s"
OF_PERSON = f"SELECT {COLUMNS} FROM identities WHERE learner_id = %(learner)s ORDER BY linked_at, identity_id"
# Takes the place of a row that signs in to nothing (`before`), and of no other one.
TAKE = """
INSERT INTO identities AS kept (identity_id, learner_id, digest, issuer, subject, label, linked_at)
VALUES (%(identity)s, %(learner)s, %(digest)s, %(issuer)s, %(subject)s, %(label)s, %(now)s)
ON CONFLICT (digest) DO UPDATE
   SET identity_id = excluded.identity_id, learner_id = excluded.learner_id, subject = excluded.subject,
       label = excluded.label, linked_at = excluded.linked_at, used_at = NULL
 WHERE kept.identity_id = %(before)s
"""
USE = "UPDATE identities SET used_at = %(now)s WHERE identity_id = %(identity)s"
DROP = "DELETE FROM identities WHERE identity_id = %(identity)s AND learner_id = %(learner)s"
FORGET = "DELETE FROM identities WHERE learner_id = %(learner)s"

BEGIN = """
INSERT INTO authorization_requests
       (state_digest, browser_digest, provider, purpose, session_id, return_to, begun_at, until)
VALUES (%(state)s, %(browser)s, %(provider)s, %(purpose)s, %(session)s, %(return_to)s, %(now)s, %(until)s)
"""
FINISH = """
DELETE FROM authorization_requests
 WHERE state_digest = %(state)s AND browser_digest = %(browser)s AND provider = %(provider)s
RETURNING purpose, session_id, return_to, begun_at, until
"""
FORGET_OLD = b"DELETE FROM authorization_requests WHERE until < %s"


class Identity(NamedTuple):
    """An account of a provider, and whom it signs in here; subject and label are sealed."""

    identity_id: str
    learner_id: str
    issuer: str
    subject: str
    label: str
    linked_at: datetime
    used_at: datetime | None


class Begun(NamedTuple):
    """A sign-in that a browser has begun; *session_id* is that of a person who was signed in already."""

    purpose: str
    session_id: str | None
    return_to: str
    begun_at: datetime
    until: datetime


class Identities:
    """The identities of one campus."""

    def __init__(self, link: Link, keys: PersonKeys) -> None:
        self._link = link
        self._keys = keys

    async def find(self, issuer: str, subject: str) -> Identity | None:
        """The row of an identity, whether the log has it or not."""
        rows = await self._rows(FIND, {"digest": await self._digest(issuer, subject)})
        return rows[0] if rows else None

    async def take(self, identity: Identity, before: Identity | None) -> bool:
        """Keep an identity, in the place of one that signs in to nothing; whether no other one was faster."""
        key = await self._keys.writing(credentials_stream(identity.learner_id))
        values = {
            "identity": identity.identity_id,
            "learner": identity.learner_id,
            "digest": await self._digest(identity.issuer, identity.subject),
            "issuer": identity.issuer,
            "subject": key.seal(0, f"subject-{identity.identity_id}", identity.subject),
            "label": key.seal(0, f"label-{identity.identity_id}", identity.label),
            "now": identity.linked_at,
            "before": before.identity_id if before is not None else "",
        }
        return await self._do(TAKE, values) == 1

    async def of_person(self, learner_id: str) -> Sequence[Identity]:
        """All identities of a person, with what is sealed in them opened; empty without the key."""
        key = await self._keys.reading(credentials_stream(learner_id))
        return [
            each._replace(subject=key.open(each.subject) or "", label=key.open(each.label) or "")
            for each in await self._rows(OF_PERSON, {"learner": learner_id})
        ]

    async def use(self, identity_id: str, now: datetime) -> None:
        """Note that a person has signed in by it."""
        await self._do(USE, {"identity": identity_id, "now": now})

    async def drop(self, learner_id: str, identity_id: str) -> None:
        """Forget an identity that the log has no more."""
        await self._do(DROP, {"learner": learner_id, "identity": identity_id})

    async def forget(self, learner_id: str) -> None:
        """Forget all identities of a person."""
        await self._do(FORGET, {"learner": learner_id})

    async def begin(self, state: str, browser: str, provider: str, begun: Begun) -> None:
        """Remember what a browser has begun."""
        values = {
            "state": _hash_of(state),
            "browser": _hash_of(browser),
            "provider": provider,
            "purpose": begun.purpose,
            "session": begun.session_id,
            "return_to": begun.return_to,
            "now": begun.begun_at,
            "until": begun.until,
        }
        await self._do(BEGIN, values)

    async def finish(self, state: str, browser: str, provider: str) -> Begun | None:
        """What this browser has begun at this provider, once; None for any other browser, provider or state."""
        values = {"state": _hash_of(state), "browser": _hash_of(browser), "provider": provider}

        async def work(connection: Connection) -> Begun | None:
            row = await (await connection.execute(FINISH.encode(), values)).fetchone()
            return Begun(*row) if row is not None else None

        return await self._link.run(work)

    async def _digest(self, issuer: str, subject: str) -> bytes:
        secret = await self._keys.of_campus(PURPOSE)
        return hmac.new(secret, f"{issuer}\n{subject}".encode(), hashlib.sha256).digest()

    async def _rows(self, statement: str, values: Mapping[str, Any]) -> list[Identity]:
        async def work(connection: Connection) -> list[Identity]:
            return [Identity(*row) for row in await (await connection.execute(statement.encode(), values)).fetchall()]

        return await self._link.run(work)

    async def _do(self, statement: str, values: Mapping[str, Any]) -> int:
        async def work(connection: Connection) -> int:
            return (await connection.execute(statement.encode(), values)).rowcount

        return await self._link.run(work)


async def forget_old(connection: Connection, now: datetime) -> None:
    """Forget sign-ins that were begun and not finished in time."""
    await connection.execute(FORGET_OLD, (now,))


def _hash_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
