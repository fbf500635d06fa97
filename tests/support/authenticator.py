"""A machine that makes passkeys and signs with them, as a browser hands it over (WebAuthn 3), and may misbehave."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from secrets import token_bytes
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, WITH_CREDENTIAL = 0x01, 0x04, 0x40  # flags of what the machine says
ES256 = -7


def text(content: bytes) -> str:
    """Base64 for URLs, without padding."""
    return urlsafe_b64encode(content).decode().rstrip("=")


def content(text: str) -> bytes:
    """The bytes of such a text."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """
    A machine with one passkey.

    Attributes:
        count: of its signatures; a copy of the machine has an older one.
        flags: what it says of the person who uses it.
    """

    def __init__(self, origin: str, host: str) -> None:
        self.origin, self.host = origin, host
        self.credential_id, self._key = token_bytes(16), ec.generate_private_key(ec.SECP256R1())
        self.count, self.flags = 0, PRESENT | VERIFIED
        self.user = b""

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.create` answers, as JSON."""
        numbers = self._key.public_key().public_numbers()
        key = {1: 2, 3: ES256, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        self.user = content(options["user"]["id"])
        credential = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cbor2.dumps(key)
        data = self._data(WITH_CREDENTIAL) + credential
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options)
        return self._answer(
            {"clientDataJSON": text(client), "attestationObject": text(statement), "transports": ["internal"]}
        )

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.get` answers, as JSON."""
        self.count += 1
        client, data = self._client("webauthn.get", options), self._data(0)
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": text(client),
                "authenticatorData": text(data),
                "signature": text(signature),
                "userHandle": text(self.user),
            }
        )

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([self.flags | flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.origin}).encode()

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        identity = text(self.credential_id)
        return {
            "id": identity,
            "rawId": identity,
            "type": "public-key",
            "response": response,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
        }
