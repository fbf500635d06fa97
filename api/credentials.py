"""
Credentials of passed courses: whether one is valid, for anyone who has its id; the signed document, for its holder.

The document is an OpenBadgeCredential (Open Badges 3.0), signed by the campus; who checks its signature finds the keys
at `/v1/credentials/issuer`. A credential is found in the log alone, so it can be checked in many years, and after its
holder is forgotten. docs/credentials.md says how to check one.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import uuid4

import msgspec
from fastapi import Path, Query, Response
from fastapi.responses import HTMLResponse

from adapters.command_bus.replay import replayed
from adapters.credentials.document import OUTCOMES, base_of, issuer_of, moment, unsigned
from adapters.credentials.issued import Issued, find, of_learner
from adapters.credentials.signing import IssuerKeys
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.errors import LearnerNotFound
from api.http.openapi import command, open_query, page, problems
from api.http.pages import shown
from api.http.query import JSON, QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import ID, Id, LearnerId, Reason
from commands.progress import IssueCredential, RevokeCredential
from domain.admin.settings import CAMPUS_NAME
from domain.progress import NotTheHolder
from domain.user import DISPLAY_NAME, User, user_stream
from domain.words import Outcome, closed

router = strict_router("credentials", "/v1")
DOCUMENT, JWT = "application/vc", "application/vc+jwt"
EXAMPLE_ID = "6f2d5f0e-2c0b-5a55-9c67-6c5a0b0c6d3e"
HERE = "https://campus.example"
AT = datetime(2026, 6, 30, 12, tzinfo=UTC)
ASK_AGAIN = {"cache-control": "public, no-cache"}

CredentialId = Annotated[str, Path(pattern=ID, max_length=64, description="The credential.", examples=[EXAMPLE_ID])]
WithName = Annotated[bool, Query(alias="name", description="Whether the name stands in it; for its holder only.")]


class CheckedCredential(msgspec.Struct, kw_only=True):
    """
    What a credential says, to anyone who has its id: not whose it is, and not with which grade.

    Attributes:
        status: `valid`, or `revoked` at *revoked_at*, since the outcome was revised or staff say so.
    """

    credential_id: str
    status: Annotated[str, closed(("valid", "revoked"))]
    course_id: str
    course_title: str
    outcome: Outcome
    issued_at: datetime
    revoked_at: datetime | None


class HeldCredential(CheckedCredential, kw_only=True):
    """A credential, as its holder and the staff see it; `grade_bp` in basis points."""

    run_id: str
    grade_bp: int | None


class CredentialList(msgspec.Struct, kw_only=True):
    """All credentials of a learner, the first one first."""

    items: list[HeldCredential]


class RevokedCredential(msgspec.Struct, kw_only=True):
    """A credential that is not valid any more."""

    id: str
    revoked: bool = True


class RevocationList(msgspec.Struct, kw_only=True, rename="camel"):
    """A 1EdTech revocation list, of one credential: the credential, if it was revoked."""

    id: str
    issuer: str
    revoked_credential: list[RevokedCredential]


class IssuerKey(msgspec.Struct, kw_only=True, rename="camel"):
    """A public key, in one of two forms."""

    id: str
    controller: str
    type: str
    public_key_multibase: str | msgspec.UnsetType = msgspec.UNSET
    public_key_jwk: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class IssuerKeyList(msgspec.Struct, kw_only=True, rename="camel"):
    """The campus as an issuer, and its public keys (W3C controlled identifiers 1.0), each as Multikey and as JWK."""

    context: list[str] = msgspec.field(name="@context")
    id: str
    verification_method: list[IssuerKey]
    assertion_method: list[str]


class WantedCredential(Body):
    """Whose outcome is certified once more."""

    model_config = example(learner_id="28400", run_id="algebra-2026")

    learner_id: Id
    run_id: Id


class CredentialTakenBack(Body):
    """Why a credential is revoked; for the learner and the staff."""

    model_config = example(reason="issued to the wrong person")

    reason: Reason


CHECKED = CheckedCredential(
    credential_id=EXAMPLE_ID,
    status="revoked",
    course_id="algebra",
    course_title="Algebra",
    outcome="distinction",
    issued_at=AT,
    revoked_at=AT + timedelta(days=7),
)
HELD = CredentialList(items=[HeldCredential(**msgspec.structs.asdict(CHECKED), run_id="algebra-2026", grade_bp=9_100)])
REVOCATIONS = RevocationList(
    id=f"{HERE}/v1/credentials/{EXAMPLE_ID}/revocations",
    issuer=f"{HERE}/v1/credentials/issuer",
    revoked_credential=[RevokedCredential(id=f"urn:uuid:{EXAMPLE_ID}")],
)
ISSUER = IssuerKeyList(
    context=["https://www.w3.org/ns/cid/v1"],
    id=f"{HERE}/v1/credentials/issuer",
    verification_method=[
        IssuerKey(
            id=f"{HERE}/v1/credentials/issuer#2026",
            controller=f"{HERE}/v1/credentials/issuer",
            type="Multikey",
            public_key_multibase="z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
        )
    ],
    assertion_method=[f"{HERE}/v1/credentials/issuer#2026"],
)

BADGE = {
    "description": "The signed document; as a JWS in compact form with `as=jwt`.",
    "content": {
        DOCUMENT: {"schema": {"type": "object"}, "example": {"id": f"urn:uuid:{EXAMPLE_ID}"}},
        JWT: {"schema": {"type": "string"}, "example": "eyJhbGciOiJFZDI1NTE5In0.e30.c2ln"},
    },
}


@router.get("/credentials/issuer", responses=open_query(ISSUER, 503))
async def get_issuer(services: ServicesDep) -> Response:
    """The keys by which signatures on credentials are checked, of all years."""
    found = await IssuerKeys(services.log.keys, services.settings.web_url).published()
    body = msgspec.json.encode(msgspec.convert(found, IssuerKeyList))
    return Response(body, headers={"cache-control": "public, max-age=3600"}, media_type=JSON)


@router.get("/credentials/{credential_id}", responses=open_query(CHECKED, 404, 503))
async def credential(credential_id: CredentialId, services: ServicesDep) -> Response:
    """Whether a credential is valid, and what it says."""
    found = _checked(await find(services.log, credential_id))
    return Response(msgspec.json.encode(found), headers=ASK_AGAIN, media_type=JSON)


@router.get(
    "/credentials/{credential_id}/page",
    responses=page("The same for people."),
    response_class=HTMLResponse,
)
async def credential_page(credential_id: CredentialId, services: ServicesDep) -> HTMLResponse:
    """Whether a credential is valid, as a page."""
    issued = await find(services.log, credential_id)
    on = f"{issued.issued_at:%d %B %Y}".lstrip("0")
    revoked = issued.revoked_at and f"{issued.revoked_at:%d %B %Y}".lstrip("0")
    return shown(
        "credential",
        heading="A revoked credential" if revoked else "A valid credential",
        verdict=f"It was revoked on {revoked}, and says nothing any more." if revoked else "It is valid.",
        course=issued.says.course_title or issued.says.course_id,
        outcome=OUTCOMES.get(issued.says.outcome, issued.says.outcome),
        issued_at=moment(issued),
        issued_on=on,
        campus=await services.people.settings.value(CAMPUS_NAME),
        credential_id=credential_id,
    )


@router.get("/credentials/{credential_id}/revocations", responses=open_query(REVOCATIONS, 404, 503))
async def list_revocations(credential_id: CredentialId, services: ServicesDep) -> Response:
    """Whether a credential was revoked, for programs that check Open Badges."""
    issued = await find(services.log, credential_id)
    here = services.settings.web_url
    found = RevocationList(
        id=f"{base_of(here)}/{credential_id}/revocations",
        issuer=issuer_of(here),
        revoked_credential=[RevokedCredential(id=f"urn:uuid:{credential_id}")] if issued.revoked_at else [],
    )
    return Response(msgspec.json.encode(found), headers=ASK_AGAIN, media_type=JSON)


@router.get(
    "/credentials/{credential_id}/badge",
    responses={200: BADGE, **problems(401, 403, 404, 406, 422, 503)},
)
async def get_badge(
    credential_id: CredentialId,
    ask: QueryDep,
    *,
    name: WithName = False,
    form: Annotated[Literal["json", "jwt"], Query(alias="as", description="How it is signed.")] = "json",
) -> Response:
    """The credential as a document that anyone can check: for its holder, to be passed on."""
    services = ask.services
    issued = await find(services.log, credential_id)
    await ask.check.permit(learner_id=issued.learner_id, run_id=issued.run_id)
    if name and ask.user.subject != issued.learner_id:
        raise NotTheHolder(credential_id=credential_id)
    holder = await _name_of(services, issued.learner_id) if name else None
    keys, here = IssuerKeys(services.log.keys, services.settings.web_url), services.settings.web_url
    document = unsigned(issued, here, await services.people.settings.value(CAMPUS_NAME), holder)
    headers = {"cache-control": "no-store"}
    if form == "jwt":
        return Response(await keys.sign_as_jwt(document, issued.issued_at), headers=headers, media_type=JWT)
    proven = await keys.sign(document, issued.issued_at, moment(issued))
    return Response(msgspec.json.encode(proven), headers=headers, media_type=DOCUMENT)


@router.get("/me/credentials", responses=open_query(HELD, 401, 503))
async def my_credentials(ask: QueryDep) -> Response:
    """The user's credentials."""
    return await _held(ask.services, ask.user.subject)


