"""Tokens of the API: of persons for programs, of apps, which renew them; and the keys that check them."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Literal

import msgspec
from fastapi import Request, Response
from pydantic import Field

from adapters.auth.attempts import FAILURES_OF_NETWORK
from adapters.auth.issuing import APP_LASTS, Renewed, Wish
from adapters.auth.sessions import BrowserSession
from api.auth.common import AT, ID, OF_BODY, SignedOut, Token, answer, client_of
from api.auth.factors import Label
from api.http.dispatch import Body, example
from api.http.openapi import open_query
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.step_up import ConfirmedSessionDep, SessionDep
from api.http.types import Id
from domain.auth import SCOPES, TokenKind, credentials_stream
from domain.words import closed

router = strict_router("auth", "/v1")
keys_router = strict_router("auth")
LONGEST_DAYS = 366
SESSION_ENDED = "session_ended"
"""Why a token has ended: the session in which it was issued had."""

Scope = Annotated[str, closed(SCOPES)]


class IssuedToken(msgspec.Struct, kw_only=True):
    """A token, which is shown this once: send it as `Authorization: Bearer …`."""

    token_id: str
    token: str
    scopes: list[Scope]
    until: datetime


class ListedToken(msgspec.Struct, kw_only=True):
    """A token of the user, as the user calls it."""

    token_id: str
    kind: Annotated[str, closed(kind.value for kind in TokenKind)]
    label: str
    scopes: list[Scope]
    issued_at: datetime
    used_at: datetime | None
    until: datetime


class TokenList(msgspec.Struct, kw_only=True):
    """The tokens of the user that have not ended, the latest first."""

    tokens: list[ListedToken]


class AccessToken(msgspec.Struct, kw_only=True):
    """
    A short token, and what renews it (RFC 6749, 5.1).

    Attributes:
        expires_in: seconds.
        refresh_token: good once: keep the next one.
        scope: names with spaces between.
    """

    access_token: str
    token_type: Annotated[str, closed(("Bearer",))] = "Bearer"  # noqa: S105 - no password
    expires_in: int
    refresh_token: str
    scope: str


class PublicKey(msgspec.Struct, kw_only=True):
    """A public key (RFC 8037)."""

    kid: str
    kty: str
    crv: str
    x: str
    use: str
    alg: str


class PublicKeys(msgspec.Struct, kw_only=True):
    """The keys that have signed, sign and will sign access tokens, as a JSON Web Key Set."""

    keys: list[PublicKey]


ISSUED = IssuedToken(token_id=ID, token="campus_7D2K…", scopes=["read"], until=AT)  # noqa: S106 - an example
LIST = TokenList(
    tokens=[
        ListedToken(token_id=ID, kind="personal", label="notebook", scopes=["read"], issued_at=AT, used_at=AT, until=AT)
    ]
)
PAIR = AccessToken(access_token="eyJhbGciOiJFZERTQSJ9...", expires_in=300, refresh_token="campus_…", scope="read")  # noqa: S106 - an example
KEYS = PublicKeys(keys=[PublicKey(kid="2026-02", kty="OKP", crv="Ed25519", x="11qYAYKx…", use="sig", alg="Ed25519")])


class WantedToken(Body):
    """A token for a program of the user."""

    model_config = example(label="notebook", scopes=["read"], days=30)

    label: Label
    scopes: Annotated[list[Literal["read", "write"]], Field(min_length=1, max_length=len(SCOPES))]
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = 30


class WantedApp(Body):
    """An app that acts for the user, and renews its tokens."""

    model_config = example(label="my telephone", scopes=["read", "write"])

    label: Label
    scopes: Annotated[list[Literal["read", "write"]], Field(min_length=1, max_length=len(SCOPES))]


class TokenToEnd(Body):
    """A token of the user."""

    model_config = example(token_id=ID)

    token_id: Id


class TokenToRenew(Body):
    """What renews the access token of an app."""

    model_config = example(refresh_token="campus_…")  # noqa: S106 - an example

    refresh_token: Token


@router.post("/auth/tokens", responses=open_query(ISSUED, 401, *OF_BODY))
async def issue_token(
    body: WantedToken, request: Request, services: ServicesDep, session: ConfirmedSessionDep
) -> Response:
    """Issue a token for a program, with scopes and an end."""
    wish = _wish(session, body, timedelta(days=body.days))
    tokens, request_id = services.people.tokens, request.scope["request_id"]
    issued = await tokens.issue(wish, request_id)
    undo = partial(tokens.end, session.learner_id, [issued.token_id], SESSION_ENDED, request_id)
    await services.people.must_have_stayed_open(session, undo)
    return answer(IssuedToken(token_id=issued.token_id, token=issued.text, scopes=[*issued.scopes], until=issued.until))


@router.get("/auth/tokens", responses=open_query(LIST, 401, 503))
async def list_tokens(services: ServicesDep, session: SessionDep) -> Response:
    """The tokens of the user."""
    return answer(TokenList(tokens=await _list(services, session.learner_id)))


@router.post("/auth/tokens/revoke", responses=open_query(SignedOut(ended=1), 401, *OF_BODY))
async def revoke_token(body: TokenToEnd, request: Request, services: ServicesDep, session: SessionDep) -> Response:
    """End a token of the user; it is good nowhere after a second. One that there is not has ended."""
    tokens, request_id = services.people.tokens, request.scope["request_id"]
    return answer(SignedOut(ended=await tokens.revoke(session.learner_id, [body.token_id], "revoked", request_id)))


@router.post("/auth/apps", responses=open_query(PAIR, 401, *OF_BODY))
async def begin_app_tokens(
    body: WantedApp, request: Request, services: ServicesDep, session: ConfirmedSessionDep
) -> Response:
    """Let an app act for the user: a short token, and one that renews it."""
    tokens, request_id = services.people.tokens, request.scope["request_id"]
    found = await tokens.begin_app(_wish(session, body, APP_LASTS), request_id)
    undo = partial(tokens.end, session.learner_id, [found.token_id], SESSION_ENDED, request_id)
    await services.people.must_have_stayed_open(session, undo)
    return _pair(found, services)


@router.post("/auth/token", responses=open_query(PAIR, 429, *OF_BODY))
async def renew_token(body: TokenToRenew, request: Request, services: ServicesDep) -> Response:
    """Another access token for an app, and another token that renews it; the one that was sent is used up."""
    people, request_id = services.people, request.scope["request_id"]
    async with people.attempts.counted("tokens", client_of(request), people.now(), FAILURES_OF_NETWORK):
        found = await people.tokens.renew(body.refresh_token, request_id)
    return _pair(found, services)


@keys_router.get("/.well-known/jwks.json", responses=open_query(KEYS, 503))
async def list_public_keys(services: ServicesDep) -> Response:
    """The keys that have signed, sign and will sign access tokens."""
    found = await services.people.tokens.keys.published(services.log.clock.now())
    response = answer(msgspec.convert(found, PublicKeys))
    response.headers["cache-control"] = "public, max-age=3600"
    return response


def _wish(session: BrowserSession, body: WantedToken | WantedApp, lifetime: timedelta) -> Wish:
    with_factor = session.factor_at is not None and not session.short_password
    return Wish(session.learner_id, body.label, body.scopes, lifetime, with_factor=with_factor)


def _pair(found: Renewed, services: Services) -> Response:
    lasts = int((found.until - services.log.clock.now()).total_seconds())
    return answer(
        AccessToken(
            access_token=found.access_token,
            expires_in=lasts,
            refresh_token=found.refresh_token,
            scope=" ".join(found.scopes),
        )
    )


async def _list(services: Services, learner_id: str) -> list[ListedToken]:
    tokens, key = services.people.tokens, await services.log.keys.reading(credentials_stream(learner_id))
    return [
        ListedToken(
            token_id=each.token_id,
            kind=each.kind,
            label=key.open(each.label) or each.label,
            scopes=each.scopes,
            issued_at=each.issued_at,
            used_at=each.used_at,
            until=each.until,
        )
        for each in await tokens.table.of_person(learner_id)
    ]
