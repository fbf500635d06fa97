"""
What if this rule were the read model's? Both folded in one pass over the same facts, and compared row by row.
"""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from adapters.spill import SqliteDatabase
from adapters.stores.fresh_fold import compare_folds
from campuslog.errors import BadProjection
from campuslog.rebuild import Cut, Rebuilt, folded, refused, result_of, target_of
from projections.engine.diff.compare import Comparison, Diff
from projections.engine.projection import Projection
from projections.registry import PROJECTIONS


class Trial:
    """
    A rule beside the read model that it might replace; close it, or use it as a context, to free its temporary file.

    Attributes:
        result: the rows of the rule.
        diff: how that differs from the read model as the log has it: counts first (`diff.tables`), then rows
            (`diff.rows(limit=20)`, `diff.sample(5)`); tables are matched by name.
    """

    def __init__(self, result: Rebuilt, diff: Diff, open_files: ExitStack) -> None:
        self.result = result
        self.diff = diff
        self._open_files = open_files

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        """How many rows differ."""
        tables = ", ".join(f"{table.table} {table.differing:,}" for table in self.diff.tables if table.differing)
        return f"<{self.result.name}: {self.diff.differing:,} rows differ{f' ({tables})' if tables else ''}>"

    def close(self) -> None:
        """Give the temporary file back."""
        self._open_files.close()


def served(name: str) -> Projection:
    """
    A fresh instance of one of the campus's own projections.

    Raises:
        BadProjection: none is called so.
    """
    for projection in PROJECTIONS:
        if projection.name == name:
            return type(projection)()
    raise BadProjection(f"no read model is called {name}: there are {', '.join(p.name for p in PROJECTIONS)}")


def try_out(rule: Projection, other: Projection, cut: Cut, *, progress: bool) -> Trial:
    """
    Fold both up to the same place, and compare.

    Args:
        rule: as `definition.prepared` and `checked_handlers.watch` give it.
        other: what it might replace.
    """
    name = rule.name
    if name == other.name:
        setattr(rule, "name", f"{name} (tried)")  # noqa: B010 - of this instance alone: two folds need two names
    tried, replaced = target_of(rule, cut), target_of(other, cut)
    with folded(cut.source, [tried, replaced], progress=progress) as fold, ExitStack() as stack:
        result = result_of(fold, tried, cut)
        result.name = name
        comparison = stack.enter_context(Comparison(other.tables, rule.tables, SqliteDatabase()))
        with refused(other):
            diff = compare_folds(fold, comparison, tried, replaced).diff
        return Trial(result, diff, stack.pop_all())
