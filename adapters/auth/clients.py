"""
Clients in one process: who proves to be one, by a secret or a signed assertion, and which of their tokens still hold.

Reads     client_secrets, used_challenges; the facts of clients (`client.…`), which say what is valid.
Writes    client_secrets: the hash of a secret before the fact that makes it valid.
A process trusts what it knows of a client until it hears of other facts (changes.py): what was removed opens nothing
after a second.
"""

import asyncio
import base64
import hmac
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

import msgspec
import structlog
from joserfc import jwk, jws, jwt
from joserfc.errors import JoseError

from adapters.auth.changes import FRESH, AccessChanges, Known
from adapters.auth.factors import Factors
from adapters.auth.oidc.id_token import ALGORITHMS, LEEWAY
from adapters.auth.sessions import hash_of
from adapters.command_bus.replay import replayed
from adapters.postgres.connection import Connection, Unavailable
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.tasks import cancel_and_wait
from domain.clients import Client, CredentialKind, client_stream
from domain.errors import DomainError, Forbidden, Rejected

SECRET_PREFIX = "campus_client_"  # noqa: S105 - the beginning of any
"""Secrets begin so: programs that look for secrets in sources find them."""
SECRET_SIZE = 32  # bytes
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_ASSERTION = timedelta(minutes=5)
SMALLEST_RSA = 2048  # bits
KEPT_PARTS = ("kty", "crv", "x", "y", "n", "e", "kid")

KEEP = b"INSERT INTO client_secrets (credential_id, client_id, digest, kept_at) VALUES (%s, %s, %s, %s)"
NAMES = b"""
SELECT stream_id FROM events WHERE stream_id > %s COLLATE "C" AND stream_id < %s AND stream_version = 1
 ORDER BY stream_id LIMIT %s
"""
FIND = b"SELECT credential_id FROM client_secrets WHERE client_id = %s AND digest = %s"
DROP = b"DELETE FROM client_secrets WHERE client_id = %s AND (%s OR credential_id = %s)"


logger = structlog.get_logger()


class ClientRefused(Forbidden):
    """What a client has sent does not prove that it is one, or which; it says not why, but for those who log."""

    code = "client_refused"
    template = "no valid client has proved itself: by client_secret_basic, client_secret_post or private_key_jwt"


class BadPublicKey(Rejected):
    """A key of a client is none by which signatures can be checked."""

    code = "bad_public_key"
    template = "a key is a public JWK of the kinds EC, OKP or RSA (of {bits} bits or more), without its private part"


@dataclass(frozen=True)
class Proof:
    """
    What a client has sent of itself with a request for a token (RFC 6749, 2.3; RFC 7523, 2.2).

    Attributes:
        authorization: the header.
        form: the fields of the body.
    """

    authorization: str | None = field(repr=False)
    form: Mapping[str, str] = field(repr=False)


class Proven(NamedTuple):
    """A client that has proved itself, by which credential, and until when that is valid."""

    client: Client
    credential_id: str
    until: datetime


