"""
Everyone can use every page of a sample campus: axe, narrow windows, 400 % zoom, forced colours, and nothing that moves.

Pages are found by following links (tests/support/page_kinds.py), so that a new one is looked at without being named.
"""

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.support.browser import accessibility, overflow, visiting
from tests.support.campus_up import sample_campus
from tests.support.page_kinds import Found, found
from tests.support.painting import HEAVY, SHIFT, painted, signed_in

pytestmark = [
    pytest.mark.slow, pytest.mark.processes, pytest.mark.servers, pytest.mark.asyncio(loop_scope="session"),
]  # fmt: skip
RUNNING = "CAMPUSLOG_PAGES_OF"
"""A variable with the address of a sample campus that runs already, to look at its pages."""
SEES = 60  # kinds of pages that links lead to, at least
MOST_SHIFT = 0.003  # of the window: some pixels, where the font comes a moment late on a busy machine
MOST_BYTES = 150_000  # of a first load
STYLES = "campus."  # how the name of the one file begins without which nothing is painted


@pytest.fixture(scope="module")
def url(browser: Browser) -> Iterator[str]:
    """Where the sample campus answers; without a browser none is started."""
    if there := os.environ.get(RUNNING):
        yield there
        return
    with sample_campus() as running:
        yield f"http://localhost:{running.port}"


async def _findings(page: Page, url: str, theme: Any) -> AsyncIterator[str]:
    """What is wrong with a page in a theme."""
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce", forced_colors="none")
    await page.set_viewport_size({"width": 1_280, "height": 900})
    await page.goto(url)
    if (moved := await page.evaluate(SHIFT)) >= MOST_SHIFT:
        yield f"{theme} {url} moves by {moved:.3f}"
    for each in await accessibility(page):
        yield f"{theme} {url}: {each}"
    await page.set_viewport_size({"width": 320, "height": 256})  # as 1280 x 1024 at 400 %
    if (wide := await overflow(page)) > 0:
        yield f"{theme} {url} is {wide} pixels wider than a narrow window"
    await page.emulate_media(color_scheme=theme, forced_colors="active")
    if (wide := await overflow(page)) > 0:
        yield f"{theme} {url} is {wide} pixels wider in forced colours"


async def _looked_at(browser: Browser, url: str, pages: list[Found], theme: str) -> list[str]:
    wrong = list[str]()
    for person in sorted({each.person for each in pages}):
        async with visiting(browser) as visitor:
            page = await signed_in(visitor.context, url, person)
            for each in (each for each in pages if each.person == person):
                wrong += [fault async for fault in _findings(page, f"{url}{each.path}", theme)]
            await page.goto("about:blank")
    return wrong


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_everyone_can_use_every_page(url: str, browser: Browser, theme: str) -> None:
    """axe finds nothing, nothing moves, and neither 320 px, or 400 %, nor forced colours need scrolling to the side."""
    pages, _ = await found(url, {})
    assert len(pages) >= SEES
    assert await _looked_at(browser, url, pages, theme) == []


@pytest.mark.parametrize(("person", "path"), HEAVY)
async def test_a_page_is_painted_at_once(url: str, browser: Browser, person: str, path: str) -> None:
    """With a quarter of the processor, nothing of it moves; it waits for one file, and a first load is small."""
    found = await painted(browser, url, person, path)
    assert found.largest_ms is not None
    print(f"{path}: largest paint after {found.largest_ms:.0f} ms")  # noqa: T201 - a figure for people
    assert found.shift < MOST_SHIFT, found.moved
    assert [name.rpartition("/")[2].startswith(STYLES) for name in found.blocking] == [True]
    assert found.load_bytes <= MOST_BYTES
