"""What every page does in a real browser: search, the end of a session elsewhere, no network, no script, no mouse."""

import re

import pyotp
import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.browser.test_sign_in import ADA, NEW, PASSWORD, Place, machine, place, register
from tests.support.browser import Visitor, accessibility, overflow, pictured, reviewed, visiting

__all__ = ["place"]
pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]
ZOOMED: ViewportSize = {"width": 320, "height": 256}  # a window of 1280 by 1024 at 400 %


async def typed(page: Page, *keys: str) -> None:
    """Press keys, and type what is no key."""
    for key in keys:
        await (page.keyboard.press(key) if key[0].isupper() and key in KEYS else page.keyboard.type(key))


KEYS = {"Tab", "Enter", "Space", "Escape", "ArrowDown", "ArrowUp", "Control+k"}


async def to(page: Page, name: str, most: int = 60) -> None:
    """Go on by Tab until the focus is on what is called so."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        said: str = await page.evaluate(
            "() => { const e = document.activeElement; const label = e.labels && e.labels[0];"
            " return (label ? label.textContent : e.getAttribute('aria-label') || e.textContent || '').trim(); }"
        )
        if said.startswith(name):
            return
    raise AssertionError(f"Tab leads to nothing that is called {name!r} on {page.url}")


async def sign_in(page: Page, place: Place, onward: str = "/account") -> None:
    """Sign in by password."""
    await page.goto(f"{place.url}/signin?next={onward}")
    await page.get_by_label("Your address").fill(ADA)
    await page.get_by_label("Your password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page).to_have_url(f"{place.url}{onward}")


async def test_a_session_that_ends_elsewhere_is_said_at_once(browser: Browser, place: Place, visitor: Visitor) -> None:
    """By another password in another browser; what was typed stays, and is sent after all once one has signed in."""
    visitor.expected = {401}
    page = await register(visitor, place)
    await page.goto(f"{place.url}/account")
    name = page.get_by_label("Name", exact=True)
    await name.fill("Ada of the two browsers")
    async with visiting(browser) as other:
        other.expected = {401}  # its stream ends with its old session, before it has the new one
        elsewhere = await other.open(place.url)
        await sign_in(elsewhere, place, "/account/security")
        await elsewhere.get_by_label("Current password").fill(PASSWORD)
        await elsewhere.get_by_label("New password").fill(NEW)
        await elsewhere.get_by_role("button", name="Change the password").click()
        banner = page.locator("[data-connection=ended]")
        await expect(banner).to_contain_text("You are signed out.")
        await page.get_by_role("button", name="Save").click()
        await expect(banner).to_be_focused()
        await expect(name).to_have_value("Ada of the two browsers")
        await reviewed(page, "session-ended")
        async with page.context.expect_page() as opened:
            await banner.get_by_role("link").click()
        beside = await opened.value
        await beside.get_by_label("Your address").fill(ADA)
        await beside.get_by_label("Your password").fill(NEW)
        await beside.get_by_role("button", name="Sign in", exact=True).click()
        await expect(beside).to_have_title(re.compile("You are signed in"))
        await beside.close()
        await page.bring_to_front()
        await page.evaluate("dispatchEvent(new Event('focus'))")
        await expect(page.locator("[data-connection=back]")).to_be_visible()
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("status").first).to_contain_text("Saved.")
        await expect(name).to_have_value("Ada of the two browsers")


async def test_a_page_without_network_keeps_what_is_typed(place: Place, visitor: Visitor) -> None:
    """It says so, sends nothing, and goes on when the network is back."""
    page = await register(visitor, place)
    await page.goto(f"{place.url}/account")
    name = page.get_by_label("Name", exact=True)
    await name.fill("Ada in a tunnel")
    await page.context.set_offline(True)
    banner = page.locator("[data-connection=offline]")
    await expect(banner).to_contain_text("You are offline.")
    await page.get_by_role("button", name="Save").click()
    await expect(name).to_have_value("Ada in a tunnel")
    await page.context.set_offline(False)
    await expect(banner).to_have_count(0)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").first).to_contain_text("Saved.")
    visitor.faults = [each for each in visitor.faults if "ERR_INTERNET_DISCONNECTED" not in each]


async def test_the_dialog_for_searching_is_used_by_keys_alone(place: Place, visitor: Visitor) -> None:
    """It opens on every page, keeps the focus, tells screen readers what is chosen, and closes to where one was."""
    page = await register(visitor, place)
    await page.goto(f"{place.url}/account/security")
    await page.get_by_label("Current password").focus()
    await page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search the campus")
    await expect(field).to_be_focused()
    await page.keyboard.type("sessions")
    option = page.get_by_role("option", name=re.compile("Sessions"))
    await expect(option).to_have_attribute("aria-selected", "true")
    await expect(field).to_have_attribute("aria-activedescendant", await option.get_attribute("id") or "none")
    await reviewed(page, "search-dialog")
    for _ in range(4):
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.closest('#search-dialog') || document.activeElement.tagName")
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Current password")).to_be_focused()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("privacy")
    await expect(page.get_by_role("option", name=re.compile("Privacy"))).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{place.url}/account/privacy")


async def test_signing_in_needs_no_mouse(place: Place, visitor: Visitor) -> None:
    """Register, profile, a second factor, out and in again with the keys alone; a passkey by its button."""
    page = await visitor.open(f"{place.url}/register")
    await to(page, "Your address")
    await typed(page, ADA, "Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    await page.goto(await place.link("Complete your registration"))
    await to(page, "Your name")
    await typed(page, "Ada", "Tab", PASSWORD, "Enter")
    await expect(page).to_have_url(f"{place.url}/learn")
    await page.goto(f"{place.url}/account")
    await to(page, "Name")
    await page.keyboard.press("Control+a")
    await typed(page, "Ada by keys", "Enter")
    await expect(page.get_by_role("status").first).to_contain_text("Saved.")
    await page.goto(f"{place.url}/account/security")
    await to(page, "Add an app; call it")
    await typed(page, "telephone", "Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Add an app")
    secret = await page.locator("input[name=secret]").input_value()
    await to(page, "The code that your app shows")
    await typed(page, pyotp.TOTP(secret).now(), "Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    code = await page.locator("main li").first.inner_text()
    await machine(page)
    await page.goto(f"{place.url}/account/security")
    await to(page, "Add a passkey")
    await typed(page, "Enter")
    await expect(page.locator("main")).to_contain_text("This device")
    await page.context.clear_cookies()
    await page.goto(f"{place.url}/signin")
    await to(page, "Your address")
    await typed(page, ADA, "Tab", PASSWORD, "Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")
    await to(page, "The code that your app shows")
    await typed(page, code, "Enter")
    await expect(page).to_have_url(f"{place.url}/learn")


async def test_signing_in_needs_no_script(browser: Browser, place: Place) -> None:
    """Register, recover, profile and search in windows of 320 pixels and 400 %, right to left, with forced colours."""
    async with visiting(browser, java_script_enabled=False, viewport=ZOOMED, forced_colors="active") as visitor:
        visitor.expected = {403}
        page = await visitor.open(f"{place.url}/register")
        await page.get_by_label("Your address").fill(ADA)
        await page.get_by_role("button", name="Send the link").click()
        link = await place.link("Complete your registration")
        await page.goto(link)
        await page.get_by_label("The code of the link").fill(link.partition("#")[2])
        await page.get_by_label("Your name").fill("Ada")
        await page.get_by_label("A password").fill(PASSWORD)
        await page.get_by_role("button", name="Complete the registration").click()
        await expect(page).to_have_url(f"{place.url}/learn")
        await page.goto(f"{place.url}/account")
        await page.get_by_label("Language").select_option("de")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("status").first).to_contain_text("Gespeichert.")
        await page.get_by_role("link", name="Suchen").click()
        await page.get_by_role("searchbox").fill("Passwort")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name=re.compile("Sicherheit"))).to_be_visible()
        await page.goto(f"{place.url}/forgotten")
        await page.locator("input[name=email]").fill(ADA)
        await page.locator("main form button").click()
        link = await place.link("Choose another password")
        await page.goto(link)
        await page.locator("input[name=token]").fill(link.partition("#")[2])
        await page.locator("input[name=password]").fill(NEW)
        await page.locator("main form button").click()
        await page.goto(link)
        await page.locator("input[name=token]").fill(link.partition("#")[2])
        await page.locator("input[name=password]").fill(NEW)
        await page.locator("main form button").click()
        await expect(page.get_by_role("alert")).to_contain_text("Dieser Link wurde schon benutzt")


async def test_account_pages_fit_every_reader(place: Place, visitor: Visitor) -> None:
    """320 pixels, 400 %, right to left, less movement, forced colours, dark: nothing is cut off, axe finds nothing."""
    page = await register(visitor, place)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    paths = ("/account", "/account/security", "/account/sessions", "/account/connected", "/account/privacy", "/confirm")
    for path in (*paths, "/search?q=a", "/signed-in", "/welcome", "/recover", "/new-address", "/old-address"):
        await page.goto(f"{place.url}{path}")
        await page.set_viewport_size(ZOOMED)
        assert (await overflow(page), await accessibility(page)) == (0, []), path
        await page.evaluate("document.documentElement.dir = 'rtl'")
        assert await overflow(page) == 0, path
        await page.emulate_media(forced_colors="active")
        await pictured(page, f"forced{path.partition('?')[0].replace('/', '-')}")
        await page.emulate_media(forced_colors="none")
