"""An author writes a course and a question by keyboard, and sees them as learners will; all can use the pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from adapters.embedded.secrets import free_port
from tests.conftest import migrated
from tests.support.api import Campus, every_read_model, workers
from tests.support.api_process import serving
from tests.support.browser import SIZES, accessibility, reviewed, visiting
from tests.support.polling import PATIENCE
from tests.support.servers import Servers

pytestmark = [pytest.mark.slow, pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]
expect.set_options(timeout=PATIENCE * 1_000)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(browser: Browser, servers: Servers, tmp_path: Path) -> AsyncIterator[tuple[str, Campus]]:
    """A campus at `localhost` with a course and a run with a quiz; without a browser none is started."""
    port = free_port()
    url = f"http://localhost:{port}"
    settings = migrated(servers).model_copy(update={"public_url": url})
    with (tmp_path / "api.log").open("wb") as log, serving(settings, log.fileno(), port), workers(settings):
        async with httpx.AsyncClient(base_url=url) as client:
            await every_read_model(client)
            campus = Campus(client)
            await campus.see("/runs", await campus.open_run())
            yield url, campus


async def _press(page: Page, name: str) -> None:
    """Reach a button by its focus, and press Enter on it."""
    button = page.get_by_role("button", name=name, exact=True).first
    await button.focus()
    await page.keyboard.press("Enter")


async def _usable(page: Page, name: str) -> None:
    """By all, in both themes."""
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    await reviewed(page, f"author-{name}")
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert await accessibility(page) == [], (name, "dark")


async def _drags(page: Page) -> None:
    """A second unit goes before the first one by mouse, below it by keyboard, and before it once more by a finger."""
    await page.get_by_role("link", name="Add a unit").click()
    await page.get_by_label("Title").fill("Go on here")
    await _press(page, "Save in the draft")
    units, first, second = page.locator("[data-drag]"), page.locator("#at-begin-here"), page.locator("#at-go-on-here")
    await expect(units.nth(1)).to_contain_text("Go on here")
    await expect(page.locator("html.can-drag")).to_be_attached()  # the script has run
    await second.drag_to(first, target_position={"x": 30, "y": 4})
    await expect(page.get_by_text("course_draft.unit_moved")).to_be_visible()
    await expect(units.first).to_contain_text("Go on here")
    await _press(page, "Down: Go on here")
    await expect(units.first).to_contain_text("Begin here")
    await expect(second.get_by_role("button", name="Up: ")).to_be_focused()  # it is the last: no button leads down
    await _touched(page, second.locator(".drag-grip"), first)
    await expect(units.first).to_contain_text("Go on here")


async def _touched(page: Page, grip: Locator, above: Locator) -> None:
    """A finger takes a grip and lets it go above an entry."""
    await grip.scroll_into_view_if_needed()
    start, end = await grip.bounding_box(), await above.bounding_box()
    assert start is not None
    assert end is not None
    x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] / 2
    device = await page.context.new_cdp_session(page)
    for kind, at in (("touchStart", y), ("touchMove", y - 20), ("touchMove", end["y"] + 4)):
        await device.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": at}]})
    await device.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


async def test_an_author_writes_a_course_and_asks(desk: tuple[str, Campus], browser: Browser) -> None:
    """The text is shown while it is typed; axe-core finds nothing on the pages, in both themes, narrow or wide."""
    url, campus = desk
    head = {"origin": url, "sec-fetch-site": "same-origin"}
    async with visiting(browser) as visitor:
        await visitor.context.request.post(f"{url}/v1/dev/session", data={"person": "admin"}, headers=head)
        page = await visitor.open(f"{url}/teach/courses")
        await page.get_by_role("textbox", name="Title", exact=True).fill("Ring theory")
        await _press(page, "Make it")
        await expect(page.get_by_text("The course is made.")).to_be_visible()
        await _usable(page, "course")
        await page.get_by_role("link", name="Add a unit").click()
        await page.get_by_role("textbox", name="Title", exact=True).fill("Begin here")
        await page.get_by_label("Text in Markdown").fill("A *ring* has two operations.")
        await expect(page.locator("#text-preview em")).to_have_text("ring")  # no button was pressed
        await _usable(page, "unit")
        await _press(page, "Save in the draft")
        await expect(page.get_by_text("course_draft.unit_added")).to_be_visible()
        await _drags(page)
        run = f"{url}/teach/runs/{campus.run}"
        await page.goto(f"{url}/teach/banks")
        await page.get_by_role("textbox", name="Title", exact=True).fill("Groups")
        await _press(page, "Make it")
        await expect(page.get_by_text("The bank is made.")).to_be_visible()  # another address would cut the form off
        await page.goto(f"{url}/teach/banks/groups/new?kind=true_false")
        await page.get_by_label("Text", exact=True).fill("Is every field a ring?")
        await page.get_by_label("true", exact=True).check()
        await _press(page, "Save")
        await expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
        await expect(page.get_by_role("heading", name="As learners will see it")).to_be_visible()
        for name, address in (
            ("courses", f"{url}/teach/courses"), ("policy", f"{url}/teach/courses/ring-theory/policy"),
            ("diff", f"{url}/teach/courses/{campus.course}/diff?from=1&to=1"), ("banks", f"{url}/teach/banks/groups"),
            ("plan", f"{run}/plan"), ("run", f"{url}/teach/courses/{campus.course}/new-run"),
            ("quiz", f"{run}/quizzes/{campus.quiz}"), ("regrades", f"{run}/quizzes/{campus.quiz}/regrades"),
            ("item", f"{run}/quizzes/{campus.quiz}/regrades/items/i1"), ("appeals", f"{run}/appeals"),
        ):  # fmt: skip
            await page.goto(address)
            await _usable(page, name)
        for kind in ("multiple_choice", "numeric", "matching", "cloze", "essay"):
            await page.set_viewport_size(SIZES["wide"])
            await page.goto(f"{url}/teach/banks/groups/new?kind={kind}")
            assert await accessibility(page) == [], kind
