"""Access: to which runs, until when and why; given and taken by the staff."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
import uuid_utils
from fastapi import Path, Response
from pydantic import Field

from adapters.postgres.queries import access
from api.http.as_of import AsOf, headers_at
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.types import ID, Id, LearnerId, Reason, Time, one_of
from api.payment.reading import ROWS
from commands.payment.entitlements import GrantEntitlement, RevokeEntitlement
from domain.payment.entitlement import GIFT, LIVE, STAFF, SUSPENDED, entitlement_stream, status_at
from domain.personal import is_sealed, read_words
from projections.engine.moment import Moment
from projections.orders.rows import EntitlementRow

router = strict_router("payment", "/v1")
EntitlementId = Annotated[
    str, Path(pattern=ID, max_length=64, description="The entitlement.", examples=["0199c7f0a1b2.1"])
]


class Access(msgspec.Struct, kw_only=True):
    """
    Why a learner has access to runs, and until when; `until` is null for the end of the run.

    `reason` is what was said last: of a gift, a suspension, or the end.
    """

    entitlement_id: str
    cause: str
    order_id: str | None
    subscription_id: str | None
    product_id: str | None
    runs: list[str]
    since: datetime | None
    until: datetime | None
    status: str
    is_live: bool
    reason: str


class AccessList(msgspec.Struct, kw_only=True):
    """All entitlements of a learner, the newest first."""

    entitlements: list[Access]


EXAMPLE = Access(
    entitlement_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f.1",
    cause="order",
    order_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
    subscription_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
    product_id="algebra",
    runs=["algebra-2026"],
    since=datetime.fromisoformat("2026-02-01T09:00:00+00:00"),
    until=datetime.fromisoformat("2027-02-01T09:00:00+00:00"),
    status="live",
    is_live=True,
    reason="",
)
LIST_EXAMPLE = AccessList(entitlements=[EXAMPLE])


class NewEntitlement(Body):
    """Access that is not paid for, and the reason."""

    model_config = example(learner_id="28400", runs=["algebra-2026"], reason="scholarship")

    learner_id: Id
    runs: Annotated[list[Id], Field(min_length=1, max_length=50)]
    reason: Reason
    cause: Annotated[str, one_of((GIFT, STAFF))] = STAFF
    until: Time | None = None
    entitlement_id: Id | None = None


class Revocation(Body):
    """Why access is taken away."""

    model_config = example(reason="the scholarship has ended")

    reason: Reason


@router.post("/entitlements", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def grant_entitlement(body: NewEntitlement, handle: Dispatch) -> Response:
    """Give a learner access to runs."""
    await handle.check.permit(learner_id=body.learner_id)
    entitlement_id = body.entitlement_id or uuid_utils.uuid7().hex
    terms = (tuple(body.runs), body.reason, body.cause, body.until)
    return await handle(GrantEntitlement(body.learner_id, entitlement_id, *terms), body.learner_id)


@router.post(
    "/learners/{learner_id}/entitlements/{entitlement_id}/revoke",
    status_code=202,
    response_model=Accepted,
    responses=command(403, 404, 409),
)
async def revoke_entitlement(
    learner_id: LearnerId, entitlement_id: EntitlementId, body: Revocation, handle: Dispatch
) -> Response:
    """Take access away for good."""
    return await handle(RevokeEntitlement(learner_id, entitlement_id, body.reason), learner_id)


@router.get("/me/entitlements", responses=query(LIST_EXAMPLE))
async def my_entitlements(ask: QueryDep, moment: AsOf) -> Response:
    """To what the user has access, or had, and why."""
    return await _entitlements(ask, ask.user.subject, moment)


@router.get("/learners/{learner_id}/entitlements", responses=query(LIST_EXAMPLE, 403, 404))
async def learner_entitlements(learner_id: LearnerId, ask: QueryDep, moment: AsOf) -> Response:
    """To what a learner has access, or had, and why."""
    return await _entitlements(ask, learner_id, moment)


async def _entitlements(ask: QueryContext, learner_id: str, moment: Moment | None) -> Response:
    reader = ask.services.reader if moment is None else await ask.reader_at(moment, learner_id, ROWS)
    answer = await ask.read_at_least(ROWS, lambda: access.entitlements(reader, learner_id))
    found = msgspec.json.decode(answer.body or b"[]", type=list[EntitlementRow])
    if not found:
        await ask.check_learner(learner_id, moment)
    shown = AccessList(entitlements=await shown_at(ask, moment.now if moment else ask.now(), found))
    headers = headers_at(moment, ask.services.folders[ROWS].projection)
    return ask.reply(msgspec.json.encode(shown), answer.position, headers)


async def shown_at(ask: QueryContext, at: datetime, rows: Sequence[EntitlementRow]) -> list[Access]:
    """What is shown of entitlements, as they stand at a time; why, in the words that were used."""
    streams = {each.entitlement_id: entitlement_stream(each.learner_id, each.entitlement_id) for each in rows}
    keys = await ask.services.log.keys.reading_all(
        {streams[each.entitlement_id] for each in rows if is_sealed(each.reason)}
    )
    found = []
    for row in rows:
        key = keys.get(streams[row.entitlement_id])
        found.append(_shown(at, row, row.reason if key is None else read_words(row.reason, key)))
    return found


def _shown(at: datetime, row: EntitlementRow, reason: str) -> Access:
    ended = row.over or (SUSPENDED if row.is_suspended else "")
    status = status_at(at, row.access_from, row.access_until, ended)
    return Access(
        entitlement_id=row.entitlement_id,
        cause=row.cause,
        order_id=row.order_id,
        subscription_id=row.subscription_id,
        product_id=row.product_id,
        runs=row.runs,
        since=row.access_from,
        until=row.access_until,
        status=status,
        is_live=status == LIVE,
        reason=reason,
    )
