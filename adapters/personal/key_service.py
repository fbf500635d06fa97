"""
The keys that wrap other keys: the port to a key management service, and the one that this process is by itself.

A master key never leaves its service. Here it comes from the setting `master_keys`; another service implements the same
three methods.
"""

import hashlib
import secrets
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.personal.sealing import NONCE_SIZE
from adapters.postgres.connection import Unavailable
from adapters.settings import Settings, base64_keys
from domain.errors import Forbidden


class AccountsClosed(Forbidden):
    """There is no master key, so nothing personal can be kept."""

    code = "accounts_closed"
    template = "this campus keeps no accounts: its operator has to set CAMPUS_MASTER_KEYS (docs/privacy.md)"


class KeyLost(Unavailable):
    """A wrapped key was wrapped by a master key that is not here, or was changed."""


class WrappedKey(NamedTuple):
    """A key as the database keeps it, and the name of the master key that opens it."""

    master: str
    wrapped: bytes


class KeyService(Protocol):
    """Wraps keys; *subject* is what a key is for, and a wrapped key of another subject does not open."""

    @property
    def masters(self) -> Sequence[str]:
        """The names of the master keys that it has."""
        ...

    async def wrap(self, subject: str, key: bytes) -> WrappedKey:
        """Wrap a key by the newest master key; raises AccountsClosed if there is none."""
        ...

    async def unwrap(self, subject: str, wrapped: WrappedKey) -> bytes:
        """The key; raises KeyLost."""
        ...


class LocalKeys:
    """Master keys in the memory of this process, the newest first."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {_name(key): AESGCM(key) for key in keys}

    @property
    def masters(self) -> Sequence[str]:
        """The names of the master keys, the newest first."""
        return list(self._ciphers)

    async def wrap(self, subject: str, key: bytes) -> WrappedKey:
        """Wrap a key by the newest master key; raises AccountsClosed if there is none."""
        if not self._ciphers:
            raise AccountsClosed
        master, cipher = next(iter(self._ciphers.items()))
        nonce = secrets.token_bytes(NONCE_SIZE)
        return WrappedKey(master, nonce + cipher.encrypt(nonce, key, _bound_to(subject)))

    async def unwrap(self, subject: str, wrapped: WrappedKey) -> bytes:
        """The key; raises KeyLost."""
        cipher = self._ciphers.get(wrapped.master)
        if cipher is None:
            raise KeyLost(f"the master key {wrapped.master} is not in CAMPUS_MASTER_KEYS")
        nonce, sealed = wrapped.wrapped[:NONCE_SIZE], wrapped.wrapped[NONCE_SIZE:]
        try:
            return cipher.decrypt(nonce, sealed, _bound_to(subject))
        except (InvalidTag, ValueError):
            raise KeyLost(f"a key that master key {wrapped.master} has wrapped was changed") from None


def local_keys(settings: Settings) -> LocalKeys:
    """The master keys of the settings, which have been checked when they were read."""
    return LocalKeys(base64_keys(settings.master_keys))


def _name(key: bytes) -> str:
    return hashlib.sha256(b"campuslog master key\n" + key).hexdigest()[:16]


def _bound_to(subject: str) -> bytes:
    return f"campuslog key\n{subject}".encode()
