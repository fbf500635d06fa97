"""
Everyone can use every page of a sample campus: axe, narrow windows, 400 % zoom, forced colours, and nothing that moves.

Pages are found by following links (tests/support/page_kinds.py), so that a new one is looked at without being named.
"""

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.support.browser import Visitor, accessibility, overflow, visiting
from tests.support.campus_up import sample_campus
from tests.support.page_kinds import VISITOR, Found, found

pytestmark = [
    pytest.mark.slow, pytest.mark.processes, pytest.mark.servers, pytest.mark.asyncio(loop_scope="session"),
]  # fmt: skip
RUNNING = "CAMPUSLOG_PAGES_OF"
"""A variable with the address of a sample campus that runs already, to look at its pages."""
SEES = 60  # kinds of pages that links lead to, at least
MOST_SHIFT = 0.01  # of the window; a large table that comes in two parts has moved by less
SHIFTS = """
window.campusShift = 0;
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) if (!each.hadRecentInput) campusShift += each.value;
}).observe({type: 'layout-shift', buffered: true});
window.campusPaint = 0;
new PerformanceObserver((list) => { for (const each of list.getEntries()) campusPaint = each.startTime; })
  .observe({type: 'largest-contentful-paint', buffered: true});
"""
SLOWER = 4  # times, the processor
HEAVY = (
    ("learner", "/learn"),
    ("learner", "/courses"),
    ("instructor", "/teach"),
    ("instructor", "/teach/runs/MATH-101-1/gradebook"),
    ("auditor", "/audit"),
    ("auditor", "/audit/learners/sample-learner"),
    ("analyst", "/analyze"),
    ("analyst", "/analyze/facts"),
    ("admin", "/admin"),
    ("admin", "/admin/people"),
)
"""The first page of each desk, and its largest."""


@pytest.fixture(scope="module")
def url(browser: Browser) -> Iterator[str]:
    """Where the sample campus answers; without a browser none is started."""
    if there := os.environ.get(RUNNING):
        yield there
        return
    with sample_campus() as running:
        yield f"http://localhost:{running.port}"


async def signed_in(visitor: Visitor, url: str, person: str) -> Page:
    """A tab of a person, or of a visitor, in which pages count how they move."""
    await visitor.context.add_init_script(SHIFTS)
    if person != VISITOR:
        head = {"origin": url, "sec-fetch-site": "same-origin"}
        await visitor.context.request.post(f"{url}/v1/dev/session", data={"person": person}, headers=head)
    return await visitor.context.new_page()


async def _findings(page: Page, url: str, theme: Any) -> AsyncIterator[str]:
    """What is wrong with a page in a theme."""
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce", forced_colors="none")
    await page.set_viewport_size({"width": 1_280, "height": 900})
    await page.goto(url)
    moved = await page.evaluate("campusShift")
    if moved > MOST_SHIFT:
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
            page = await signed_in(visitor, url, person)
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


async def test_no_page_moves_on_a_slow_machine(url: str, browser: Browser) -> None:
    """The first and the largest page of each desk, with a quarter of the processor; says how soon they are painted."""
    moved = dict[str, float]()
    for person, path in HEAVY:
        async with visiting(browser) as visitor:
            page = await signed_in(visitor, url, person)
            session = await visitor.context.new_cdp_session(page)
            await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            await page.goto(f"{url}{path}")
            moved[path] = await page.evaluate("campusShift")
            print(f"{path}: largest paint after {await page.evaluate('campusPaint'):.0f} ms")  # noqa: T201 - a figure for people
            await page.goto("about:blank")
    assert {path: shift for path, shift in moved.items() if shift > MOST_SHIFT} == {}
