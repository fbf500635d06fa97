"""Two browsers hold a conversation: what one writes, the other sees without a reload, and what is typed stays."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from adapters.embedded.secrets import free_port
from tests.conftest import migrated
from tests.support.api import Campus, every_read_model, workers
from tests.support.api_process import serving
from tests.support.browser import Visitor, reviewed, visiting
from tests.support.polling import PATIENCE
from tests.support.servers import Servers

pytestmark = [pytest.mark.slow, pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]
expect.set_options(timeout=PATIENCE * 1_000)


@pytest_asyncio.fixture(loop_scope="session")
async def place(browser: Browser, servers: Servers, tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """A campus at `localhost` with a run; its address, and that run."""
    port = free_port()
    url = f"http://localhost:{port}"
    settings = migrated(servers).model_copy(update={"public_url": url})
    with (tmp_path / "api.log").open("wb") as log, serving(settings, log.fileno(), port), workers(settings):
        async with httpx.AsyncClient(base_url=url) as client:
            await every_read_model(client)
            campus = Campus(client)
            await campus.see("/runs", await campus.open_run())
            yield url, campus.run


async def signed_in(visitor: Visitor, url: str, person: str) -> None:
    """Sign a visitor in as one of the people of a campus that is developed."""
    head = {"origin": url, "sec-fetch-site": "same-origin"}
    await visitor.context.request.post(f"{url}/v1/dev/session", data={"person": person}, headers=head)


async def wrote(page: Page, words: str) -> None:
    """Reply to the first post."""
    await page.locator("#reply-1 summary").click()
    await page.locator("#text-1").fill(words)
    await page.locator("#reply-1").get_by_role("button", name="Post it").click()
    await expect(page.locator("#posts")).to_contain_text(words)


async def test_two_people_talk(place: tuple[str, str], browser: Browser) -> None:
    """Ask, answer, accept: each is seen by the other at once, also while that one types."""
    url, run = place
    async with visiting(browser) as learner, visiting(browser) as teacher:
        await signed_in(learner, url, "learner")
        await signed_in(teacher, url, "admin")
        hers = await learner.open(f"{url}/courses")
        await hers.get_by_role("link", name="Algebra").first.click()
        await hers.get_by_role("button", name="Take part").click()
        await expect(hers.get_by_text("Your place was asked for.")).to_be_visible()
        listing = await teacher.open(f"{url}/teach/runs/{run}/forum")
        await hers.goto(f"{url}/learn/runs/{run}/forum")
        await hers.get_by_text("Ask or discuss something").click()
        await hers.get_by_label("Title").fill("Why is 6 x 7 not 36?")
        await hers.get_by_label("Text").fill("I count $6^2$ rows.")
        await hers.get_by_role("button", name="Post it").click()
        await expect(hers.locator("#posts math")).to_have_count(1)
        await expect(listing.locator("#threads")).to_contain_text("Why is 6 x 7 not 36?")
        await listing.locator("#threads").get_by_role("link", name="Why is 6 x 7 not 36?").click()
        his = listing
        await expect(his.locator("#posts")).to_contain_text("rows.")

        await hers.locator("#reply-1 summary").click()
        await hers.locator("#text-1").fill("Is it about")
        await hers.locator("#text-1").focus()
        await wrote(his, "Count seven of them.")
        await expect(hers.locator("#post-2")).to_contain_text("Count seven of them.")
        await expect(hers.locator("#text-1")).to_have_value("Is it about")
        await expect(hers.locator("#text-1")).to_be_focused()
        await hers.keyboard.type(" rows?")
        await hers.locator("#reply-1").get_by_role("button", name="Post it").click()
        await expect(his.locator("#post-3")).to_contain_text("Is it about rows?")

        await hers.locator("#post-2").get_by_role("button", name="This is the answer").click()
        await expect(his.locator("#post-2")).to_contain_text("Accepted answer")
        await his.locator("#post-3").get_by_role("button", name="This does not help").click()
        await expect(hers.locator("#post-3")).to_contain_text("-1 points")
        await reviewed(hers, "thread")
        await reviewed(his, "thread-of-staff")
