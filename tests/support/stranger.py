"""
A stranger in a browser, who uses the keyboard alone and reads what the pages say: to buy, learn, teach, look into
things, rebuild and refund (tests/browser/test_walk.py). `scripts/screenshots.py` takes pictures along the same way.
"""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from playwright.async_api import Locator, Page, expect

from adapters.auth.sample_people import PASSWORD, SAMPLE_PEOPLE
from tests.support.campus_up import campus
from tests.support.polling import PATIENCE

expect.set_options(timeout=PATIENCE * 1_000)
MOST_TABS = 400
ASKS = "asks for a proof that you are there"
IS_FOCUSED = "(it) => it === document.activeElement"
IS_AMONG = "(it) => it.name === document.activeElement.name"
Look = Callable[[Page, str], Awaitable[None]]
"""What is done at each sight: the page, and the name of what is seen."""
CARD: Final = {
    "E-mail": "ada.learner@campus.example",
    "Card number": "4242 4242 4242 4242",
    "Expires": "12 / 40",
    "Security code": "737",
    "Name on the card": "Ada Lindqvist",
}


class Stranger:
    """
    One person at a campus.

    Args:
        url: where the campus answers, without a slash at its end.
        data: the folder of the campus, of which `campus dev code` prints the second factor.
    """

    def __init__(self, page: Page, url: str, data: Path, look: Look) -> None:
        self.page, self.url, self._data, self._look = page, url, data, look

    async def sees(self, name: str, *texts: str) -> None:
        """Wait until the page says it all, then look at it."""
        for text in texts:
            await expect(self.page.locator("body")).to_contain_text(text)
        await self._look(self.page, name)

    async def reach(self, it: Locator, reached: str = IS_FOCUSED) -> None:
        """Tab until the focus is there."""
        await expect(it).to_be_visible()
        for _ in range(MOST_TABS):
            if await it.evaluate(reached):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {it} on {self.page.url}")

    async def choose(self, it: Locator) -> None:
        """Choose one of several radio buttons, of which Tab reaches one, by the arrows."""
        await self.reach(it, IS_AMONG)
        await self.page.keyboard.press("Space")
        while not await it.is_checked():
            await self.page.keyboard.press("ArrowDown")

    async def press(self, name: str, within: Locator | None = None) -> None:
        """Press a button."""
        await self.enter((within or self.page.locator("body")).get_by_role("button", name=name, exact=True).first)

    async def follow(self, name: str, within: Locator | None = None) -> None:
        """Follow a link of the page, which need not say more than this."""
        await self.enter((within or self.page.locator("body")).get_by_role("link", name=name, exact=True).first)

    async def enter(self, it: Locator) -> None:
        """Press Enter on a control."""
        await self.reach(it)
        await self.page.keyboard.press("Enter")

    async def type(self, label: str, text: str, within: Locator | None = None) -> None:
        """Fill in a field."""
        await self.reach((within or self.page.locator("body")).get_by_label(label).first)
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.keyboard.type(text)

    async def tick(self, name: str) -> None:
        """Tick a box."""
        await self.reach(self.page.get_by_role("checkbox", name=name))
        await self.page.keyboard.press("Space")

    async def go(self, path: str) -> None:
        """Open an address."""
        await self.page.goto(f"{self.url}{path}")

    async def sign_in(self, role: str) -> None:
        """With what `make run` prints."""
        await self.go("/")
        await self.sees(f"{role}-landing", "Learn, and see why")
        await self.follow("Sign in")
        await self.type("Your address", SAMPLE_PEOPLE[role].email)
        await self.type("Your password", PASSWORD)
        await self.sees(f"{role}-sign-in", "Try it as")
        await self.press("Sign in", self.page.locator("main"))
        if SAMPLE_PEOPLE[role].is_staff:
            await self.sees(f"{role}-second-factor", "campus dev code")
            await self.type("The code that your app shows, or a recovery code", self._code())
            await self.press("Go on")
        await expect(self.page.get_by_role("navigation", name="Desks")).to_contain_text("Learn")

    async def surely(self, act: Callable[[], Awaitable[None]], done: str) -> None:
        """Do what may ask for a proof that one is there: then give it, and what was sent is done."""
        await act()
        body = self.page.locator("body")
        await expect(body).to_contain_text(re.compile(f"{done}|{ASKS}"))
        if ASKS in await body.inner_text():
            await self.type("The code that your app shows", self._code())
            await self.press("Confirm", self.page.locator("main"))
            await expect(body).to_contain_text(done)

    def _code(self) -> str:
        """What the terminal prints."""
        return campus("dev", "code", "--data", str(self._data)).stdout.strip()
