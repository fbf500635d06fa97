"""The gradebook of thousands in a real browser: rows around what is seen, keys, and pages without a script."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.async_api import Browser, Page, Route
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as Address

from tests.support.browser import reviewed, visiting
from web.assets import assets
from web.page import HEADERS
from web.rendering import rendered
from web.words import Reader, languages

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.processes]
HOST, HERE = "http://localhost", "/teach/runs/algebra-1/gradebook"
TOTAL, SIZE, COLUMNS = 5_000, 50, 8
COLUMN = {"unit_id": "u", "kind": "quiz", "due_at": None, "pass_bp": 0}


async def _book(request: Request) -> HTMLResponse:
    """The page, or the rows of one window, as the campus answers with them."""
    skip, is_page = int(request.query_params.get("skip", "0")), not request.url.path.endswith("/rows")
    reader = Reader("en", ZoneInfo("UTC"), datetime(2026, 11, 30, tzinfo=UTC))
    run = {"run_id": "algebra-1", "title": "Algebra", "starts_at": "2026-09-01T00:00:00Z", "ends_at": None}
    items = [_row(number) for number in range(skip, min(skip + SIZE, TOTAL))]
    quizzes = [{**COLUMN, "quiz_id": f"q{no}", "title": f"Quiz {no}"} for no in range(COLUMNS)]
    values: dict[str, Any] = {
        "page": SimpleNamespace(
            theme="",
            notice="",
            here=HERE,
            desks=["teach"],
            user=object(),
            unread=None,
            on_mac=False,
            query={},
            parts={},
        ),
        "languages": languages(),
        "run": run | {"ends_at": "2026-12-24T00:00:00Z", "cohorts": []},
        "matrix": {"total": TOTAL, "assessments": quizzes, "categories": [], "items": items},
        "names": {each["learner_id"]: {"name": f"Name {each['learner_id']}", "erased": False} for each in items},
        "wanted": {"q": "", "status": "", "show": "", "sort": "learner", "quiz_id": "", "order": "asc"},
        "states": ("active",),
        "size": SIZE,
        "query": "sort=learner",
        "skip": skip,
        "position": 1,
        "base": HERE.rpartition("/")[0],
    }
    text = rendered(f"teach/gradebook{'' if is_page else '-rows'}.html", reader, values)
    counted = {"campus-total": str(TOTAL), "campus-columns": str(COLUMNS)}
    return HTMLResponse(text, headers={**HEADERS, **counted})


def _row(number: int) -> dict[str, Any]:
    cell = {"best_bp": 5_000, "late_by": 0, "overridden": False}
    grades = dict.fromkeys(("grade_bp", "grade_so_far_bp"), 5_000) | dict.fromkeys(("letter", "letter_so_far"))
    cells = {f"q{no}": cell for no in range(0, COLUMNS, 2)}
    return {"learner_id": f"{number:05}", "status": "active", "cells": cells, **grades}


@asynccontextmanager
async def book(browser: Browser, query: str = "", **more: Any) -> AsyncIterator[Page]:
    """The page in a fresh profile; what it asks for is answered in this process, by no server."""
    silent = Address("/v1/me/events", lambda _: Response(status_code=204))  # after which a browser asks no more
    app = Starlette(routes=[Address(HERE, _book), Address(f"{HERE}/rows", _book), silent, *assets().routes()])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as client, visiting(browser, **more) as visitor:

        async def answer(route: Route) -> None:
            asked = route.request
            found = await client.get(asked.url, headers={**asked.headers, "accept-encoding": "identity"})
            body = b"" if "/sse." in asked.url else found.content  # only a campus has a stream of events
            await route.fulfill(status=found.status_code, headers=dict(found.headers), body=body)

        await visitor.context.route("**/*", answer)
        yield await visitor.open(f"{HOST}{HERE}{query}")


async def rows(page: Page) -> int:
    """How many rows of learners the page has."""
    return await page.locator("[data-grid] tbody tr[aria-rowindex]").count()


async def test_few_rows_of_thousands_are_in_the_page(browser: Browser) -> None:
    """Wherever it is scrolled to; arrow keys lead to rows that were not drawn; the address leads back to the place."""
    async with book(browser) as page:
        await page.wait_for_selector("[data-grid][data-ready]")
        region = page.locator("[data-grid]")
        for part in (0.1, 0.5, 0.3, 1.0):
            await region.evaluate("(each, part) => each.scrollTop = part * each.scrollHeight", part)
            wanted = min(int(part * TOTAL) + 2, TOTAL + 1)
            await page.wait_for_selector(f'[data-grid] tr[aria-rowindex="{wanted}"]')
            assert await rows(page) <= 3 * SIZE
        await region.evaluate("each => each.scrollTop = 0")
        await page.locator('tr[aria-rowindex="2"] td a').first.focus()
        for key in ("ArrowDown", "ArrowRight", "ArrowRight", "Control+End"):
            await page.keyboard.press(key)
        await page.wait_for_function(
            "row => document.activeElement.closest('tr')?.getAttribute('aria-rowindex') === row", arg=str(TOTAL + 1)
        )
        await page.wait_for_url(f"**skip={TOTAL - SIZE}*")
        assert await rows(page) <= 3 * SIZE
        await reviewed(page, "gradebook")


async def test_without_a_script_the_book_is_pages(browser: Browser) -> None:
    """One window, and links to the next and the one before."""
    async with book(browser, "?skip=50", java_script_enabled=False) as page:
        assert await rows(page) == SIZE
        assert (await page.get_attribute("[rel=next]", "href") or "").endswith("skip=100")
        assert (await page.get_attribute("[rel=prev]", "href") or "").endswith("skip=0")
