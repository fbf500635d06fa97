"""Messages of the provider from which nothing is to follow, as the staff say."""

from typing import Annotated

from fastapi import Path, Response

from api.http.dispatch import Accepted, Body, StaffDispatch, example
from api.http.openapi import command
from api.http.routing import router as strict_router
from api.http.types import Reason
from commands.payment.books import DismissProviderEvent

router = strict_router("payment", "/v1/provider-events")
EventId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9_]{1,64}$", description="The provider's id of the message.", examples=["evt_1Qx"])
]


class EventDismissal(Body):
    """Why nothing is to follow from a message."""

    model_config = example(reason="a test before the shop opened")

    reason: Reason


@router.post("/{event_id}/dismiss", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def dismiss_provider_event(event_id: EventId, body: EventDismissal, handle: StaffDispatch) -> Response:
    """Say that nothing is to follow from a message that was left unmatched; a reconciliation finds it no more."""
    return await handle(DismissProviderEvent(event_id, body.reason))
