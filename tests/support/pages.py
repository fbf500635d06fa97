"""A browser without a script: it asks for pages, sends forms, and keeps its cookies."""

import re
from html import unescape

import httpx

from tests.support.people import ORIGIN, Browser, Town
from tests.support.polling import until


class Reader:
    """
    A person who reads pages, signed in as the *browser* says.

    Attributes:
        cookies: by name, beside that of the session.
    """

    def __init__(self, town: Town, browser: Browser | None = None) -> None:
        self.town = town
        self.browser = browser or town.browser()
        self.cookies: dict[str, str] = {}

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """A page."""
        return self.keep(await self.town.client.get(path, headers={**self._headers, "accept": "text/html", **headers}))

    async def once_built(self, path: str) -> httpx.Response:
        """A page, once the read models that it shows are built and have what the person has sent."""
        answers: list[httpx.Response] = []

        async def is_there() -> bool:
            answers.append(await self.get(path))
            assert answers[-1].status_code in (200, 404, 503), answers[-1].text
            return answers[-1].status_code == 200

        await until(is_there)
        return answers[-1]

    async def sees(self, path: str, words: str) -> str:
        """The page, once it says this: what it shows may be a moment behind."""
        found: list[httpx.Response] = []

        async def is_there() -> bool:
            found.append(await self.get(path))
            return found[-1].status_code == 200 and words in text_of(found[-1])

        await until(is_there)
        return found[-1].text

    async def send(
        self, path: str, form: dict[str, str], files: dict[str, tuple[str, bytes, str]] | None = None, **headers: str
    ) -> httpx.Response:
        """Send a form of a page of the campus, if no header says otherwise; *files* are name, bytes and media type."""
        said = headers or {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
        sent = {name.replace("_", "-"): value for name, value in said.items()}
        answer = await self.town.client.post(path, data=form, files=files, headers={**self._headers, **sent})
        return self.keep(answer)

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        """The page to which an answer leads."""
        assert answer.status_code == 303, answer.text
        return await self.get(answer.headers["location"])

    @property
    def _headers(self) -> dict[str, str]:
        kept = [f"{name}={value}" for name, value in self.cookies.items()]
        own = self.browser.cookie.get("cookie")
        return {"cookie": "; ".join([*([own] if own else []), *kept])} if own or kept else {}

    def keep(self, answer: httpx.Response) -> httpx.Response:
        """Keep the cookies of an answer, as a browser does; the answer."""
        for each in answer.headers.get_list("set-cookie"):
            name, _, value = each.partition(";")[0].partition("=")
            if name == "__Host-campus":
                self.browser.token = value
            elif "Max-Age=0" in each:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer


def text_of(answer: httpx.Response) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text))).strip()
