"""
Programs of other systems (clients): registered by an admin with a reason, and where they get their tokens.

A token is for a client that has proved itself (RFC 6749, 4.4), and opens what its scopes and the role `service` open.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import uuid4

import msgspec
from fastapi import Path, Request, Response
from pydantic import Field

from adapters.auth.clients import ClientRefused, Proof, public_key
from adapters.auth.issuing import CLIENT_TOKENS
from adapters.auth.oidc.id_token import ALGORITHMS
from adapters.postgres.queries.reader import RowPage
from api.http import paging
from api.http.clear_reason import ClearReason
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.errors import problem
from api.http.forms import FORM, form_of
from api.http.openapi import command, open_query, problems, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.sessions import SERVICE_OF_CAMPUS
from api.http.types import NO_CONTROLS, Id, Limit
from commands.clients import AddCredential, EndClient, RegisterClient, RemoveCredential
from domain.clients import SCOPES, ClientNotFound, CredentialKind, SecretWasShown
from domain.words import closed

router = strict_router("clients", "/v1")
tokens_router = strict_router("clients")
LARGEST_FORM = 32_768  # bytes
MOST_FIELDS = 50
METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
ClientId = Annotated[
    str, Path(pattern=r"^service-[a-z0-9]([a-z0-9-]{0,49}[a-z0-9])?$", max_length=64, examples=["service-reports"])
]
Scope = Annotated[str, closed(SCOPES)]


class ListedCredential(msgspec.Struct, kw_only=True):
    """By what a client proves itself, and until when; a public key is a JWK as text."""

    credential_id: str
    kind: Annotated[str, closed(kind.value for kind in CredentialKind)]
    public_key: str | None
    until: datetime


class RegisteredClient(msgspec.Struct, kw_only=True):
    """
    A program of another system.

    Attributes:
        has_role: whether the role `service` is granted to it, without which it gets no token.
        credentials: those that are valid.
    """

    client_id: str
    name: str
    scopes: list[Scope]
    has_role: bool
    is_ended: bool
    credentials: list[ListedCredential]


class ClientPage(msgspec.Struct, kw_only=True):
    """A page of the programs of other systems."""

    items: list[RegisteredClient]
    next: str | None


class ClientToken(msgspec.Struct, kw_only=True, omit_defaults=False):
    """A short token of a client (RFC 6749, 5.1); `expires_in` is in seconds."""

    access_token: str
    token_type: Annotated[str, closed(("Bearer",))] = "Bearer"  # noqa: S105 - no password
    expires_in: int
    scope: str


class ServerMetadata(msgspec.Struct, kw_only=True):
    """Where clients get tokens, and how they prove themselves (RFC 8414)."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]
    scopes_supported: list[str]


class AddedCredential(Accepted):
    """The credential is valid; a secret is shown this once."""

    model_config = example(position=1713, credential_id="5e0c8f8bd3f54b0ab4d3b5d55c0e3f3a", secret="campus_client_…")  # noqa: S106

    credential_id: Id
    secret: str | None = None


class ClientToRegister(Body):
    """A program of another system, and why it is let in."""

    model_config = example(
        client_id="service-reports", name="Monthly reports", scopes=["read"], reason="asked for by IT"
    )

    client_id: Annotated[str, Field(pattern=r"^service-[a-z0-9]([a-z0-9-]{0,49}[a-z0-9])?$", max_length=64)]
    name: Annotated[str, Field(min_length=1, max_length=100, pattern=NO_CONTROLS)]
    scopes: Annotated[list[Literal["read", "write"]], Field(min_length=1, max_length=len(SCOPES))]
    reason: ClearReason


class CredentialToAdd(Body):
    """A public key (a JWK), or a secret if there is none, which is drawn here; valid for so many days."""

    model_config = example(days=90, reason="the yearly change")

    public_key: dict[str, Any] | None = None
    days: Annotated[int, Field(ge=1, le=366)] = 90
    reason: ClearReason


class WhyClient(Body):
    """Why."""

    model_config = example(reason="the secret was found in a repository")

    reason: ClearReason


