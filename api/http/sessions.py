"""
Sessions of browsers over HTTP: the cookie, who it says that asks, and what may be asked with it from which page.

A cookie goes along whatever page sends a request. So a request that changes something and names its user by the cookie
must come from a page of this campus, by what the browser says (`Sec-Fetch-Site`, `Origin`): there is no token to be
stolen, and a page of another origin cannot write these headers. Requests with a token in `Authorization` are as before.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from time import time as machine_time
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from fastapi import Request, Response

from adapters.auth.access import SignedIn
from adapters.auth.grants import Grants, Held
from adapters.auth.issuing import CLIENT, Tokens
from adapters.auth.people import People
from adapters.auth.sessions import SEEN_EVERY, BrowserSession, Sessions
from adapters.jwt import FACTOR, LEARNER, SHORT_PASSWORD, STEP_UP, JwtClaims
from adapters.tasks import cancel_and_wait
from api.http.errors import Unauthenticated
from commands.clock import Clock
from domain.auth import STEP_UP as CONFIRMED_FOR
from domain.auth import TokenRefused
from domain.errors import Forbidden
from domain.roles import ADMIN_OF_CAMPUS, CAMPUS, Grant, Role

SERVICE_OF_CAMPUS = Grant(Role.SERVICE.value, CAMPUS)
COOKIE = "__Host-campus"
"""The prefix has browsers refuse it without `Secure`, for another path, or from another host of the domain."""

ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"
LONGEST_TOKEN = 128  # characters
LONGEST_JWT = 4_000  # characters
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
OWN_PAGE = frozenset(("same-origin", "none"))  # of Sec-Fetch-Site; none: typed in by the person
ENDED = b": the session has ended, or a role of the person\n\n"


class CrossSite(Forbidden):
    """A page of another origin, or what does not say from where it comes, has sent a command with a cookie."""

    code = "cross_site_request"
    template = "a request that changes something must come from a page of this campus, or have a token in Authorization"


@dataclass(frozen=True)
class SessionUser(JwtClaims):
    """
    The user whom a cookie names.

    Attributes:
        grants: the roles that were granted to the person and hold now; where an admin acts as the person, that of the
            admin.
    """

    session: BrowserSession | None = field(default=None, compare=False)
    grants: Held = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class TokenUser(JwtClaims):
    """
    The user whom a token of the API names.

    Attributes:
        token_id: of the token, or of the credential of a client.
        is_client: whether it is a client, which has the role of a service and no other, and is no learner.
        scopes: what the token opens.
        grants: as those of `SessionUser`.
    """

    token_id: str = ""
    is_client: bool = False
    scopes: tuple[str, ...] = ()
    grants: Held = field(default_factory=dict, compare=False)


class ScopeNeeded(Forbidden):
    """A token sends a command, and was issued to read only, or reads, and was issued for commands only."""

    code = "scope_needed"
    template = "this token opens {scopes}, and this needs {needed}"


def session_of_cookies(header: str) -> str:
    """The session's token in a `Cookie` header; empty if it has none. Only a cookie of exactly this name is one."""
    for each in header.split(";"):
        name, _, value = each.partition("=")
        if name.strip() == COOKIE:
            value = value.strip()
            return value if len(value) <= LONGEST_TOKEN else ""
    return ""


def bearer_of(header: str) -> str:
    """The token in an `Authorization` header; empty for another scheme, and for what is too long to be one."""
    scheme, _, text = header.partition(" ")
    return text.strip() if scheme.lower() == "bearer" and len(text) <= LONGEST_JWT else ""


