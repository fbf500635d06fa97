"""
Dossiers of learners, for the staff and auditors: asked for, made by the notary (workers/notarising/dossiers.py), taken.

They are few and kept for some days; what is in one: docs/dossier.md.
"""

from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec
from fastapi import Path, Request, Response

from adapters.dossier.make import STEPS
from adapters.dossier.requests import DossierRequest, ask_for, dossier_at, file_of
from adapters.postgres.as_of.moments import moment_at
from api.http.as_of import KnownAt
from api.http.dispatch import idempotency_key
from api.http.looks import Reason, record_look
from api.http.openapi import ZIP, asked_for, open_query, zip_file
from api.http.query import JSON
from api.http.routing import router as strict_router
from api.http.security import CurrentUser
from api.http.services import ServicesDep
from api.http.types import LearnerId
from domain.words import closed

router = strict_router("dossiers", "/v1/learners/{learner_id}/dossiers")
T = TypeVar("T")
State = Annotated[str, closed(("waiting", "working", "ready", "failed"))]
DossierId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="As it was answered.")]


class Dossier(msgspec.Struct, kw_only=True):
    """
    How a dossier stands: `steps` of `of_steps` are done.

    `url` is where to ask again. Once the state is `ready`, `file_url` is where the zip file is, of so many `bytes`;
    once it is `failed`, `failure` says why there is none. `done_at` is there then.
    """

    dossier_id: str
    learner_id: str
    position: int
    state: State
    steps: int
    of_steps: int
    asked_by: str
    asked_at: datetime
    url: str
    done_at: datetime | msgspec.UnsetType = msgspec.UNSET
    bytes: int | msgspec.UnsetType = msgspec.UNSET
    file_url: str | msgspec.UnsetType = msgspec.UNSET
    failure_code: str | msgspec.UnsetType = msgspec.UNSET
    failure: str | msgspec.UnsetType = msgspec.UNSET


EXAMPLE = Dossier(
    dossier_id="5f1c8a4e9b3d7f2065f1c8a4e9b3d7f2",
    learner_id="28400",
    position=1713,
    state="working",
    steps=2,
    of_steps=STEPS,
    asked_by="admin",
    asked_at=datetime(2026, 2, 1, 9, tzinfo=UTC),
    url="/v1/learners/28400/dossiers/5f1c8a4e9b3d7f2065f1c8a4e9b3d7f2",
)


@router.post("", status_code=202, responses=asked_for(EXAMPLE))
async def ask_for_dossier(
    *,
    request: Request,
    learner_id: LearnerId,
    user: CurrentUser,
    services: ServicesDep,
    known_at: KnownAt = None,
    reason: Reason = None,  # noqa: ARG001 - read where the look is recorded
) -> Response:
    """
    Ask for the dossier of a learner, as of now or of another moment, which is recorded with the reason.

    The same one, asked for again, is the same one.
    """
    idempotency_key(request)  # checked as everywhere; it changes nothing, since the same dossier is made once anyway
    moment = await moment_at(services.log, known_at, None)
    await record_look(request, learner_id, request.url.path, moment)
    asked = await services.log.link.run(
        lambda connection: ask_for(connection, learner_id, moment.position, user.subject)
    )
    shown = _shown(asked)
    return Response(msgspec.json.encode(shown), 202, {"location": shown.url}, JSON)


@router.get("/{dossier_id}", responses=open_query(EXAMPLE, 401, 403, 404, 503))
async def get_dossier(learner_id: LearnerId, dossier_id: DossierId, _: CurrentUser, services: ServicesDep) -> Response:
    """How a dossier stands."""
    found = await services.log.link.run(lambda connection: dossier_at(connection, dossier_id, learner_id))
    return Response(msgspec.json.encode(_shown(found)), 200, {"cache-control": "no-store"}, JSON)


@router.get("/{dossier_id}/file", responses=zip_file("The dossier, a zip file.", 401, 403))
async def get_dossier_file(
    learner_id: LearnerId, dossier_id: DossierId, _: CurrentUser, services: ServicesDep
) -> Response:
    """The zip file of a dossier that is ready."""
    file = await services.log.link.run(lambda connection: file_of(connection, dossier_id, learner_id))
    named = f'attachment; filename="dossier-{learner_id}.zip"'
    return Response(file, 200, {"content-disposition": named, "cache-control": "no-store"}, ZIP)


def _shown(request: DossierRequest) -> Dossier:
    url = f"/v1/learners/{request.learner_id}/dossiers/{request.id}"
    return Dossier(
        dossier_id=request.id,
        learner_id=request.learner_id,
        position=request.position,
        state=_state(request),
        steps=request.steps,
        of_steps=STEPS,
        asked_by=request.asked_by,
        asked_at=request.asked_at,
        url=url,
        done_at=_or_unset(request.done_at),
        bytes=_or_unset(request.bytes),
        file_url=msgspec.UNSET if request.bytes is None else f"{url}/file",
        failure_code=_or_unset(request.failure_code),
        failure=_or_unset(request.failure),
    )


def _or_unset(value: T | None) -> T | msgspec.UnsetType:
    return msgspec.UNSET if value is None else value


def _state(request: DossierRequest) -> str:
    if request.failure is not None:
        return "failed"
    if request.done_at is not None:
        return "ready"
    return "working" if request.is_taken else "waiting"
