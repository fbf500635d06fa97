"""Signed notes and keys (C2SP signed-note, tlog-checkpoint, tlog-cosignature)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
from typing import Any, NamedTuple

from adapters.dossier.verifier.ed25519 import ed25519
from adapters.dossier.verifier.mldsa import ml_dsa_44

NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
ED25519, COSIGNATURE, ML_DSA_44 = 1, 4, 6  # kinds of keys
OF_WITNESSES = (COSIGNATURE, ML_DSA_44)


class Wrong(Exception):
    """What is wrong, as a sentence."""


class Key(NamedTuple):
    """The public half of a key: its name, its kind (1 of a log, 4 of a witness, 6 of one by ML-DSA-44), its bytes."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """What a signature names it by."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def fingerprint(self) -> str:
        """What two people compare: SHA-256 of the key's bytes."""
        return hashlib.sha256(self.public).hexdigest()


class Note(NamedTuple):
    """A text, and its signatures as name, key id and bytes."""

    text: str
    signatures: list[tuple[str, bytes, bytes]]


def key_of(text: str) -> Key:
    """Read a verifier key, NAME+ID+KEY."""
    name, _, rest = text.strip().partition("+")
    given, _, encoded = rest.partition("+")
    raw = base64_of(encoded)
    found = Key(name, raw[0] if raw else 0, raw[1:])
    if not name or not raw or given != found.id.hex():
        raise Wrong(f"{text.strip()[:80]!r} is no verifier key: it is NAME+ID+KEY")
    return found


def note_of(data: bytes, file: str) -> Note:
    """Take a note apart."""
    text, blank, below = text_of(data, file).rpartition("\n\n")
    if not blank or not below.endswith("\n"):
        raise Wrong(f"{file} is no signed note: text, an empty line, lines of signatures")
    signatures = []
    for line in below[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        raw = base64_of(encoded)
        if dash != "—" or len(raw) < 5:
            raise Wrong(f"{file} has {line[:60]!r} where a signature stands")
        signatures.append((name, raw[:4], raw[4:]))
    return Note(f"{text}\n", signatures)


def signers(note: Note, keys: list[Key], file: str) -> list[Key]:
    """Those of the keys that have signed a note; a wrong signature that is said to be of one of them raises Wrong."""
    found = []
    for key in keys:
        for name, key_id, value in note.signatures:
            if (name, key_id) != (key.name, key.id) or key.kind not in {ED25519, COSIGNATURE, ML_DSA_44}:
                continue
            if not _is_right(key, note.text, value):
                raise Wrong(f"{file}: the signature of {name} is wrong")
            found.append(key)
    return found


def _is_right(key: Key, text: str, value: bytes) -> bool:
    if key.kind == ED25519:
        return ed25519(key.public, text.encode(), value)
    time, signature = value[:8], value[8:]
    if key.kind == COSIGNATURE:
        message = f"cosignature/v1\ntime {int.from_bytes(time, 'big')}\n{text}"
        return ed25519(key.public, message.encode(), signature)
    tree, size, root = text.split("\n")[:3]
    who, log = key.name.encode(), tree.encode()
    head = b"".join((b"subtree/v1\n\0", bytes([len(who)]), who, time, bytes([len(log)]), log))
    sizes = struct.pack(">QQ", 0, number_of(size, "a checkpoint"))
    return ml_dsa_44(key.public, head + sizes + base64_of(root), signature)


def base64_of(text: str) -> bytes:
    """What base64 stands for; nothing if *text* is not the one form of it."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return raw if base64.b64encode(raw).decode() == text else b""


def text_of(data: bytes, file: str) -> str:
    """A file of text."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Wrong(f"{file} is no UTF-8 at byte {error.start}") from None


def json_of(data: bytes | str, what: str) -> Any:
    """What a text in JSON says."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Wrong(f"{what} is no JSON: {error}") from None


def number_of(text: str, file: str) -> int:
    """A whole number, written in the one form."""
    if not NUMBER.fullmatch(text):
        raise Wrong(f"{file} has {text[:30]!r} where a number stands")
    return int(text)
