"""
One request for a page: who asks and reads, what the API says, and the page or the way to another one as the answer.

A form is answered with the way to a page (303), and the position of what it has recorded goes along in a cookie: that
page waits for it, so that a person never sees a stale state as fresh. The cookie carries what the page says of it, too.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from adapters.jwt import JwtClaims
from adapters.tasks import cancel_and_wait
from api.http.forms import form_of
from api.http.policy.decision import Allowed, Thing, decide
from api.http.services import Services, get_services
from api.http.sessions import ATTRIBUTES, SessionUser, person_by_cookie
from web.client import Answer, Client, Problem
from web.rendering import rendered
from web.words import Reader, languages, reader_of, sentences

POLICY = (
    "default-src 'self'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
AFTER = "__Host-campus-after"
"""The cookie behind a form: the position to wait for, and the notice that the next page shows."""
LONGEST_COUNT = 0.25  # seconds that a page waits for what stands at the bell
COUNT_UNREAD = "getMyUnreadCount"
MAC = "Macintosh"
WAITS = 60  # seconds that the cookie is kept
YEAR = 365 * 24 * 3600  # seconds that a choice of language is kept
LANGUAGE, ZONE, THEME = "campus-language", "campus-zone", "campus-theme"
THEMES = ("light", "dark")
LONGEST_NOTICE = 300  # characters
AS_TYPED = frozenset(("password", "old", "new"))
PROOF = "proof."
"""Before the names of fields that prove that the person is there (proof.py); forms are read without them."""
LARGEST_FORM, MOST_FIELDS = 512 * 1024, 2_000
DESKS: Final = (
    ("teach", ("instructor", "assistant", "admin")),
    ("audit", ("auditor", "admin")),
    ("analyze", ("analyst", "auditor", "admin")),
    ("admin", ("admin",)),
)
"""The desks beside that of a learner, and the roles that each is for."""


class DrawnPage(HTMLResponse):
    """
    A page that is drawn when all that stands around it is known.

    Args:
        draw: makes its text.
    """

    def __init__(self, draw: Callable[[], str], status: int) -> None:
        super().__init__(None, status, HEADERS)
        self._draw: Callable[[], str] | None = draw

    def finish(self) -> None:
        """Draw it; a second time changes nothing."""
        if self._draw is not None:
            self.body, self._draw = self.render(self._draw()), None
            self.headers["content-length"] = str(len(self.body))


class Page:
    """
    One request for a page.

    Attributes:
        api: the API in the name of who asks.
        user: who asks; None for a visitor.
        reader: language, zone and now of who reads.
        notice: what the page says of what was just sent; empty for nothing.
        unread: how many notifications the person has not read; None where that is not known.
    """

    def __init__(self, request: Request, user: JwtClaims | None) -> None:
        self.request = request
        self.user = user
        cookies, headers = request.cookies, request.headers
        after, self.notice = _after(cookies.get(AFTER, ""))
        self.theme = cookies.get(THEME, "") if cookies.get(THEME) in THEMES else ""
        self.reader: Reader = reader_of(
            chosen=cookies.get(LANGUAGE, ""),
            accepted=headers.get("accept-language", ""),
            zone=cookies.get(ZONE, ""),
            now=self.services.log.clock.now(),
        )
        self.api = Client(request, self.reader, after)
        self.unread: int | None = None
        self._counting: asyncio.Task[None] | None = None

    @property
    def services(self) -> Services:
        """What the process holds; for its settings and clock: data comes from `api`."""
        return get_services(self.request)

    @property
    def parts(self) -> Mapping[str, str]:
        """The parts of the address."""
        return self.request.path_params

    @property
    def query(self) -> Mapping[str, str]:
        """The query string."""
        return self.request.query_params

    def number(self, name: str) -> int | None:
        """A whole number of the query string, from 0 to 10^18; None for what is none."""
        text = self.query.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    @cached_property
    def here(self) -> str:
        """The address of the page with its query."""
        url = self.request.url
        return f"{url.path}?{url.query}" if url.query else url.path

    @property
    def desks(self) -> list[str]:
        """The desks that the roles of the user open, that of a learner first."""
        if self.user is None:
            return []
        roles = {role.partition("@")[0] for role in self.user.roles}
        return ["learn", *(desk for desk, opened_by in DESKS if not roles.isdisjoint(opened_by))]

    @property
    def on_mac(self) -> bool:
        """Whether the keyboard has a key ⌘, as far as the browser says."""
        return MAC in self.request.headers.get("user-agent", "")

    def may(self, action: str) -> bool:
        """Whether the policy lets who asks do something on the whole campus, for pages that would ask in vain."""
        return self.user is not None and isinstance(decide(action, self.user, Thing()), Allowed)

    def say(self, text: str, **values: Any) -> str:
        """A sentence in the language of the reader, with values at its `%(name)s`."""
        found = sentences(self.reader.language).gettext(text)
        return found % values if values else found

    async def form(self) -> dict[str, str]:
        """
        The fields of the form that was sent, without the spaces around them, but for passwords.

        Raises:
            Problem: what was sent is no form, or too large.
        """
        found = await self.fields()
        if found is None:
            raise Problem(
                400, {"code": "bad_request", "detail": self.say("This is no form of a page, or it is too large.")}
            )
        own = {name: value for name, value in found.items() if not name.startswith(PROOF)}
        return {name: value if name in AS_TYPED else value.strip() for name, value in own.items()}

    async def fields(self) -> dict[str, str] | None:
        """The fields of the form as they were sent; None for another body, and for what is too large."""
        return await form_of(self.request, largest=LARGEST_FORM, most_fields=MOST_FIELDS)

    def html(self, template: str, /, status: int = 200, **values: Any) -> DrawnPage:
        """A page, which is drawn by `drawn`; `page` is known to its template."""
        reader = self.reader
        known = {**values, "page": self, "languages": languages()}
        response = DrawnPage(lambda: rendered(template, reader, known), status)
        if AFTER in self.request.cookies and status < 400:
            response.headers.append("set-cookie", f"{AFTER}=; Max-Age=0; {ATTRIBUTES}")
        return response

    def part(self, template: str, /, **values: Any) -> Response:
        """A part of a page, without what stands around it on each."""
        return HTMLResponse(rendered(template, self.reader, {**values, "page": self}), headers=HEADERS)

    async def drawn(self, response: Response) -> Response:
        """The response, drawn if it is a page, with what stands at the bell."""
        if isinstance(response, DrawnPage):
            self.count_unread()
            if self._counting is not None:
                await self._counting
            response.finish()
        return response

    def count_unread(self) -> None:
        """Begin to ask what stands at the bell, beside all else that the page asks; once."""
        if self._counting is not None or self.unread is not None or self.user is None:
            return
        if isinstance(decide(COUNT_UNREAD, self.user, Thing(self.user.subject)), Allowed):
            self._counting = asyncio.create_task(self._count_unread())

    async def end(self) -> None:
        """End what is still being asked."""
        if self._counting is not None and not self._counting.done():
            await cancel_and_wait([self._counting])
        await self.api.end()

    async def _count_unread(self) -> None:
        """Ask for it; a page is shown without it where that takes too long or does not work."""
        with suppress(TimeoutError, Problem):
            async with asyncio.timeout(LONGEST_COUNT):
                found = await self.api.read("/v1/me/notifications/unread")
                self.unread = found["unread"] if self.unread is None else self.unread

    def file(self, answer: Answer) -> Response:
        """A file that the API has made, for the browser to save; its name and kind are those of the answer."""
        kept = (b"content-type", b"content-disposition")
        headers = {name.decode(): text.decode("latin-1") for name, text in answer.headers if name in kept}
        return Response(answer.body or "", answer.status, {**HEADERS, **headers})

    def go(self, address: str, answer: Answer | None = None, notice: str = "") -> Response:
        """
        The way to a page, which waits for what the API has answered.

        Args:
            answer: its position is waited for, and its cookies go to the browser.
            notice: what the page says, in the language of the reader.
        """
        response = RedirectResponse(address, 303, HEADERS)
        position = max(answer.position if answer is not None else 0, self.api.min_position)
        if position or notice:
            value = f"{position}.{quote(notice[:LONGEST_NOTICE])}"
            response.headers.append("set-cookie", f"{AFTER}={value}; Max-Age={WAITS}; {ATTRIBUTES}")
        return response if answer is None else self.with_cookies(response, answer)

    def speak(self, language: str) -> None:
        """Say what follows in this language, if there are words in it."""
        if language in languages():
            self.reader = self.reader._replace(language=language)

    def in_language(self, response: Response, language: str) -> Response:
        """The response, and the pages from then on in this language, if there are any in it."""
        if language in languages():
            response.headers.append("set-cookie", f"{LANGUAGE}={language}; Max-Age={YEAR}; Path=/; SameSite=Lax")
        return response

    def with_cookies(self, response: Response, answer: Answer) -> Response:
        """The response, with what the API has the browser keep or forget."""
        for name, text in answer.headers:
            if name in (b"set-cookie", b"clear-site-data"):
                response.headers.append(name.decode(), text.decode("latin-1"))
        return response


async def page_of(request: Request) -> Page:
    """The request with who sends it."""
    header, services = request.headers.get("cookie", ""), get_services(request)
    user: SessionUser | None = None
    if header:
        user = await person_by_cookie(header, services.people.sessions, services.grants, services.log.clock)
    return Page(request, user)


def own_address(text: str, otherwise: str = "/") -> str:
    """An address of this campus that a form or a link names, or *otherwise*: never one of another origin."""
    parts = urlsplit(text)
    is_own = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.netloc and text.isprintable()
    return text if is_own else otherwise


def _after(cookie: str) -> tuple[int, str]:
    """The position and the notice of a cookie; what it was not given says nothing."""
    position, _, notice = cookie.partition(".")
    if not (position.isascii() and position.isdigit() and len(position) < 19):
        return 0, ""
    return int(position), unquote(notice)[:LONGEST_NOTICE]
