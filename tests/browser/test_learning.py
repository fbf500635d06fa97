"""A learner finds a course, takes it and goes through its units, by keyboard alone; every page can be used by all."""

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
from tests.support.browser import Visitor, reviewed
from tests.support.polling import PATIENCE
from tests.support.servers import Servers

pytestmark = [pytest.mark.slow, pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]
expect.set_options(timeout=PATIENCE * 1_000)


@pytest_asyncio.fixture(loop_scope="session")
async def place(browser: Browser, servers: Servers, tmp_path: Path) -> AsyncIterator[str]:
    """A campus at `localhost` with a course; without a browser none is started."""
    port = free_port()
    url = f"http://localhost:{port}"
    settings = migrated(servers).model_copy(update={"public_url": url})
    with (tmp_path / "api.log").open("wb") as log, serving(settings, log.fileno(), port), workers(settings):
        async with httpx.AsyncClient(base_url=url) as client:
            await every_read_model(client)
            campus = Campus(client)
            await campus.see("/runs", await campus.open_run())
            yield url


async def press(page: Page, control: Locator) -> None:
    """Reach a control by its focus, and press Enter on it."""
    await control.focus()
    await expect(control).to_be_focused()
    await page.keyboard.press("Enter")


async def test_a_learner_finds_takes_and_goes_through_a_course(place: str, visitor: Visitor) -> None:
    """From the catalog to the last unit; the home page shows what was done without being asked again."""
    url = place  # set up before the visitor, who so leaves before it ends
    head = {"origin": url, "sec-fetch-site": "same-origin"}
    await visitor.context.request.post(f"{url}/v1/dev/session", data={"person": "learner"}, headers=head)
    page = await visitor.open(f"{url}/courses")
    await reviewed(page, "catalog")
    await page.get_by_role("searchbox").focus()
    await page.keyboard.type("algabra")
    await page.keyboard.press("Enter")
    await press(page, page.get_by_role("link", name="Algebra"))
    await reviewed(page, "course")
    await press(page, page.get_by_role("button", name="Take part"))
    await expect(page.get_by_text("Your place was asked for.")).to_be_visible()
    home = await visitor.open(f"{url}/learn")
    await expect(home.get_by_role("heading", name="Begin here")).to_be_visible()
    await reviewed(home, "learn")
    await press(page, page.get_by_role("link", name="Go on learning"))
    await expect(page.get_by_role("heading", name="Algebra")).to_be_visible()
    await reviewed(page, "run")
    await press(page, page.get_by_role("link", name="Begin", exact=True))
    await reviewed(page, "unit")
    await press(page, page.get_by_role("button", name="Done, go on"))
    await expect(page.get_by_role("link", name="To the quiz")).to_be_visible()
    await expect(home.get_by_role("heading", name="Equations")).to_be_visible()
    await page.goto(f"{url}/learn/orders")
    await reviewed(page, "orders")
