"""All that is held about the user's person, as JSON or as a page; a few times in a day, soon after signing in."""

from datetime import UTC, datetime

import msgspec
from fastapi import Request, Response

from adapters.personal.export import (
    HeldBesideTheLog,
    HeldConsent,
    HeldFact,
    HeldProfile,
    HeldSession,
    PersonalExport,
    export_of,
)
from adapters.personal.export_page import export_page, style
from api.http.negotiation import wanted
from api.http.openapi import open_query
from api.http.query import JSON
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from api.http.step_up import ConfirmedSessionDep
from api.http.still_page import policy_of
from commands.log import Context
from commands.user import ExportData
from domain.consents import CONTACT, PURPOSES
from domain.fact import Meta

router = strict_router("account_export", "/v1")
HTML = "text/html"
AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
LEARNER = "5e0c8f8bd3f54b0ab4d3b5d55c0e3f3a"
EXAMPLE = PersonalExport(
    learner_id=LEARNER,
    exported_at=AT,
    position=1713,
    profile=HeldProfile(
        status="active",
        email="ada@example.org",
        display_name="Ada Lovelace",
        language="en",
        time_zone="Europe/London",
        notification_address="post@example.org",
    ),
    consents=[HeldConsent(purpose=CONTACT, version=1, text=PURPOSES[CONTACT].text, given_at=AT, withdrawn_at=AT)],
    beside_the_log=HeldBesideTheLog(
        key_made_at=AT,
        addresses=1,
        passwords=1,
        factors=0,
        recovery_codes=0,
        identities=[],
        sessions=[HeldSession(session_id=LEARNER, opened_at=AT, seen_at=AT, until=AT, actor_id=LEARNER)],
        refusals=[],
        dossiers=[],
        files=[],
    ),
    read_models={"accounts": {"accounts": [{"learner_id": LEARNER, "status": "active"}]}},
    facts=[
        HeldFact(
            position=1712,
            type="user.email_verified",
            stream_id=f"user-{LEARNER}",
            occurred_at=AT,
            recorded_at=AT,
            data={},
            meta=Meta("0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f", LEARNER, "api"),
        )
    ],
)
RESPONSES = open_query(EXAMPLE, 401, 403, 409, 429, 503)
RESPONSES[200]["content"][HTML] = {"schema": {"type": "string"}, "example": "<!doctype html>"}


@router.get("/me/account/export", responses=RESPONSES)
async def export_account(request: Request, services: ServicesDep, session: ConfirmedSessionDep) -> Response:
    """
    All that is held about the user's person: facts, what follows from them, and what stands beside the log.

    As JSON, or as a page that can be printed, by `Accept`. Five times in a day; that it was taken is recorded.
    """
    person = session.learner_id
    context = Context(person, services.bus.clock.now(), correlation_id=request.scope["request_id"])
    await services.bus.handle(ExportData(person), context)
    found = await export_of(services.log, services.folders.values(), person)
    if wanted(request.headers.get("accept", ""), (JSON, HTML)) == HTML:
        return _answer(export_page(found), HTML, "html", {"content-security-policy": policy_of(style())})
    return _answer(msgspec.json.encode(found), JSON, "json", {})


def _answer(body: bytes, media_type: str, ending: str, headers: dict[str, str]) -> Response:
    named = f'attachment; filename="my-data.{ending}"'
    return Response(
        body, 200, {"content-disposition": named, "cache-control": "no-store", **headers}, media_type=media_type
    )
