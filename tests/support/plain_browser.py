"""
A browser that runs no script: it follows links and sends forms as they stand on the page, with what the page has filled
in, and what a person puts into fields that are there.
"""

from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from tests.support.markup import Markup, Node, text_of
from tests.support.pages import Reader
from tests.support.polling import until

ORIGIN = "https://campus.test"
OF_FORM = {
    "origin": ORIGIN,
    "sec-fetch-site": "same-origin",
    "content-type": "application/x-www-form-urlencoded",  # also of a form without fields
}
UNSENT = frozenset(("submit", "button", "reset", "image", "file"))


class PlainBrowser:
    """
    A reader who has a page before them.

    Attributes:
        address: of the page.
        page: what it is made of.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.address = "/"

    async def open(self, address: str) -> None:
        """Go to a page, and further if it leads on."""
        self._show(address, await self._reader.get(address))
        for _ in range(5):
            if (status := self._answer.status_code) != 303:
                break
            to = urljoin(f"{ORIGIN}{self.address}", self._answer.headers["location"]).removeprefix(ORIGIN)
            self._show(to, await self._reader.get(to))
        assert status in (200, 404, 503), (self.address, status, self._answer.text)

    def _show(self, address: str, answer: httpx.Response) -> None:
        self.address, self._answer, self.page = address, answer, Markup(answer.text)

    @property
    def said(self) -> str:
        """What the page says."""
        return text_of(self.page.all("body")[0])

    async def until_said(self, words: str) -> None:
        """Load the page again until it says this: what follows from what was sent may be a moment behind."""

        async def is_there() -> bool:
            await self.open(self.address)
            return words in self.said

        if words not in self.said:
            await until(is_there)

    async def click(self, words: str) -> None:
        """Follow the link that begins with these words, once it is on the page."""
        await self.until_said(words)
        link = next(each for each in self.page.all("a") if text_of(each).startswith(words))
        await self.open(urljoin(f"{ORIGIN}{self.address}", link.get("href") or "").removeprefix(ORIGIN))

    async def press(self, words: str, **typed: str) -> None:
        """Send the form of the button that begins with these words, once it is on the page, with what was *typed*."""
        await self.until_said(words)
        button = next(each for each in self.page.all("button") if text_of(each).startswith(words))
        form = self._form_of(button)
        fields = self._filled(form) | typed
        assert typed.keys() <= {each.get("name") for each in self._controls(form)}, (typed, self.address)
        if button.get("name"):
            fields[button.get("name", "")] = button.get("value", "")
        target = urljoin(f"{ORIGIN}{self.address}", button.get("formaction") or form.get("action") or "")
        address = target.removeprefix(ORIGIN).partition("#")[0]
        if form.get("method", "get") == "get":
            await self.open(f"{urlsplit(address).path}?{urlencode(fields)}")
            return
        answer = await self._reader.send(address, fields, None, **OF_FORM)
        self._show(address, answer)
        assert answer.status_code in (200, 303), (address, answer.status_code, self.said)
        if answer.status_code == 303:
            await self.open(urljoin(f"{ORIGIN}{address}", answer.headers["location"]).removeprefix(ORIGIN))

    def _form_of(self, button: Node) -> Node:
        if (name := button.get("form")) is not None:
            return next(each for each in self.page.all("form") if each.get("id") == name)
        return next(each for each in self.page.above(button) if each.tag == "form")

    def _controls(self, form: Node) -> list[Node]:
        within = [each for each in form.iter() if each.tag in ("input", "select", "textarea")]
        elsewhere = [
            each for each in self.page.all("input", "select", "textarea") if each.get("form") == form.get("id")
        ]
        return within + ([each for each in elsewhere if each not in within] if form.get("id") else [])

    def _filled(self, form: Node) -> dict[str, str]:
        """What a browser sends of the form as it stands."""
        found: dict[str, str] = {}
        for each in self._controls(form):
            name, kind = each.get("name", ""), each.get("type", "text")
            is_off = kind in ("radio", "checkbox") and each.get("checked") is None
            if not name or is_off or (each.tag == "input" and kind in UNSENT) or each.get("disabled") is not None:
                continue
            if each.tag == "select":
                options = [*each.iter("option")]
                chosen = next((option for option in options if option.get("selected") is not None), options[0])
                found[name] = chosen.get("value", text_of(chosen))
            else:
                found[name] = "".join(each.itertext()) if each.tag == "textarea" else each.get("value", "on")
        return found
