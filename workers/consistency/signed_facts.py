"""
Are the facts of a key those that were signed? Asked before its rows are recomputed from them.

A row that differs from the log may be the right one, if a stored fact was changed behind the log's back: a repair would
write the change into the read model as well, and hide it.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from adapters.postgres.connection import Connection, connect
from adapters.postgres.log.history import history_of
from adapters.postgres.log.key_facts import facts_of_key
from adapters.postgres.log.pages import read_head
from adapters.postgres.log.reference_facts import ReferenceFacts
from adapters.postgres.queries.reader import Reader
from adapters.proofs.files import ProofFiles
from adapters.proofs.prove import ROWS_AT, SignedTree, prove_inclusion, signed_tree
from adapters.settings import Settings
from domain.fact import Fact
from domain.proofs.checkpoint import verified
from domain.proofs.errors import NoCheckpoint
from domain.proofs.leaf import NoEntry, entry_of
from domain.proofs.merkle import ProofError, check_inclusion, leaf_hash
from domain.proofs.note import NoteError, Verifier
from domain.streams import is_reference
from projections.engine.projection import Projection

AT_ONCE = 200  # facts whose proofs are made together


class SignedFacts(NamedTuple):
    """
    What was found about the facts of a key, and the reference facts that its rows need.

    Attributes:
        facts: how many there are; *unsigned*: how many of them no checkpoint covers yet, which are not checked.
        size: how many facts of the log are signed; None if there is no checkpoint.
        changed: the positions of those that are not the ones that were signed.
        torn: streams of the key whose facts are not numbered from 1 without a gap.
        trouble: why the checkpoint says nothing, although there is one; empty if it does.
    """

    facts: int
    unsigned: int
    size: int | None
    changed: Sequence[int] = ()
    torn: Sequence[str] = ()
    trouble: str = ""

    @property
    def is_right(self) -> bool:
        """Whether nothing speaks against the facts."""
        return not (self.changed or self.torn or self.trouble)


async def signed_facts(settings: Settings, projection: Projection, key: str) -> SignedFacts:
    """Compare the facts of a key, and those that its rows need, with what was signed."""
    async with await connect(settings, application="repair") as connection, _reading(settings) as reader:
        found = await _facts(connection, projection, key)
        torn = _torn(fact for fact in found if not is_reference(fact.stream_id))
        try:
            tree = await signed_tree(reader)
            checkpoint = verified(str(tree.note), _keys(settings, tree))
        except NoCheckpoint:
            return SignedFacts(len(found), len(found), None, torn=torn)
        except NoteError as error:
            return SignedFacts(len(found), len(found), 0, torn=torn, trouble=str(error))
        tree = tree._replace(checkpoint=checkpoint, cosigned=None)
        signed = [fact.position for fact in found if fact.position <= checkpoint.size]
        changed = []
        for at in range(0, len(signed), AT_ONCE):
            changed += await _changed(reader, tree, signed[at : at + AT_ONCE])
        return SignedFacts(len(found), len(found) - len(signed), checkpoint.size, changed, torn)


@asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[Reader]:
    reader = Reader(settings)
    await reader.open()
    try:
        yield reader
    finally:
        await reader.close()


async def _facts(connection: Connection, projection: Projection, key: str) -> list[Fact]:
    """All facts of the key, also of types that the read model does not read, and the reference facts that it needs."""
    head = await read_head(connection)
    own = await history_of(connection, key, head)
    needed = await facts_of_key(connection, ReferenceFacts(projection), key, head)
    by_position = {fact.position: fact for fact in (*own, *needed)}
    return [by_position[position] for position in sorted(by_position)]


def _torn(facts: Iterable[Fact]) -> list[str]:
    versions: defaultdict[str, list[int]] = defaultdict(list)
    for fact in facts:
        versions[fact.stream_id].append(fact.stream_version)
    return sorted(stream for stream, found in versions.items() if sorted(found) != list(range(1, len(found) + 1)))


def _keys(settings: Settings, tree: SignedTree) -> Sequence[Verifier]:
    """Those of the notary, if its files are here; else those that the database names."""
    files = ProofFiles(settings)
    if not files.has_keys:
        return tree.keys
    return [signer.verifier for signer in files.signers(tree.checkpoint.origin)]


async def _changed(reader: Reader, tree: SignedTree, positions: Sequence[int]) -> list[int]:
    """Those of the facts that the proofs do not show to be in the tree."""
    rows: dict[int, tuple[Any, ...]] = {
        row[0]: row for row in await reader.rows(ROWS_AT, {"positions": list(positions)})
    }
    found = []
    for position, proof in zip(positions, await prove_inclusion(reader, tree, positions), strict=True):
        size, root = tree.checkpoint.size, tree.checkpoint.root
        try:
            check_inclusion(leaf_hash(entry_of(rows[position])), position - 1, size, proof.hashes, root)
        except (KeyError, NoEntry, ProofError):
            found.append(position)
    return found
