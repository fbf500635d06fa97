"""
Signing in by an account of a provider: to the provider and back, connected sign-ins, and proving there to be here.

A page asks where to go (`begin`), and goes there; the provider sends the browser back to `callback`, which answers with
a page or leads on. A cookie that is there for ten minutes binds both (adapters/auth/providers.py).
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field

from adapters.auth.oidc.id_token import LONGEST_TOKEN
from adapters.auth.providers import LASTS, Answer, Finished, Purpose
from adapters.postgres.connection import Unavailable
from api.auth.common import AT, ID, OF_BODY, answer, client_of, hand_over
from api.http.dispatch import Body, example
from api.http.errors import UNAVAILABLE, document, problem, status_of
from api.http.forms import FORM, form_of
from api.http.openapi import Responses, open_query, problems
from api.http.pages import shown
from api.http.routing import AnyParametersDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.sessions import ATTRIBUTES, must_come_from_here, user_by_cookie
from api.http.step_up import ConfirmedSessionDep, SessionDep
from api.http.types import Id
from domain.errors import DomainError
from domain.identity_errors import BegunElsewhere, ProviderRefused

router = strict_router("auth", "/v1")
BROWSER_COOKIE = "__Host-campus-oidc"
PENDING_COOKIE = "__Host-campus-pending"
"""What is sent with a second factor after a sign-in elsewhere, for the page that asks for it."""
COOKIE_SIZE = 32  # bytes
LONGEST_COOKIE = 64  # characters
CONNECTED = "/account/connected"
SECOND_STEP = "/signin/code"  # the page that asks for the second factor
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", description="As the settings call the provider.")]
Said = Annotated[str | None, Query(max_length=4_000)]
LocalPath = Annotated[
    str,
    Field(
        max_length=500,
        pattern=r"^/([A-Za-z0-9._~?#&=%+:@!$'()*,;-][A-Za-z0-9/._~?#&=%+:@!$'()*,;-]*)?$",
        description="A path of this campus.",
    ),
]


class ListedProvider(msgspec.Struct, kw_only=True):
    """A provider of sign-ins: its name in requests, and what its button says after "Sign in with"."""

    name: str
    label: str


class ProviderList(msgspec.Struct, kw_only=True):
    """The providers by which people sign in here; none where the settings name none."""

    providers: list[ListedProvider]


class ProviderAddress(msgspec.Struct, kw_only=True):
    """Where the page has to go."""

    url: str


class ConnectedSignIn(msgspec.Struct, kw_only=True):
    """
    An account of a provider that signs in to the user's account.

    Attributes:
        provider: what people call it.
        label: how the provider calls the user.
    """

    identity_id: str
    provider: str
    label: str
    linked_at: datetime
    used_at: datetime | None


class ConnectedSignIns(msgspec.Struct, kw_only=True):
    """The accounts elsewhere by which the user signs in."""

    identities: list[ConnectedSignIn]


class ProviderToBegin(Body):
    """The provider, and a path of this campus to lead to in the end."""

    model_config = example(provider="school", return_to=CONNECTED)

    provider: Name
    return_to: LocalPath = CONNECTED


class IdentityId(Body):
    """A connected sign-in of the user."""

    model_config = example(identity_id=ID)

    identity_id: Id


PROVIDERS = ProviderList(providers=[ListedProvider(name="school", label="School account")])
ADDRESS = ProviderAddress(url="https://sign-in.example.org/authorize?client_id=campus&state=…")
IDENTITIES = ConnectedSignIns(
    identities=[
        ConnectedSignIn(identity_id=ID, provider="School account", label="ada", linked_at=AT, used_at=AT),
    ]
)
HTML: dict[str, Any] = {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html>"}}
LEADS_ON: Responses = {
    200: {"description": "Never.", "content": HTML},
    303: {"description": "Where the browser goes on; it is signed in, or a second factor follows."},
    **{status: {"description": "A page that says what is wrong.", "content": HTML} for status in (403, 404, 409, 503)},
    **problems(406, 422),
}
LARGEST_FORM, MOST_FIELDS = 32_768, 8
LOGOUT_TOKEN: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "properties": {"logout_token": {"type": "string", "maxLength": LONGEST_TOKEN}},
                    "required": ["logout_token"],
                },
                "example": {"logout_token": "eyJhbGciOiJSUzI1NiIsInR5cCI6ImxvZ291dCtqd3QifQ…"},
            }
        },
    }
}
ENDED: Responses = {
    200: {
        "description": "The sessions have ended, if there were any.",
        "content": {"application/json": {"schema": {"type": "object"}, "example": {"ended": True}}},
    }
}


@router.get("/auth/providers", responses=open_query(PROVIDERS, 503))
async def list_providers(services: ServicesDep) -> Response:
    """The providers by which people sign in here."""
    found = services.people.providers.all
    return answer(ProviderList(providers=[ListedProvider(name=each.name, label=each.title) for each in found]))


@router.post("/auth/providers/begin", responses=open_query(ADDRESS, 404, 429, *OF_BODY))
async def begin_provider_sign_in(body: ProviderToBegin, request: Request, services: ServicesDep) -> Response:
    """Begin to sign in by a provider. The answer says where the page has to go."""
    must_come_from_here(request, is_named_by_cookie=False)
    browser = _browser(request)
    url = await services.people.providers.begin(body.provider, Purpose.SIGN_IN, browser, body.return_to)
    return _to_provider(url, browser)


@router.post("/auth/identities/begin", responses=open_query(ADDRESS, 401, 404, 429, *OF_BODY))
async def begin_identity(
    body: ProviderToBegin, request: Request, services: ServicesDep, session: ConfirmedSessionDep
) -> Response:
    """Begin to connect an account of a provider with the user's account, by signing in there."""
    browser = _browser(request)
    url = await services.people.providers.begin(body.provider, Purpose.LINK, browser, body.return_to, session)
    return _to_provider(url, browser)


