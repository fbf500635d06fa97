"""The forum of all runs of a person: what is unread, what one has opened, and search in all that one may read."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Response

from web.page import Page
from web.routing import Pages
from web.titles import titles_of

pages = Pages()

FACETS: Final = ("run_id", "unit_id", "kind", "state", "author")
CHOICES: Final = {"run_id": "run", "unit_id": "unit", "kind": "kind", "state": "state", "author": "author"}
SHOWN: Final = ("unread", "mine")
LONGEST = 200  # characters of what is looked for
ON_A_PAGE = 20
BEFORE = 25  # posts that a page of a thread shows before the one that was found


@pages.get("/learn/forum")
async def forums(page: Page) -> Response:
    """Threads of all runs; where words are looked for, or what is found is narrowed, posts with these words."""
    if page.query.get("q", "").strip() or any(page.query.get(name) for name in FACETS):
        return await _found(page)
    show = page.query.get("show", "")
    found = await page.api.read(
        "/v1/me/forum/threads",
        unread="true" if show == "unread" else None,
        mine="true" if show == "mine" else None,
        cursor=page.query.get("cursor"),
        limit=ON_A_PAGE,
    )
    titles = await titles_of(page, (each["run_id"] for each in found["items"]))
    return page.html("learn/forums.html", threads=found.body, titles=titles, show=show, position=found.position)


async def _found(page: Page) -> Response:
    asked = {name: page.query.get(name, "") for name in FACETS}
    chosen = {name: value for name, value in asked.items() if value}
    q = " ".join(page.query.get("q", "").split())[:LONGEST]
    found = await page.api.get("/v1/me/forum/search", q=q, cursor=page.query.get("cursor"), limit=ON_A_PAGE, **chosen)
    runs = {each["run_id"] for each in found["items"]} | {each["value"] for each in found["facets"]["run"]}
    titles, units = await asyncio.gather(titles_of(page, runs), _units(page, chosen))
    return page.html(
        "learn/forum-search.html",
        found=found.body,
        q=q,
        chosen=chosen,
        choices={name: found["facets"][facet] for name, facet in CHOICES.items()},
        titles=titles,
        units=units,
        address=lambda **changed: _address({"q": q, **chosen, **changed}),
        place=place_of,
        position=found.position,
    )


async def _units(page: Page, chosen: Mapping[str, str]) -> dict[str, str]:
    """The titles of the units of the run that was chosen; ids of units mean something within a run alone."""
    if "run_id" not in chosen:
        return {}
    run = (await page.api.get("/v1/runs/{}", chosen["run_id"])).body
    version = await page.api.get("/v1/courses/{}/versions/{}", run["course_id"], str(run["course_version"]))
    return {unit["unit_id"]: unit["title"] for unit in version["units"]}


def place_of(found: Mapping[str, Any]) -> str:
    """The address of a post that was found, on the desk on which its reader has the run."""
    desk, after = "teach" if found["staff"] else "learn", max(0, found["post_no"] - BEFORE)
    query = f"?after={after}" if after else ""
    return f"/{desk}/runs/{found['run_id']}/forum/{found['thread_id']}{query}#post-{found['post_no']}"


def _address(values: Mapping[str, str]) -> str:
    return "/learn/forum?" + urlencode({name: value for name, value in values.items() if value})
