"""What the routes of signing in have in common: shapes, who asks, from where, and how a session is handed over."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import Request, Response
from pydantic import Field

from adapters.auth.access import SignedIn
from adapters.auth.sessions import BrowserSession
from api.http.dispatch import Body, example
from api.http.door.addresses import client_by_headers
from api.http.query import JSON
from api.http.services import Services, get_services
from api.http.sessions import signed_in, user_by_cookie
from api.http.step_up import must_be_confirmed
from api.http.types import ADDRESS, NO_CONTROLS, Id
from domain.passwords import LONGEST_PASSWORD
from domain.words import closed

Email = Annotated[
    str, Field(pattern=ADDRESS, max_length=254, description="In ASCII; a domain in another script as `xn--…`.")
]
Password = Annotated[str, Field(min_length=1, max_length=LONGEST_PASSWORD)]
Token = Annotated[str, Field(min_length=1, max_length=2_000)]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$", max_length=35)]
TimeZone = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_CONTROLS)]
DisplayName = Annotated[str, Field(min_length=1, max_length=100, pattern=NO_CONTROLS)]
Code = Annotated[str, Field(min_length=6, max_length=40, pattern=r"^[A-Za-z0-9 -]+$")]
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


class SignInAnswer(msgspec.Struct, kw_only=True):
    """
    Who has signed in, or that a second factor has to follow.

    Attributes:
        status: with `second_factor_needed` there is no session yet: send `pending` with a code to
            `/v1/auth/login/code`, or sign in by a passkey.
        until: when the session ends at the latest, or until when the second factor is waited for.
        kinds: what may follow: `totp`, `passkey`, `recovery_code`.
    """

    status: Annotated[str, closed(("signed_in", "second_factor_needed"))]
    learner_id: str | None = None
    session_id: str | None = None
    until: datetime
    pending: str | None = None
    kinds: list[str] = []


class OpenSession(msgspec.Struct, kw_only=True):
    """A session; `current` is the one that asks, `actor_id` an admin who acts in it as the user."""

    session_id: str
    opened_at: datetime
    seen_at: datetime
    until: datetime
    current: bool
    actor_id: str | None


class SessionList(msgspec.Struct, kw_only=True):
    """The sessions of the user, the one that was used last first."""

    sessions: list[OpenSession]


class SignedOut(msgspec.Struct, kw_only=True):
    """How many sessions have ended."""

    ended: int


class SignedOutHere(msgspec.Struct, kw_only=True):
    """
    How many sessions have ended.

    Attributes:
        provider_logout: where the page may send the browser to sign out at the provider, too, by which the session
            was opened; null for one that was opened here, or if the provider has no such address.
    """

    ended: int
    provider_logout: str | None = None


MAIL = MailAnnounced(status="mail_announced")
SIGNED_IN = SignedInAs(learner_id=ID, session_id=ID, until=AT)
SIGN_IN = SignInAnswer(status="signed_in", learner_id=ID, session_id=ID, until=AT)
SESSIONS = SessionList(
    sessions=[OpenSession(session_id=ID, opened_at=AT, seen_at=AT, until=AT, current=True, actor_id=ID)]
)
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

    token: Token
    password: Password
    display_name: DisplayName


class AddressAndPassword(Body):
    """Who signs in."""

    model_config = example(email="ada@example.org", password="seven green herons")  # noqa: S106 - an example

    email: Email
    password: Password


class PasskeyAnswer(Body):
    """The state of a challenge, and what the browser has answered to it, as JSON."""

    model_config = example(state="eyJhbGciOiJIUzI1NiJ9...", credential={"id": "AQID"})

    state: Token
    credential: dict[str, Any]


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
    """The password, since this cannot be taken back; who has none has to have proved just now to be there."""

    model_config = example(password="seven green herons")  # noqa: S106 - an example

    password: Password | None = None


async def prove(request: Request, session: BrowserSession, password: str | None) -> None:
    """
    Make sure that it is the person who asks: by the password, or for who has none, by a step-up.

    Raises:
        SignInRefused: the password is another one, or was left out.
        StepUpNeeded, TooManyAttempts.
    """
    people, user = get_services(request).people, user_by_cookie(request)
    has_none = password is None and (await people.credentials(session.learner_id)).password_id is None
    if has_none and user is not None:
        must_be_confirmed(user, people.now())
    else:
        await people.confirm(session.learner_id, password or "", client_of(request))


def client_of(request: Request) -> str:
    """Where the request comes from: the peer, or what a proxy that is trusted says of it."""
    return client_by_headers(request.scope, get_services(request).settings.trusted_proxies)


async def answer_signed_in(
    request: Request, services: Services, session: SignedIn, shape: msgspec.Struct | None = None
) -> Response:
    """The answer to who has signed in, in this shape; a session that the browser had before ends."""
    return await hand_over(request, services, session, answer(shape or shown(session)))


async def hand_over(request: Request, services: Services, session: SignedIn, response: Response) -> Response:
    """Give the browser its session with an answer; another one that it had before ends."""
    before = user_by_cookie(request)
    if before is not None and before.session is not None and before.session.session_id != session.session_id:
        old = before.session
        await services.people.revoke(
            old.learner_id, [old.session_id], "replaced", request.scope["request_id"], actor=old.actor_id
        )
    return signed_in(response, session, services.log.clock)


def shown(session: SignedIn) -> SignedInAs:
    """Who has signed in."""
    return SignedInAs(learner_id=session.learner_id, session_id=session.session_id, until=session.until)


def answer(shape: msgspec.Struct) -> Response:
    """The answer, which no one keeps."""
    return Response(msgspec.json.encode(shape), media_type=JSON, headers={"cache-control": "no-store"})
