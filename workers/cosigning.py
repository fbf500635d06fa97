"""
Cosignatures of witnesses for what the notary signs (C2SP tlog-witness), collected beside it: it never waits for them.

The newest checkpoint that a witness has cosigned stands beside the newest that is signed, and is shown in its place
where it covers what is asked for.
"""

import asyncio
from dataclasses import dataclass, field

import structlog

from adapters.postgres.connection import Connection, connect
from adapters.proofs.http import ask
from adapters.proofs.tree import keep_cosigned, keep_witness_trouble, stored_tree, tiles_of
from adapters.proofs.witnesses import addresses
from adapters.settings import Settings
from domain.proofs.checkpoint import Checkpoint, read_checkpoint
from domain.proofs.merkle import Range, consistency
from domain.proofs.note import Note, NoteError, Signature, Verifier, read_note, read_signatures
from domain.proofs.tiles import range_hash
from domain.proofs.tiles import tiles_of as tiles_of_ranges
from domain.proofs.witness import SIZE_TYPE, AddCheckpoint

PAUSE = 1.0  # seconds between two checkpoints that are brought to a witness
AWAY_PAUSE = 10.0  # seconds until a witness is asked again that has not answered, or has refused
PATIENCE = 3  # failures in a row after which the notary says so: a witness may just be started


class Uncosigned(Exception):
    """A witness gives no cosignature, as a sentence."""


@dataclass
class _Witness:
    """
    A witness that is asked.

    Attributes:
        keys: those of the setting, else those that it says it has.
        size: of what it has cosigned last.
        text, signatures: the checkpoint that it has cosigned last, and its cosignatures.
        not_before: when it may be asked again, by the clock of the loop.
    """

    url: str
    keys: list[Verifier] = field(default_factory=list)
    size: int = 0
    text: str = ""
    signatures: list[Signature] = field(default_factory=list)
    not_before: float = 0.0
    failures: int = 0
    trouble: str = ""


class Cosigning:
    """Brings checkpoints to all witnesses of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._witnesses = [_Witness(each.url, list(each.keys)) for each in addresses(settings.proof_witnesses)]

    @property
    def trouble(self) -> str:
        """What is wrong with witnesses; empty if nothing is."""
        return "; ".join(each.trouble for each in self._witnesses if each.failures >= PATIENCE)

    async def run(self) -> None:
        """Collect until cancelled; what fails is tried again."""
        if not self._witnesses:
            return
        while True:
            try:
                async with await connect(self._settings, application="cosigning") as connection:
                    while True:
                        await self._collect(connection)
                        await asyncio.sleep(PAUSE)
            except Exception as error:  # noqa: BLE001 - the notary, beside which this runs, must not end with it
                structlog.get_logger().warning("cosigning.interrupted", error=str(error).strip())
            await asyncio.sleep(PAUSE)

    async def _collect(self, connection: Connection) -> None:
        """Have the newest checkpoint cosigned by those who have not done so."""
        stored = await stored_tree(connection)
        if stored is None:
            return
        note = read_note(stored.checkpoint)
        for witness in self._witnesses:
            if witness.text != note.text and asyncio.get_running_loop().time() >= witness.not_before:
                await self._ask(connection, witness, note)
        agreeing = [witness for witness in self._witnesses if witness.text == note.text]
        found = [each for witness in agreeing for each in witness.signatures]
        cosigned = str(Note(note.text, (*note.signatures, *found)))
        if found and cosigned != stored.cosigned:
            ids = {each[:2] for each in found}
            keys = [key for witness in agreeing for key in witness.keys if (key.name, key.key_id) in ids]
            await keep_cosigned(connection, stored.origin, cosigned, keys)
        if self.trouble != stored.witness_trouble:
            await keep_witness_trouble(connection, self.trouble)

    async def _ask(self, connection: Connection, witness: _Witness, note: Note) -> None:
        try:
            witness.signatures = await bring(connection, witness, note)
            witness.text, witness.failures, witness.trouble = note.text, 0, ""
        except (Uncosigned, NoteError, IndexError, KeyError) as error:
            witness.failures, witness.trouble = witness.failures + 1, str(error)
            witness.not_before = asyncio.get_running_loop().time() + AWAY_PAUSE
            if witness.failures == PATIENCE:
                structlog.get_logger().warning("cosigning.refused", witness=witness.url, why=str(error))


async def bring(connection: Connection, witness: _Witness, note: Note) -> list[Signature]:
    """
    The cosignatures of one witness under a checkpoint.

    Raises:
        Uncosigned: it gives none, as it says; or it is away.
    """
    if not witness.keys:
        answer = await ask(f"{witness.url}/keys")
        if answer.status != 200:
            raise Uncosigned(f"the witness is away: {answer.text[:200]}")
        witness.keys = [Verifier.of(line) for line in answer.text.splitlines()]
    checkpoint = read_checkpoint(note)
    for _ in range(2):  # the second time from where it says that it is
        request = AddCheckpoint(witness.size, await _between(connection, witness.size, checkpoint), note)
        answer = await ask(f"{witness.url}/add-checkpoint", str(request))
        if answer.status != 409 or not answer.content_type.startswith(SIZE_TYPE):
            break
        seen = int(answer.text) if answer.text.strip().isdigit() else 0
        witness.size = seen if seen <= checkpoint.size else 0
        if seen > checkpoint.size:
            raise Uncosigned(
                f"the log went back: the witness {witness.url} has cosigned {seen:,} facts, and"
                f" {checkpoint.size:,} are signed here"
            )
    if answer.status != 200:
        raise Uncosigned(f"the witness {witness.url} answers {answer.status or 'nothing'}: {answer.text.strip()[:200]}")
    witness.size = checkpoint.size
    brought = Note(note.text, read_signatures(answer.text))
    known = [each for each in witness.keys if each.has_signed(brought)]
    if not known:
        raise Uncosigned(f"the witness {witness.url} has signed with other keys than its own")
    ids = {(each.name, each.key_id) for each in known}
    return [each for each in brought.signatures if each[:2] in ids]


async def _between(connection: Connection, old: int, checkpoint: Checkpoint) -> tuple[bytes, ...]:
    """The hashes that prove the checkpoint to be the continuation of a tree of *old* leaves."""
    ranges: list[Range] = consistency(min(old, checkpoint.size), checkpoint.size)
    tiles = await tiles_of(connection, tiles_of_ranges(ranges))
    return tuple(range_hash(each, tiles) for each in ranges)
