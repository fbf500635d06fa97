"""Messages of the provider from which nothing has followed, for the staff: the list, and that nothing is to follow."""

from typing import Annotated

import msgspec
from fastapi import Path, Query, Request, Response

from adapters.postgres.log.postgres_log import END
from adapters.postgres.log.unmatched import EXAMPLE, UnmatchedMessage, unmatched_before
from adapters.postgres.queries.reader import RowPage
from api.http import paging
from api.http.clear_reason import ClearReason
from api.http.dispatch import Accepted, Body, Dispatch, example
from api.http.openapi import command, query
from api.http.query import QueryDep
from api.http.routing import router as strict_router
from api.http.types import Limit
from commands.payment.books import DismissProviderEvent

router = strict_router("payment", "/v1/provider-events")
EventId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9_]{1,64}$", description="The provider's id of the message.", examples=["evt_1Qx"])
]
Ours = Annotated[
    bool | None,
    Query(description="Only those that name something of this campus, or only those that do not."),
]


class MessagePage(msgspec.Struct, kw_only=True):
    """Messages that were left unmatched and not dismissed, the newest first."""

    items: list[UnmatchedMessage]
    next: str | None


class EventDismissal(Body):
    """Why nothing is to follow from a message."""

    model_config = example(reason="a test before the shop opened")

    reason: ClearReason


@router.get("", responses=query(MessagePage(items=[EXAMPLE], next=paging.NEXT), 403))
async def list_unmatched_messages(
    *, request: Request, ask: QueryDep, ours: Ours = None, cursor: paging.Cursor = None, limit: Limit = 50
) -> Response:
    """Messages from which nothing has followed: of another shop, of a kind that is not known, or not understood."""
    (before,) = paging.after("provider-events", cursor, [int]) or [END]
    log = ask.services.log
    head = await log.head()
    ask.must_reach(head)
    found = await log.link.run(
        lambda connection: unmatched_before(connection, min(before, head + 1), limit + 1, ours=ours)
    )
    return paging.reply(request, ask, RowPage(found, head), "provider-events", limit)


@router.post("/{event_id}/dismiss", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def dismiss_provider_event(event_id: EventId, body: EventDismissal, handle: Dispatch) -> Response:
    """Say that nothing is to follow from a message that was left unmatched; it is listed and found no more."""
    return await handle(DismissProviderEvent(event_id, body.reason))
