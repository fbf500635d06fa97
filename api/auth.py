"""
Signing in: register, complete by the link of a mail, sign in, sign out here and everywhere, change the password, erase.

No answer shows whether an address has an account: not by words, status or time (adapters/auth/people.py).
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Annotated

import msgspec
from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from adapters.auth.people import SignedIn
from adapters.auth.sessions import BrowserSession
from adapters.settings import is_trusted
from api.http.dispatch import Body, example
from api.http.errors import Unauthenticated
from api.http.openapi import open_query, page
from api.http.query import JSON
from api.http.routing import router as strict_router
from api.http.services import ServicesDep, get_services
from api.http.sessions import must_come_from_here, signed_in, signed_out, user_by_cookie
from api.http.types import NO_CONTROLS, Id
from domain.auth import LONGEST_PASSWORD

router = strict_router("auth", "/v1")

ADDRESS = (
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"
)
Email = Annotated[
    str, Field(pattern=ADDRESS, max_length=254, description="In ASCII; a domain in another script as `xn--…`.")
]
Password = Annotated[str, Field(min_length=1, max_length=LONGEST_PASSWORD)]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$", max_length=35)]
TimeZone = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_CONTROLS)]
DisplayName = Annotated[str, Field(min_length=1, max_length=100, pattern=NO_CONTROLS)]
AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
ID = "5e0c8f8bd3f54b0ab4d3b5d55c0e3f3a"


class MailAnnounced(msgspec.Struct, kw_only=True):
    """What follows comes by mail, whether there is an account or not."""

    status: str


class SignedInAs(msgspec.Struct, kw_only=True):
    """Who has signed in; the session is in the cookie, and ends at `until` at the latest."""

    learner_id: str
    session_id: str
    until: datetime


class OpenSession(msgspec.Struct, kw_only=True):
    """A session; `current` is the one that asks."""

    session_id: str
    opened_at: datetime
    seen_at: datetime
    until: datetime
    current: bool


class SessionList(msgspec.Struct, kw_only=True):
    """The sessions of the user, the one that was used last first."""

    sessions: list[OpenSession]


class SignedOut(msgspec.Struct, kw_only=True):
    """How many sessions have ended."""

    ended: int


MAIL = MailAnnounced(status="mail_announced")
SIGNED_IN = SignedInAs(learner_id=ID, session_id=ID, until=AT)
SESSIONS = SessionList(sessions=[OpenSession(session_id=ID, opened_at=AT, seen_at=AT, until=AT, current=True)])
OF_BODY = (400, 403, 413, 415, 503)


class Registration(Body):
    """Who wants an account; the password is chosen by the link of the mail."""

    model_config = example(email="ada@example.org", language="en", time_zone="Europe/London")

    email: Email
    language: Language = "en"
    time_zone: TimeZone = "UTC"


class Completion(Body):
    """What completes a registration: the token is what stands behind `#` in the link of the mail."""

    model_config = example(
        token="eyJhbGciOiJIUzI1NiJ9...",  # noqa: S106 - the head of any token
        password="seven green herons",  # noqa: S106 - an example
        display_name="Ada Lovelace",
    )

    token: Annotated[str, Field(min_length=1, max_length=2_000)]
    password: Password
    display_name: DisplayName


class AddressAndPassword(Body):
    """Who signs in."""

    model_config = example(email="ada@example.org", password="seven green herons")  # noqa: S106 - an example

    email: Email
    password: Password


class LogoutScope(Body):
    """Which sessions end: this one, or all."""

    model_config = example(everywhere=False)

    everywhere: bool = False


class SessionToEnd(Body):
    """A session of the user."""

    model_config = example(session_id=ID)

    session_id: Id


class PasswordChange(Body):
    """The password as it is, and as it is to be."""

    model_config = example(old="seven green herons", new="nine quiet otters")

    old: Password
    new: Password


class ConfirmedErasure(Body):
    """The password, since this cannot be taken back."""

    model_config = example(password="seven green herons")  # noqa: S106 - an example

    password: Password


async def _session(request: Request) -> BrowserSession:
    """The session that asks; a token has none."""
    user = user_by_cookie(request)
    if user is None or user.session is None or "authorization" in request.headers:
        raise Unauthenticated("this needs a session: sign in with POST /v1/auth/login")
    return user.session


SessionDep = Annotated[BrowserSession, Depends(_session)]


@router.post("/auth/register", responses=open_query(MAIL, *OF_BODY))
async def register(body: Registration, request: Request, services: ServicesDep) -> Response:
    """Ask for an account. A mail with a link follows; to an address with an account, one that says so."""
    must_come_from_here(request, is_named_by_cookie=False)
    await services.people.register(body.email, body.language, body.time_zone, request.scope["request_id"])
    return _answer(MAIL)


@router.post("/auth/complete", responses=open_query(SIGNED_IN, 409, *OF_BODY))
async def complete_registration(body: Completion, request: Request, services: ServicesDep) -> Response:
    """Complete a registration by the link of its mail, choose a password, and be signed in."""
    must_come_from_here(request, is_named_by_cookie=False)
    session = await services.people.complete(body.token, body.password, body.display_name, request.scope["request_id"])
    return await _signed_in(request, services, session)


@router.post("/auth/login", responses=open_query(SIGNED_IN, 429, *OF_BODY))
async def sign_in(body: AddressAndPassword, request: Request, services: ServicesDep) -> Response:
    """Sign in; the session comes as a cookie, and takes the place of one that the browser had."""
    must_come_from_here(request, is_named_by_cookie=False)
    people, request_id = services.people, request.scope["request_id"]
    session = await people.sign_in(body.email, body.password, _client(request), request_id)
    return await _signed_in(request, services, session)


@router.post("/auth/logout", responses=open_query(SignedOut(ended=1), 401, *OF_BODY))
async def sign_out(body: LogoutScope, request: Request, services: ServicesDep, session: SessionDep) -> Response:
    """Sign out, here or everywhere; open event streams of the sessions end within a second."""
    ended: Sequence[str] = [session.session_id]
    if body.everywhere:
        ended = [each.session_id for each in await services.people.sessions.of_person(session.learner_id)]
    cause = "logout_everywhere" if body.everywhere else "logout"
    await services.people.revoke(session.learner_id, ended, cause, request.scope["request_id"])
    return signed_out(_answer(SignedOut(ended=len(ended))))


@router.get("/auth/sessions", responses=open_query(SESSIONS, 401, 503))
async def list_sessions(services: ServicesDep, session: SessionDep) -> Response:
    """The sessions of the user that have not ended."""
    found = await services.people.sessions.of_person(session.learner_id)
    return _answer(
        SessionList(
            sessions=[
                OpenSession(
                    session_id=each.session_id,
                    opened_at=each.opened_at,
                    seen_at=each.seen_at,
                    until=each.until,
                    current=each.session_id == session.session_id,
                )
                for each in found
            ]
        )
    )


@router.post("/auth/sessions/revoke", responses=open_query(SignedOut(ended=1), 401, *OF_BODY))
async def revoke_session(body: SessionToEnd, request: Request, services: ServicesDep, session: SessionDep) -> Response:
    """End another session of the user; one that there is not has ended."""
    found = [each.session_id for each in await services.people.sessions.of_person(session.learner_id)]
    ended = [body.session_id] if body.session_id in found else []
    await services.people.revoke(session.learner_id, ended, "revoked", request.scope["request_id"])
    return _answer(SignedOut(ended=len(ended)))


@router.post("/auth/password", responses=open_query(SIGNED_IN, 401, 429, *OF_BODY))
async def change_password(
    body: PasswordChange, request: Request, services: ServicesDep, session: SessionDep
) -> Response:
    """Set another password. All sessions end; this browser gets another one."""
    people = services.people
    await people.confirm(session.learner_id, body.old, _client(request))
    changed = await people.change_password(session, body.new, request.scope["request_id"])
    return signed_in(_answer(_shown(changed)), changed, services.log.clock)


@router.post("/me/account/erase", responses=open_query(SignedOut(ended=1), 401, 429, *OF_BODY))
async def erase_account(
    body: ConfirmedErasure, request: Request, services: ServicesDep, session: SessionDep
) -> Response:
    """Have all erased that is kept about the user's person; this cannot be taken back."""
    await services.people.confirm(session.learner_id, body.password, _client(request))
    ended = await services.people.erase(session.learner_id, request.scope["request_id"])
    return signed_out(_answer(SignedOut(ended=ended)))


