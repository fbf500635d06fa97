"""
Where facts lead: from a type of fact by a read model to the columns of its tables, and back.

It comes from the code that runs: from the handlers of projections/registry.py, and from the names in the compiled
rules: which fields of a fact a rule reads, and which columns of a row it sets. A name is no proof that each such fact
changes the column. Where a rule chooses a column by a value, all columns of the table are named.
"""

import asyncio
import dis
import types
from collections.abc import Iterator
from functools import cache, partial
from inspect import getdoc
from typing import Any, NamedTuple, get_args

import msgspec
from fastapi import Response

from domain.registry import FACTS
from projections.engine.projection import Projection, Table
from projections.registry import PROJECTIONS
from web.analyze.facts import described
from web.client import NoSuchThing
from web.graphs import Node, layered
from web.page import Page
from web.routing import Pages

pages = Pages()
BY_NAME = {each.name: each for each in PROJECTIONS}
OURS = "projections."
BY_VALUE = frozenset(("setattr", "getattr"))  # a rule that uses these names a column by a value
MOST_DRAWN = 60  # nodes of a layer


class Names(NamedTuple):
    """The names in the code of a rule: of attributes that it sets and reads, and its texts."""

    stored: frozenset[str]
    loaded: frozenset[str]
    texts: frozenset[str]


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


@pages.get("/analyze/lineage")
async def lineage_page(page: Page) -> Response:
    """What to begin with: a type of fact, or a read model."""
    await page.api.get("/v1/projections")
    asked = page.query.get("fact", "")
    if asked in FACTS:
        return page.go(f"/analyze/lineage/facts/{asked}")
    models = [(each.name, len(each.handlers), [table.name for table in each.tables]) for each in PROJECTIONS]
    graph = _overview(page.say("Streams of facts and the read models that fold them"))
    return page.html("analyze/lineage.html", models=models, facts=sorted(FACTS), graph=graph)


@pages.get("/analyze/lineage/facts/{type}")
async def fact_lineage(page: Page) -> Response:
    """Where a type of fact leads."""
    await page.api.get("/v1/projections")
    name = page.parts["type"]
    if name not in FACTS:
        raise NoSuchThing
    branches = await asyncio.to_thread(branches_of_fact, name)
    title = page.say("From %(fact)s to columns", fact=name)
    return page.html(
        "analyze/lineage-fact.html", name=name, branches=branches, graph=_drawn(branches, title), fact=described(name)
    )


@pages.get("/analyze/lineage/projections/{name}")
async def projection_lineage(page: Page) -> Response:
    """What leads to a read model, to one of its tables, or to one column."""
    await page.api.get("/v1/projections")
    projection = BY_NAME.get(page.parts["name"])
    if projection is None:
        raise NoSuchThing
    table, column = page.query.get("table", ""), page.query.get("column", "")
    branches = [
        each
        for each in await asyncio.to_thread(_branches_of, projection)
        if table in ("", each.table) and (not column or column in each.columns)
    ]
    title = page.say("What leads to %(name)s", name=".".join(filter(None, (table or projection.name, column))))
    return page.html(
        "analyze/lineage-projection.html",
        name=projection.name,
        about=(getdoc(type(projection)) or "").partition("\n")[0],
        tables=[(each.name, columns_of(each)) for each in projection.tables],
        wanted={"table": table, "column": column},
        branches=branches,
        graph=_drawn(branches, title, with_columns=bool(table)),
    )


@cache
def branches_of_fact(name: str) -> tuple[Branch, ...]:
    """What a type of fact does in each table of each read model that folds it."""
    fields = FACTS[name].__dataclass_fields__  # type: ignore[attr-defined]
    found = []
    for projection in PROJECTIONS:
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


def _branches_of(projection: Projection) -> list[Branch]:
    found = (each for name in projection.handlers for each in branches_of_fact(name))
    return [each for each in found if each.projection == projection.name]


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
    if way in table.key or name in names.stored:
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
    stored, loaded, texts = set[str](), set[str](), set[str]()
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
        waiting += _callees(function)
        waiting += [vars(row)[name] for row in rows for name in own.loaded if name in vars(row)]
    return Names(frozenset(stored), frozenset(loaded), frozenset(texts))


@cache
def _scanned(function: types.FunctionType) -> Names:
    stored, loaded, texts = set[str](), set[str](), set[str]()
    for code in _codes(function.__code__):
        for step in dis.get_instructions(code):
            if step.opname == "STORE_ATTR":
                stored.add(step.argval)
            elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") or step.argval in BY_VALUE:
                loaded.add(step.argval)
        for each in code.co_consts:
            texts |= {text for text in (each if isinstance(each, tuple) else (each,)) if isinstance(text, str)}
    return Names(frozenset(stored), frozenset(loaded), frozenset(texts))


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


def _overview(title: str) -> Any:
    """Contexts of facts and the read models that fold them."""
    pairs = {(name.partition(".")[0], each.name) for each in PROJECTIONS for name in each.handlers}
    streams = [Node(name, name) for name in sorted({stream for stream, _ in pairs})]
    models = [Node(each.name, each.name, strong=True) for each in PROJECTIONS]
    return layered([streams, models], sorted(pairs), title)


def _drawn(branches: Any, title: str, *, with_columns: bool = True) -> Any:
    """Facts, tables and columns from left to right."""
    facts = {each.fact: Node(each.fact, each.fact) for each in branches}
    tables = {
        f"{each.projection} {each.table}": Node(
            f"{each.projection} {each.table}",
            each.table if each.table == each.projection else f"{each.projection}: {each.table}",
            strong=True,
        )
        for each in branches
    }
    edges = {(each.fact, f"{each.projection} {each.table}") for each in branches}
    layers = [list(facts.values()), list(tables.values())]
    if with_columns:
        ends = [(f"{each.projection} {each.table}", way) for each in branches for way in each.columns if "." not in way]
        columns = {f"{table} {way}": Node(f"{table} {way}", way) for table, way in ends}
        if len(columns) <= MOST_DRAWN:
            layers.append(list(columns.values()))
            edges |= {(table, f"{table} {way}") for table, way in ends}
    return layered(layers, sorted(edges), title)
