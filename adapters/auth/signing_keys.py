"""
The keys that sign access tokens: Ed25519, another one each month, published at `/.well-known/jwks.json`.

A key is 32 random bytes of `campus_keys`, wrapped by a master key, under the name of its month. The one of the next
month is published before it signs, and the one of the last month is good for what it has signed.
"""

from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from adapters.personal.keys import PersonKeys

PURPOSE = "access tokens"


class SigningKeys:
    """The keys of one campus, as one process knows them."""

    def __init__(self, keys: PersonKeys) -> None:
        self._keys = keys
        self._known: dict[str, OKPKey] = {}

    async def signing(self, now: datetime) -> OKPKey:
        """The key that signs now."""
        return await self._key(month_of(now))

    async def verifying(self, name: object, now: datetime) -> OKPKey | None:
        """The key of a name, if it may have signed what is good now."""
        if name not in (month_of(now), month_of(now, -1)):
            return None
        return await self._key(str(name))

    async def published(self, now: datetime) -> dict[str, Any]:
        """The public keys, as a JSON Web Key Set (RFC 7517): of the last month, of this one and of the next."""
        return {"keys": [(await self._key(month_of(now, by))).as_dict(private=False) for by in (-1, 0, 1)]}

    async def _key(self, name: str) -> OKPKey:
        if name not in self._known:
            secret = Ed25519PrivateKey.from_private_bytes(await self._keys.of_campus(f"{PURPOSE} {name}"))
            self._known[name] = OKPKey.import_key(secret, {"kid": name, "use": "sig", "alg": "Ed25519"})
        return self._known[name]


def month_of(now: datetime, by: int = 0) -> str:
    """The name of a month, or of one that is so many later."""
    months = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 + by
    return f"{months // 12:04}-{months % 12 + 1:02}"
