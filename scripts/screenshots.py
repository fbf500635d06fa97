"""
`make screenshots`: pictures of the pages, on a sample campus of its own that ends with it.

    docs/tour/        what docs/tour.md shows, along the walk of the five sample people (tests/support/walks.py); a name
                      that ends with `-dark` or `-narrow` is the same sight in that theme or in a narrow window
    build/pictures/   every kind of page, in two themes and three widths, to be looked at; git ignores it

Needs Chromium (Debian: `apt-get install --no-install-recommends chromium`). `--tour` leaves the second part out.
"""

import asyncio
import base64
import re
import sys
from pathlib import Path

from playwright.async_api import Browser, Page

from tests.support import walks
from tests.support.browser import chromium
from tests.support.campus_up import RunningCampus, sample_campus
from tests.support.page_kinds import VISITOR, found
from tests.support.stranger import Stranger

ROOT = Path(__file__).parent.parent
TOUR, PAGE = ROOT / "docs" / "tour", ROOT / "docs" / "tour.md"
PICTURES = ROOT / "build" / "pictures"
NAMES = re.compile(r"\(tour/([\w-]+)\.webp\)")
WIDTHS = {320: 740, 768: 1_024, 1_280: 800}
WIDE, NARROW = 1_280, 320
DRAWN = "scrollTo(0, 0), new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
QUALITY = 60  # of 100
LIGHT, DARK = "light", "dark"
ROLES = ("learner", "instructor", "auditor", "analyst", "admin")


async def take(page: Page, file: Path, width: int, theme: str) -> None:
    """A picture of what the window shows."""
    await page.emulate_media(color_scheme="dark" if theme == DARK else "light", reduced_motion="reduce")
    await page.set_viewport_size({"width": width, "height": WIDTHS[width]})
    await page.evaluate(DRAWN)
    session = await page.context.new_cdp_session(page)
    taken = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    await session.detach()
    await asyncio.to_thread(file.write_bytes, base64.b64decode(taken["data"]))


async def look(page: Page, name: str) -> None:
    """Take those pictures of a sight that the tour shows."""
    shown = set(NAMES.findall(PAGE.read_text("utf-8")))
    for ending, width, theme in (("", WIDE, LIGHT), ("-dark", WIDE, DARK), ("-narrow", NARROW, DARK)):
        if f"{name}{ending}" in shown:
            await take(page, TOUR / f"{name}{ending}.webp", width, theme)
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": WIDE, "height": WIDTHS[WIDE]})


async def tour(running: RunningCampus, browser: Browser, url: str) -> dict[str, list[str]]:
    """The walk; where pages are that no link leads to any more."""
    people = dict[str, Stranger]()
    for role in ROLES:
        context = await browser.new_context(viewport={"width": WIDE, "height": WIDTHS[WIDE]}, reduced_motion="reduce")
        people[role] = Stranger(await context.new_page(), url, running.data_dir, look)
    left = await walks.all_of_it(people)
    for each in people.values():
        await each.page.context.close()
    return left


async def every_page(browser: Browser, url: str, left: dict[str, list[str]]) -> None:
    """Every kind of page in all themes and widths."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    pages, _ = await found(url, left)
    for person in sorted({each.person for each in pages}):
        context = await browser.new_context(reduced_motion="reduce")
        if person != VISITOR:
            head = {"origin": url, "sec-fetch-site": "same-origin"}
            await context.request.post(f"{url}/v1/dev/session", data={"person": person}, headers=head)
        page = await context.new_page()
        for each in (each for each in pages if each.person == person):
            await page.goto(f"{url}{each.path}")
            name = re.sub(r"\W+", "-", each.kind).strip("-") or "landing"
            for width in WIDTHS:
                for theme in (LIGHT, DARK):
                    await take(page, PICTURES / f"{name}-{width}-{theme}.webp", width, theme)
        await context.close()


async def main() -> None:
    """Start the campus, walk, and end it."""
    TOUR.mkdir(exist_ok=True)
    with sample_campus() as running:
        url = f"http://localhost:{running.port}"
        async with chromium() as browser:
            left = await tour(running, browser, url)
            if "--tour" not in sys.argv:
                await every_page(browser, url, left)


if __name__ == "__main__":
    asyncio.run(main())