@router.post("/auth/confirm/provider", responses=open_query(ADDRESS, 401, 404, 429, *OF_BODY))
async def confirm_by_provider(
    body: ProviderToBegin, request: Request, services: ServicesDep, session: SessionDep
) -> Response:
    """Prove once more to be there, by signing in once more at a provider of a connected sign-in."""
    browser = _browser(request)
    url = await services.people.providers.begin(body.provider, Purpose.CONFIRM, browser, body.return_to, session)
    return _to_provider(url, browser)


@router.get("/auth/identities", responses=open_query(IDENTITIES, 401, 503))
async def list_identities(services: ServicesDep, session: SessionDep) -> Response:
    """The accounts elsewhere by which the user signs in."""
    return answer(await _list(services, session.learner_id))


@router.post("/auth/identities/unlink", responses=open_query(IDENTITIES, 401, 404, 409, *OF_BODY))
async def unlink_identity(
    body: IdentityId, request: Request, services: ServicesDep, session: ConfirmedSessionDep
) -> Response:
    """Disconnect an account elsewhere: it signs in to this one no more. The last way to sign in stays."""
    await services.people.providers.unlink(session.learner_id, body.identity_id, request.scope["request_id"])
    return answer(await _list(services, session.learner_id))


@router.get("/auth/providers/{provider}/callback", responses=LEADS_ON, response_class=HTMLResponse)
async def get_provider_answer(
    *,
    request: Request,
    services: ServicesDep,
    provider: Annotated[str, Path(max_length=40)],
    state: Said = None,
    code: Said = None,
    iss: Said = None,
    error: Said = None,
    _: AnyParametersDep,  # providers send more, which RFC 6749, 4.1.2 has clients ignore
) -> Response:
    """Where a provider sends the browser back to; only what this browser has begun is finished, once."""
    said = Answer(request.cookies.get(BROWSER_COOKIE, "")[:LONGEST_COOKIE], state or "", code, iss, error)
    user, parameters = user_by_cookie(request), request.query_params
    request_id = request.scope["request_id"]
    session = user.session if user is not None and user.actor is None else None
    try:
        if any(len(parameters.getlist(each)) > 1 for each in ("state", "code", "iss", "error")):
            raise BegunElsewhere  # RFC 6749, 3.1
        found = await services.people.providers.finish(provider, said, session, client_of(request), request_id)
    except DomainError as refusal:
        return await _refused(
            request, document(request, status_of(refusal), refusal.code, refusal.sentence, facts=refusal.facts)
        )
    except Unavailable as away:
        return await _refused(request, document(request, 503, UNAVAILABLE, str(away)))
    return await _lead_on(request, services, found)