async def person_by_cookie(header: str, sessions: Sessions, grants: Grants, clock: Clock) -> SessionUser | None:
    """Whom a `Cookie` header names."""
    number, token = sessions.number, session_of_cookies(header)
    user, true_until = sessions.users.get(token) or (None, clock.now())
    if user is not None and clock.now() < true_until:
        return cast("SessionUser", user)
    session = await sessions.find(token) if token else None
    if session is None:
        return None
    person = session.actor_id or session.learner_id
    held = await grants.of(person)
    ends = clock.on_machine(session.until).timestamp()
    if session.actor_id is not None:
        return _impersonator(session, held, ends)
    now = clock.now()
    user = SessionUser(
        session.learner_id,
        roles_of(held),
        session.learner_id,
        ends,
        proofs_of(session, now),
        session=session,
        grants=held,
    )
    sessions.users.keep(token, person, number, (user, _true_until(session, held, now)))
    return user


def _true_until(session: BrowserSession, held: Held, now: datetime) -> datetime:
    """When the next thing ends by itself: the session, a proof, a role, or how exactly the latest use is known."""
    ends = [session.until, session.seen_at + SEEN_EVERY, *(until for until in held.values() if until is not None)]
    if session.confirmed_at is not None and session.confirmed_at + CONFIRMED_FOR > now:
        ends.append(session.confirmed_at + CONFIRMED_FOR)
    return min(ends)


def _impersonator(session: BrowserSession, held: Held, ends: float) -> SessionUser | None:
    """
    The user of a session in which a person with these grants acts as a learner; None for who is no admin any more.

    The role is that of a learner and no other, whatever was granted to the learner since.
    """
    if ADMIN_OF_CAMPUS not in held:
        return None
    learner_id, rests_on = session.learner_id, {ADMIN_OF_CAMPUS: held[ADMIN_OF_CAMPUS]}
    return SessionUser(learner_id, LEARNER, learner_id, ends, actor=session.actor_id, session=session, grants=rests_on)


async def person_by_token(header: str, tokens: Tokens, grants: Grants, clock: Clock) -> TokenUser | None:
    """Whom a token of the API names in an `Authorization` header; raises TokenRefused."""
    text = bearer_of(header)
    found = await tokens.recognise(text) if text else None
    if found is None:
        return None
    token, until = found
    held = await grants.of(token.learner_id)
    if token.kind == CLIENT and SERVICE_OF_CAMPUS not in held:
        raise TokenRefused
    return TokenUser(
        token.learner_id,
        (Role.SERVICE.value,) if token.kind == CLIENT else roles_of(held),
        token.learner_id,
        clock.on_machine(until).timestamp(),
        (FACTOR,) if token.with_factor else (),
        token_id=token.token_id,
        is_client=token.kind == CLIENT,
        scopes=tuple(token.scopes),
        grants=held,
    )


async def recognise_token(request: Request, tokens: Tokens, grants: Grants, clock: Clock) -> None:
    """
    Find out whom a token of the API names; `user_by_token` has the answer, and none for tokens of other kinds.

    Raises:
        Unauthenticated: it has ended, was revoked or replaced.
        ScopeNeeded: it was issued to read only, and this changes something, or for commands only, and this reads.
    """
    try:
        user = await person_by_token(request.headers["authorization"], tokens, grants, clock)
    except TokenRefused as error:
        raise Unauthenticated(error.sentence) from error
    needed = "read" if request.method in SAFE else "write"
    if user is not None and needed not in user.scopes:
        raise ScopeNeeded(scopes=" ".join(user.scopes), needed=needed)
    request.scope["user_by_token"] = user


def user_by_token(request: Request) -> TokenUser | None:
    """The user whom a token of the API names, if the request has one."""
    found: TokenUser | None = request.scope.get("user_by_token")
    return found


async def recognise(request: Request, sessions: Sessions, grants: Grants, clock: Clock) -> None:
    """
    Find out who sends a request with a cookie; `user_by_cookie` has the answer.

    Raises:
        CrossSite: it changes something, and does not come from a page of this campus.
    """
    user = await person_by_cookie(request.headers["cookie"], sessions, grants, clock)
    if user is not None and request.method not in SAFE:
        must_come_from_here(request, is_named_by_cookie=True)
    request.scope["user_by_cookie"] = user


