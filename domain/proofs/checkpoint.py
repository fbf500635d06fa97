"""
Checkpoints (C2SP tlog-checkpoint): which tree, how large, and its root; and proofs that carry one (C2SP tlog-proof).
"""

import base64
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from domain.proofs.merkle import EMPTY, HASH_SIZE, ProofError, check_inclusion, leaf_hash
from domain.proofs.note import Note, NoteError, Verifier, read_note, signed_by

PROOF = "c2sp.org/tlog-proof@v1"
_NUMBER = re.compile(r"0|[1-9]\d{0,18}")


class Checkpoint(NamedTuple):
    """
    What a tree is at one size.

    Attributes:
        origin: the name of the tree; another life of the log has another one.
    """

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class Proof(NamedTuple):
    """That an entry is in a tree: the index of its leaf, the hashes, and the signed checkpoint."""

    leaf: int
    hashes: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        lines = [PROOF, f"index {self.leaf}", *(base64.b64encode(each).decode() for each in self.hashes)]
        return "\n".join([*lines, "", str(self.note)])


def read_checkpoint(note: Note) -> Checkpoint:
    """
    The checkpoint that a note holds; lines after the third say nothing to us.

    Raises:
        NoteError: it holds none.
    """
    lines = note.text[:-1].split("\n")
    if len(lines) < 3 or not all(lines) or not _NUMBER.fullmatch(lines[1]):
        raise NoteError("a checkpoint is an origin, a size and a root, a line each")
    found = Checkpoint(lines[0], int(lines[1]), hash_of(lines[2]))
    if found.size == 0 and found.root != EMPTY:
        raise NoteError("the root of an empty tree is the hash of nothing")
    return found


def verified(data: str, known: Sequence[Verifier], origin: str | None = None) -> Checkpoint:
    """
    The checkpoint in a signed text, of which a known key of its tree says that it is right.

    Raises:
        NoteError: it is none, or of another tree, or not signed by such a key.
    """
    note = read_note(data)
    found = read_checkpoint(note)
    if origin is not None and found.origin != origin:
        raise NoteError(f"the checkpoint is of the tree {found.origin}, not of {origin}")
    signed_by(note, [each for each in known if each.name == found.origin])
    return found


def read_proof(data: str) -> Proof:
    """
    Take a proof apart; nothing of it is checked.

    Raises:
        NoteError: it is not in the form of one.
    """
    head, blank, note = data.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != PROOF or not blank:
        raise NoteError(f"a proof begins with {PROOF}, and ends with a checkpoint after an empty line")
    rest = lines[2:] if lines[1:2] and lines[1].startswith("extra ") else lines[1:]
    if not rest or not rest[0].startswith("index ") or not _NUMBER.fullmatch(rest[0][6:]):
        raise NoteError("a proof names the index of its entry")
    return Proof(int(rest[0][6:]), tuple(map(hash_of, rest[1:])), read_note(note))


def check_proof(data: str, entry: bytes, known: Sequence[Verifier]) -> Checkpoint:
    """
    Check that an entry is in a tree whose checkpoint a known key has signed.

    Raises:
        NoteError, ProofError: the proof does not show it.
    """
    proof = read_proof(data)
    checkpoint = verified(str(proof.note), known)
    check_inclusion(leaf_hash(entry), proof.leaf, checkpoint.size, proof.hashes, checkpoint.root)
    return checkpoint


def hash_of(text: str) -> bytes:
    """A hash in base64; raises NoteError."""
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:
        found = b""
    if len(found) != HASH_SIZE or base64.b64encode(found).decode() != text:
        raise NoteError(f"{text[:60]!r} is no hash in base64")
    return found


def hash_lines(hashes: Iterable[bytes]) -> list[str]:
    """Hashes in base64."""
    return [base64.b64encode(each).decode() for each in hashes]


__all__ = ["Checkpoint", "Proof", "ProofError", "check_proof", "read_checkpoint", "read_proof", "verified"]
