"""
The one fold that writes nothing, over the log or an export: for `campus projections try` and `diff`, for the SDK, and
for a verification. Rows that do not fit into memory are in a temporary file.

What differs is only who gives the other side: where it is stored, its rows are in the comparison already; else it is
folded in the same pass, up to the same position.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple

from adapters.spill import ResidentMemory, SqliteSpill
from adapters.stores.registry import store_type
from projections.engine.bulk.fresh import FoldTarget, FreshFold
from projections.engine.bulk.pages import PageSource
from projections.engine.bulk.rows import MemoryBudget
from projections.engine.diff.compare import Comparison, Diff
from projections.engine.live import Poison
from projections.engine.projection import KeyedRow


class WhatIf(NamedTuple):
    """
    What a rule makes of the facts, beside what is or would be served.

    Attributes:
        poison: the first fact of each key at which the rule fails; what waits there is left out.
    """

    diff: Diff
    poison: Sequence[Poison] = ()


@contextmanager
def fresh_fold(
    source: PageSource,
    targets: Sequence[FoldTarget],
    folded: Callable[[int], None] = lambda _: None,
    enough: int | None = None,
) -> Iterator[FreshFold]:
    """
    The log folded for all *targets* in one pass; its rows are there as long as the context lasts.

    Args:
        folded, enough: as for `FreshFold`.
    """
    with closing(ResidentMemory()) as resident, closing(SqliteSpill()) as spill_store:
        fold = FreshFold(targets, MemoryBudget(spill_store, resident), folded, enough)
        fold.run(source)
        yield fold


def compare_folds(fold: FreshFold, comparison: Comparison, rule: FoldTarget, other: FoldTarget | None = None) -> WhatIf:
    """
    Compare the rows of *rule* with those of *other*, both folded; or with the old rows that *comparison* has already.

    Raises:
        ChangedKey, RowRejected: a rule makes rows that its store would not take.
    """
    for key, row in rows_of(fold, other) if other else ():
        comparison.add_old(key, row)
    for key, row in rows_of(fold, rule):
        comparison.add_new(key, row)
    return WhatIf(comparison.finish(), fold.poison(rule))


def rows_of(fold: FreshFold, target: FoldTarget) -> Iterator[KeyedRow]:
    """The rows as readers would see them; raises ChangedKey, RowRejected."""
    return store_type(target.projection).validated(target.projection, fold.rows(target))
