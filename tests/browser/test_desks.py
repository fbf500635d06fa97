"""The desks of analysts and auditors in a real browser: by keyboard alone, and for everyone, in both themes."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from adapters.embedded.secrets import free_port
from adapters.postgres.analytics import refresh
from adapters.postgres.connection import connect
from adapters.settings import Settings
from tests.conftest import migrated
from tests.support.api import Campus, every_read_model, workers
from tests.support.api_process import serving
from tests.support.browser import Visitor, reviewed, visiting
from tests.support.polling import until
from tests.support.servers import Servers

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def desk(browser: Browser, servers: Servers, tmp_path: Path) -> AsyncIterator[tuple[str, Campus]]:
    """The address of a campus with a learner who has appealed, and views for analysts."""
    port = free_port()
    url = f"http://localhost:{port}"
    settings = migrated(servers).model_copy(update={"public_url": url, "dev_login": True})
    with (tmp_path / "api.log").open("wb") as log, workers(settings), serving(settings, log.fileno(), port):
        async with httpx.AsyncClient(base_url=url) as client:
            campus = Campus(client)
            await every_read_model(client)
            await campus.begin()
            outcome = {"run_id": campus.run, "learner_id": campus.learner, "outcome": "fail", "reason": "copied"}
            await campus.send("/progress/outcomes", outcome, user="instructor")
            await campus.send("/progress/appeals", {"run_id": campus.run, "words": "I did not"})
            await _have_views(settings)
            yield url, campus


async def _have_views(settings: Settings) -> None:
    async with await connect(settings, application="test") as connection:

        async def are_made() -> bool:
            return await refresh(connection, settings) == []

        await until(are_made)


async def sign_in(visitor: Visitor, url: str, person: str) -> Page:
    """A sample person, by the button of the page for signing in."""
    page = await visitor.open(f"{url}/signin")
    await page.locator(f'button[value="{person}"]').press("Enter")
    await page.wait_for_url(lambda address: "/signin" not in address)
    return page


async def everyone_can_use(page: Page, url: str, address: str, name: str) -> None:
    """In both themes; keeps pictures."""
    for theme in ("light", "dark"):
        await page.context.add_cookies([{"name": "campus-theme", "value": theme, "url": url}])
        await page.goto(f"{url}{address}")
        await reviewed(page, f"{name}-{theme}")


async def test_an_analyst_asks_in_sql_by_keyboard(desk: tuple[str, Campus], visitor: Visitor) -> None:
    """Ctrl Enter asks; an error takes the focus to the statement; every page of the desk is for everyone."""
    visitor.expected = {404, 422}
    url, _ = desk
    page = await sign_in(visitor, url, "analyst")
    await page.goto(f"{url}/analyze/sql")
    statement = page.get_by_label("One query")
    await statement.focus()
    await page.keyboard.type("SELECT type, count(*) AS facts FROM facts GROUP BY type ORDER BY 2 DESC")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#answer-table")).to_contain_text("run.scheduled")
    await page.locator("#chart").select_option("bars")
    await page.get_by_role("button", name="Ask and draw").press("Enter")
    await expect(page.locator(".chart-svg")).to_be_visible()
    await reviewed(page, "analyze-sql-answer")
    await page.locator("#name").fill("Facts by type")
    await page.get_by_role("button", name="Save", exact=True).press("Enter")
    await expect(page.get_by_role("heading", name="Facts by type")).to_be_visible()
    saved = page.url.removeprefix(url)
    await statement.fill("SELECT no_such FROM facts")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_label("Where it is wrong")).to_contain_text("^")
    await expect(statement).to_be_focused()
    async with page.expect_download() as download:
        await statement.fill("SELECT 1 AS one")
        await page.get_by_role("button", name="CSV").press("Enter")
    assert (await (await download.value).path()).read_text() == '"one"\n1\n'
    pages = {
        "analyze-home": "/analyze", "analyze-sql": "/analyze/sql", "analyze-saved": saved,
        "analyze-projection": "/analyze/projections/gradebook", "analyze-facts": "/analyze/facts",
        "analyze-fact": "/analyze/facts/attempt.graded", "analyze-lineage": "/analyze/lineage",
        "analyze-lineage-fact": "/analyze/lineage/facts/attempt.graded",
        "analyze-lineage-projection": "/analyze/lineage/projections/gradebook?table=gradebook",
        "analyze-jobs": "/analyze/jobs",
    }  # fmt: skip
    for name, address in pages.items():
        await everyone_can_use(page, url, address, name)


async def test_a_dispute_is_settled_by_keyboard(desk: tuple[str, Campus], browser: Browser, visitor: Visitor) -> None:
    """From the dispute to the evidence, and an admin answers it; every page of the desk is for everyone."""
    url, campus = desk
    page = await sign_in(visitor, url, "auditor")
    await page.goto(f"{url}/audit/disputes")
    await page.get_by_role("link", name=campus.learner).press("Enter")
    await page.get_by_role("link", name="The learner through time").press("Enter")
    await page.locator("#step-back").press("Enter")
    await expect(page.locator("#step-on")).to_be_visible()
    line = page.url.removeprefix(url)
    dispute = f"/audit/disputes/{campus.learner}/{campus.run}/1"
    pages = {
        "audit-home": "/audit", "audit-disputes": "/audit/disputes", "audit-dispute": dispute, "audit-line": line,
        "audit-why": f"/audit/why?view=learner_dashboard&key={campus.learner}&field=courses/{campus.run}/outcome",
    }  # fmt: skip
    for name, address in pages.items():
        await everyone_can_use(page, url, address, name)
    async with visiting(browser) as other:
        admin = await sign_in(other, url, "admin")
        await admin.goto(f"{url}{dispute}")
        await admin.get_by_label("Yes").press("Space")
        await admin.get_by_label("Outcome from now on").select_option("pass")
        await admin.get_by_label("Answer to the learner").fill("You are right.")
        await admin.get_by_role("button", name="Settle").press("Enter")
        await expect(admin.get_by_text("The outcome is now:")).to_be_visible()
        await reviewed(admin, "audit-settled")
