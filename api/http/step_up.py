"""
Step-up: what costs most is asked for by a person who has proved within ten minutes to be there.

A session that was hijacked, or left open, does neither refunds nor erasures. Development tokens have no session and are
not asked: they stand for any user as it is.
"""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from adapters.auth.sessions import BrowserSession
from adapters.jwt import JwtClaims
from api.http.errors import Unauthenticated
from api.http.services import get_services
from api.http.sessions import SessionUser, TokenUser, user_by_cookie
from domain.auth import STEP_UP
from domain.errors import Forbidden


class StepUpNeeded(Forbidden):
    """The password or a second factor was not given for `minutes` minutes."""

    code = "step_up_needed"
    template = (
        "this needs the password or a second factor once more, given within {minutes} minutes: POST /v1/auth/confirm"
    )


def is_confirmed(user: JwtClaims, now: datetime) -> bool:
    """Whether the person of a session has proved lately to be there; a token of the API proves nothing of that."""
    if isinstance(user, TokenUser):
        return False
    if not isinstance(user, SessionUser) or user.session is None:
        return True
    confirmed_at = user.session.confirmed_at
    return confirmed_at is not None and now - confirmed_at < STEP_UP


def must_be_confirmed(user: JwtClaims, now: datetime) -> None:
    """Raise StepUpNeeded for the person of a session who has not proved lately to be there."""
    if not is_confirmed(user, now):
        raise StepUpNeeded(minutes=int(STEP_UP.total_seconds()) // 60)


async def session_of(request: Request) -> BrowserSession:
    """The session that asks; a token has none."""
    user = user_by_cookie(request)
    if user is None or user.session is None or "authorization" in request.headers:
        raise Unauthenticated("this needs a session: sign in with POST /v1/auth/login")
    return user.session


async def confirmed_session_of(request: Request) -> BrowserSession:
    """The session that asks, whose person has proved lately to be there; raises StepUpNeeded."""
    session = await session_of(request)
    if (user := user_by_cookie(request)) is not None:
        must_be_confirmed(user, get_services(request).log.clock.now())
    return session


SessionDep = Annotated[BrowserSession, Depends(session_of)]
ConfirmedSessionDep = Annotated[BrowserSession, Depends(confirmed_session_of)]
