"""
The facts that an analyst asked for: a question, answered when it is iterated over or made into a table.
"""

import difflib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

import polars as pl
import pyarrow as pa

from campuslog.errors import BadArgument, UnknownType
from campuslog.facts import empty_frame, facts_frame
from campuslog.progress_bar import reporting
from campuslog.source import FactPage, Selection, Source
from campuslog.sync import iterate
from campuslog.validation import shown
from domain.fact import Fact
from domain.registry import FACTS


class Events:
    """
    Some facts of a campus, in the order of the log.

    Nothing is read before it is needed; each use reads again, up to what is then the newest fact.
    """

    def __init__(self, source: Source, selection: Selection, *, progress: bool) -> None:
        self._source = source
        self._selection = selection
        self._progress = progress

    def __iter__(self) -> Iterator[Fact]:
        """Every fact in the newest version of its type; one that this code cannot read is an `Unreadable`."""
        for page in iterate(self._source.pages(self._selection)):
            yield from page.facts

    def __repr__(self) -> str:
        """What was asked for."""
        chosen = {name: getattr(self._selection, name) for name in self._selection.__dataclass_fields__}
        given = [f"{name}={value!r}" for name, value in chosen.items() if value not in {None, 0}]
        return f"Events({', '.join(given)})"

    def polars(self) -> pl.DataFrame:
        """
        All of them as a table, one row each.

        Columns: position, type, stream_id, learner_id, run_id, quiz_id and course_id where they are known, occurred_at,
        recorded_at, source, and data, the fact's own fields as JSON text. If one type was asked for, its fields are
        columns as well, with `irregular`; a field that is called as one of the above has a `_` at its end.
        """
        types = self._selection.types
        only = types[0] if types is not None and len(types) == 1 else None
        frames = [empty_frame(only), *(facts_frame(page.facts, only) for page in self._pages() if page.facts)]
        return pl.concat(frames, rechunk=True)

    def arrow(self) -> pa.Table:
        """The same table for Arrow."""
        return self.polars().to_arrow(compat_level=pl.CompatLevel.oldest())

    def _pages(self) -> Iterator[FactPage]:
        with reporting("reading facts", shown=self._progress) as report:
            for page in iterate(self._source.pages(self._selection)):
                yield page
                report(page.until - self._selection.after, page.last - self._selection.after)


def matching(types: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """
    The names of facts that fit; `enrollment.*` stands for all that begin like that.

    Raises:
        BadArgument: *types* are no names, or none at all.
        UnknownType: no fact is called so.
    """
    if types is None:
        return None
    found: dict[str, None] = {}
    for pattern in _patterns(types):
        names = [name for name in FACTS if fnmatchcase(name, pattern)]
        if not names:
            groups = {f"{name.partition('.')[0]}.*" for name in FACTS}
            near = difflib.get_close_matches(pattern, groups if pattern.endswith("*") else FACTS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(FACTS))}"
            raise UnknownType(f"no fact is called {shown(pattern)}: {hint}")
        found |= dict.fromkeys(names)
    return tuple(found)


def _patterns(types: Any) -> list[str]:
    """The names that are asked for, one by one."""
    if isinstance(types, bytes) or not isinstance(types, Iterable):
        raise BadArgument(f"types={types!r} is neither the name of a type (str) nor several of them")
    patterns = [types] if isinstance(types, str) else list(types)
    odd = [pattern for pattern in patterns if not isinstance(pattern, str) or not pattern]
    if odd:
        raise BadArgument(f"types={types!r}: {odd[0]!r} is no name of a type")
    if not patterns:
        raise BadArgument(f"types={types!r} names no type: leave it out for all of them")
    return patterns
