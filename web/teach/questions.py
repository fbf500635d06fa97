"""How the questions of a quiz do: facility, discrimination, options, and what is remarkable about them."""

import asyncio

from fastapi import Response

from web.page import Page
from web.routing import Pages
from web.teach.shared import run_of

pages = Pages()


@pages.get("/teach/runs/{run_id}/questions")
async def quizzes_page(page: Page) -> Response:
    """The quizzes of the run."""
    run, quizzes = await asyncio.gather(
        run_of(page),
        page.api.read("/v1/runs/{}/quizzes", page.parts["run_id"], limit=200, cursor=page.query.get("cursor")),
    )
    return page.html(
        "teach/questions.html", run=run.body, quizzes=quizzes["items"], next=quizzes["next"], position=quizzes.position
    )


@pages.get("/teach/runs/{run_id}/questions/{quiz_id}")
async def statistics_page(page: Page) -> Response:
    """One quiz, of the version that was asked for or the latest."""
    run, figures = await asyncio.gather(
        run_of(page),
        page.api.read("/v1/quizzes/{}/item-statistics", page.parts["quiz_id"], version=page.query.get("version")),
    )
    return page.html("teach/statistics.html", run=run.body, figures=figures.body, position=figures.position)
