"""
An export, held against signed checkpoints: the leaf of a fact is made of its exported bytes, those of the log.

No hash has to be exported beside the facts: one that stands in the same file would say nothing (decisions/0184).
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from adapters.parquet.columns import LOGGED, to_rows
from adapters.parquet.read import Export
from adapters.parquet.source import FactBuffers, leaves_of
from adapters.proofs.publish import published_tile
from domain.proofs.merkle import HASH_SIZE
from domain.proofs.tiles import WIDTH, TileId
from workers.consistency.kept_checkpoints import KeptCheckpoint, judge
from workers.consistency.log_part import Findings, Hashes, Reference

Advance = Callable[[int], None]
TILE = WIDTH * HASH_SIZE


def check_export(
    directory: Path,
    checkpoints: Sequence[KeptCheckpoint],
    published: Path | None,
    begin: Callable[[int], Advance] = lambda _: lambda _: None,
) -> Findings:
    """
    Look at every fact of an export.

    Args:
        published: tiles that were published, which name the first fact that is another one.
        begin: called with the number of facts; gives the function to call with the number seen since.

    Raises:
        ExportError: there is no export.
    """
    export = Export.open(directory)
    sizes = [each.checkpoint.size for each in checkpoints]
    reference = Reference(max(sizes), frozenset(size // WIDTH for size in sizes), published)
    findings, hashes = Findings(head=export.position), Hashes()
    number, pending = 0, b""
    advance = begin(export.position)
    for facts, leaves in _pages(export, findings):
        findings.events += facts
        pending += leaves
        while len(pending) >= TILE:
            _add(hashes, number, pending[:TILE], reference)
            number, pending = number + 1, pending[TILE:]
        advance(facts)
    if pending:
        _add(hashes, number, pending, reference)
    judge(checkpoints, hashes, findings)
    return findings


def _pages(export: Export, findings: Findings) -> Iterator[tuple[int, bytes]]:
    """The facts of each batch, in number, and their leaves; ends where a fact is missing."""
    expected = 1
    for batch in export.batches(columns=LOGGED):
        first, last = batch.column("position")[0].as_py(), batch.column("position")[-1].as_py()
        if first != expected or last - first + 1 != batch.num_rows:
            findings.add("facts are missing or doubled from here on", position=expected)
            return
        rows: FactBuffers = to_rows(batch)
        yield rows.facts, leaves_of(rows)
        expected = last + 1


def _add(hashes: Hashes, number: int, leaves: bytes, reference: Reference) -> None:
    known = b"" if reference.published is None else published_tile(reference.published, TileId(0, number))
    hashes.add_tile(number, leaves, known, reference)
