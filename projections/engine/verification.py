"""
Is a read model what the log says? A live read model is compared, row by row, with a fresh fold up to its checkpoint.

The fresh fold is the one of a rebuild (projections/engine/bulk/fold.py). A digest of every row, live or fresh, goes
into a temporary file, so that memory stays bounded whatever the number of rows. Facts of parked keys wait in the fresh
fold as they do in the live one; the verdict names them, and is no.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Self

import msgspec

from projections.engine.bulk.fold import BulkFold, Task, UndoTypes, fold_with_restarts
from projections.engine.bulk.pages import PageSource
from projections.engine.bulk.rows import MemoryBudget
from projections.engine.diff.compare import Comparison
from projections.engine.diff.report import RowDiff
from projections.engine.digest import ContentDigest, row_digest
from projections.engine.live import Exclusions, Poison
from projections.engine.merge import merged
from projections.engine.projection import KeyedRow, Projection, RowKey
from projections.engine.spill import TemporaryDatabase

MOST_DIFFERENCES = 20  # named in a verdict
HOW = {"added": "missing", "removed": "unexpected", "changed": "different"}


class FoldTarget(NamedTuple):
    """
    What there is to fold for one read model: up to the checkpoint of each segment, without the facts that wait.

    Attributes:
        positions: by segment; up to where each is folded.
    """

    projection: Projection
    positions: dict[int, int]
    held: Exclusions


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


class FreshFold:
    """
    The fold of several read models, each segment of each up to a position of its own, in one pass over the log.

    Args:
        budget: limits the memory of this process.
        folded: called with the number of positions that were passed since.
        enough: failing keys of one read model, at which the fold ends wherever it is; None to go on.
    """

    def __init__(
        self,
        lives: Sequence[FoldTarget],
        budget: MemoryBudget | None = None,
        folded: Callable[[int], None] = lambda _: None,
        enough: int | None = None,
    ) -> None:
        self._lives = lives
        self._enough = enough
        self._budget = budget
        self._folded = folded
        self._passed = 0
        self._fold: BulkFold

    def run(self, source: PageSource) -> None:
        """Fold; may raise what `BulkFold.fold` does, other than RestartFold."""
        fold_with_restarts(lambda undo_types: self._run(source, undo_types))

    def _run(self, source: PageSource, undo_types: UndoTypes) -> None:
        self._fold = BulkFold([_task(live) for live in self._lives], undo_types, self._budget)
        at = 0
        for stop in sorted({position for live in self._lives for position in live.positions.values()}):
            for page in source.pages(self._fold.wanted, at, stop):
                self._fold.fold(page)
                self._tell(page.until)
                if self._enough is not None and any(len(self.poison(live)) >= self._enough for live in self._lives):
                    return
            self._tell(stop)
            at = stop
            for live in self._lives:
                for segment, position in live.positions.items():
                    if position == stop:
                        self._fold.freeze(live.projection.name, segment)

    def _tell(self, at: int) -> None:
        if at > self._passed:
            self._folded(at - self._passed)
            self._passed = at

    def rows(self, live: FoldTarget) -> Iterator[KeyedRow]:
        """The rows of a read model, as readers would see them."""
        name = live.projection.name
        return merged((segment, *row) for segment in live.positions for row in self._fold.rows(name, segment))

    def poison(self, live: FoldTarget) -> list[Poison]:
        """The facts at which it has failed, in log order."""
        name = live.projection.name
        found = [poison for segment in live.positions for poison in self._fold.poison(name, segment)]
        return sorted(found, key=lambda each: (each.position, each.segment))


def _task(live: FoldTarget) -> Task:
    return Task(live.projection, tuple(live.positions), live.held.skipped, live.held.waiting)
