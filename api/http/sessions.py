"""
Sessions of browsers over HTTP: the cookie, who it says that asks, and what may be asked with it from which page.

A cookie goes along whatever page sends a request. So a request that changes something and names its user by the cookie
must come from a page of this campus, by what the browser says (`Sec-Fetch-Site`, `Origin`): there is no token to be
stolen, and a page of another origin cannot write these headers. Requests with a token in `Authorization` are as before.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fastapi import Request, Response

from adapters.auth.people import SignedIn
from adapters.auth.sessions import BrowserSession, Sessions
from adapters.jwt import LEARNER, JwtClaims
from adapters.tasks import cancel_and_wait
from commands.clock import Clock
from domain.errors import Forbidden

COOKIE = "__Host-campus"
"""The prefix has browsers refuse it without `Secure`, for another path, or from another host of the domain."""

ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"
LONGEST_TOKEN = 128  # characters
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
OWN_PAGE = frozenset(("same-origin", "none"))  # of Sec-Fetch-Site; none: typed in by the person
ENDED = b": the session has ended\n\n"


class CrossSite(Forbidden):
    """A page of another origin, or what does not say from where it comes, has sent a command with a cookie."""

    code = "cross_site_request"
    template = "a request that changes something must come from a page of this campus, or have a token in Authorization"


@dataclass(frozen=True)
class SessionUser(JwtClaims):
    """The user whom a cookie names."""

    session: BrowserSession | None = field(default=None, compare=False)


async def recognise(request: Request, sessions: Sessions, clock: Clock) -> None:
    """
    Find out who sends a request with a cookie; `user_by_cookie` has the answer.

    Raises:
        CrossSite: it changes something, and does not come from a page of this campus.
    """
    token = request.cookies.get(COOKIE)
    if token is None or len(token) > LONGEST_TOKEN:
        return
    session = await sessions.find(token)
    if session is None:
        return
    if request.method not in SAFE:
        must_come_from_here(request, is_named_by_cookie=True)
    ends = clock.on_machine(session.until).timestamp()
    request.scope["user_by_cookie"] = SessionUser(session.learner_id, LEARNER, session.learner_id, ends, session)


def user_by_cookie(request: Request) -> SessionUser | None:
    """The user whom the request's cookie names, if its route has asked for it."""
    found: SessionUser | None = request.scope.get("user_by_cookie")
    return found


def must_come_from_here(request: Request, *, is_named_by_cookie: bool) -> None:
    """
    Raise CrossSite for a request of a page of another origin.

    Args:
        is_named_by_cookie: whether one that says nothing of its page is refused, too; programs say nothing.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site not in OWN_PAGE:
        raise CrossSite
    if origin is not None:
        if urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
            raise CrossSite
    elif site is None and is_named_by_cookie:
        raise CrossSite


def signed_in(answer: Response, session: SignedIn, clock: Clock) -> Response:
    """Give the browser its session."""
    lasts = int((session.until - clock.now()).total_seconds())
    answer.headers.append("set-cookie", f"{COOKIE}={session.token}; Max-Age={lasts}; {ATTRIBUTES}")
    answer.headers["cache-control"] = "no-store"
    return answer


def signed_out(answer: Response) -> Response:
    """Take the session from the browser."""
    answer.headers.append("set-cookie", f"{COOKIE}=; Max-Age=0; {ATTRIBUTES}")
    answer.headers["cache-control"] = "no-store"
    return answer


def while_signed_in(events: AsyncGenerator[bytes], user: JwtClaims, sessions: Sessions) -> AsyncIterator[bytes]:
    """The events, until the session of *user* ends, if it is one that asks."""
    session = user.session if isinstance(user, SessionUser) else None
    return events if session is None else _until_ended(events, session, sessions)


async def _next(events: AsyncGenerator[bytes]) -> bytes:
    return await anext(events)


async def _until_ended(
    events: AsyncGenerator[bytes], session: BrowserSession, sessions: Sessions
) -> AsyncIterator[bytes]:
    async with sessions.watch(session) as ended:
        over = asyncio.create_task(ended.wait())
        step: asyncio.Task[bytes] | None = None
        try:
            while True:
                step = asyncio.create_task(_next(events))
                await asyncio.wait((step, over), return_when=asyncio.FIRST_COMPLETED)
                if over.done():
                    yield ENDED
                    return
                try:
                    text = step.result()
                except StopAsyncIteration:
                    return
                yield text
        finally:
            await cancel_and_wait([over, *([step] if step is not None else [])])
            await events.aclose()
