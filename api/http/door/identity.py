"""
Who sends a request, as the gateway passes it on: a signed header that a client cannot forge, and that ends soon.

The gateway signs with an Ed25519 key that it alone has (`CAMPUS_IDENTITY_KEY`); instances know the public keys
(`CAMPUS_IDENTITY_PUBLIC_KEYS`) and believe nothing else. Both remember what they have signed or verified, until it
ends. A client's own header of that name does not pass the gateway, and without public keys it says nothing.
"""

import base64
from dataclasses import fields
from time import time
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from msgspec import DecodeError, json

from adapters.jwt import JwtClaims
from api.http.door.refused import Refused

HEADER = b"campus-identity"
ALGORITHM = "Ed25519"
LIFETIME = 60.0  # seconds
RENEWED = 30.0  # seconds before its end
REMEMBERED = 10_000  # identities

_FIELDS = tuple(field.name for field in fields(JwtClaims))


class NoIdentity(Refused):
    """The identity of a request was not signed by the gateway of this campus, or has ended."""

    status, code = 401, "unauthenticated"
    headers = {"www-authenticate": "Bearer"}  # noqa: RUF012 - never changed


class IdentitySigner:
    """Signs whom a gateway has recognised."""

    def __init__(self, key: bytes, campus: str) -> None:
        self._key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "d": _url(key), "x": _url(_public(key))})
        self._campus = campus
        self._signed: dict[tuple[Any, ...], tuple[float, bytes]] = {}

    def header(self, user: JwtClaims) -> bytes:
        """The value of the header for *user*."""
        now = time()
        claims = tuple(getattr(user, name) for name in _FIELDS)
        ends, value = self._signed.get(claims, (0.0, b""))
        if now > ends - RENEWED:
            ends = min(now + LIFETIME, user.expires_at) if user.expires_at else now + LIFETIME
            content = {"campus": self._campus, "ends": ends, "user": _said(claims)}
            payload = json.encode(content)
            value = jws.serialize_compact({"alg": ALGORITHM}, payload, self._key, algorithms=[ALGORITHM]).encode()
            if len(self._signed) >= REMEMBERED:
                self._signed.clear()
            self._signed[claims] = (ends, value)
        return value


class IdentityVerifier:
    """Verifies what gateways with one of these public keys have signed."""

    def __init__(self, keys: list[bytes], campus: str) -> None:
        self._keys = [OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _url(key)}) for key in keys]
        self._campus = campus
        self._verified: dict[bytes, tuple[float, JwtClaims]] = {}

    def user(self, header: bytes) -> JwtClaims | None:
        """
        The user whom a gateway has recognised; None if this process takes no identities.

        Raises:
            NoIdentity: the header was not signed by a gateway of this campus, or has ended.
        """
        if not self._keys:
            return None
        ends, user = self._verified.get(header) or self._verify(header)
        if ends <= time():
            raise NoIdentity("the identity that the gateway has passed on has ended")
        return user

    def _verify(self, header: bytes) -> tuple[float, JwtClaims]:
        for key in self._keys:
            try:
                payload = jws.deserialize_compact(header, key, algorithms=[ALGORITHM]).payload
                content: dict[str, Any] = json.decode(payload)
                if content["campus"] != self._campus:
                    break
                lists = {name: tuple(content["user"].get(name, ())) for name in ("roles", "proofs")}
                user = JwtClaims(**{**content["user"], **lists})
            except (JoseError, DecodeError, ValueError, KeyError, TypeError):
                continue
            if len(self._verified) >= REMEMBERED:
                self._verified.clear()
            found = self._verified[header] = (float(content["ends"]), user)
            return found
        raise NoIdentity("the header Campus-Identity was not signed by the gateway of this campus")


def _said(claims: tuple[Any, ...]) -> dict[str, Any]:
    """The claims by name, without those that say nothing: an instance that knows fewer than we do goes on."""
    return {name: value for name, value in zip(_FIELDS, claims, strict=True) if value is not None}


def _public(key: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()


def public_key(key: bytes) -> str:
    """The public key of a private one, in base64, as `CAMPUS_IDENTITY_PUBLIC_KEYS` takes it."""
    return base64.b64encode(_public(key)).decode()


def _url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
