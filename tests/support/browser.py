"""
A real browser for tests: Debian's Chromium, driven by Playwright; one for each worker process, a profile for each test.

Playwright's objects belong to the loop in which they were made, and the browser outlives a test: tests with a browser
run in the loop of the session (`pytest.mark.asyncio(loop_scope="session")`), and so do their fixtures.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, BrowserContext, Page, Request, Response, ViewportSize, async_playwright

from tests.support.polling import PATIENCE

NEEDED = "CAMPUSLOG_BROWSER_NEEDED"
"""A variable; where it is set, a browser that is missing fails the tests instead of skipping them."""
PICTURES = "CAMPUSLOG_PICTURES"
"""A variable with a folder, for pictures of the pages that tests have looked at."""
MISSING = "there is no Chromium on this machine: install it with `apt-get install --no-install-recommends chromium`"
FLAGS = (
    "--disable-background-networking", "--disable-component-update", "--disable-gpu", "--disable-quic",
    "--disable-sync", "--no-first-run",
    "--no-sandbox",  # which works neither for root nor in most containers; these are our own pages
)  # fmt: skip
SIZES: dict[str, ViewportSize] = {"narrow": {"width": 360, "height": 740}, "wide": {"width": 1_280, "height": 900}}
"""Of windows, in pixels."""


def executable() -> str:
    """Chromium's path; skips the test where there is none, or fails it where one is needed."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        (pytest.fail if os.environ.get(NEEDED) else pytest.skip)(MISSING)
    return found


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser without a window, until the block ends."""
    path = executable()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=PATIENCE * 1_000)
        try:
            yield browser
        finally:
            await browser.close()


class Visitor:
    """
    A person with a browser of their own, and what went wrong in it.

    Attributes:
        faults: what pages have written to the console as errors, scripts that failed, requests that were refused.
        hosts: to whom requests went.
        expected: the statuses from 400 on that pages may be answered with.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.faults: list[str] = []
        self.hosts: set[str] = set()
        self.expected: set[int] = set()
        context.set_default_timeout(PATIENCE * 1_000)
        context.on("console", lambda message: self._note(message.type == "error", message.text))
        context.on("weberror", lambda error: self._note(True, str(error.error)))
        context.on("request", self._see)
        context.on("requestfailed", lambda request: self._note(not _left(request), f"{request.url} {request.failure}"))
        context.on("response", self._answered)

    def _note(self, wrong: bool, text: str) -> None:  # noqa: FBT001
        if wrong and not text.startswith("Failed to load resource"):  # `_answered` has its status
            self.faults.append(text)

    def _see(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.hosts.add(urlsplit(request.url).netloc)

    def _answered(self, response: Response) -> None:
        self._note(response.status >= 400 and response.status not in self.expected, f"{response.status} {response.url}")

    async def open(self, address: str) -> Page:
        """A new tab."""
        page = await self.context.new_page()
        await page.goto(address)
        return page


def _left(request: Request) -> bool:
    """Whether a request was given up because its page was left, as with a page that asks again by itself."""
    return request.failure == "net::ERR_ABORTED"


@asynccontextmanager
async def visiting(browser: Browser, **more: Any) -> AsyncIterator[Visitor]:
    """A visitor with a fresh profile; when the block ends without an error, nothing may have gone wrong in it."""
    context = await browser.new_context(**{"viewport": SIZES["wide"], **more})
    visitor = Visitor(context)
    try:
        yield visitor
    finally:
        await context.close()
    assert visitor.faults == [], visitor.faults


async def reviewed(page: Page, name: str) -> None:
    """Everyone can use the page: no window is too narrow for it, and axe-core finds nothing; keep pictures of it."""
    await pictured(page, name)
    found = await accessibility(page)
    assert not found, "\n".join((page.url, *found))


async def pictured(page: Page, name: str) -> None:
    """No window is too narrow for the page; keep pictures of it."""
    for width, size in SIZES.items():
        await page.set_viewport_size(size)
        if pictures := os.environ.get(PICTURES):
            await page.screenshot(path=Path(pictures) / f"{name}-{width}.png", full_page=True)
        assert await overflow(page) <= 0, (page.url, width)


async def accessibility(page: Page) -> list[str]:
    """What axe-core finds on a page: WCAG 2.2 AA and its best practices; each finding with its place."""
    violations = (await Axe().run(page)).response["violations"]
    return [f"{each['id']}: {node['target']} {node['html'][:200]}" for each in violations for node in each["nodes"]]


async def overflow(page: Page) -> int:
    """How many pixels a page is wider than its window."""
    wide: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide
