"""
The fold of the log that writes nothing: for a verification, a what-if, and an analyst's own projection.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from projections.engine.bulk.fold import BulkFold, Task, UndoTypes, fold_with_restarts
from projections.engine.bulk.pages import PageSource
from projections.engine.bulk.rows import MemoryBudget
from projections.engine.live import Exclusions, Poison
from projections.engine.merge import merged
from projections.engine.projection import KeyedRow, Projection


class FoldTarget(NamedTuple):
    """
    What there is to fold for one read model: up to the checkpoint of each segment, without the facts that wait.

    Attributes:
        positions: by segment; up to where each is folded.
    """

    projection: Projection
    positions: dict[int, int]
    held: Exclusions


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

    def facts(self, live: FoldTarget) -> int:
        """How many facts it has read, with those that are parked; all its segments are at one position."""
        accounts = [self._fold.account(live.projection.name, segment) for segment in live.positions]
        return sum(account.applied + account.parked for account in accounts)


def _task(live: FoldTarget) -> Task:
    return Task(live.projection, tuple(live.positions), live.held.skipped, live.held.waiting)
