"""
What a promotion would change: how many rows differ, in which columns and by how much, the rows, and the facts of one.
"""

import asyncio
from typing import Any
from urllib.parse import urlencode

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages

pages = Pages()
ROWS = 25
OF_FACTS = ("learner_id", "run_id", "quiz_id", "course_id")
"""The ids by which the view `facts` is asked for the facts of a row."""


@pages.get("/analyze/projections/{name}/differences")
async def differences_page(page: Page) -> Response:
    """The generation that is served, and another one; then one table, one column, its rows."""
    name = page.parts["name"]
    asked = {each: page.query.get(each, "") for each in ("generation", "table", "column")}
    path = "/v1/projections/{}/differences"
    try:
        found = (await page.api.get(path, name, generation=asked["generation"])).body
        column, rows = await _details(page, path, asked)
    except Problem as problem:
        if problem.code not in ("no_such_generation", "nothing_served", "not_stored_here", "no_such_column"):
            raise
        return page.html("analyze/differences.html", problem.status, name=name, found=None, refusal=problem)
    keys = {} if rows is None else {"items": [_shown(each) for each in rows["items"]], "next": rows["next"]}
    return page.html(
        "analyze/differences.html",
        name=name,
        found=found,
        asked=asked,
        table=next((each for each in found["tables"] if each["table"] == asked["table"]), None),
        column=column,
        rows=keys,
        audits="audit" in page.desks,
        address=lambda **more: _address(name, asked, more),
        refusal=None,
    )


async def _details(page: Page, path: str, asked: dict[str, str]) -> tuple[Any, Any]:
    """What is asked of one column, and the rows of one table."""
    if not asked["table"]:
        return None, None
    name = page.parts["name"]
    listed = page.api.get(f"{path}/rows", name, **asked, limit=ROWS, cursor=page.query.get("cursor"))
    if not asked["column"]:
        return None, (await listed).body
    changed, rows = await asyncio.gather(page.api.get(f"{path}/column", name, **asked), listed)
    return changed.body, rows.body


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row with what differs of it, and the statement that finds its facts; empty where the key names no stream."""
    old, new = row["old"] or {}, row["new"] or {}
    differs = [
        (name, old.get(name), new.get(name))
        for name in dict.fromkeys((*old, *new))
        if name in old and name in new and old[name] != new[name]
    ]
    ids = {name: value for name, value in {**old, **new}.items() if name in OF_FACTS and isinstance(value, str)}
    return {**row, "differs": differs, "sql": _facts_of(ids)}


def _facts_of(ids: dict[str, str]) -> str:
    """The facts that a row may be made of, by the ids that it has."""
    if not ids:
        return ""
    conditions = " AND ".join(f"{name} = {_quoted(value)}" for name, value in ids.items())
    return "\n".join(
        ("SELECT position, occurred_at, type, data", "  FROM facts", f" WHERE {conditions}", " ORDER BY position")
    )


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _address(name: str, asked: dict[str, str], more: dict[str, Any]) -> str:
    query = {key: value for key, value in {**asked, **more}.items() if value not in (None, "")}
    return f"/analyze/projections/{name}/differences" + (f"?{urlencode(query)}" if query else "")
