"""Second factors: an app that shows codes, recovery codes; the second step of signing in, and proving to be there."""

from datetime import datetime
from functools import partial
from typing import Annotated

import msgspec
from fastapi import Request, Response
from pydantic import Field, model_validator

from api.auth.common import (
    AT,
    ID,
    OF_BODY,
    SIGNED_IN,
    Code,
    PasskeyAnswer,
    Password,
    Token,
    answer,
    answer_signed_in,
    client_of,
    shown,
)
from api.http.dispatch import Body, example
from api.http.openapi import open_query
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.sessions import must_come_from_here, signed_in
from api.http.step_up import ConfirmedSessionDep, SessionDep
from api.http.types import NO_CONTROLS, Id
from domain.auth import FactorKind
from domain.words import closed

router = strict_router("auth", "/v1")
Label = Annotated[str, Field(min_length=1, max_length=60, pattern=NO_CONTROLS)]


class SecondFactor(msgspec.Struct, kw_only=True):
    """A second factor of the user, as the user calls it."""

    factor_id: str
    kind: Annotated[str, closed(kind.value for kind in FactorKind)]
    label: str
    added_at: datetime
    used_at: datetime | None


class FactorList(msgspec.Struct, kw_only=True):
    """The second factors of the user, and how many recovery codes are left."""

    factors: list[SecondFactor]
    recovery_codes_left: int


class AppSecret(msgspec.Struct, kw_only=True):
    """What an app needs to show codes: as text, as an address, and that as a QR code (SVG)."""

    factor_id: str
    secret: str
    uri: str
    picture: str


class FactorAdded(msgspec.Struct, kw_only=True):
    """The factor is asked for from now on; with the first one come recovery codes, which are shown this once."""

    factor_id: str
    recovery_codes: list[str]


class RecoveryCodes(msgspec.Struct, kw_only=True):
    """Codes that take the place of a second factor, each once; they are shown this once."""

    recovery_codes: list[str]


class FactorLabel(Body):
    """How the user calls an app or a machine."""

    model_config = example(label="my telephone")

    label: Label


class CodeOfApp(Body):
    """The code that an app shows now."""

    model_config = example(factor_id=ID, code="123456")

    factor_id: Id
    code: Code


class FactorId(Body):
    """A second factor of the user."""

    model_config = example(factor_id=ID)

    factor_id: Id


class NoMembers(Body):
    """Nothing more is to be said."""

    model_config = example()


class SecondStep(Body):
    """What `login` has answered, and a code of an app or a recovery code."""

    model_config = example(pending="eyJhbGciOiJIUzI1NiJ9...", code="123456")

    pending: Token
    code: Code


class Proof(Body):
    """That the user is there: one of the password, a code, or what a passkey has signed."""

    model_config = example(password="seven green herons")  # noqa: S106 - an example

    password: Password | None = None
    code: Code | None = None
    passkey: PasskeyAnswer | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Proof":
        if sum(each is not None for each in (self.password, self.code, self.passkey)) != 1:
            raise ValueError("one of password, code and passkey")
        return self


FACTORS = FactorList(
    factors=[SecondFactor(factor_id=ID, kind="totp", label="my telephone", added_at=AT, used_at=AT)],
    recovery_codes_left=10,
)
APP = AppSecret(factor_id=ID, secret="JBSWY3DPEHPK3PXP", uri="otpauth://totp/…", picture="<svg></svg>")  # noqa: S106
ADDED = FactorAdded(factor_id=ID, recovery_codes=["7D2K-9XQM-4HTW-0BRE"])
CODES = RecoveryCodes(recovery_codes=["7D2K-9XQM-4HTW-0BRE"])


@router.get("/auth/factors", responses=open_query(FACTORS, 401, 503))
async def list_factors(services: ServicesDep, session: SessionDep) -> Response:
    """The second factors of the user."""
    return answer(await _list(services, session.learner_id))