@router.get("/learners/{learner_id}/credentials", responses=open_query(HELD, 401, 403, 404, 503))
async def learner_credentials(learner_id: LearnerId, ask: QueryDep) -> Response:
    """A learner's credentials."""
    if not await ask.services.log.knows(learner_id):
        raise LearnerNotFound(learner_id=learner_id)
    return await _held(ask.services, learner_id)


@router.post("/credentials", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def issue_credential(body: WantedCredential, handle: Dispatch) -> Response:
    """Issue a credential where one was revoked; the first one follows from the outcome by itself."""
    await handle.check.permit(learner_id=body.learner_id, run_id=body.run_id)
    return await handle(IssueCredential(body.learner_id, body.run_id, str(uuid4())), body.learner_id)


@router.post(
    "/credentials/{credential_id}/revoke", status_code=202, response_model=Accepted, responses=command(403, 404)
)
async def revoke_credential(
    credential_id: CredentialId, body: CredentialTakenBack, handle: Dispatch, services: ServicesDep
) -> Response:
    """Revoke a credential: who checks it sees that it is not valid any more."""
    issued = await find(services.log, credential_id)
    await handle.check.permit(learner_id=issued.learner_id, run_id=issued.run_id)
    return await handle(RevokeCredential(credential_id, body.reason), issued.learner_id)


async def _held(services: Services, learner_id: str) -> Response:
    found = [
        HeldCredential(**msgspec.structs.asdict(_checked(issued)), run_id=issued.run_id, grade_bp=issued.says.grade_bp)
        for issued in await of_learner(services.log, learner_id)
    ]
    body = msgspec.json.encode(CredentialList(items=found))
    return Response(body, headers={"cache-control": "no-store"}, media_type=JSON)


def _checked(issued: Issued) -> CheckedCredential:
    says = issued.says
    return CheckedCredential(
        credential_id=says.credential_id,
        status="valid" if issued.revoked_at is None else "revoked",
        course_id=says.course_id,
        course_title=says.course_title,
        outcome=says.outcome,
        issued_at=issued.issued_at,
        revoked_at=issued.revoked_at,
    )


async def _name_of(services: Services, learner_id: str) -> str | None:
    user = await replayed(services.log, User, user_stream(learner_id))
    key = await services.log.keys.reading(user.id)
    return key.open(user.profile.get(DISPLAY_NAME))
