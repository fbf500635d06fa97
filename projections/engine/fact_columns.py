"""
Where facts lead: from a type of fact by a read model to the columns of its tables, and back.

It comes from the code that runs: from the handlers of read models, and from the names in the compiled rules: which
fields of a fact a rule reads, and which columns of a row it sets. A name is no proof that each such fact changes the
column. A rule that chooses a column by a value may set those whose names it has, be it in a constant of its module;
where it has none, all columns of the table are named.
"""

import dis
import types
from collections.abc import Iterator
from functools import cache, partial
from typing import Any, NamedTuple, get_args

import msgspec

from domain.registry import FACTS
from projections.engine.projection import Projection, Table

OURS = "projections."
BY_VALUE = frozenset(("setattr", "getattr"))  # a rule that uses these names a column by a value


class Names(NamedTuple):
    """
    The names in the code of a rule.

    Attributes:
        stored, loaded: attributes that it sets and reads.
        texts: its constants that are texts.
        listed: texts in constants of its module that it reads, such as names of columns.
    """

    stored: frozenset[str]
    loaded: frozenset[str]
    texts: frozenset[str]
    listed: frozenset[str]


class Branch(NamedTuple):
    """
    What one type of fact does to one table.

    Attributes:
        fields: of the fact, that the rule reads.
        columns: of the table, that the rule may set; within a document with the way to it, such as `courses.status`.
    """

    fact: str
    projection: str
    table: str
    fields: tuple[str, ...]
    columns: tuple[str, ...]


@cache
def branches_of_fact(name: str, projections: tuple[Projection, ...]) -> tuple[Branch, ...]:
    """What a type of fact does in each table of each of the read models that fold it."""
    fields = FACTS[name].__dataclass_fields__  # type: ignore[attr-defined]
    found = []
    for projection in projections:
        if name not in projection.handlers:
            continue
        handler = projection.handlers[name]
        names = _names(projection, name)
        for table in handler.writes or projection.tables:
            columns = tuple(way for way in columns_of(table) if _is_set(way, table, names))
            if set(columns) == set(table.key) and not names.loaded.isdisjoint(BY_VALUE):
                columns = tuple(way for way in columns_of(table) if "." not in way)
            read = tuple(field for field in fields if field in names.texts)
            found.append(Branch(name, projection.name, table.name, read, columns))
    return tuple(found)


def branches_of(projection: Projection) -> list[Branch]:
    """What each type of fact does in the tables of a read model."""
    return [each for name in projection.handlers for each in branches_of_fact(name, (projection,))]


@cache
def columns_of(table: Table) -> tuple[str, ...]:
    """The columns of a table, the key first; of what stands within one, with the way to it."""
    return tuple(dict.fromkeys(_ways(table.row, "", frozenset())))


def _ways(row: Any, before: str, above: frozenset[Any]) -> Iterator[str]:
    for field in msgspec.structs.fields(row):
        way = f"{before}{field.name}"
        yield way
        for inner in _structs(field.type):
            if inner not in above and before.count(".") < 2:
                yield from _ways(inner, f"{way}.", above | {row, inner})


def _structs(annotation: Any) -> Iterator[Any]:
    """The kinds of rows within a type."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        yield annotation
    for part in get_args(annotation):
        yield from _structs(part)


def _is_set(way: str, table: Table, names: Names) -> bool:
    """Whether a rule names what it takes to set a column: one that holds others is changed in place."""
    name = way.rpartition(".")[2]
    if way in table.key or name in names.stored or ("setattr" in names.loaded and way in names.listed):
        return True
    fields = {field.name: field.type for field in msgspec.structs.fields(table.row)}
    return way in fields and name in names.loaded and _is_container(fields[way])


def _is_container(annotation: Any) -> bool:
    origin = getattr(annotation, "__origin__", annotation)
    if origin in (list, dict, set):
        return True
    return any(_is_container(part) for part in get_args(annotation) if part is not type(None))


@cache
def _names(projection: Projection, fact: str) -> Names:
    """The names in the rule of a fact, and in all that it calls within read models."""
    handler = projection.handlers[fact]
    rows = {row for table in projection.tables for row in (table.row, *_inner_rows(table.row, set()))}
    stored, loaded, texts, listed = set[str](), set[str](), set[str](), set[str]()
    waiting: list[Any] = [handler.apply, handler.needs]
    seen: set[Any] = set()
    while waiting:
        function = waiting.pop()
        while isinstance(function, partial | types.MethodType):
            waiting += [each for each in getattr(function, "args", ()) if callable(each)]
            function = function.func if isinstance(function, partial) else function.__func__
        if not isinstance(function, types.FunctionType) or function in seen:
            continue
        seen.add(function)
        own = _scanned(function)
        stored |= own.stored
        loaded |= own.loaded
        texts |= own.texts
        listed |= own.listed
        waiting += _callees(function)
        waiting += [vars(row)[name] for row in rows for name in own.loaded if name in vars(row)]
    return Names(frozenset(stored), frozenset(loaded), frozenset(texts), frozenset(listed))


@cache
def _scanned(function: types.FunctionType) -> Names:
    stored, loaded, texts, listed = set[str](), set[str](), set[str](), set[str]()
    for code in _codes(function.__code__):
        for step in dis.get_instructions(code):
            if step.opname == "STORE_ATTR":
                stored.add(step.argval)
            elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") or step.argval in BY_VALUE:
                loaded.add(step.argval)
        for each in code.co_consts:
            texts |= {text for text in (each if isinstance(each, tuple) else (each,)) if isinstance(text, str)}
        for name in code.co_names:
            known = function.__globals__.get(name)
            listed |= {text for text in known if isinstance(text, str)} if isinstance(known, tuple) else set()
    return Names(frozenset(stored), frozenset(loaded), frozenset(texts), frozenset(listed))


@cache
def _callees(function: types.FunctionType) -> tuple[Any, ...]:
    """What a function may call: by names of its module, and what it closes over."""
    names = {name for code in _codes(function.__code__) for name in code.co_names}
    found = [each for name in names if name in function.__globals__ for each in _called(function.__globals__[name])]
    return (*found, *(cell.cell_contents for cell in function.__closure__ or () if callable(cell.cell_contents)))


def _inner_rows(row: Any, seen: set[Any]) -> Iterator[Any]:
    for field in msgspec.structs.fields(row):
        for inner in _structs(field.type):
            if inner not in seen:
                seen.add(inner)
                yield inner
                yield from _inner_rows(inner, seen)


def _called(value: Any) -> list[Any]:
    """What a name of a module may lead to: functions of read models, and the methods of their classes."""
    if isinstance(value, types.ModuleType) and value.__name__.startswith(OURS):
        return [each for each in vars(value).values() if isinstance(each, types.FunctionType)]
    if not str(getattr(value, "__module__", "")).startswith(OURS):
        return []
    return [each for each in vars(value).values() if callable(each)] if isinstance(value, type) else [value]


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from _codes(each)
