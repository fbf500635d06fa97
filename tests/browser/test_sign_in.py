"""Signing in by the pages: registration, forgotten password, second factors, passkeys with a virtual machine."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, CDPSession, Page, expect

from adapters.embedded.secrets import free_port
from adapters.mail.inbox import Inbox
from tests.conftest import migrated
from tests.support.api import workers
from tests.support.api_process import serving
from tests.support.browser import Visitor, reviewed
from tests.support.payments import dispatching
from tests.support.polling import PATIENCE, until
from tests.support.servers import Servers

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]
expect.set_options(timeout=PATIENCE * 1_000)
ADA, PASSWORD, NEW = "ada@example.org", "seven green herons", "nine quiet otters"


class Place(NamedTuple):
    """Where a campus answers, and the mails that it has sent."""

    url: str
    inbox: Inbox

    async def link(self, subject: str) -> str:
        """Where the link of the latest mail with this subject leads."""

        async def is_there() -> bool:
            return any(mail.subject == subject for mail in self.inbox.mails)

        await until(is_there)
        mail = next(mail for mail in self.inbox.mails if mail.subject == subject)
        found = re.search(r"http://\S+#\S+", mail.text)
        assert found is not None
        return found[0]


@pytest_asyncio.fixture(loop_scope="session")
async def place(browser: Browser, servers: Servers, tmp_path: Path) -> AsyncIterator[Place]:
    """A campus at `localhost`, which browsers take for a safe place without TLS; without a browser none is started."""
    inbox, port = Inbox(), free_port()
    async with inbox.listening(0) as smtp:
        url = f"http://localhost:{port}"
        settings = migrated(servers).model_copy(update={"smtp_url": f"smtp://127.0.0.1:{smtp}", "public_url": url})
        with (tmp_path / "api.log").open("wb") as log, workers(settings), serving(settings, log.fileno(), port):
            async with dispatching(settings):
                yield Place(url, inbox)


async def register(visitor: Visitor, place: Place) -> Page:
    """A person registers, and chooses a password, on the pages."""
    visitor.expected |= {503}  # a page whose read model is behind, which comes back by itself
    page = await visitor.open(f"{place.url}/signin")
    await page.get_by_role("link", name="I have no account").click()
    await page.get_by_label("Your address").fill(ADA)
    await reviewed(page, "register")
    await page.get_by_role("button", name="Send the link").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    await page.goto(await place.link("Complete your registration"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Complete your registration")
    assert "#" not in page.url
    await expect(page.get_by_label("The code of the link")).to_be_hidden()
    await reviewed(page, "welcome")
    await page.get_by_label("Your name").fill("Ada")
    await page.get_by_label("A password").fill(PASSWORD)
    await page.get_by_role("button", name="Complete the registration").click()
    await expect(page).to_have_url(f"{place.url}/learn")
    return page


async def give_password(page: Page, place: Place, password: str = PASSWORD) -> None:
    """Begin to sign in."""
    await page.context.clear_cookies()
    await page.goto(f"{place.url}/signin?next=/account")
    await page.get_by_label("Your address").fill(ADA)
    await page.get_by_label("Your password").fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def add_app(page: Page, place: Place) -> list[str]:
    """Add an app; the recovery codes that come with it."""
    await page.goto(f"{place.url}/account/security")
    await page.get_by_role("button", name="Add an app").click()
    secret = await page.locator("#secret").inner_text() if await page.locator("#secret").count() else ""
    secret = secret or await page.locator("input[name=secret]").input_value()
    image = page.get_by_role("img", name="The secret as a picture for the app")
    assert await image.evaluate("image => image.naturalWidth") > 0
    await page.get_by_label("The code that your app shows").fill(pyotp.TOTP(secret).now())
    await reviewed(page, "app")
    await page.get_by_role("button", name="Add the app").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    codes = await page.locator("main li").all_inner_texts()
    assert len(codes) == 10
    return codes


async def machine(page: Page) -> CDPSession:
    """A machine that keeps passkeys, and has the person look at it each time."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


async def test_a_person_registers_adds_factors_and_signs_in(place: Place, visitor: Visitor) -> None:
    """By an app, by a passkey alone, which also proves once more to be there."""
    visitor.expected = {403}
    page = await register(visitor, place)
    codes = await add_app(page, place)
    await page.goto(f"{place.url}/account/security")
    await reviewed(page, "security")
    await give_password(page, place)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")
    await reviewed(page, "second-factor")
    await page.get_by_label("The code that your app shows").fill(codes[0])
    await page.get_by_role("button", name="Go on").click()
    await expect(page).to_have_url(f"{place.url}/account")

    await machine(page)
    await page.goto(f"{place.url}/account/security")
    await page.get_by_role("button", name="Add a passkey").click()
    await expect(page.locator("main")).to_contain_text("This device")
    await page.context.clear_cookies()
    await page.goto(f"{place.url}/v1/auth/security")
    await expect(page).to_have_url(f"{place.url}/signin?next=/account/security")
    await reviewed(page, "sign-in")
    await page.get_by_role("button", name="Use a passkey").click()
    await expect(page).to_have_url(f"{place.url}/account/security")
    await page.goto(f"{place.url}/confirm?next=/account/privacy")
    await page.get_by_role("button", name="Use a passkey").click()
    await expect(page).to_have_url(f"{place.url}/account/privacy")


async def test_a_forgotten_password_is_replaced_by_the_pages(place: Place, visitor: Visitor) -> None:
    """From the page for signing in to the mail and back; an old link of a mail leads to the same page."""
    visitor.expected = {403}
    page = await register(visitor, place)
    await page.context.clear_cookies()
    await page.goto(f"{place.url}/signin")
    await page.get_by_role("link", name="I have forgotten my password").click()
    await page.get_by_label("Your address").fill(ADA)
    await reviewed(page, "forgotten")
    await page.get_by_role("button", name="Send the link").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    link = await place.link("Choose another password")
    await page.goto(link.replace("/recover#", "/v1/auth/recover#"))
    await expect(page).to_have_url(f"{place.url}/recover")
    await page.get_by_label("New password").fill(NEW)
    await reviewed(page, "recover")
    await page.get_by_role("button", name="Set the password").click()
    await expect(page.get_by_role("status").first).to_contain_text("Your password is set")
    await page.goto(link)
    await page.get_by_label("New password").fill(NEW)
    await page.get_by_role("button", name="Set the password").click()
    await expect(page.get_by_role("alert").first).to_contain_text("This link was used")
    await reviewed(page, "link-used")
    await give_password(page, place)
    await expect(page.get_by_role("alert").first).to_contain_text("do not belong together")
    await give_password(page, place, NEW)
    await expect(page).to_have_url(f"{place.url}/account")
