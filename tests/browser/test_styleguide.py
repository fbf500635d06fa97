"""Every component in a real browser: both themes, narrow and wide, with the keyboard, without a script, and offline."""

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

from tests.support.browser import accessibility, overflow, pictured, reviewed, visiting
from tests.support.polling import until
from web.assets import assets
from web.page import HEADERS
from web.rendering import rendered
from web.styleguide import icons
from web.words import Reader, languages

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.processes]
HOST = "http://localhost"


async def _guide(request: Request) -> HTMLResponse:
    """The page of all components, as the campus answers with it."""
    theme, language = request.query_params.get("theme", ""), request.query_params.get("language", "en")
    page = SimpleNamespace(
        theme=theme, notice="", here="/styleguide", desks=["learn"], user=None, unread=None, on_mac=False, query={},
        parts={},
    )  # fmt: skip
    reader = Reader(language, ZoneInfo("UTC"), datetime(2026, 11, 30, tzinfo=UTC))
    values: dict[str, Any] = {"page": page, "languages": languages(), "icons": icons()}
    return HTMLResponse(rendered("styleguide.html", reader, values), headers=HEADERS)


async def _ended(request: Request) -> Response:
    """A stream of events whose session is over."""
    return Response(status_code=401)


async def _nothing_found(request: Request) -> Response:
    """What the dialog for searching shows."""
    return HTMLResponse("<p>Nothing was found</p>")