@router.get(
    "/auth/welcome", responses=page("The page to which the link of the mail leads."), response_class=HTMLResponse
)
async def welcome() -> Response:
    """Choose a password; what the link carries is behind `#`, and is sent by the page itself."""
    text, policy = _page()
    return HTMLResponse(text, headers={"content-security-policy": policy, **PAGE_HEADERS})


PAGE_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}


@cache
def _page() -> tuple[str, str]:
    """The page, and the policy by which a browser runs its script and no other."""
    text = (files("api.http") / "welcome.html").read_text("utf-8")
    hashes = {
        tag: " ".join(f"'sha256-{b64encode(sha256(each.encode()).digest()).decode()}'" for each in found)
        for tag in ("script", "style")
        if (found := re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL))
    }
    policy = f"default-src 'none'; script-src {hashes['script']}; style-src {hashes['style']}; connect-src 'self'"
    return text, f"{policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def _client(request: Request) -> str:
    """Where the request comes from: the peer, or what a proxy that is trusted says of it."""
    peer = request.client.host if request.client else ""
    said = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return said if said and is_trusted(peer, get_services(request).settings.trusted_proxies) else peer


async def _signed_in(request: Request, services: ServicesDep, session: SignedIn) -> Response:
    """The answer to who has signed in; a session that the browser had before ends."""
    before = user_by_cookie(request)
    if before is not None and before.session is not None:
        old = before.session
        await services.people.revoke(old.learner_id, [old.session_id], "replaced", request.scope["request_id"])
    return signed_in(_answer(_shown(session)), session, services.log.clock)


def _shown(session: SignedIn) -> SignedInAs:
    return SignedInAs(learner_id=session.learner_id, session_id=session.session_id, until=session.until)


def _answer(shape: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(shape), media_type=JSON, headers={"cache-control": "no-store"})