def roles_of(held: Held) -> tuple[str, ...]:
    """
    The roles of a person with these grants, that of a learner among them.

    That of a service is a program's: it needs no second factor, and who has it is no learner.
    """
    own = (grant for grant in held if grant != SERVICE_OF_CAMPUS)
    return (*LEARNER, *(role if scope == CAMPUS else f"{role}@{scope}" for role, scope in own))


def proofs_of(session: BrowserSession, now: datetime) -> tuple[str, ...]:
    """What the person of a session has proved beside who it is: by a second factor, and lately to be there."""
    factor = (SHORT_PASSWORD,) if session.short_password else (FACTOR,) if session.factor_at is not None else ()
    is_confirmed = session.confirmed_at is not None and now - session.confirmed_at < CONFIRMED_FOR
    return (*factor, STEP_UP) if is_confirmed else factor


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
    """Take the session from the browser, and what it keeps of the answers that the session had."""
    answer.headers.append("set-cookie", f"{COOKIE}=; Max-Age=0; {ATTRIBUTES}")
    answer.headers["cache-control"] = "no-store"
    answer.headers["clear-site-data"] = '"cache", "storage"'  # not "cookies": those of the whole domain
    return answer


class CutShort(Exception):
    """What names the user has ended before an answer was whole: the connection breaks, so that it does not look it."""


def while_signed_in(
    events: AsyncGenerator[bytes],
    user: JwtClaims,
    people: People,
    grants: Grants,
    *,
    ends: float = 0.0,
    says: bytes | None = ENDED,
) -> AsyncIterator[bytes]:
    """
    The events, until the session or the token of *user* ends, or a role with which it began.

    Args:
        ends: when they end at the latest, as Unix time; 0 where the events themselves see to that.
        says: what stands last then; None: CutShort is raised, where the reader could not tell a part from the whole.
    """
    over = _Over(ends, says)
    match user:
        case SessionUser(session=BrowserSession() as session, grants=held):
            return _until_ended(events, over, [people.sessions.watch(session), grants.watch(user.by, held)])
        case TokenUser(is_client=True, token_id=credential_id, grants=held):
            client = people.tokens.clients.watch(user.subject, credential_id)
            return _until_ended(events, over, [client, grants.watch(user.subject, held)])
        case TokenUser(token_id=token_id, grants=held):
            return _until_ended(events, over, [people.tokens.table.watch(token_id), grants.watch(user.subject, held)])
    return _until_ended(events, over, []) if ends else events


class _Over(NamedTuple):
    """When a stream ends at the latest, and what it says then."""

    ends: float
    says: bytes | None

    @property
    def left(self) -> float | None:
        """Seconds; None without an end."""
        return max(self.ends - machine_time(), 0.0) if self.ends else None


async def _next(events: AsyncGenerator[bytes]) -> bytes:
    return await anext(events)


async def _until_ended(
    events: AsyncGenerator[bytes], over_at: _Over, watches: Sequence[AbstractAsyncContextManager[asyncio.Event]]
) -> AsyncIterator[bytes]:
    async with AsyncExitStack() as watching:
        ended = [await watching.enter_async_context(each) for each in watches]
        over = [asyncio.create_task(each.wait()) for each in ended]
        step: asyncio.Task[bytes] | None = None
        try:
            while True:
                step = asyncio.create_task(_next(events))
                waited = asyncio.wait((step, *over), timeout=over_at.left, return_when=asyncio.FIRST_COMPLETED)
                done, _ = await waited
                if done != {step}:
                    if over_at.says is None:
                        raise CutShort
                    yield over_at.says
                    return
                try:
                    text = step.result()
                except StopAsyncIteration:
                    return
                yield text
        finally:
            await cancel_and_wait([*over, *([step] if step is not None else [])])
            await events.aclose()