@router.post("/auth/factors/app", responses=open_query(APP, 401, *OF_BODY))
async def begin_app(body: FactorLabel, services: ServicesDep, session: ConfirmedSessionDep) -> Response:
    """Begin to add an app: it gets a secret, and is asked for once it has shown a code."""
    found = await services.people.factors.begin_app(session.learner_id, body.label)
    return answer(AppSecret(factor_id=found.factor_id, secret=found.secret, uri=found.uri, picture=found.picture))


@router.post("/auth/factors/app/confirm", responses=open_query(ADDED, 401, 409, 429, *OF_BODY))
async def add_app(body: CodeOfApp, request: Request, services: ServicesDep, session: ConfirmedSessionDep) -> Response:
    """Add the app, which shows a code. The session counts as one with a second factor."""
    people, request_id = services.people, request.scope["request_id"]
    codes = await people.factors.add_app(session.learner_id, body.factor_id, body.code, client_of(request), request_id)
    undo = partial(people.factors.remove, session.learner_id, body.factor_id, request_id)
    await people.must_have_stayed_open(session, undo)
    changed = await people.confirm_session(session, FactorKind.TOTP.value, request_id)
    added = FactorAdded(factor_id=body.factor_id, recovery_codes=codes)
    return signed_in(answer(added), changed, services.log.clock)


@router.post("/auth/factors/codes", responses=open_query(CODES, 401, 409, *OF_BODY))
async def make_recovery_codes(
    body: NoMembers,  # noqa: ARG001 - so that a page of another origin cannot send it as a form
    request: Request,
    services: ServicesDep,
    session: ConfirmedSessionDep,
) -> Response:
    """Ten recovery codes in the place of those that there were."""
    people, request_id = services.people, request.scope["request_id"]
    codes = await people.factors.make_codes(session.learner_id, request_id)
    undo = partial(people.factors.make_codes, session.learner_id, request_id)  # others, which are shown to no one
    await people.must_have_stayed_open(session, undo)
    return answer(RecoveryCodes(recovery_codes=codes))


@router.post("/auth/factors/remove", responses=open_query(FACTORS, 401, 404, *OF_BODY))
async def remove_factor(
    body: FactorId, request: Request, services: ServicesDep, session: ConfirmedSessionDep
) -> Response:
    """Remove a second factor; it is not asked for any more."""
    await services.people.factors.remove(session.learner_id, body.factor_id, request.scope["request_id"])
    return answer(await _list(services, session.learner_id))


@router.post("/auth/login/code", responses=open_query(SIGNED_IN, 429, *OF_BODY))
async def sign_in_by_code(body: SecondStep, request: Request, services: ServicesDep) -> Response:
    """Give the second factor, after the password, by a code of an app or a recovery code."""
    must_come_from_here(request, is_named_by_cookie=False)
    factors, request_id = services.people.factors, request.scope["request_id"]
    session = await factors.sign_in(body.pending, body.code, client_of(request), request_id)
    return await answer_signed_in(request, services, session)


@router.post("/auth/confirm", responses=open_query(SIGNED_IN, 401, 429, *OF_BODY))
async def confirm(body: Proof, request: Request, services: ServicesDep, session: SessionDep) -> Response:
    """Prove once more to be there, for ten minutes. The session gets another cookie; open streams begin again."""
    people, learner_id, client = services.people, session.learner_id, client_of(request)
    request_id = request.scope["request_id"]
    if body.password is not None:
        await people.confirm(learner_id, body.password, client)
        method = "password"
    elif body.code is not None:
        method = await people.factors.check(learner_id, body.code, client, request_id)
    elif body.passkey is not None:
        await people.passkeys.check(learner_id, body.passkey.state, body.passkey.credential, client)
        method = FactorKind.PASSKEY.value
    changed = await people.confirm_session(session, method, request_id)
    return signed_in(answer(shown(changed)), changed, services.log.clock)


async def _list(services: ServicesDep, learner_id: str) -> FactorList:
    found, left = await services.people.factors.of_person(learner_id)
    return FactorList(
        factors=[
            SecondFactor(
                factor_id=each.factor_id, kind=each.kind, label=each.label, added_at=each.added_at, used_at=each.used_at
            )
            for each in found
        ],
        recovery_codes_left=left,
    )
