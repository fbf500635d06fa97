"""
The keys by which the campus signs messages to tools: RSA of 2,048 bits (LTI has RS256), another one each month.

A key is kept as its PKCS #8 bytes in `campus_keys`, wrapped by a master key, under the name of its month. The one of
the last month stays published for what it has signed, the one of the next month before it signs.
"""

from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import RSAKey

from adapters.auth.signing_keys import month_of
from adapters.personal.keys import PersonKeys

PURPOSE = "lti messages"
ALGORITHM = "RS256"
BITS = 2_048


class PlatformKeys:
    """The keys of one campus, as one process knows them."""

    def __init__(self, keys: PersonKeys) -> None:
        self._keys = keys
        self._known: dict[str, RSAKey] = {}

    async def sign(self, claims: dict[str, Any], now: datetime) -> str:
        """A message as a JWT."""
        key = await self._key(month_of(now))
        return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": "JWT"}, claims, key, algorithms=[ALGORITHM])

    async def published(self, now: datetime) -> dict[str, Any]:
        """The public keys (RFC 7517): of the last month if it has one, of this one and of the next."""
        there = await self._keys.purposes(f"{PURPOSE} ")
        names = [month_of(now, by) for by in (-1, 0, 1) if by >= 0 or f"{PURPOSE} {month_of(now, by)}" in there]
        return {"keys": [(await self._key(name)).as_dict(private=False) for name in names]}

    async def _key(self, name: str) -> RSAKey:
        if name not in self._known:
            kept = await self._keys.of_campus(f"{PURPOSE} {name}", _drawn)
            self._known[name] = RSAKey.import_key(kept, {"kid": f"lti-{name}", "use": "sig", "alg": ALGORITHM})
        return self._known[name]


def _drawn() -> bytes:
    key = generate_private_key(65_537, BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
