"""
Signed checkpoints that the log is held against, wherever they were kept: by the notary, in the database, by a reader.

The hash of a fact has no campus in it, so a checkpoint of an earlier tree over the same facts holds, too.
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from adapters.postgres.connection import connect
from adapters.proofs.files import ProofFiles
from adapters.proofs.tree import stored_tree
from adapters.proofs.witnesses import NoAnswer, WitnessAddress, alarms_of, cosigned_by
from adapters.settings import Settings
from domain.proofs.checkpoint import Checkpoint, verified
from domain.proofs.merkle import HASH_SIZE
from domain.proofs.note import NoteError, Verifier
from domain.proofs.tiles import WIDTH, TileId, Tree, range_hash
from workers.consistency.log_part import Findings, Hashes


class KeptCheckpoint(NamedTuple):
    """
    A checkpoint whose signature was checked.

    Attributes:
        source: who has kept it, for sentences.
    """

    source: str
    checkpoint: Checkpoint


class BadCheckpoint(Exception):
    """A checkpoint that was given cannot be used, as a sentence."""


class Kept(NamedTuple):
    """
    What the log is held against.

    Attributes:
        keys: those that this campus knows.
        problems: of checkpoints that say nothing, which is a finding: their signatures were right once.
        away: witnesses that say nothing, as sentences.
    """

    checkpoints: list[KeptCheckpoint]
    keys: list[Verifier]
    problems: list[str]
    away: list[str]


async def kept_here(settings: Settings) -> Kept:
    """The checkpoints of the notary's file and of the database."""
    async with await connect(settings, application="log check") as connection:
        stored = await stored_tree(connection)
    files = ProofFiles(settings)
    of_file = files.checkpoint()
    found = Kept([], [], [], [])
    notes = {"the notary": of_file, "the database": stored.checkpoint if stored else None}
    try:
        found.keys.extend(Verifier.of(line) for line in (stored.keys if stored else "").splitlines())
        if of_file is not None and files.has_keys:
            found.keys.extend(each.verifier for each in files.signers(of_file.partition("\n")[0]))
    except NoteError as error:
        found.problems.append(f"the keys of the database: {error}")
    for source, note in notes.items():
        try:
            if note is not None:
                found.checkpoints.append(read(note, source, found.keys))
        except BadCheckpoint as error:
            found.problems.append(str(error))
    return found


async def add_witnessed(
    kept: Kept, witnesses: Sequence[WitnessAddress], *, must_answer: bool = False
) -> list[WitnessAddress]:
    """
    Add to *kept* what witnesses have cosigned of the trees whose checkpoints are there, and what they report of them.

    Args:
        must_answer: whether it is a problem that one says nothing; it may be away, or has not seen the log yet.

    Returns:
        Those of which a checkpoint was added.
    """
    answered, said_nothing = [], kept.problems if must_answer else kept.away
    origins = list(dict.fromkeys(each.checkpoint.origin for each in kept.checkpoints))
    if must_answer and not origins:
        kept.problems.append("no witness was asked: this campus has no checkpoint that names its tree")
    for witness, origin in product(witnesses, origins):
        try:
            for alarm in await alarms_of(witness, origin):
                said = f"{alarm.get('what')} ({alarm.get('detail')}), on {alarm.get('at')}"
                kept.problems.append(f"the witness {witness.url} reports of {origin}: {said}")
            checkpoint = await cosigned_by(witness, origin, kept.keys)
            kept.checkpoints.append(KeptCheckpoint(f"the witness {witness.url}", checkpoint))
            answered.append(witness)
        except NoAnswer as error:
            said_nothing.append(f"the witness {witness.url} says nothing: {error}")
        except NoteError as error:
            kept.problems.append(f"the checkpoint of the witness {witness.url} says nothing: {error}")
    return answered


def read_files(checkpoint: Path, keys: Sequence[Verifier], key_file: Path | None = None) -> KeptCheckpoint:
    """
    A checkpoint in a file; its keys stand in another one, or are those that are known.

    Raises:
        BadCheckpoint: it cannot be read, or no such key has signed it.
    """
    try:
        own = [Verifier.of(line) for line in key_file.read_text().splitlines() if line] if key_file else []
        return read(checkpoint.read_text(), str(checkpoint), own or keys)
    except OSError as error:
        raise BadCheckpoint(f"{error.filename} cannot be read: {error.strerror}") from None
    except (NoteError, UnicodeDecodeError) as error:
        raise BadCheckpoint(f"{key_file}: {error}") from None


def read(note: str, source: str, keys: Sequence[Verifier]) -> KeptCheckpoint:
    """The checkpoint in a note, verified; raises BadCheckpoint."""
    try:
        return KeptCheckpoint(source, verified(note, keys))
    except NoteError as error:
        raise BadCheckpoint(f"the checkpoint of {source} says nothing: {error}") from None


def judge(checkpoints: Sequence[KeptCheckpoint], hashes: Hashes, findings: Findings) -> None:
    """Note for each checkpoint whether the facts are those under it, and which is the first that is not."""
    trusted = False
    for source, checkpoint in checkpoints:
        size = checkpoint.size
        named = _root(size, hashes.reference_nodes, hashes.reference_leaves) == checkpoint.root
        trusted = trusted or named
        right = size <= findings.head and _root(size, hashes.nodes, hashes.leaves) == checkpoint.root
        if size > findings.head:
            said = f"the log ends at position {findings.head:,}, and {source} has a checkpoint of {size:,} facts"
            findings.add(said, position=findings.head + 1)
        elif not right and not (named and hashes.wrong):
            findings.add(f"the first {size:,} facts are not those under the checkpoint of {source}", **_hint(hashes))
        findings.checkpoints.append({"source": source, "origin": checkpoint.origin, "size": size, "ok": right})
    for position in hashes.wrong:
        if trusted:
            findings.add("the fact is not the one that was signed", position=position)
        elif all(each["ok"] for each in findings.checkpoints):
            findings.add(
                "the stored tile of this fact is wrong; the fact is the one that was signed", position=position
            )
    findings.count += max(hashes.wrong_count - len(hashes.wrong), 0) if trusted else 0


def _hint(hashes: Hashes) -> dict[str, int]:
    """Where the first difference from the tiles is, which are not under the checkpoint either."""
    return {"position": hashes.wrong[0]} if hashes.wrong else {}


def _root(size: int, nodes: bytes, leaves: dict[int, bytes]) -> bytes:
    """The root of the first leaves, from the nodes above whole tiles and the leaves of the last one."""
    whole = size // WIDTH
    tiles = {
        TileId(tile.level + 1, tile.number): hashes for tile, hashes in Tree().add(nodes[: whole * HASH_SIZE]).items()
    }
    tiles[TileId(0, whole)] = leaves.get(whole, b"")[: size % WIDTH * HASH_SIZE]
    try:
        return range_hash((0, size), tiles)
    except (KeyError, IndexError):
        return b""
