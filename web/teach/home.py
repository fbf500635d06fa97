"""The runs where the reader teaches or assists, by the roles that were granted."""

import asyncio
from collections.abc import Collection
from typing import Any

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages
from web.teach.keepers import reads_banks
from web.teach.shared import scopes_of

pages = Pages()
TEACH = frozenset(("instructor", "assistant"))


@pages.get("/teach")
async def teach_home(page: Page) -> Response:
    """Runs by name, by course, or all of the campus, as far as the roles reach."""
    scopes = await scopes_of(page, TEACH)
    runs, following = await _found(page, scopes, page.query.get("q", ""), page.query.get("cursor", ""))
    return page.html(
        "teach/home.html",
        runs=runs,
        next=following,
        is_of_campus="campus" in scopes,
        reads_banks=reads_banks(page),
    )


async def runs_taught(page: Page, q: str) -> list[dict[str, Any]]:
    """The latest runs where the reader teaches; those of the whole campus by a word of their title."""
    return (await _found(page, await scopes_of(page, TEACH), q, ""))[0]


async def _found(page: Page, scopes: Collection[str], q: str, cursor: str) -> tuple[list[dict[str, Any]], str | None]:
    if "campus" not in scopes:
        return await _runs_of(page, scopes), None
    found = await page.api.read("/v1/runs", sort="starts_at", order="desc", q=q, cursor=cursor)
    return found["items"], found["next"]


async def _runs_of(page: Page, scopes: Collection[str]) -> list[dict[str, Any]]:
    """The runs of scopes `run:ID` and `course:ID`, the latest first; those that are no more are left out."""
    found = await asyncio.gather(*(_of_scope(page, scope) for scope in scopes))
    by_id = {run["run_id"]: run for runs in found for run in runs}
    return sorted(by_id.values(), key=lambda run: run["starts_at"], reverse=True)


async def _of_scope(page: Page, scope: str) -> list[dict[str, Any]]:
    kind, _, name = scope.partition(":")
    try:
        if kind == "run":
            return [(await page.api.read("/v1/runs/{}", name)).body]
        return list((await page.api.read("/v1/runs", course_id=name, limit=200))["items"])
    except Problem as problem:
        if problem.status == 404:
            return []
        raise
