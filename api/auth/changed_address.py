"""Another address: ask for it, confirm it at the new one, and take it back from the old one."""

from typing import Annotated

import msgspec
from fastapi import Request, Response

from api.auth.common import MAIL, OF_BODY, Email, Password, Token, answer, client_of, prove
from api.auth.recovery import REPLACED, PasswordReset
from api.http.dispatch import Body, example
from api.http.openapi import open_query
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.sessions import must_come_from_here
from api.http.step_up import SessionDep
from domain.words import closed

router = strict_router("auth", "/v1")


class AddressChanged(msgspec.Struct, kw_only=True):
    """The account has the new address; the old one gets a mail that says so."""

    status: Annotated[str, closed(("address_changed",))]


CHANGED = AddressChanged(status="address_changed")


class WantedAddress(Body):
    """The address that the account is to have, and the password; who has none must have proved to be there."""

    model_config = example(email="ada@example.net", password="seven green herons")  # noqa: S106 - an example

    email: Email
    password: Password | None = None


class AddressToken(Body):
    """What stands behind `#` in the link of the mail."""

    model_config = example(token="eyJhbGciOiJIUzI1NiJ9...")  # noqa: S106 - the head of any token

    token: Token


@router.post("/auth/email", responses=open_query(MAIL, 401, 409, 429, *OF_BODY))
async def change_address(body: WantedAddress, request: Request, services: ServicesDep, session: SessionDep) -> Response:
    """Ask for another address. A mail with a link goes there; the account keeps its address until the link is used."""
    people, client = services.people, client_of(request)
    await prove(request, session, body.password)
    await people.changed_address.request(session.learner_id, body.email, client, request.scope["request_id"])
    return answer(MAIL)


@router.post("/auth/email/verify", responses=open_query(CHANGED, 409, *OF_BODY))
async def verify_address(body: AddressToken, request: Request, services: ServicesDep) -> Response:
    """Confirm the new address by the link that went there, which works once; the old address gets a mail."""
    must_come_from_here(request, is_named_by_cookie=False)
    await services.people.changed_address.verify(body.token, request.scope["request_id"])
    return answer(CHANGED)


@router.post("/auth/email/restore", responses=open_query(REPLACED, 409, *OF_BODY))
async def restore_address(body: PasswordReset, request: Request, services: ServicesDep) -> Response:
    """Take a change back by the link that went to the old address, for three days. All sessions end."""
    must_come_from_here(request, is_named_by_cookie=False)
    await services.people.changed_address.restore(body.token, body.password, request.scope["request_id"])
    return answer(REPLACED)
