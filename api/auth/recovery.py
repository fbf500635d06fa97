"""A forgotten password: say so, and choose another one by the link of the mail."""

from typing import Annotated

import msgspec
from fastapi import Request, Response

from api.auth.common import MAIL, OF_BODY, Email, Password, Token, answer, client_of
from api.http.dispatch import Body, example
from api.http.openapi import open_query
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.sessions import must_come_from_here
from domain.words import closed

router = strict_router("auth", "/v1")


class PasswordReplaced(msgspec.Struct, kw_only=True):
    """The password is set, all sessions have ended; the person signs in with it, and with the second factor."""

    status: Annotated[str, closed(("password_set",))]


REPLACED = PasswordReplaced(status="password_set")


class ForgottenPassword(Body):
    """Whose password is forgotten."""

    model_config = example(email="ada@example.org")

    email: Email


class PasswordReset(Body):
    """Another password; the token is what stands behind `#` in the link of the mail."""

    model_config = example(token="eyJhbGciOiJIUzI1NiJ9...", password="nine quiet otters")  # noqa: S106 - examples

    token: Token
    password: Password


@router.post("/auth/forgotten", responses=open_query(MAIL, 429, *OF_BODY))
async def forget_password(body: ForgottenPassword, request: Request, services: ServicesDep) -> Response:
    """Say that a password is forgotten. A mail with a link follows, if there is an account; until then it is valid."""
    must_come_from_here(request, is_named_by_cookie=False)
    await services.people.recovery.request(body.email, client_of(request), request.scope["request_id"])
    return answer(MAIL)


@router.post("/auth/reset", responses=open_query(REPLACED, *OF_BODY))
async def reset_password(body: PasswordReset, request: Request, services: ServicesDep) -> Response:
    """Choose another password by the link of the mail, which works once. All sessions end."""
    must_come_from_here(request, is_named_by_cookie=False)
    await services.people.recovery.reset(body.token, body.password, client_of(request), request.scope["request_id"])
    return answer(REPLACED)
