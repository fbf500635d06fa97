"""How far the read models are, what they need, and the figures of the campus."""

import asyncio
from typing import Any

from fastapi import Response

from web.client import Problem
from web.page import Page
from web.routing import Pages

pages = Pages()
RUNS = 8  # with the most enrollments, in the chart
LATEST_JOBS = 5


@pages.get("/analyze")
async def analyze_home(page: Page) -> Response:
    """Read models of now, and figures; drawn again whenever a figure changes."""
    models, jobs, ready, overview, named = await asyncio.gather(
        page.api.get("/v1/projections"),
        page.api.get("/v1/projections/jobs", limit=LATEST_JOBS),
        readiness(page),
        page.api.read("/v1/overview", limit=200),
        page.api.read("/v1/runs", limit=200),
    )
    runs = sorted(overview["runs"], key=lambda run: -run["registrations"])
    return page.html(
        "analyze/home.html",
        models=served(models["items"]),
        jobs=jobs["items"],
        ready=ready,
        campus=overview["campus"],
        sources=overview["sources"],
        runs=runs[:RUNS],
        titles={run["run_id"]: run["title"] for run in named["items"]},
        position=overview.position,
    )


async def readiness(page: Page) -> dict[str, Any]:
    """What the process says of itself; a campus that is not ready says why, and that is what the page shows."""
    try:
        found: dict[str, Any] = (await page.api.get("/readyz")).body
    except Problem as problem:
        if "projections" not in problem.facts:
            raise
        found = dict(problem.facts)
    return found


def served(generations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    A row for each read model: the generation that is served, and `others`, the newer ones beside it.

    One that has never been served is shown by its newest generation.
    """
    rows = []
    for name in dict.fromkeys(each["name"] for each in generations):
        own = [each for each in generations if each["name"] == name]
        main = next((each for each in own if each["status"] == "live"), own[-1])
        others = [each for each in own if each is not main and each["status"] in {"building", "ready"}]
        rows.append(main | {"others": others})
    return rows
