"""A short piece of the log is folded to estimate how long a rebuild takes; nothing is written."""

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from adapters.settings import Settings
    from projections.engine.bulk.fold import UndoTypes
    from projections.engine.projection import Projection

POSITIONS = 60_000  # of the middle of the log
LONGEST = 3.0  # seconds
WARM_UP = 2  # pages that do not count, if there are more


class Sample(NamedTuple):
    """
    What one process of a rebuild can do.

    Attributes:
        few: the facts are so few that they are found by an index.
        positions: of the log that were passed over in `seconds`, of which `facts` were read.
        fails_at: types of facts at which the code failed.
    """

    few: bool
    positions: int
    facts: int
    seconds: float
    fails_at: tuple[str, ...]

    def seconds_for(self, head: int, wanted: int) -> float | None:
        """How long the whole log takes of which the projection reads so many facts; None if the sample is empty."""
        done, all_of_it = (self.facts, wanted) if self.few else (self.positions, head)
        return round(self.seconds * all_of_it / done, 1) if done else None


def take(settings: "Settings", projection: "Projection", workers: int, head: int) -> Sample:
    """Fold a piece of the log, as one of so many processes would."""
    from projections.engine.bulk.fold import fold_with_restarts

    return fold_with_restarts(lambda careful: _take(settings, projection, workers, head, careful))


def _take(settings: "Settings", projection: "Projection", workers: int, head: int, careful: "UndoTypes") -> Sample:
    from adapters.postgres.bulk.page_reader import PageReader, open_connection
    from adapters.postgres.bulk.ranges import few_positions
    from projections.engine.bulk.fold import BulkFold, Task

    segments = tuple(range(0, projection.segments, min(workers, projection.segments)))
    fold = BulkFold([Task(projection, segments)], careful)
    with open_connection(settings) as connection:
        few = few_positions(connection, fold.wanted, 0, head) is not None
    after = 0 if few else max(0, (head - POSITIONS) // 2)
    until = head if few else min(head, after + POSITIONS)
    began, at, facts = time.perf_counter(), after, 0
    first, started = after, began
    for number, page in enumerate(PageReader(settings).pages(fold.wanted, after, until), start=1):
        fold.fold(page)
        at, facts = page.until, facts + len(page.kinds)
        if time.perf_counter() - began > LONGEST:
            break
        if number == WARM_UP and not few and at < until:
            first, started, facts = at, time.perf_counter(), 0
    else:
        at = until
    failed = tuple(sorted(type_name for _, type_name in careful))
    return Sample(few, at - first, facts, time.perf_counter() - started, failed)
