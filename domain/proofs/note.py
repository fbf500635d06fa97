"""
Signed notes (C2SP signed-note) and the keys that sign them.

A key is known by its name and its key id; a verifier key (vkey) is the public half as text. Three kinds of signature:
a log's own (Ed25519), and the cosignatures of a witness (C2SP tlog-cosignature; Ed25519 or ML-DSA-44), which say when.
"""

import base64
import binascii
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

ED25519, COSIGNATURE, ML_DSA_44 = 1, 4, 6  # kinds of signature, as signed-note numbers them
KEY_SIZES = {ED25519: 32, COSIGNATURE: 32, ML_DSA_44: 1312}  # bytes of a public key
SEED_SIZE = 32  # bytes of a private key, of every kind
MOST_SIGNATURES = 64  # of one note
LONGEST_NOTE = 1 << 19  # bytes
LONGEST_TIME = 2**63 - 1

_time = struct.Struct(">Q")


class NoteError(ValueError):
    """A text that is no signed note, a key that is none, or a signature that is wrong."""


class Signature(NamedTuple):
    """One line under a note: who signs, by which key, and the bytes of the signature."""

    name: str
    key_id: int
    value: bytes

    def line(self) -> str:
        """The line, without its end."""
        return f"— {self.name} {base64.b64encode(self.key_id.to_bytes(4) + self.value).decode()}"


class Note(NamedTuple):
    """A text, which ends with a line feed, and the signatures under it, which nothing has checked yet."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n" + "".join(f"{each.line()}\n" for each in self.signatures)


@dataclass(frozen=True)
class Verifier:
    """The public half of a key."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> int:
        """What a signature line names the key by."""
        return int.from_bytes(sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4])

    @property
    def vkey(self) -> str:
        """The key as text."""
        return f"{self.name}+{self.key_id:08x}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def of(cls, vkey: str) -> Self:
        """
        Read a vkey.

        Raises:
            NoteError: the text is none, or its id is that of another key.
        """
        name, _, rest = vkey.strip().partition("+")
        given, _, encoded = rest.partition("+")
        raw = _decoded(encoded)
        if not is_name(name) or not raw or len(raw) - 1 != KEY_SIZES.get(raw[0]):
            raise NoteError(f"{vkey[:80]!r} is no verifier key: write NAME+ID+KEY")
        found = cls(name, raw[0], raw[1:])
        if given != f"{found.key_id:08x}":
            raise NoteError(f"{vkey[:80]!r} is no verifier key: its id should be {found.key_id:08x}")
        return found

    def has_signed(self, note: Note) -> bool:
        """
        Whether a signature of this key is under the note.

        Raises:
            NoteError: one is said to be of this key, and is not.
        """
        mine = [each for each in note.signatures if (each.name, each.key_id) == (self.name, self.key_id)]
        for each in mine:
            if not self._is_right(note.text, each.value):
                raise NoteError(f"the signature of {self.name} under the note is wrong")
        return bool(mine)

    def _is_right(self, text: str, value: bytes) -> bool:
        time, signature = (None, value) if self.kind == ED25519 else (_time_of(value), value[_time.size :])
        if time == 0:
            return False
        public: Ed25519PublicKey | MLDSA44PublicKey
        try:
            if self.kind == ML_DSA_44:
                public = MLDSA44PublicKey.from_public_bytes(self.public)
            else:
                public = Ed25519PublicKey.from_public_bytes(self.public)
            public.verify(signature, message(self.kind, self.name, text, time))
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A private key: its name, its kind, and the 32 bytes that it is made of."""

    name: str
    kind: int
    seed: bytes

    @cached_property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.kind, self._private.public_key().public_bytes_raw())

    def sign(self, text: str, time: int | None = None) -> Signature:
        """Sign a text; a cosignature says at which *time*, in seconds since 1970."""
        stamp = b"" if self.kind == ED25519 else _time.pack(time or 0)
        value = self._private.sign(message(self.kind, self.name, text, time))
        return Signature(self.name, self.verifier.key_id, stamp + value)

    @cached_property
    def _private(self) -> Ed25519PrivateKey | MLDSA44PrivateKey:
        if self.kind == ML_DSA_44:
            return MLDSA44PrivateKey.from_seed_bytes(self.seed)
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def message(kind: int, name: str, text: str, time: int | None = None) -> bytes:
    """The bytes that a signature of this kind is over."""
    if kind == ED25519:
        return text.encode()
    if kind == COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    origin, size, root = text.split("\n")[:3]
    who, log = name.encode(), origin.encode()
    head = b"".join((b"subtree/v1\n\0", bytes([len(who)]), who, _time.pack(time or 0), bytes([len(log)]), log))
    return b"".join((head, _time.pack(0), _time.pack(int(size)), base64.b64decode(root)))


def signed(text: str, signers: Iterable[Signer], time: int | None = None) -> Note:
    """The note with a signature of each signer."""
    return Note(text, tuple(each.sign(text, time) for each in signers))


def read_note(data: str) -> Note:
    """
    Take a note apart.

    Raises:
        NoteError: it is not in the form of one.
    """
    text, blank, below = data.rpartition("\n\n")
    if not blank or not below.endswith("\n") or len(data) > LONGEST_NOTE:
        raise NoteError("a signed note is text, an empty line, and lines of signatures")
    if any(character < " " and character != "\n" for character in data):
        raise NoteError("a signed note has no control characters")
    lines = below[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise NoteError(f"a note has at most {MOST_SIGNATURES} signatures")
    return Note(f"{text}\n", tuple(map(_signature, lines)))


def read_signatures(lines: str) -> tuple[Signature, ...]:
    """The signatures of a witness's answer; raises NoteError."""
    return tuple(_signature(line) for line in lines.splitlines())


def signed_by(note: Note, known: Sequence[Verifier]) -> list[Verifier]:
    """
    Those of the known keys that have signed the note; signatures of other keys say nothing.

    Raises:
        NoteError: none has, or a signature is wrong.
    """
    found = [each for each in known if each.has_signed(note)]
    if not found:
        raise NoteError("no known key has signed the note")
    return found


def is_name(name: str) -> bool:
    """Whether a key may be called this: one word, without a plus."""
    return bool(name) and "+" not in name and name.split() == [name] and name.isprintable() and len(name.encode()) < 256


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    raw = _decoded(encoded)
    if dash != "—" or not is_name(name) or len(raw) < 5:
        raise NoteError(f"{line[:80]!r} is no line of a signature")
    return Signature(name, int.from_bytes(raw[:4]), raw[4:])


def _decoded(text: str) -> bytes:
    """What base64 stands for; nothing if *text* is not the one form of it."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b64encode(raw).decode() == text else b""


def _time_of(value: bytes) -> int:
    """The time in a cosignature; 0, which no witness signs, where it cannot be one."""
    time = int.from_bytes(value[: _time.size]) if len(value) > _time.size else 0
    return time if time <= LONGEST_TIME else 0