CLIENT = RegisteredClient(
    client_id="service-reports",
    name="Monthly reports",
    scopes=["read"],
    has_role=True,
    is_ended=False,
    credentials=[
        ListedCredential(
            credential_id="5e0c8f8bd3f54b0ab4d3b5d55c0e3f3a",
            kind="key",
            public_key='{"kty":"OKP","crv":"Ed25519","x":"11qYAYKx…"}',
            until=datetime.fromisoformat("2026-07-01T00:00:00Z"),
        )
    ],
)
TOKEN = ClientToken(access_token="eyJhbGciOiJFZDI1NTE5In0...", expires_in=300, scope="read")  # noqa: S106 - an example
HERE = "https://campus.example"
METADATA = ServerMetadata(
    issuer=HERE,
    token_endpoint=HERE + CLIENT_TOKENS,
    jwks_uri=f"{HERE}/.well-known/jwks.json",
    grant_types_supported=["client_credentials"],
    response_types_supported=[],
    token_endpoint_auth_methods_supported=[*METHODS],
    token_endpoint_auth_signing_alg_values_supported=[*ALGORITHMS],
    scopes_supported=[*SCOPES],
)
FIELDS = ("grant_type", "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type")
FORM_SCHEMA = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in FIELDS},
    "required": ["grant_type"],
}
FORM_EXAMPLE = {
    "grant_type": "client_credentials",
    "scope": "read",
    "client_id": "service-reports",
    "client_secret": "…",
}
FORM_BODY = {"requestBody": {"required": True, "content": {FORM: {"schema": FORM_SCHEMA, "example": FORM_EXAMPLE}}}}


@router.post("/clients", status_code=202, response_model=Accepted, responses=command(403, 409))
async def register_client(body: ClientToRegister, handle: Dispatch) -> Response:
    """Register a program of another system. It needs a credential, and the role `service` (`POST /v1/roles/grant`)."""
    return await handle(RegisterClient(body.client_id, body.name, tuple(body.scopes), body.reason))