class Clients:
    """The clients of one campus; *audiences* are what assertions may be made for: its issuer and its token endpoint."""

    def __init__(self, log: PostgresLog, changes: AccessChanges, audiences: tuple[str, ...]) -> None:
        self._log = log
        self._changes = changes
        self._audiences = audiences
        self._known: Known[str, Client] = Known(changes)
        self._factors = Factors(log.link, log.keys)
        self._watched: dict[tuple[str, str], set[asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def new_secret(self, client_id: str, credential_id: str) -> str:
        """Draw a secret and keep its hash; it is valid once the log has the credential."""
        text = SECRET_PREFIX + secrets.token_urlsafe(SECRET_SIZE)
        await self._do(KEEP, credential_id, client_id, hash_of(text), self._log.clock.now())
        return text

    async def drop_secret(self, client_id: str, credential_id: str | None = None) -> None:
        """Forget a secret that the log has no more, or all of a client that has ended."""
        await self._do(DROP, client_id, credential_id is None, credential_id or "")

    async def read(self, client_id: str) -> Client:
        """A client as the log has it now."""
        return await replayed(self._log, Client, client_stream(client_id))

    async def names(self, after: str, limit: int) -> list[str]:
        """The ids of clients in their order, those that have ended as well: *limit* of them that follow *after*."""
        first = f"{Client.category}-{after}"

        async def work(connection: Connection) -> list[Any]:
            return await (await connection.execute(NAMES, (first, f"{Client.category}.", limit))).fetchall()

        return [row[0].partition("-")[2] for row in await self._log.link.run(work)]

    async def holds(self, client_id: str, credential_id: str) -> bool:
        """Whether a credential is valid, as it was half a second ago at the most."""
        await self._changes.look()
        client = self._known.get(client_id)
        if client is None:
            number = self._changes.number
            client = await self.read(client_id)
            self._known.keep(client_id, client_id, number, client)
        return credential_id in client.live(self._log.clock.now())

    @asynccontextmanager
    async def watch(self, client_id: str, credential_id: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set within a second after a credential is valid no more, until the block ends."""
        ended, key = asyncio.Event(), (client_id, credential_id)
        self._watched.setdefault(key, set()).add(ended)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on())
        try:
            yield ended
        finally:
            watching = self._watched[key]
            watching.discard(ended)
            if not watching:
                del self._watched[key]

    async def stop(self) -> None:
        """End the look at the clients of open streams."""
        if self._looking is not None:
            await cancel_and_wait([self._looking])

    async def proven(self, proof: Proof) -> Proven:
        """
        The client that has sent this; by exactly one way, of those that RFC 6749 and RFC 7523 have.

        Raises:
            ClientRefused: it proves nothing.
        """
        if "client_assertion" in proof.form or "client_assertion_type" in proof.form:
            if proof.authorization is not None or "client_secret" in proof.form:
                raise ClientRefused
            return await self._by_assertion(proof.form)
        client_id, secret = _named(proof)
        client = await self._client(client_id)
        row = await self._row(FIND, client_id, hash_of(secret))
        live = client.live(self._log.clock.now())
        if row is None or row[0] not in live or live[row[0]].kind is not CredentialKind.SECRET:
            raise ClientRefused
        return Proven(client, row[0], live[row[0]].until)

    async def _by_assertion(self, form: Mapping[str, str]) -> Proven:
        """A JWT that a key of the client has signed for this campus, lately, and that is sent for the first time."""
        text = form.get("client_assertion", "")
        claims = _unverified(text)
        client_id = claims.get("iss")
        if form.get("client_assertion_type") != ASSERTION or not isinstance(client_id, str):
            raise ClientRefused
        if client_id != claims.get("sub") or form.get("client_id", client_id) != client_id:
            raise ClientRefused
        client, now = await self._client(client_id), self._log.clock.now()
        for name, credential in client.live(now).items():
            if credential.public_key is not None and _is_signed(text, credential.public_key):
                ends = self._must_be_for_now(claims, now)
                if not await self._factors.use_challenge(f"{client_id}\n{claims['jti']}".encode(), ends):
                    raise ClientRefused
                return Proven(client, name, credential.until)
        raise ClientRefused

    def _must_be_for_now(self, claims: Mapping[str, Any], now: datetime) -> datetime:
        """Until when an assertion is to be remembered; raises ClientRefused for one of another time or audience."""
        said, ends, jti = claims.get("aud"), claims.get("exp"), claims.get("jti")
        audience = said[0] if isinstance(said, list) and len(said) == 1 else said
        if audience not in self._audiences or not isinstance(jti, str) or not 0 < len(jti) <= 255:
            raise ClientRefused
        if isinstance(ends, bool) or not isinstance(ends, int | float):
            raise ClientRefused
        earliest = self._log.clock.on_machine(now).timestamp() - LEEWAY
        if not earliest < ends <= earliest + LONGEST_ASSERTION.total_seconds() + 2 * LEEWAY:
            raise ClientRefused
        return now + LONGEST_ASSERTION + timedelta(seconds=2 * LEEWAY)

    async def _client(self, client_id: str) -> Client:
        try:
            return await self.read(client_id)
        except DomainError as error:  # no id of a client
            raise ClientRefused from error

    async def _look_on(self) -> None:
        """Look at all watched clients, twice a second, as long as there are any; without PostgreSQL they stay."""
        while self._watched:
            await asyncio.sleep(FRESH)
            for key in list(self._watched):
                with suppress(Unavailable):
                    if not await self._is_known_to_hold(*key):
                        for ended in self._watched.get(key, ()):
                            ended.set()

    async def _is_known_to_hold(self, client_id: str, credential_id: str) -> bool:
        """Whether a credential is valid; of a client whose facts cannot be read, none is known to be."""
        try:
            return await self.holds(client_id, credential_id)
        except Unavailable:
            raise
        except Exception:
            logger.exception("client.unreadable", client_id=client_id)
            return False

    async def _row(self, statement: bytes, *values: Any) -> Any:
        async def work(connection: Connection) -> Any:
            return await (await connection.execute(statement, values)).fetchone()

        return await self._log.link.run(work)

    async def _do(self, statement: bytes, *values: Any) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute(statement, values)

        await self._log.link.run(work)


def public_key(given: Mapping[str, Any]) -> str:
    """A public key as the facts have it: a JWK as text, with the parts of the key alone; raises BadPublicKey."""
    try:
        key = jwk.import_key({name: given[name] for name in KEPT_PARTS if name in given})
        is_public = not key.is_private and key.key_type in ("EC", "OKP", "RSA") and "d" not in given
        bits = getattr(key.public_key, "key_size", SMALLEST_RSA) if key.key_type == "RSA" else SMALLEST_RSA
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadPublicKey(bits=SMALLEST_RSA) from error
    if not is_public or bits < SMALLEST_RSA or given.get("crv") in ("X25519", "X448"):
        raise BadPublicKey(bits=SMALLEST_RSA)
    return msgspec.json.encode({name: given[name] for name in KEPT_PARTS if name in given}).decode()


def _named(proof: Proof) -> tuple[str, str]:
    """The id and the secret that a client has sent, in the header or in the body, and not in both."""
    form = proof.form
    if proof.authorization is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, text = proof.authorization.partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except ValueError as error:  # no base64, not ASCII, or no UTF-8 within
        raise ClientRefused from error
    if scheme.lower() != "basic" or not colon or "client_secret" in form:
        raise ClientRefused
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if not hmac.compare_digest(form.get("client_id", client_id).encode(), client_id.encode()):
        raise ClientRefused
    return client_id, secret


def _unverified(text: str) -> dict[str, Any]:
    """What an assertion says, to find the key by which it is checked; raises ClientRefused."""
    try:
        found = msgspec.json.decode(jws.extract_compact(text.encode()).payload)
    except (JoseError, ValueError, msgspec.DecodeError, RecursionError) as error:
        raise ClientRefused from error
    if not isinstance(found, dict):
        raise ClientRefused
    return found


def _is_signed(text: str, key: str) -> bool:
    try:
        registry = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        jwt.decode(text, jwk.import_key(msgspec.json.decode(key)), registry=registry)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return False
    return True
