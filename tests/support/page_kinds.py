"""
Every kind of page of a campus, and an address of each that a person finds by following links.

A kind is the pattern of an address, as web/app.py lists it in PAGES: a page that is new is looked at without being
named here.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from html import unescape
from typing import Final, NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx

from tests.support.polling import PATIENCE
from web.app import PAGES

VISITOR: Final = "visitor"
BEGINS: Final[Mapping[str, tuple[str, ...]]] = {
    VISITOR: ("/", "/styleguide"),
    "learner": ("/learn", "/account", "/confirm"),
    "instructor": ("/teach",),
    "auditor": ("/audit", "/analyze"),
    "analyst": ("/analyze",),
    "admin": ("/admin",),
}
"""Where each person begins, beside what is linked from there."""
NO_PAGES: Final = frozenset(("/covers/{course_id}.svg", "/audit/find"))
"""A picture, and what only leads on."""
OF_A_KIND = 4  # addresses that are followed: the first may have nothing to show
ROUTES = {route.path: route for part in PAGES for route in part.routes if "GET" in (route.methods or ())}
KINDS: Final = frozenset(path for path in ROUTES if path not in NO_PAGES and not path.endswith(".csv"))


class Found(NamedTuple):
    """An address of a kind of page, and who has found it."""

    kind: str
    path: str
    person: str


def kind_of(path: str) -> str | None:
    """The kind of a page at an address; the most special one where several fit."""
    fits = [kind for kind, route in ROUTES.items() if route.path_regex.match(path)]
    return min(fits, key=lambda kind: kind.count("{"), default=None)


async def found(url: str, more: Mapping[str, Iterable[str]]) -> tuple[list[Found], list[str]]:
    """
    Addresses of all kinds that the five and a visitor find, and links that lead nowhere.

    Args:
        more: further addresses at which people begin.
    """
    pages, broken = dict[str, Found](), list[str]()
    for person, begins in BEGINS.items():
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
            headers = {"accept": "text/html", **await _session(client, person)}
            seen, counted, todo = set[str](), Counter[str](), [*begins, *more.get(person, ())]
            while todo:
                path = todo.pop(0)
                kind = kind_of(path.partition("?")[0])
                if path in seen or kind is None or counted[kind] >= OF_A_KIND:
                    continue
                seen.add(path)
                counted[kind] += 1
                answer = await client.get(path, headers=headers)
                if answer.status_code in (404, 500):
                    broken.append(f"{answer.status_code} {path} as {person}")
                if answer.status_code == 200 and "html" in answer.headers["content-type"]:
                    pages.setdefault(kind, Found(kind, path, person))
                    todo += _links(url, path, answer.text)
    return [pages[kind] for kind in sorted(pages)], broken


async def _session(client: httpx.AsyncClient, person: str) -> dict[str, str]:
    if person == VISITOR:
        return {}
    head = {"origin": str(client.base_url), "sec-fetch-site": "same-origin"}
    answer = await client.post("/v1/dev/session", json={"person": person}, headers=head)
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


def _links(url: str, path: str, text: str) -> list[str]:
    here = urlsplit(url).netloc
    parts = [urlsplit(urljoin(f"{url}{path}", unescape(link))) for link in re.findall(r'href="([^"#]+)', text)]
    return [f"{each.path}?{each.query}" if each.query else each.path for each in parts if each.netloc == here]
