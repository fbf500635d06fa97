"""Passkeys: what a page hands to the browser, and what comes back."""

from functools import partial
from typing import Any

import msgspec
from fastapi import Request, Response

from api.auth.common import OF_BODY, SIGNED_IN, PasskeyAnswer, answer, answer_signed_in, client_of
from api.auth.factors import ADDED, FactorAdded, Label, NoMembers
from api.http.dispatch import example
from api.http.openapi import open_query
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.sessions import must_come_from_here, signed_in, user_by_cookie
from api.http.step_up import ConfirmedSessionDep
from domain.auth import FactorKind

router = strict_router("auth", "/v1")


class PasskeyChallenge(msgspec.Struct, kw_only=True):
    """What the page hands to `navigator.credentials`, and the state that it sends back with the answer."""

    state: str
    options: dict[str, Any]


class NewPasskey(PasskeyAnswer):
    """What `navigator.credentials.create` has answered, as JSON, and how the user calls the machine."""

    model_config = example(state="eyJhbGciOiJIUzI1NiJ9...", credential={"id": "AQID"}, label="my telephone")

    label: Label


CHALLENGE = PasskeyChallenge(state="eyJhbGciOiJIUzI1NiJ9...", options={"challenge": "AQID"})


@router.post("/auth/passkeys/begin", responses=open_query(CHALLENGE, 401, *OF_BODY))
async def begin_passkey(
    body: NoMembers,  # noqa: ARG001 - so that a page of another origin cannot send it as a form
    services: ServicesDep,
    session: ConfirmedSessionDep,
) -> Response:
    """Begin to add a passkey."""
    state, options = await services.people.passkeys.ask_to_add(session.learner_id)
    return answer(PasskeyChallenge(state=state, options=options))


@router.post("/auth/passkeys", responses=open_query(ADDED, 401, 409, *OF_BODY))
async def add_passkey(
    body: NewPasskey, request: Request, services: ServicesDep, session: ConfirmedSessionDep
) -> Response:
    """Add the passkey that the machine has made. The session counts as one with a second factor."""
    people, request_id = services.people, request.scope["request_id"]
    factor_id, codes = await people.passkeys.add(
        session.learner_id, body.state, body.credential, body.label, request_id
    )
    undo = partial(people.factors.remove, session.learner_id, factor_id, request_id)
    await people.must_have_stayed_open(session, undo)
    changed = await people.confirm_session(session, FactorKind.PASSKEY.value, request_id)
    added = FactorAdded(factor_id=factor_id, recovery_codes=codes)
    return signed_in(answer(added), changed, services.log.clock)


@router.post("/auth/passkeys/challenge", responses=open_query(CHALLENGE, *OF_BODY))
async def challenge_passkey(
    body: NoMembers,  # noqa: ARG001 - so that a page of another origin cannot send it as a form
    request: Request,
    services: ServicesDep,
) -> Response:
    """Have a passkey sign: one of the user who is signed in, else any of this campus that the machine has."""
    must_come_from_here(request, is_named_by_cookie=False)
    user, passkeys = user_by_cookie(request), services.people.passkeys
    state, options = await (passkeys.ask_to_sign() if user is None else passkeys.ask_to_sign(user.subject))
    return answer(PasskeyChallenge(state=state, options=options))


@router.post("/auth/login/passkey", responses=open_query(SIGNED_IN, 429, *OF_BODY))
async def sign_in_by_passkey(body: PasskeyAnswer, request: Request, services: ServicesDep) -> Response:
    """Sign in by a passkey, without a password: the machine has verified the person."""
    must_come_from_here(request, is_named_by_cookie=False)
    people, request_id = services.people, request.scope["request_id"]
    session = await people.passkeys.sign_in(body.state, body.credential, client_of(request), request_id)
    return await answer_signed_in(request, services, session)
