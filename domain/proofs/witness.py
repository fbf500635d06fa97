"""
What a witness does (C2SP tlog-witness): it takes a checkpoint only if it continues the last one that it has cosigned.

Pure: the request as text, the rule, and the answers that the specification gives them as statuses of HTTP.
"""

from collections.abc import Sequence
from typing import NamedTuple

from domain.proofs.checkpoint import Checkpoint, hash_lines, hash_of, read_checkpoint
from domain.proofs.merkle import EMPTY, ProofError, check_consistency
from domain.proofs.note import Note, NoteError, Verifier, read_note, signed_by

MOST_HASHES = 63
LARGEST_SIZE = 10**18
SIZE_TYPE = "text/x.tlog.size"


class WitnessRefusal(Exception):
    """
    A checkpoint that is not cosigned, as a sentence.

    Attributes:
        status: of HTTP.
        size: of the last checkpoint that was cosigned, where the client has to begin there.
        kind: what the log did, if it is signed evidence of that: `forked` or `rewritten`.
    """

    def __init__(self, status: int, sentence: str, *, size: int | None = None, kind: str = "") -> None:
        super().__init__(sentence)
        self.status, self.size, self.kind = status, size, kind


class AddCheckpoint(NamedTuple):
    """A request to cosign: the size from which the proof goes, the proof, and the checkpoint."""

    old: int
    hashes: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        return "\n".join([f"old {self.old}", *hash_lines(self.hashes), "", str(self.note)])


def read_request(body: str) -> AddCheckpoint:
    """
    Take a request apart.

    Raises:
        WitnessRefusal: it is not in the form of one (400).
    """
    head, blank, note = body.partition("\n\n")
    first, *hashes = head.split("\n")
    number = first.removeprefix("old ")
    if not blank or first == number or number != str(abs(_number(number))) or len(hashes) > MOST_HASHES:
        raise WitnessRefusal(400, "a request is `old SIZE`, up to 63 hashes, an empty line and a checkpoint")
    try:
        return AddCheckpoint(_number(number), tuple(map(hash_of, hashes)), read_note(note))
    except NoteError as error:
        raise WitnessRefusal(400, str(error)) from None


def origin_of(request: AddCheckpoint) -> str:
    """Which tree a request is about."""
    return request.note.text.partition("\n")[0]


def admit(request: AddCheckpoint, keys: Sequence[Verifier], last: Checkpoint | None) -> Checkpoint:
    """
    The checkpoint that may be cosigned.

    Args:
        keys: of its log; none where the log is not known.
        last: what was cosigned of this log before.

    Raises:
        WitnessRefusal: it may not.
    """
    try:
        found = read_checkpoint(request.note)
    except NoteError as error:
        raise WitnessRefusal(400, str(error)) from None
    _must_be_signed(request.note, [each for each in keys if each.name == found.origin], found.origin)
    if request.old > found.size:
        raise WitnessRefusal(400, f"the old size {request.old} is larger than the checkpoint's {found.size}")
    known = last or Checkpoint(found.origin, 0, EMPTY)
    if request.old != known.size:
        said = f"the last checkpoint that was cosigned is of {known.size}, not of {request.old}"
        raise WitnessRefusal(409, said, size=known.size)
    if known.size == found.size and known.root != found.root:
        raise WitnessRefusal(409, f"another tree of size {known.size} was cosigned", kind="forked")
    try:
        check_consistency(known.size, found.size, known.root, found.root, request.hashes)
    except ProofError as error:
        raise WitnessRefusal(422, str(error), kind="rewritten") from None
    return found


def _must_be_signed(note: Note, keys: Sequence[Verifier], origin: str) -> None:
    if not keys:
        raise WitnessRefusal(404, f"the log {origin} is not known here")
    try:
        signed_by(note, keys)
    except NoteError as error:
        raise WitnessRefusal(403, str(error)) from None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_SIZE)) else -1
