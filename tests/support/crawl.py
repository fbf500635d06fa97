"""
Goes through the pages of a campus by their links, as one person: some of each kind of page, and what each loads.

A kind of page is a route with the names in its query string.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
from fastapi import FastAPI
from starlette.routing import Match

from api.http.sessions import COOKIE
from tests.support.markup import Markup
from web.page import LANGUAGE

ORIGIN = "https://campus.test"
HTML = "text/html; charset=utf-8"
MOST_STEPS = 4  # redirects one after the other


@dataclass(frozen=True)
class Seen:
    """
    A page, as someone was shown it.

    Attributes:
        came_from: the address of the page with the link.
    """

    role: str
    language: str
    address: str
    kind: str
    came_from: str
    answer: httpx.Response

    @cached_property
    def markup(self) -> Markup:
        """What it is made of."""
        return Markup(self.answer.text)

    @property
    def is_page(self) -> bool:
        """Whether it is HTML, and not a file."""
        return self.answer.headers.get("content-type") == HTML and not self.address.startswith(("/docs", "/v1/"))

    @property
    def size(self) -> int:
        """How many bytes are sent, compressed."""
        return self.answer.num_bytes_downloaded

    def __str__(self) -> str:
        return f"{self.address} as {self.role} in {self.language}"


@dataclass
class Crawler:
    """
    One person and what they were shown.

    Attributes:
        each: how many pages of a kind.
        faults: links that lead nowhere.
        files: what else than a page they were led to, by its path with names for its parts.
    """

    app: FastAPI
    client: httpx.AsyncClient
    role: str
    token: str = ""
    language: str = "en"
    each: int = 2
    seen: list[Seen] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    files: dict[str, httpx.Response] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)
    _kinds: Counter[str] = field(default_factory=Counter)

    async def go(self, *starts: str) -> list[Seen]:
        """All pages that are reached from some."""
        waiting = deque((start, "") for start in starts)
        self._known.update(starts)
        while waiting:
            found = await self._look(*waiting.popleft())
            if found is None:
                continue
            if not found.is_page:
                self.files[found.kind.partition("?")[0]] = found.answer
                continue
            self.seen.append(found)
            for address in self._led(found):
                path = address.partition("#")[0]
                if path in self._known:
                    continue
                self._known.add(path)
                kind = self.kind_of(path)
                if kind is None:
                    self.faults.append(f"{found} leads to {path}, where nothing is")
                elif self._kinds[kind] < self.each:
                    self._kinds[kind] += 1
                    waiting.append((path, found.address))
        return self.seen

    def _led(self, page: Seen) -> list[str]:
        """Addresses of this campus to which a page leads; forms that lead nowhere are faults."""
        here = f"{ORIGIN}{page.address}"
        for form in page.markup.forms:
            target = urlsplit(urljoin(here, form.action))
            if target.netloc == urlsplit(ORIGIN).netloc and path_of(self.app, target.path, form.method.upper()) is None:
                self.faults.append(f"a form of {page} goes to {form.method} {target.path}, where nothing is")
        found = [urljoin(here, each) for each in page.markup.addresses if not each.startswith(("#", "data:"))]
        own = [each.removeprefix(ORIGIN) for each in found if urlsplit(each).netloc == urlsplit(ORIGIN).netloc]
        return [each for each in dict.fromkeys(own) if not each.endswith("/events")]

    def kind_of(self, address: str) -> str | None:
        """The kind of what has an address; None if nothing has it."""
        parts = urlsplit(address)
        path = path_of(self.app, parts.path, "GET")
        if path is None or parts.path.startswith("/static/"):
            return path and parts.path
        return "?".join((path, "&".join(sorted(name for name, _ in parse_qsl(parts.query)))))

    async def _look(self, address: str, came_from: str) -> Seen | None:
        for _ in range(MOST_STEPS):
            answer = await self.get(address)
            if answer.status_code not in (302, 303, 307):
                break
            address = answer.headers["location"]
        if answer.status_code != 200:
            self.faults.append(f"{address} as {self.role}, from {came_from}: {answer.status_code} {answer.text[:300]}")
            return None
        return Seen(self.role, self.language, address, self.kind_of(address) or "", came_from, answer)

    async def get(self, address: str) -> httpx.Response:
        """What is at an address."""
        cookies = [f"{LANGUAGE}={self.language}", *([f"{COOKIE}={self.token}"] if self.token else [])]
        headers = {"cookie": "; ".join(cookies), "accept": "text/html,*/*;q=0.8", "accept-encoding": "gzip"}
        headers["sec-fetch-site"] = "same-origin"
        return await self.client.get(address, headers=headers)


def path_of(app: FastAPI, path: str, method: str) -> str | None:
    """The path of the route that answers a request, with names for its parts; None if there is none."""
    scope: dict[str, Any] = {"type": "http", "path": path, "method": method, "root_path": "", "headers": []}
    for each in app.router.routes:
        if each.matches(scope)[0] is Match.FULL:
            return getattr(each, "path", path)
    return None
