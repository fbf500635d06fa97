"""
Why a field of a row has its value: the fold of the row's facts, watched.

No projection knows of it. The facts on which the row depends are folded step by step; those that changed the field are
kept, with its value before and after. Then they are folded once more, and the functions are noted that ran at the last
change by each type of fact: these are the rule.
"""

import inspect
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any, NamedTuple

import msgspec

from domain.fact import Fact
from domain.ratio import RATIOS, Ratio
from projections.engine.diff.replay import fold_steps, same
from projections.engine.live import Poison
from projections.engine.projection import Handler, Projection, RowKey
from projections.engine.rows import UndoableRows, apply_or_undo

OF_RULES = ("projections.", "domain.")
NOT_OF_RULES = ("projections.engine.",)


class Change(NamedTuple):
    """A fact that changed the field, and its value before and after as plain JSON."""

    fact: Fact
    before: Any
    after: Any


class Failed(NamedTuple):
    """A fact at which the rules failed; later ones of its key wait."""

    fact: Fact | Poison
    error: str


class RuleFunction(NamedTuple):
    """A function that ran when a fact was folded; *source* is its text."""

    module: str
    name: str
    line: int
    source: str


class Watched(NamedTuple):
    """
    How a field has got its value.

    Attributes:
        value: after the last fact; of a row that no fact has made, its default.
        exists: whether any fact has made the row.
        changes: in log order.
        touching: how many facts need the row; those that did not change the field are passed over.
        ran: by type of fact, the functions of the rule that changed the field last, in the order of their calls.
        ratio: of a number in basis points, what it is made of; None where no known function has computed it.
    """

    value: Any
    exists: bool
    changes: list[Change]
    touching: int
    failed: list[Failed]
    ran: Mapping[str, Sequence[RuleFunction]]
    ratio: Ratio | None = None


def watch(projection: Projection, key: RowKey, path: Sequence[str], facts: Sequence[Fact]) -> Watched:
    """
    Fold the facts of a row and watch one of its fields.

    Args:
        path: names that lead to the value, from the row: of fields, of members, and of entries of a list by their
            first field or their number.
        facts: those on which the row depends, in log order; others do no harm.
    """
    value = before = value_at(key.table.row(*key.key), path)
    exists, touching, changes, failed = False, 0, list[Change](), list[Failed]()
    last, touched = dict[str, int](), dict[str, int]()  # by type: the fact that changed the field, that needs the row
    for step, row, error in fold_steps(projection, key, facts, {}):
        if error is not None:
            failed.append(Failed(step.fact, f"{type(error).__name__}: {error}"))
        elif step.touches and row is not None:
            exists, touching = True, touching + 1
            touched[step.fact.type] = step.fact.position
            value = value_at(row, path)
            if not same(value, before):
                changes.append(Change(step.fact, before, value))
                last[step.fact.type] = step.fact.position
                before = value
    latest = {position for name, position in touched.items() if name in last}
    ran, computed = _ran(projection, key, facts, last, latest)
    ratio = _ratio(computed, path, value) if isinstance(value, int) else None
    return Watched(value, exists, changes, touching, failed, ran, ratio)


def _ratio(computed: Sequence["Computed"], path: Sequence[str], value: int) -> Ratio | None:
    """Of what was computed, the latest of this value; of several, the one that the field is called after."""
    fitting = [ratio for ratios, result in computed[::-1] if value in _values(result) for ratio in ratios]
    named = [ratio for ratio in fitting if path[-1] in {ratio.name, f"{ratio.name}_bp"}]
    several = [ratio for ratio in fitting if ratio.name != "score"]
    exact = [ratio for ratio in several if ratio.bp == value]
    return next(iter([*named, *exact, *several, *fitting]), None)


def _values(result: Any) -> Sequence[Any]:
    return [each for each in (result if isinstance(result, tuple) else (result,)) if not isinstance(each, bool)]


def value_at(row: Any, path: Sequence[str]) -> Any:
    """The value to which *path* leads, as plain JSON; None where it leads nowhere."""
    value = row
    for name in path:
        value = _inner(value, name)
    return msgspec.to_builtins(value, str_keys=True)


def _inner(value: Any, name: str) -> Any:
    if isinstance(value, msgspec.Struct):
        return getattr(value, name, None) if name in value.__struct_fields__ else None
    if isinstance(value, Mapping):
        return next((inner for key, inner in value.items() if str(key) == name), None)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _entry(value, name)
    return None


def _entry(entries: Sequence[Any], name: str) -> Any:
    """The entry whose first field is *name*, else the one of this number."""
    for entry in entries:
        if isinstance(entry, msgspec.Struct) and str(getattr(entry, entry.__struct_fields__[0])) == name:
            return entry
    return entries[int(name)] if name.isascii() and name.isdigit() and int(name) < len(entries) else None


Computed = tuple[list[Ratio], Any]
"""What a function has computed: the ratios that its arguments say, and its result."""


def _ran(
    projection: Projection, key: RowKey, facts: Sequence[Fact], last: Mapping[str, int], latest: Collection[int]
) -> tuple[dict[str, list[RuleFunction]], list[Computed]]:
    """By type, the functions that run at the last changes; what was computed there, and at the *latest* facts."""
    found, computed = dict[str, list[RuleFunction]](), list[Computed]()
    if not last:
        return found, computed
    end = max(*last.values(), *latest)

    def look_on(handler: Handler, fact: Fact, needed: Collection[RowKey], rows: UndoableRows) -> BaseException | None:
        is_last = last.get(fact.type) == fact.position
        if not is_last and fact.position not in latest:
            return apply_or_undo(handler, fact, needed, rows)
        with _noting(computed) as functions:
            error = apply_or_undo(handler, fact, needed, rows)
        if is_last:
            found[fact.type] = functions
        return error

    for step, *_ in fold_steps(projection, key, facts, {}, look_on):
        if step.fact.position >= end:
            break
    return found, computed


@contextmanager
def _noting(computed: list[Computed]) -> Iterator[list[RuleFunction]]:
    """The functions of rules that are called meanwhile, each once, and what those of `domain.ratio` compute."""
    found: dict[CodeType, str] = {}
    begun: dict[int, list[Ratio]] = {}

    def note(frame: FrameType, event: str, result: Any) -> None:
        if event == "call":
            module, code = str(frame.f_globals.get("__name__", "")), frame.f_code
            if module.startswith(OF_RULES) and not module.startswith(NOT_OF_RULES) and _has_name(code):
                found[code] = module
            if code in RATIOS:
                begun[id(frame)] = RATIOS[code](frame.f_locals)
        elif event == "return" and id(frame) in begun:
            computed.append((begun.pop(id(frame)), result))

    before, functions = sys.getprofile(), list[RuleFunction]()
    sys.setprofile(note)
    try:
        yield functions
    finally:
        sys.setprofile(before)
        functions += [_function(code, module) for code, module in found.items()]


def function_of(apply: Callable[..., Any]) -> RuleFunction:
    """A function of a rule."""
    return _function(apply.__code__, apply.__module__)


@lru_cache(maxsize=1_024)
def _function(code: CodeType, module: str) -> RuleFunction:
    try:
        source = inspect.cleandoc(inspect.getsource(code))
    except OSError:  # a rule that is no file
        source = ""
    return RuleFunction(module, code.co_qualname, code.co_firstlineno, source)


def _has_name(code: CodeType) -> bool:
    """Whether it is a function, and not a comprehension or a generator within one."""
    return not code.co_name.startswith("<") or code.co_name == "<lambda>"
