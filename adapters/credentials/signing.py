"""
Signatures on credentials, by a key of the campus for each year.

    inside    a Data Integrity proof of the cryptosuite eddsa-jcs-2022 (W3C vc-di-eddsa, 3.3): SHA-256 of the canonical
              JSON (RFC 8785) of the proof's options and of the document, one after the other, signed by Ed25519
    around    a JWS in compact form (W3C vc-jose-cose, `application/vc+jwt`), signed by Ed25519 (RFC 9864)

A credential is signed by the key of the year in which it was issued, so the same one is the same to the byte whenever
it is asked for. Public keys stay published for ever: as Multikey (W3C controlled identifiers 1.0) and as JWK.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any

import base58
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OKPKey

from adapters.credentials.document import IDENTIFIERS, issuer_of
from adapters.personal.keys import PersonKeys

PURPOSE = "credentials"
SUITE = "eddsa-jcs-2022"
ALGORITHM = "Ed25519"
ED25519_PUB = b"\xed\x01"  # what stands before such a key in a Multikey
BASE58 = "z"  # what stands before text in base58btc


def proven(document: dict[str, Any], key: Ed25519PrivateKey, method: str, created: str) -> dict[str, Any]:
    """The document with its proof inside."""
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "created": created,
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
        "@context": document["@context"],
    }
    value = BASE58 + base58.b58encode(key.sign(hashed(document, options))).decode()
    return {**document, "proof": {**options, "proofValue": value}}


def hashed(document: dict[str, Any], options: dict[str, Any]) -> bytes:
    """What is signed of a document without its proof, and of the proof's options."""
    return sha256(rfc8785.dumps(options)).digest() + sha256(rfc8785.dumps(document)).digest()


def multikey(key: Ed25519PrivateKey) -> str:
    """The public key in text."""
    return BASE58 + base58.b58encode(ED25519_PUB + key.public_key().public_bytes_raw()).decode()


class IssuerKeys:
    """The keys of one campus."""

    def __init__(self, keys: PersonKeys, web_url: str) -> None:
        self._keys = keys
        self._issuer = issuer_of(web_url)

    async def sign(self, document: dict[str, Any], issued_at: datetime, created: str) -> dict[str, Any]:
        """The document with its proof; raises AccountsClosed where the campus has no master key."""
        year = str(issued_at.year)
        return proven(document, await self._key(year), f"{self._issuer}#{year}", created)

    async def sign_as_jwt(self, document: dict[str, Any], issued_at: datetime) -> str:
        """The document within a JWS; raises AccountsClosed where the campus has no master key."""
        year = str(issued_at.year)
        header = {"alg": ALGORITHM, "typ": "vc+jwt", "cty": "vc", "kid": f"{self._issuer}#{year}-jwk"}
        key = OKPKey.import_key(await self._key(year))
        return jws.serialize_compact(header, rfc8785.dumps(document), key, algorithms=[ALGORITHM])

    async def published(self) -> dict[str, Any]:
        """The issuer's identifier document: its keys, of all years in which any was used."""
        methods: list[dict[str, Any]] = []
        for purpose in await self._keys.purposes(f"{PURPOSE} "):
            year = purpose.rpartition(" ")[2]
            key = await self._key(year)
            name = f"{self._issuer}#{year}"
            jwk = OKPKey.import_key(key).as_dict(private=False)
            shared = {"id": name, "controller": self._issuer}
            methods.append({**shared, "type": "Multikey", "publicKeyMultibase": multikey(key)})
            methods.append(
                {**shared, "id": f"{name}-jwk", "type": "JsonWebKey", "publicKeyJwk": {**jwk, "alg": ALGORITHM}}
            )
        return {
            "@context": [IDENTIFIERS],
            "id": self._issuer,
            "verificationMethod": methods,
            "assertionMethod": [method["id"] for method in methods],
        }

    async def _key(self, year: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(await self._keys.of_campus(f"{PURPOSE} {year}"))