@router.get("/clients", responses=query(ClientPage(items=[CLIENT], next=paging.NEXT), 403))
async def list_clients(
    *, request: Request, ask: QueryDep, services: ServicesDep, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """The programs of other systems by their ids, with those that have ended."""
    (after,) = paging.after("clients", cursor, [str]) or [""]
    head = await services.log.head()
    ask.must_reach(head)
    names = await services.people.tokens.clients.names(after, limit + 1)
    found = await asyncio.gather(*(_shown(services, name) for name in names))
    rows = [(name, msgspec.json.encode(each).decode()) for name, each in zip(names, found, strict=True)]
    return paging.reply(request, ask, RowPage(rows, head), "clients", limit)


@router.get("/clients/{client_id}", responses=query(CLIENT, 403, 404))
async def get_client(client_id: ClientId, ask: QueryDep, services: ServicesDep) -> Response:
    """A program of another system, and by what it proves itself."""
    head = await services.log.head()
    ask.must_reach(head)
    return ask.reply(msgspec.json.encode(await _shown(services, client_id)), head)


async def _shown(services: Services, client_id: str) -> RegisteredClient:
    found = await services.people.tokens.clients.read(client_id)
    if not found.exists:
        raise ClientNotFound(client_id=client_id)
    return RegisteredClient(
        client_id=client_id,
        name=found.name,
        scopes=found.scopes,
        has_role=SERVICE_OF_CAMPUS in await services.grants.of(client_id),
        is_ended=found.is_ended,
        credentials=[
            ListedCredential(credential_id=name, kind=each.kind, public_key=each.public_key, until=each.until)
            for name, each in found.live(services.log.clock.now()).items()
        ],
    )


@router.post(
    "/clients/{client_id}/credentials",
    status_code=202,
    response_model=AddedCredential,
    responses=command(403, 404, 409),
)
async def add_credential(
    client_id: ClientId, body: CredentialToAdd, handle: Dispatch, services: ServicesDep
) -> Response:
    """Have a client prove itself by a key, or by a secret, which is shown this once; two may be valid at once."""
    clients, credential_id = services.people.tokens.clients, uuid4().hex
    key = None if body.public_key is None else public_key(body.public_key)
    secret = await clients.new_secret(client_id, credential_id) if key is None else None
    terms = (key, timedelta(days=body.days), body.reason)
    position = await handle.position(AddCredential(client_id, credential_id, *terms))
    (fact,) = await services.log.read(position - 1, 1)
    if fact.data.get("credential_id") != credential_id:  # of the first request with this Idempotency-Key
        raise SecretWasShown(credential_id=fact.data["credential_id"])
    added = {"position": position, "credential_id": credential_id, "secret": secret}
    return Response(msgspec.json.encode(added), 202, {"cache-control": "no-store"}, media_type="application/json")


@router.post(
    "/clients/{client_id}/credentials/{credential_id}/remove",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def remove_credential(
    client_id: ClientId,
    credential_id: Annotated[Id, Path(description="The credential.", examples=["5e0c8f8bd3f54b0ab4d3b5d55c0e3f3a"])],
    body: WhyClient,
    handle: Dispatch,
    services: ServicesDep,
) -> Response:
    """Have a credential prove nothing any more; tokens that were issued for it open nothing after a second."""
    answer = await handle(RemoveCredential(client_id, credential_id, body.reason))
    await services.people.tokens.clients.drop_secret(client_id, credential_id)
    return answer


@router.post("/clients/{client_id}/end", status_code=202, response_model=Accepted, responses=command(403, 404))
async def end_client(client_id: ClientId, body: WhyClient, handle: Dispatch, services: ServicesDep) -> Response:
    """End a client, for good; its tokens open nothing after a second."""
    answer = await handle(EndClient(client_id, body.reason))
    await services.people.tokens.clients.drop_secret(client_id)
    return answer


@tokens_router.post(
    CLIENT_TOKENS,
    responses={**open_query(TOKEN, 413, 415, 503), **problems(400, 401, 429)},
    openapi_extra=FORM_BODY,
)
async def issue_client_token(request: Request, services: ServicesDep) -> Response:
    """
    A token for a client that proves itself (RFC 6749, 4.4). Refusals have the member `error` of RFC 6749, 5.2.

    What fails is not counted: 256 random bits are not guessed, and a program that goes on failing keeps no one out.
    """
    form = await form_of(request, largest=LARGEST_FORM, most_fields=MOST_FIELDS)
    if form is None or "grant_type" not in form:
        return _refused(
            request, 400, "invalid_request", f"the body is a form ({FORM}), each field once, with grant_type"
        )
    if form["grant_type"] != "client_credentials":
        return _refused(request, 400, "unsupported_grant_type", "the only grant here is client_credentials")
    tokens = services.people.tokens
    try:
        proven = await tokens.clients.proven(Proof(request.headers.get("authorization"), form))
    except ClientRefused as error:
        return _refused(request, 401, "invalid_client", error.sentence)
    scopes = form.get("scope", "").split() or proven.client.scopes
    if not set(scopes) <= set(proven.client.scopes):
        return _refused(request, 400, "invalid_scope", f"this client has {' '.join(proven.client.scopes)}")
    if SERVICE_OF_CAMPUS not in await services.grants.of(proven.client.client_id):
        return _refused(request, 400, "unauthorized_client", "the role service is not granted to this client")
    granted = await tokens.grant(proven, sorted(set(scopes)))
    lasts = int((granted.until - services.log.clock.now()).total_seconds())
    token = ClientToken(access_token=granted.access_token, expires_in=lasts, scope=" ".join(granted.scopes))
    return Response(msgspec.json.encode(token), headers={"cache-control": "no-store"}, media_type="application/json")


@tokens_router.get("/.well-known/oauth-authorization-server", responses=open_query(METADATA, 503))
async def get_authorization_server(services: ServicesDep) -> Response:
    """Where clients get tokens, and how they prove themselves (RFC 8414)."""
    here = services.settings.web_url
    found = msgspec.structs.replace(
        METADATA, issuer=here, token_endpoint=here + CLIENT_TOKENS, jwks_uri=f"{here}/.well-known/jwks.json"
    )
    headers = {"cache-control": "public, max-age=3600"}
    return Response(msgspec.json.encode(found), headers=headers, media_type="application/json")


def _refused(request: Request, status: int, error: str, detail: str) -> Response:
    headers = {
        "cache-control": "no-store",
        **({"www-authenticate": 'Basic realm="campuslog"'} if status == 401 else {}),
    }
    code = ClientRefused.code if status == 401 else "token_request_refused"
    return problem(request, status, code, detail, headers, facts={"error": error})
