"""
Tokens of the API: issued, renewed, revoked, and recognised in a request.

A personal token is random. An app gets an access token, which is signed and lasts five minutes
(EdDSA, `/.well-known/jwks.json`), and a token that renews it, once: it is made of the turn, so that one of any earlier
turn is known again. Who sends that has stolen it, or was stolen from: all tokens of the app end.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from adapters.auth.access import AccountAccess
from adapters.auth.api_tokens import ApiToken
from adapters.auth.clients import Clients, Proven
from adapters.auth.sessions import hash_of
from adapters.auth.signing_keys import SigningKeys
from commands.auth import IssueToken
from domain.auth import TokenKind, TokenRefused, credentials_stream

PREFIX = "campus_"
"""Tokens that are sent as they are begin so: programs that look for secrets in sources find them."""
TOKEN_SIZE = 32  # bytes
ACCESS_LASTS = timedelta(minutes=5)
APP_LASTS = timedelta(days=90)
ALGORITHM = "Ed25519"  # as RFC 9864 calls EdDSA with this curve
PURPOSE = "renewing tokens"
CLIENT = "client"
"""The kind of token that a client has."""
CLIENT_TOKENS = "/v1/clients/token"
"""Where clients get tokens."""
REMEMBERED = 10_000  # access tokens whose signature was verified


@dataclass(frozen=True)
class Wish:
    """A token that a person asks for."""

    learner_id: str
    label: str
    scopes: Sequence[str]
    lifetime: timedelta
    with_factor: bool


@dataclass(frozen=True)
class Issued:
    """A token that was just issued; `text` is kept nowhere."""

    token_id: str
    text: str
    scopes: Sequence[str]
    until: datetime


class _Signed(NamedTuple):
    """
    An access token whose signature was verified: it is valid until then, as long as its app is, or its client.

    Attributes:
        token_id: of the app, or of the credential of a client.
        learner_id: whose it is: a person, or a client.
        client: for a token of a client, what it opens.
    """

    token_id: str
    learner_id: str
    ends: datetime
    client: ApiToken | None = None


@dataclass(frozen=True)
class Granted:
    """An access token of a client."""

    access_token: str
    until: datetime
    scopes: Sequence[str]


@dataclass(frozen=True)
class Renewed:
    """An access token, and the token that renews it, of the app with this id."""

    token_id: str
    access_token: str
    until: datetime
    scopes: Sequence[str]
    refresh_token: str


class Tokens:
    """The tokens of the API, in one process; *issuer* is where browsers reach the campus."""

    def __init__(self, access: AccountAccess, issuer: str) -> None:
        self.table = access.api_tokens
        self.keys = SigningKeys(access.log.keys)
        self._access = access
        self._issuer = issuer
        self._verified: dict[str, _Signed] = {}
        self.clients = Clients(access.log, access.changes, (issuer, f"{issuer}{CLIENT_TOKENS}"))

    async def issue(self, wish: Wish, request_id: str) -> Issued:
        """Issue a personal token."""
        text = PREFIX + secrets.token_urlsafe(TOKEN_SIZE)
        kept = await self._keep(wish, TokenKind.PERSONAL, hash_of(text), request_id)
        return Issued(kept.token_id, text, kept.scopes, kept.until)

    async def begin_app(self, wish: Wish, request_id: str) -> Renewed:
        """Begin the tokens of an app of a person."""
        return await self._renewed(await self._keep(wish, TokenKind.APP, None, request_id), 0)

    async def renew(self, text: str, request_id: str) -> Renewed:
        """
        An access token for the token that renews, which is replaced.

        Raises:
            TokenRefused: it is none, has ended, or was used before: then all tokens of the app end.
        """
        token_id, _, rest = text.removeprefix(PREFIX).partition(".")
        turn, _, proof = rest.partition(".")
        if (
            not turn.isdecimal()
            or len(turn) > 18
            or not hmac.compare_digest(proof.encode(), (await self._proof(token_id, int(turn))).encode())
        ):
            raise TokenRefused
        token = await self.table.find(token_id)
        if token is None or token.kind != TokenKind.APP:
            raise TokenRefused
        if not await self.table.renew(token_id, int(turn)):
            await self.revoke(token.learner_id, [token_id], "reused", request_id)
            raise TokenRefused
        return await self._renewed(token, int(turn) + 1)

    async def grant(self, proven: Proven, scopes: Sequence[str]) -> Granted:
        """An access token of a client that has proved itself; it lasts no longer than the credential."""
        now = self._access.now()
        ends, client_id = min(now + ACCESS_LASTS, proven.until), proven.client.client_id
        claims = {"sub": client_id, "client_id": client_id, "cid": proven.credential_id, "scope": " ".join(scopes)}
        return Granted(await self._sign(claims, now, ends), ends, scopes)

    async def revoke(self, learner_id: str, token_ids: list[str], cause: str, request_id: str) -> int:
        """End tokens of a person: the fact first, then the token; returns how many there were."""
        found = [each.token_id for each in await self.table.of_person(learner_id) if each.token_id in token_ids]
        await self.end(learner_id, found, cause, request_id)
        return len(found)

    async def end(self, learner_id: str, token_ids: list[str], cause: str, request_id: str) -> None:
        """The same for tokens of which it is known whose they are."""
        await self._access.revoke_tokens(learner_id, token_ids, cause, request_id)

    async def recognise(self, text: str) -> tuple[ApiToken, datetime] | None:
        """
        The token of a request, and when what was sent ends; None if it is none of ours.

        Raises:
            TokenRefused: it is one of ours, and has ended, was revoked, or does not open anything by itself.
        """
        if text.startswith(PREFIX):
            token = await self.table.find(hash_of(text))
            if token is None or token.kind != TokenKind.PERSONAL:
                raise TokenRefused
            return token, token.until
        return await self._access_token(text)

    async def _access_token(self, text: str) -> tuple[ApiToken, datetime] | None:
        signed = self._verified.get(text) or await self._verify(text)
        if signed is None:
            return None
        if signed.client is not None:
            if signed.ends <= self._access.now() or not await self.clients.holds(signed.learner_id, signed.token_id):
                raise TokenRefused
            return signed.client, signed.ends
        token = await self.table.find(signed.token_id)
        if token is None or token.learner_id != signed.learner_id or signed.ends <= self._access.now():
            raise TokenRefused
        return token, signed.ends

    async def _verify(self, text: str) -> "_Signed | None":
        """What a key of this campus has signed; None for what is no token of an app. Raises TokenRefused."""
        now = self._access.now()
        try:
            head = jws.extract_compact(text.encode()).headers()
            if head.get("alg") != ALGORITHM:
                return None
        except (JoseError, ValueError):
            return None
        key = await self.keys.verifying(head.get("kid"), now)
        if key is None:
            raise TokenRefused
        claims = _claims(text, key, self._issuer, now)
        if len(self._verified) >= REMEMBERED:
            self._verified.clear()
        ends = datetime.fromtimestamp(claims["exp"], now.tzinfo)
        subject, client = str(claims["sub"]), _client_of(claims, ends)
        token_id = str(claims["sid"] if client is None else claims["cid"])
        signed = self._verified[text] = _Signed(token_id, subject, ends, client)
        return signed

    async def _keep(self, wish: Wish, kind: TokenKind, token_hash: bytes | None, request_id: str) -> ApiToken:
        """The fact of a token first, then what recognises it."""
        token_id, now, access = uuid4().hex, self._access.now(), self._access
        until, scopes = now + wish.lifetime, sorted(set(wish.scopes))
        command = IssueToken(wish.learner_id, token_id, kind, tuple(scopes), until)
        await access.handle(command, wish.learner_id, request_id)
        key = await access.log.keys.writing(credentials_stream(wish.learner_id))
        label = key.seal(0, f"token-{token_id}", wish.label)
        token = ApiToken(token_id, wish.learner_id, kind.value, scopes, label, 0, now, None, until, wish.with_factor)
        await self.table.keep(token, token_hash)
        return token

    async def _renewed(self, token: ApiToken, turn: int) -> Renewed:
        refresh = f"{PREFIX}{token.token_id}.{turn}.{await self._proof(token.token_id, turn)}"
        return Renewed(token.token_id, *await self._signed(token), token.scopes, refresh)

    async def _signed(self, token: ApiToken) -> tuple[str, datetime]:
        now = self._access.now()
        ends = min(now + ACCESS_LASTS, token.until)
        claims = {"sub": token.learner_id, "sid": token.token_id, "scope": " ".join(token.scopes)}
        return await self._sign(claims, now, ends), ends

    async def _sign(self, claims: dict[str, Any], now: datetime, ends: datetime) -> str:
        """An access token (RFC 9068) of this campus for this campus."""
        key = await self.keys.signing(now)
        times = {"iat": int(now.timestamp()), "exp": int(ends.timestamp())}
        whole = {"iss": self._issuer, "aud": self._issuer, **claims, **times, "jti": uuid4().hex}
        return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": "at+jwt"}, whole, key, algorithms=[ALGORITHM])

    async def _proof(self, token_id: str, turn: int) -> str:
        secret = await self._access.log.keys.of_campus(PURPOSE)
        return hmac.new(secret, f"{token_id}\n{turn}".encode(), hashlib.sha256).hexdigest()


def _claims(text: str, key: OKPKey, issuer: str, now: datetime) -> dict[str, Any]:
    """What a token says that this key has signed; raises TokenRefused."""
    try:
        claims = jwt.decode(text, key, algorithms=[ALGORITHM]).claims
        essential: jwt.ClaimsOption = {"essential": True}
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": issuer},
            sub=essential,
            exp=essential,
        )
        registry.validate(claims)
        is_named = "sid" in claims or ("cid" in claims and claims["client_id"] == claims["sub"])
        if not isinstance(claims["exp"], int) or not is_named:
            raise TokenRefused
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise TokenRefused from error
    return dict(claims)


def _client_of(claims: dict[str, Any], ends: datetime) -> ApiToken | None:
    """What the token of a client opens; None for one of an app."""
    if "client_id" not in claims:
        return None
    issued, scopes = datetime.fromtimestamp(claims["iat"], ends.tzinfo), str(claims["scope"]).split()
    terms = (CLIENT, scopes, "", 0, issued, None, ends, False)
    return ApiToken(str(claims["cid"]), str(claims["sub"]), *terms)
