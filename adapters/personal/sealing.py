"""
Sealed text: AES-256-GCM by the key of a person, bound to the stream, the version and the field of a fact.

`s1.VERSION.FIELD.BASE64` has the nonce, the sealed text and the tag in BASE64 (RFC 4648, for URLs, without padding).
A text is padded to whole blocks of 32 bytes, so that its length says little once the key is destroyed. The place stands
in front, so that a row of a read model can be opened without its fact; it is authenticated with the stream's id.
"""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.personal import PersonErased
from domain.streams import key_of

KEY_SIZE = 32  # bytes
NONCE_SIZE = 12  # bytes
BLOCK = 32  # bytes
FORMAT = "s1"
END_OF_TEXT = b"\x80"  # ISO/IEC 7816-4: then zeros up to a whole block


class PersonKey:
    """The key of a person, for the texts of one stream; `domain.personal.PersonalKey`. None: it is destroyed."""

    def __init__(self, key: bytes | None, stream: str) -> None:
        self._cipher = None if key is None else AESGCM(key)
        self._stream = stream

    def seal(self, version: int, field: str, text: str) -> str:
        """Seal a text for a field of the stream's fact of this version; raises PersonErased without a key."""
        if self._cipher is None:
            raise PersonErased(learner_id=key_of(self._stream))
        nonce, padded = secrets.token_bytes(NONCE_SIZE), text.encode() + END_OF_TEXT
        padded += b"\0" * (-len(padded) % BLOCK)
        place = f"{FORMAT}.{version}.{field}"
        sealed = nonce + self._cipher.encrypt(nonce, padded, self._bound_to(place))
        return f"{place}.{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"

    def open(self, sealed: str | None) -> str | None:
        """The text; None if there is none, if the key is gone, or if it was not sealed by it for this place."""
        if sealed is None or self._cipher is None:
            return None
        place, _, text = sealed.rpartition(".")
        try:
            content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            padded = self._cipher.decrypt(content[:NONCE_SIZE], content[NONCE_SIZE:], self._bound_to(place))
        except (InvalidTag, ValueError, binascii.Error):
            return None
        return padded.rpartition(END_OF_TEXT)[0].decode()

    def seal_bytes(self, name: str, content: bytes) -> bytes:
        """Seal bytes that are kept for the stream under a name; raises PersonErased without a key."""
        if self._cipher is None:
            raise PersonErased(learner_id=key_of(self._stream))
        nonce = secrets.token_bytes(NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, content, self._bound_to(f"bytes.{name}"))

    def open_bytes(self, name: str, sealed: bytes) -> bytes | None:
        """The bytes; None if the key is gone, or if they were not sealed by it for this stream and name."""
        if self._cipher is None:
            return None
        try:
            return self._cipher.decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], self._bound_to(f"bytes.{name}"))
        except (InvalidTag, ValueError):
            return None

    def _bound_to(self, place: str) -> bytes:
        return f"campuslog\n{self._stream}\n{place}".encode()
