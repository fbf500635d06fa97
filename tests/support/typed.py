"""Types markup into every form and every query string of pages, as who was shown them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx
from fastapi import FastAPI

from api.http.sessions import COOKIE
from tests.support.crawl import ORIGIN, Seen, path_of
from tests.support.markup import Markup, Node

TYPED = "\"'><i canary7 onclick=canary()>"
RAW = re.compile(r"<i[ /]canary7")
TEXTS = frozenset((None, "text", "search", "email", "url", "password", "tel", "number", "date", "time"))
SIGNS_OUT = ("/signout", "/account/sessions", "/account/password", "/account/erase", "/signin", "/language")
"""Forms after which someone else asks, or who has chosen to read otherwise."""


@dataclass(frozen=True)
class Typed:
    """
    One request with markup in what can be typed.

    Attributes:
        files: names of the fields of files, each sent under a name that is markup.
    """

    method: str
    address: str
    fields: dict[str, str]
    files: tuple[str, ...] = ()
    is_multipart: bool = False

    async def send(self, client: httpx.AsyncClient, token: str) -> httpx.Response:
        """The answer to a browser."""
        headers = {"accept": "text/html", "origin": ORIGIN, "sec-fetch-site": "same-origin"}
        headers |= {"cookie": f"{COOKIE}={token}"} if token else {}
        if self.method == "GET":
            query = f"?{urlencode(self.fields)}" if self.fields else ""
            return await client.get(f"{self.address}{query}", headers=headers)
        if not self.is_multipart:
            return await client.post(self.address, data=self.fields, headers=headers)
        files: dict[str, tuple[str | None, bytes] | tuple[str, bytes, str]]
        files = {name: (None, value.encode()) for name, value in self.fields.items()}
        files |= {name: (TYPED, TYPED.encode(), "text/html") for name in self.files}
        return await client.post(self.address, files=files, headers=headers)


def all_typed(app: FastAPI, pages: Sequence[Seen]) -> Iterator[Typed]:
    """Each kind of form and of query string on some pages once with markup in its texts, once in all that it sends."""
    known: set[tuple[str, ...]] = set()
    for page in pages:
        for each in (*_query(page), *_forms(page)):
            path = path_of(app, urlsplit(each.address).path, each.method) or ""
            kind = (
                each.method,
                path,
                *sorted(each.fields),
                *(name for name in each.fields if each.fields[name] == TYPED),
            )
            if kind not in known and not path.startswith(SIGNS_OUT):
                known.add(kind)
                yield each


def _query(page: Seen) -> Iterator[Typed]:
    parts = urlsplit(page.address)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    yield from (Typed("GET", parts.path, {**given, name: TYPED}) for name in given)


def _forms(page: Seen) -> Iterator[Typed]:
    markup = page.markup
    texts = {each.get("name", "") for each in markup.all("textarea")}
    texts |= {each.get("name", "") for each in markup.all("input") if each.get("type") in TEXTS}
    files = {each.get("name", "") for each in markup.all("input") if each.get("type") == "file"}
    ways = {urljoin(page.address, each.get("action", "")) for each in _multipart(markup)}
    for form in markup.forms:
        address = urljoin(page.address, form.action)
        if urlsplit(address).netloc:
            continue
        fields = {name: value for name, value in form.fields.items() if name not in files}
        sent = tuple(files & form.fields.keys())
        for names in (texts, fields.keys()):
            filled = {name: TYPED if name in names else value for name, value in fields.items()}
            method = form.method.upper()
            yield Typed(
                method, address.partition("?")[0] if method == "GET" else address, filled, sent, address in ways
            )


def _multipart(markup: Markup) -> list[Node]:
    return [each for each in markup.all("form") if each.get("enctype") == "multipart/form-data"]
