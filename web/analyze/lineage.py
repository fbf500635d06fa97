"""Where facts lead, as pages and graphs: to read models, tables and columns, and back (engine/fact_columns.py)."""

import asyncio
from inspect import getdoc
from typing import Any

from fastapi import Response

from domain.registry import FACTS
from projections.engine.fact_columns import branches_of, branches_of_fact, columns_of
from projections.registry import PROJECTIONS
from web.analyze.facts import described
from web.client import NoSuchThing
from web.graphs import Node, layered
from web.page import Page
from web.routing import Pages

pages = Pages()
BY_NAME = {each.name: each for each in PROJECTIONS}
MOST_DRAWN = 60  # nodes of a layer


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
    branches = await asyncio.to_thread(branches_of_fact, name, PROJECTIONS)
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
        for each in await asyncio.to_thread(branches_of, projection)
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
