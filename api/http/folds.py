"""Folds that take longer than a query waits: `202` with the address of the fold, and where the answer will be."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec
from fastapi import FastAPI, Path, Request, Response
from starlette.datastructures import URL

from adapters.postgres.as_of.folds import Fold, Status
from adapters.postgres.as_of.waiting import FoldWaiter, StillFolding
from api.http.openapi import Responses, event_stream, open_query
from api.http.places import EventStream
from api.http.query import JSON, QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.security import user_of
from api.http.services import get_services
from api.http.sessions import while_signed_in
from domain.errors import NotFound

router = strict_router("as of", "/v1")

LOOK_INTERVAL = 0.5  # seconds between two events
RETRY_AFTER = "1"  # seconds
FoldId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="The fold.", examples=["5f1c" * 8])]


class NoSuchFold(NotFound):
    """No fold has this id, or not any more."""

    code = "fold_not_found"
    template = "there is no fold {fold_id}: ask the query again that has named it"


class FoldProgress(msgspec.Struct, kw_only=True):
    """
    How far the rows are that an answer as of a moment is made of, or the parts of a number.

    Attributes:
        done, total: facts that were passed, and that are to be passed; *total* is 0 as long as it is not known.
        error: why it has failed.
        result: the query whose answer will be there; null where the fold itself is looked at.
    """

    fold_id: str
    status: Status
    position: int
    done: int
    total: int
    error: str | None
    result: str | None


EXAMPLE = FoldProgress(
    fold_id="5f1c" * 8,
    status="failed",
    position=1713,
    done=700,
    total=1713,
    error="its process has died: ask again",
    result="/v1/overview?valid_at=2014-03-01&known_at=1713",
)


LATER: Responses = {
    202: {**open_query(EXAMPLE)[200], "description": "The rows as of the moment are not there yet: how far they are."}
}
"""The further answer of queries whose rows are those of many keys."""


def install(app: FastAPI) -> None:
    """Answer `202` where rows are not there yet."""
    app.add_exception_handler(StillFolding, _still_folding)


async def _still_folding(request: Request, error: Exception) -> Response:
    """Where the fold is, and the query with the position that is folded, so that it means the same moment later."""
    fold: Fold = error.fold  # type: ignore[attr-defined]
    await get_services(request).fold_waiter.note_asker(fold, user_of(request).subject)
    result = URL(scope=request.scope).include_query_params(known_at=fold.position)
    headers = {"location": f"/v1/folds/{fold.id}", "retry-after": RETRY_AFTER, "cache-control": "no-store"}
    shown = _progress(fold, f"{result.path}?{result.query}")
    return Response(msgspec.json.encode(shown), 202, headers, JSON)


@router.get("/folds/{fold_id}", responses=open_query(EXAMPLE, 401, 403, 404))
async def get_fold(fold_id: FoldId, ask: QueryDep) -> Response:
    """How far a fold is, for those who have asked for it, and for the staff."""
    shown = _progress(await _found(ask, fold_id))
    return Response(msgspec.json.encode(shown), headers={"cache-control": "no-store"}, media_type=JSON)


@router.get(
    "/folds/{fold_id}/events",
    responses=event_stream('event: progress\ndata: {"status":"folding","done":700,"total":1713}\n\n'),
    response_class=Response,
)
async def stream_fold_events(fold_id: FoldId, ask: QueryDep) -> Response:
    """How far a fold is, until it has ended, or what names the user; for the same."""
    services, user = ask.services, ask.user
    await _found(ask, fold_id)
    events = _events(services.fold_waiter, fold_id)
    while_valid = while_signed_in(events, user, services.people, services.grants, ends=user.expires_at)
    return EventStream(while_valid, services.places, user.subject)


async def _events(waiter: FoldWaiter, fold_id: str) -> AsyncGenerator[bytes]:
    while True:
        fold = await waiter.look(fold_id)
        if fold is None:
            return
        yield b"event: progress\ndata: %b\n\n" % msgspec.json.encode(_progress(fold))
        if fold.status in {"done", "failed"}:
            return
        await asyncio.sleep(LOOK_INTERVAL)


async def _found(ask: QueryContext, fold_id: str) -> Fold:
    fold = await ask.services.fold_waiter.look(fold_id)
    if fold is None:
        raise NoSuchFold(fold_id=fold_id)
    user = ask.user.subject
    await ask.check.permit(learner_id=user if user in fold.askers else None)
    return fold


def _progress(fold: Fold, result: str | None = None) -> FoldProgress:
    return FoldProgress(
        fold_id=fold.id,
        status=fold.status,
        position=fold.position,
        done=fold.done,
        total=fold.total,
        error=fold.error,
        result=result,
    )
