"""
Is a read model what the log says? A live read model is compared, row by row, with a fresh fold up to its checkpoint.

The fresh fold is the one of a rebuild (projections/engine/bulk/fresh.py). A digest of every row, live or fresh, goes
into a temporary file, so that memory stays bounded whatever the number of rows. Facts of parked keys wait in the fresh
fold as they do in the live one; the verdict names them, and is no.
"""

from collections.abc import Sequence
from typing import Self

import msgspec

from projections.engine.bulk.fresh import FoldTarget
from projections.engine.diff.compare import Comparison
from projections.engine.diff.report import RowDiff
from projections.engine.digest import ContentDigest, row_digest
from projections.engine.live import Poison
from projections.engine.projection import RowKey
from projections.engine.spill import TemporaryDatabase

MOST_DIFFERENCES = 20  # named in a verdict
HOW = {"added": "missing", "removed": "unexpected", "changed": "different"}


class Difference(msgspec.Struct, frozen=True):
    """A row that is not as it should be: `missing`, `unexpected` or `different` in the live read model."""

    table: str
    key: tuple[str | int, ...]
    is_: str = msgspec.field(name="is")


class RowDivergence(msgspec.Struct, frozen=True):
    """
    Why a row is not as it should be.

    Attributes:
        position: of the first fact at which the row and the log went apart, where that is known.
        reason: as a sentence.
    """

    table: str
    key: tuple[str | int, ...]
    position: int | None
    reason: str


class Verdict(msgspec.Struct):
    """
    The result of comparing one generation of a read model with the log.

    Attributes:
        differing: how many rows are not as they should be; `differences` are the first of them, by table and key.
        causes: of the first one or two.
    """

    name: str
    position: int
    rows: int
    digest_live: str
    digest_log: str
    ok: bool
    reason: str
    parked: list[str]
    differences: list[Difference]
    differing: int = 0
    generation: int = 0
    causes: list[RowDivergence] = []


class Verification:
    """The comparison of one read model: takes the live rows and the fresh ones, in any order, and keeps digests."""

    def __init__(self, live: FoldTarget, database: TemporaryDatabase) -> None:
        self.live = live
        tables = live.projection.tables
        self._comparison = Comparison(tables, tables, database)
        self._digests = ContentDigest(), ContentDigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._comparison.__exit__(*exception)

    def add_live(self, key: RowKey, row: msgspec.Struct) -> None:
        """A row that readers see."""
        digest = row_digest(row)
        self._digests[0].add(key, digest)
        self._comparison.add_old(key, {"digest": digest.hex()})

    def add_fresh(self, key: RowKey, row: msgspec.Struct) -> None:
        """A row as the log has it."""
        digest = row_digest(row)
        self._digests[1].add(key, digest)
        self._comparison.add_new(key, {"digest": digest.hex()})

    def verdict(self, poison: Sequence[Poison]) -> Verdict:
        """The comparison, once all rows have come; *poison* are the facts at which the fresh fold has failed."""
        diff = self._comparison.finish()
        parked = sorted({key for _, key in self.live.held.waiting})
        reasons = [
            f"{diff.differing} rows differ" if diff.differing else "",
            f"{len(parked)} keys are parked" if parked else "",
            f"the fold fails at position {poison[0].position}: {poison[0].error}" if poison else "",
        ]
        live, log = self._digests
        return Verdict(
            name=self.live.projection.name,
            position=min(self.live.positions.values()),
            rows=log.rows,
            digest_live=live.hexdigest(),
            digest_log=log.hexdigest(),
            ok=not any(reasons),
            reason="; ".join(filter(None, reasons)),
            parked=parked,
            differences=[_named(row) for row in diff.rows(limit=MOST_DIFFERENCES)],
            differing=diff.differing,
        )


def _named(row: RowDiff) -> Difference:
    return Difference(row.table, row.key, HOW[row.kind])
