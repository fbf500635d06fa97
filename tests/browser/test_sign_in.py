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
        with (tmp_path / "api.log").open("wb") as log, serving(settings, log.fileno(), port):
            async with dispatching(settings):
                yield Place(url, inbox)


async def says(page: Page, text: str) -> None:
    """Wait until the page says so."""
    await expect(page.get_by_role("status")).to_have_text(text)


async def register(visitor: Visitor, place: Place) -> Page:
    """A person registers, and chooses a password, on the pages."""
    page = await visitor.open(f"{place.url}/v1/auth/sign-in")
    await page.get_by_role("link", name="I have no account").click()
    await expect(page).to_have_title("Register")
    await page.get_by_label("Your address").fill(ADA)
    await reviewed(page, "register")
    await page.get_by_role("button", name="Send me a link").click()
    await expect(page.get_by_role("status")).to_contain_text("A mail with a link is on its way")
    link = await place.link("Complete your registration")
    await page.goto(link)
    await expect(page).to_have_title("Complete your registration")
    assert "#" not in page.url
    await reviewed(page, "welcome")
    await page.get_by_label("Your name").fill("Ada")
    await page.get_by_label("A password").fill(PASSWORD)
    await page.get_by_role("button", name="Complete").click()
    await says(page, "Your registration is complete, and you are signed in.")
    return page


async def give_password(page: Page, place: Place, password: str = PASSWORD) -> None:
    """Begin to sign in."""
    await page.context.clear_cookies()
    await page.goto(f"{place.url}/v1/auth/sign-in")
    await page.get_by_label("Your address").fill(ADA)
    await page.get_by_label("Your password").fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()


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
    """By an app, by a passkey alone; and a forgotten password is replaced."""
    visitor.expected = {401, 403}
    page = await register(visitor, place)
    await page.goto(f"{place.url}/v1/auth/security")
    await page.get_by_role("button", name="Add an app").click()
    await expect(page.locator("#secret")).not_to_be_empty()
    secret = await page.locator("#secret").inner_text()
    await expect(page.get_by_role("img")).to_be_visible()
    assert await page.evaluate("document.getElementById('picture').naturalWidth") > 0
    app = pyotp.TOTP(secret)
    await page.get_by_label("The code that the app shows").fill(app.now())
    await page.get_by_role("button", name="Add it").click()
    await says(page, "It was added.")
    codes = await page.locator("#codes li").all_inner_texts()
    assert len(codes) == 10
    await reviewed(page, "security")
    await give_password(page, place)
    await says(page, "Your password fits. Now the second factor.")
    await reviewed(page, "second-factor")
    await page.get_by_label("The code").fill(codes[0])
    await page.get_by_role("button", name="Go on").click()
    await says(page, "You are signed in.")

    await machine(page)
    await page.get_by_role("link", name="My second factors").click()
    await page.get_by_label("How you call").fill("my laptop")
    await page.get_by_role("button", name="Add a passkey").click()
    await says(page, "It was added.")
    await expect(page.locator("#factors li")).to_have_text(["my telephone (app)", "my laptop (passkey)"])
    await page.context.clear_cookies()
    await page.goto(f"{place.url}/v1/auth/security")
    await expect(page).to_have_url(f"{place.url}/v1/auth/sign-in")
    await reviewed(page, "sign-in")
    await page.get_by_role("button", name="Use a passkey").click()
    await says(page, "You are signed in.")
    status = await page.evaluate(
        "async () => {"
        "  const send = (path, body) => fetch('/v1/auth/' + path, {method: 'POST',"
        "    headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});"
        "  const {state, options} = await (await send('passkeys/challenge', {})).json();"
        "  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);"
        "  const credential = (await navigator.credentials.get({publicKey})).toJSON();"
        "  return (await send('confirm', {passkey: {state, credential}})).status;"
        "}"
    )
    assert status == 200, "a passkey proves once more to be there"


async def test_a_forgotten_password_is_replaced_by_the_pages(place: Place, visitor: Visitor) -> None:
    """From the page for signing in to the mail and back."""
    visitor.expected = {403}
    page = await register(visitor, place)
    await page.context.clear_cookies()
    await page.goto(f"{place.url}/v1/auth/sign-in")
    await page.get_by_role("link", name="I have forgotten my password").click()
    await page.get_by_label("The address of your account").fill(ADA)
    await reviewed(page, "forgotten")
    await page.get_by_role("button", name="Send me a link").click()
    await says(page, "If there is an account with this address, a mail with a link is on its way.")
    await page.goto(await place.link("Choose another password"))
    await page.get_by_label("A password").fill(NEW)
    await reviewed(page, "recover")
    await page.get_by_role("button", name="Set the password").click()
    await says(page, "Your password is set, and you were signed out everywhere. Sign in with the new password.")
    await give_password(page, place)
    await says(page, "this address and password do not belong together, or the account cannot be used")
    await give_password(page, place, NEW)
    await says(page, "You are signed in.")
