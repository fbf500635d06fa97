"""Signing in by a provider in a real browser: to the provider's page and back, connecting, and the second factor."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from time import time

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from adapters.embedded.secrets import free_port
from adapters.mail.inbox import Inbox
from tests.browser.test_sign_in import Place, add_app, give_password, register
from tests.conftest import migrated
from tests.support.api import workers
from tests.support.api_process import serving
from tests.support.browser import Visitor, reviewed
from tests.support.payments import dispatching
from tests.support.provider import Provider, listening
from tests.support.servers import Servers

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def school(browser: Browser) -> AsyncIterator[Provider]:
    """A provider."""
    async with listening(Provider()) as provider:
        yield provider


@pytest_asyncio.fixture(loop_scope="session")
async def place(school: Provider, servers: Servers, tmp_path: Path) -> AsyncIterator[Place]:
    """A campus at `localhost` with a provider."""
    inbox, port = Inbox(), free_port()
    async with AsyncExitStack() as stack:
        smtp, url = await stack.enter_async_context(inbox.listening(0)), f"http://localhost:{port}"
        there = {"smtp_url": f"smtp://127.0.0.1:{smtp}", "public_url": url}
        settings = migrated(servers).model_copy(update=there | {"oidc_providers": json.dumps([school.settings()])})
        log = stack.enter_context((tmp_path / "api.log").open("wb"))
        stack.enter_context(workers(settings))
        stack.enter_context(serving(settings, log.fileno(), port))
        await stack.enter_async_context(dispatching(settings))
        yield Place(url, inbox)


async def by_school(page: Page, place: Place, person: str) -> None:
    """Sign in by the button, on the provider's page, and back."""
    await page.context.clear_cookies()
    await page.goto(f"{place.url}/signin?next=/account/connected")
    await page.get_by_role("button", name="School").click()
    await page.get_by_role("link", name=f"I am {person}").click()


async def test_a_person_signs_in_by_a_provider(school: Provider, place: Place, visitor: Visitor) -> None:
    """A new account, which proves there that its person is there; another is connected; the second factor follows."""
    visitor.expected = {403, 409, 503}
    page = await register(visitor, place)
    await page.context.clear_cookies()
    await page.goto(f"{place.url}/signin")
    await reviewed(page, "sign-in-with-a-provider")
    await by_school(page, place, "grace")
    await expect(page).to_have_url(f"{place.url}/account/connected")
    await expect(page.locator("main li")).to_contain_text("School Grace")
    await reviewed(page, "connected")
    school.claims = {"auth_time": int(time())}
    await page.goto(f"{place.url}/confirm?next=/account/connected")
    await reviewed(page, "confirm-at-a-provider")
    await page.get_by_role("button", name="School").click()
    await page.get_by_role("link", name="I am grace").click()
    await expect(page).to_have_url(f"{place.url}/account/connected")
    await page.get_by_role("button", name="Disconnect").click()
    await expect(page.locator("main")).to_contain_text("only way to sign in")
    await page.goto(place.url)
    await page.locator("header details summary").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_title("School: signed out")
    assert page.url.startswith(f"{school.issuer}/logout?")
    await page.get_by_role("link", name="Back").click()
    await expect(page).to_have_url(f"{place.url}/signin")

    school.person = "ada"
    await give_password(page, place)
    await page.get_by_role("link", name="Connected sign-ins").click()
    await page.get_by_role("button", name="Connect: School").click()
    await page.get_by_role("link", name="I am ada").click()
    await expect(page.locator("main li")).to_contain_text("School Ada")
    codes = await add_app(page, place)
    await by_school(page, place, "ada")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")
    await page.get_by_label("The code that your app shows").fill(codes[0])
    await page.get_by_role("button", name="Go on").click()
    await expect(page).to_have_url(f"{place.url}/account/connected")

    school.claims = {"nonce": "another"}
    await by_school(page, place, "ada")
    await expect(page.get_by_role("alert").first).to_contain_text("School could not sign you in here")
    await reviewed(page, "provider-refused")