@router.post(
    "/auth/providers/{provider}/logout",
    responses={**ENDED, **problems(400, 404, 413, 422, 503)},
    openapi_extra=LOGOUT_TOKEN,
)
async def receive_logout_token(
    request: Request, services: ServicesDep, provider: Annotated[str, Path(max_length=40)]
) -> Response:
    """A provider says that a session there has ended (Back-Channel Logout 1.0): those end that were opened by it."""
    form = await form_of(request, largest=LARGEST_FORM, most_fields=MOST_FIELDS)
    if form is None or "logout_token" not in form:
        return _not_ended(request, f"the body is a form ({FORM}), each field once, with logout_token")
    try:
        await services.people.providers.end(provider, form["logout_token"], request.scope["request_id"])
    except ProviderRefused as refusal:
        return _not_ended(request, f"no session was ended: {refusal.facts['why']}")
    return Response(b'{"ended":true}', headers={"cache-control": "no-store"}, media_type="application/json")


async def _refused(request: Request, problem_document: Mapping[str, Any]) -> Response:
    """The page of web/signin.py in the language of the reader; without pages one that stands by itself."""
    draw: Callable[[Request, Mapping[str, Any]], Awaitable[Response]] | None = request.app.state.refused_sign_in
    if draw is not None:
        return await draw(request, problem_document)
    return shown("provider-refused", problem_document["status"], sentence=problem_document["detail"])


def _not_ended(request: Request, sentence: str) -> Response:
    return problem(request, 400, "logout_token_refused", sentence, {"cache-control": "no-store"})


async def _lead_on(request: Request, services: Services, found: Finished) -> Response:
    if found.needed is not None:
        onward = _see(f"{SECOND_STEP}?next={quote(found.return_to)}")
        lasts = int(LASTS.total_seconds())
        onward.headers.append("set-cookie", f"{PENDING_COOKIE}={found.needed.pending}; Max-Age={lasts}; {ATTRIBUTES}")
        return onward
    onward = _see(found.return_to)
    return onward if found.session is None else await hand_over(request, services, found.session, onward)


def _see(path: str) -> Response:
    return RedirectResponse(path, 303, {"cache-control": "no-store"})


def _browser(request: Request) -> str:
    """What the cookie of this browser says; another one for a browser without. Several tabs have the same."""
    known = request.cookies.get(BROWSER_COOKIE, "")
    return known if COOKIE_SIZE < len(known) <= LONGEST_COOKIE else secrets.token_urlsafe(COOKIE_SIZE)


def _to_provider(url: str, browser: str) -> Response:
    onward = answer(ProviderAddress(url=url))
    lasts = int(LASTS.total_seconds())
    onward.headers.append("set-cookie", f"{BROWSER_COOKIE}={browser}; Max-Age={lasts}; {ATTRIBUTES}")
    return onward


async def _list(services: Services, learner_id: str) -> ConnectedSignIns:
    providers = services.people.providers
    return ConnectedSignIns(
        identities=[
            ConnectedSignIn(
                identity_id=each.identity_id,
                provider=providers.title_of(each.issuer),
                label=each.label,
                linked_at=each.linked_at,
                used_at=each.used_at,
            )
            for each in await providers.of_person(learner_id)
        ]
    )
