"""Dossiers of a campus that was busy, of a real log and of one in memory."""

import io
import json
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from adapters.dossier.assemble import assemble
from adapters.dossier.gather import Gathered
from adapters.dossier.make import make_dossier
from adapters.dossier.verifier.checks import MANIFEST, OF_DOSSIERS, STATEMENT
from adapters.postgres.as_of.folder import KeyRows, fold_key, tables_of_learners
from adapters.postgres.log.decoding import LogRow, fact_of
from adapters.proofs.prove import SignedTree
from adapters.settings import Settings
from domain.fact import Fact
from domain.proofs.checkpoint import Checkpoint
from domain.proofs.leaf import entry_of
from domain.proofs.merkle import inclusion
from domain.proofs.note import ED25519, Signer, read_note, signed
from domain.proofs.tiles import Tree, leaf_hashes, range_hash
from domain.streams import is_reference, key_of
from projections.engine.projection import Projection
from projections.registry import PROJECTIONS
from tests.support.appends import opened
from tests.support.proofs import beside, notarising, signed_up_to
from tests.support.shop import keep_busy
from tests.support.usecases import Campus
from workers.seeding import seed

LEARNERS = 4
OF_LEARNERS = [each for each in PROJECTIONS if tables_of_learners(each)]


@asynccontextmanager
async def signed_campus(settings: Settings, directory: Path) -> AsyncIterator[Settings]:
    """A campus that teaches and sells, all of whose facts are signed, and whose notary goes on."""
    running = beside(settings, directory)
    await seed(settings, LEARNERS)
    async with opened(settings) as log:
        await keep_busy(Campus(log))
        head = await log.head()
    async with notarising(running):
        await signed_up_to(settings, head)
        yield running


async def dossier(settings: Settings, learner_id: str, known_at: int | None = None) -> bytes:
    """The zip file about a learner."""
    return await make_dossier(settings, PROJECTIONS, learner_id, known_at)


def unzipped(data: bytes) -> dict[str, bytes]:
    """The files in a zip file, by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def laid_out(files: Mapping[str, bytes], directory: Path) -> Path:
    """The files in a directory."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return directory


class Made(NamedTuple):
    """
    A dossier that was made in memory.

    Attributes:
        files: its files, by name.
        signers: the keys of its campus, for statements.
        log: all facts of the log, as rows.
    """

    files: dict[str, bytes]
    signers: list[Signer]
    log: list[LogRow]

    def signed_again(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """Changed files with a manifest of theirs, and the statement about it signed with the campus's own key."""
        names = sorted(files.keys() - {MANIFEST, STATEMENT})
        named = {name: {"sha256": sha256(files[name]).hexdigest(), "bytes": len(files[name])} for name in names}
        manifest = json.dumps({"version": 1, "files": named}).encode()
        text = read_note(files[STATEMENT].decode()).text
        before = sha256(self.files[MANIFEST]).hexdigest()
        note = signed(text.replace(before, sha256(manifest).hexdigest()), self.signers)
        return {**files, MANIFEST: manifest, STATEMENT: str(note).encode()}


async def made_in_memory(facts: Sequence[Fact], learner_id: str, *, keys: int = 1) -> Made:
    """A dossier of a log of these facts, of which the last tenth was recorded after its position."""
    log = [stored(fact) for fact in facts]
    position = max(1, len(log) * 9 // 10)
    tree = Tree()
    tiles = tree.add(leaf_hashes(map(entry_of, log)))
    origin = "campuslog.invalid/test/0123456789abcdef"
    signers = [Signer(origin, ED25519, bytes([number]) * 32) for number in range(1, keys + 1)]
    checkpoint = Checkpoint(origin, tree.size, tree.root())
    signed_tree = SignedTree(checkpoint, signed(checkpoint.text, signers), tuple(each.verifier for each in signers))
    known = [row for row in log if row[0] <= position]
    chosen = [row for row in known if _kind(row, learner_id)]
    kinds = {row[1]: _kind(row, learner_id) for row in chosen}
    streams: dict[str, dict[str, list[int]]] = {kind: {} for kind in ("own", "named", "rules")}
    for row in chosen:
        streams[kinds[row[1]]].setdefault(row[1], []).append(row[2])
    own, rules = ({stream: len(each) for stream, each in streams[kind].items()} for kind in ("own", "rules"))
    paths = {each for row in chosen for each in inclusion(row[0] - 1, tree.size)}
    gathered = Gathered(
        learner_id,
        position,
        log[position - 1][9],
        chosen,
        own,
        streams["named"],
        rules,
        signed_tree,
        {each: range_hash(each, tiles) for each in sorted(paths)},
        {each.name: (each, await _folded(each, learner_id, chosen)) for each in OF_LEARNERS},
    )
    for_dossiers = [Signer(origin + OF_DOSSIERS, ED25519, each.seed) for each in signers]
    return Made(assemble(gathered, for_dossiers), for_dossiers, log)


def stored(fact: Fact) -> LogRow:
    """The row of a fact."""
    data, meta = (msgspec.json.encode(each) for each in (fact.data, fact.meta))
    envelope = (fact.position, fact.stream_id, fact.stream_version, fact.type, fact.schema_version, fact.partition)
    return (*envelope, data, meta, fact.occurred_at, fact.recorded_at)


def _kind(row: LogRow, learner_id: str) -> str:
    """What a fact is in a dossier; nothing if it is not there."""
    if key_of(row[1]) == learner_id:
        return "own"
    if is_reference(row[1]):
        return "rules"
    return "named" if msgspec.json.decode(row[6]).get("learner_id") == learner_id else ""


async def _folded(projection: Projection, learner_id: str, rows: Sequence[LogRow]) -> KeyRows:
    facts = [fact_of(row) for row in rows if row[3] in projection.handlers]
    own = [fact for fact in facts if is_reference(fact.stream_id) or key_of(fact.stream_id) == learner_id]
    return await fold_key(projection, learner_id, own)