@asynccontextmanager
async def guide(browser: Browser, query: str = "", **more: Any) -> AsyncIterator[Page]:
    """The page in a fresh profile; what it asks for is answered in this process, by no server."""
    app = Starlette(
        routes=[
            Address("/styleguide", _guide),
            Address("/events", _ended),
            Address("/search", _nothing_found),
            *assets().routes(),
        ]
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as client, visiting(browser, **more) as visitor:

        async def answer(route: Route) -> None:
            asked = route.request
            found = await client.get(asked.url, headers={**asked.headers, "accept-encoding": "identity"})
            await route.fulfill(status=found.status_code, headers=dict(found.headers), body=found.content)

        visitor.expected.add(401)
        await visitor.context.route("**/*", answer)
        yield await visitor.open(f"{HOST}/styleguide{query}")


@pytest.mark.slow
@pytest.mark.parametrize("query", ["?theme=light", "?theme=dark", "?language=de"])
async def test_everyone_can_use_all_components(browser: Browser, query: str) -> None:
    """No window is too narrow from 320 px on, also from right to left, and axe-core finds nothing; keeps pictures."""
    async with guide(browser, query, color_scheme="dark", reduced_motion="reduce") as page:
        await reviewed(page, f"styleguide-{query.partition('=')[2]}")
        for width in (320, 768):
            await page.set_viewport_size({"width": width, "height": 900})
            assert (await overflow(page), await accessibility(page)) == (0, [])
        await page.evaluate("document.documentElement.dir = 'rtl'")
        assert await overflow(page) == 0


@pytest.mark.slow
async def test_forced_colours_show_all_components(browser: Browser) -> None:
    """What charts draw has the colours that a person has chosen; axe-core does not know these."""
    async with guide(browser, forced_colors="active") as page:
        await pictured(page, "styleguide-forced")
        bar = page.locator(".chart-svg .area").first
        assert await bar.evaluate("(bar) => getComputedStyle(bar).fill") == await page.evaluate(
            "(() => { const it = document.body.appendChild(document.createElement('i')); it.style.color = 'CanvasText';"
            " return getComputedStyle(it).color })()"
        )


async def test_the_theme_and_the_zone_are_kept(browser: Browser) -> None:
    """In cookies that the server reads; what the system says holds where nothing is chosen."""
    async with guide(browser, color_scheme="dark", timezone_id="Europe/Berlin") as page:
        ground = "getComputedStyle(document.documentElement).colorScheme"
        assert await page.evaluate(ground) == "dark"
        switch = page.get_by_role("group", name="Theme").first
        await switch.get_by_role("button", name="Light").click()
        assert await page.evaluate(ground) == "light"
        assert await switch.get_by_role("button", name="Light").get_attribute("aria-pressed") == "true"
        kept = {each["name"]: each["value"] for each in await page.context.cookies(HOST)}
        assert kept == {"campus-theme": "light", "campus-zone": "Europe/Berlin"}
        await switch.get_by_role("button", name="As the system").click()
        assert await page.evaluate(ground) == "dark"
        assert {each["name"] for each in await page.context.cookies(HOST)} == {"campus-zone"}


async def test_the_keyboard_reaches_menus_search_and_dialogs(browser: Browser) -> None:
    """Escape closes what is open and gives the focus back; Ctrl K searches."""
    async with guide(browser) as page:
        menu = page.locator("main details[data-menu]")
        await menu.locator("summary").focus()
        await page.keyboard.press("Enter")
        assert await menu.get_attribute("open") is not None
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent.trim()") == "Roster"
        await page.keyboard.press("Escape")
        assert await menu.get_attribute("open") is None
        assert await page.evaluate("document.activeElement.tagName") == "SUMMARY"
        await page.keyboard.press("Control+k")
        assert await page.evaluate("document.activeElement.getAttribute('role')") == "combobox"
        await page.keyboard.press("Escape")
        assert await page.evaluate("document.activeElement.tagName") == "SUMMARY"
        await page.get_by_role("button", name="Open a dialog").press("Enter")
        await page.get_by_role("heading", name="Withdraw from the run?").wait_for()  # as long as it takes
        await page.keyboard.press("Escape")
        await page.get_by_role("heading", name="Withdraw from the run?").wait_for(state="hidden")  # as long as it takes


@pytest.mark.slow
async def test_a_chart_is_read_value_by_value(browser: Browser) -> None:
    """By the arrow keys and by pointing: each value stands below, in the words of the table, and nothing moves."""
    async with guide(browser) as page:
        chart = page.locator(".chart", has_text="Progress of the class")
        box, said = chart.locator(".chart-scroll"), chart.locator(".chart-read")
        before = await chart.bounding_box()
        await box.focus()
        for key, text in (
            ("ArrowRight", "1 Nov: This run 12, The run before 10"),
            ("ArrowRight", "8 Nov: This run 30, The run before 22"),
            ("End", "29 Nov: This run 70, The run before 66"), ("ArrowRight", "29 Nov: This run 70, The run before 66"),
            ("ArrowLeft", "22 Nov: This run 61, The run before 50"), ("Home", "1 Nov: This run 12, The run before 10"),
        ):  # fmt: skip
            await page.keyboard.press(key)
            assert await said.text_content() == text
        assert await chart.locator(".is-read").count() == 2
        bars = page.locator(".chart", has_text="Learners by course")
        await bars.locator("rect[data-at='1']").hover(force=True)
        await bars.locator(".chart-read", has_text="History of art: 96").wait_for()  # as long as it takes
        assert await chart.bounding_box() == before


async def test_a_lost_connection_and_a_session_that_is_over_are_said(browser: Browser) -> None:
    """To the eye and to screen readers; what is worst stays, and what is over goes."""
    async with guide(browser) as page:
        banner, said = page.locator("[data-connection]"), page.locator("#live")

        async def shows(text: str) -> bool:
            return await says(text) and text in (await banner.text_content() or "")

        async def says(text: str) -> bool:
            return text in (await said.text_content() or "")

        await page.context.set_offline(True)
        await until(lambda: shows("You are offline"))
        await page.context.set_offline(False)
        await until(lambda: says("Connected again"))
        await page.evaluate("document.body.dispatchEvent(new CustomEvent('htmx:sseError', {bubbles: true}))")
        await until(lambda: shows("Live updates are interrupted"))
        await page.evaluate("document.body.dispatchEvent(new CustomEvent('htmx:sseOpen', {bubbles: true}))")
        await until(lambda: says("Connected again"))
        await page.evaluate(
            "document.body.dispatchEvent(new CustomEvent('htmx:sseError',"
            " {bubbles: true, detail: {source: {url: '/events'}}}))"
        )
        await until(lambda: shows("You are signed out"))
        assert await banner.get_by_role("link").get_attribute("href") == "/signin?next=/signed-in"


async def test_menus_and_dialogs_need_no_script(browser: Browser) -> None:
    """They open without one; what needs one is not shown."""
    async with guide(browser, java_script_enabled=False) as page:
        await page.locator("main details[data-menu] summary").click()
        await page.get_by_role("link", name="Roster", exact=True).wait_for()  # as long as it takes
        await page.get_by_role("button", name="Open a dialog").click()
        await page.get_by_role("heading", name="Withdraw from the run?").wait_for()  # as long as it takes
        assert await page.locator("[data-theme-choice]").first.is_hidden()
