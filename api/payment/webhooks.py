"""Messages of the provider: checked, recorded once each, answered; what follows is the dispatcher's."""

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from adapters.payments.stripe_webhook import LARGEST, parse, verify
from api.http.openapi import Responses, problems
from api.http.routing import router as strict_router
from api.http.services import ServicesDep
from commands.log import Context
from commands.payment.books import RecordProviderEvent

router = strict_router("payment", "/v1/webhooks")

BODY = {
    "parameters": [
        {
            "name": "Stripe-Signature",
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
            "description": "`t=SECONDS,v1=HEX`: the HMAC-SHA-256 of `SECONDS.BODY`.",
            "example": "t=1790000000,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object", "description": "An event of Stripe."}}},
    },
}
RECEIVED: Responses = {
    200: {
        "description": "The event is recorded, once.",
        "content": {"application/json": {"schema": {"type": "object"}, "example": {"received": True}}},
    }
}


@router.post("/stripe", responses={**RECEIVED, **problems(400, 413, 422, 503)}, openapi_extra=BODY)
async def receive_stripe_event(request: Request, services: ServicesDep) -> Response:
    """Take an event of Stripe; any other answer than 200 makes Stripe send it again."""
    if int(request.headers.get("content-length") or 0) > LARGEST:
        raise HTTPException(413, f"an event has at most {LARGEST} bytes")
    body = await request.body()
    if len(body) > LARGEST:
        raise HTTPException(413, f"an event has at most {LARGEST} bytes")
    now = services.bus.clock.now()
    verify(body, request.headers.get("stripe-signature", ""), services.settings.webhook_secrets, now)
    event_id, message = parse(body, services.settings.name)
    context = Context(actor="stripe", at=now, source="webhook", correlation_id=request.scope["request_id"])
    await services.bus.handle(RecordProviderEvent(event_id, message), context)
    return Response(b'{"received":true}', media_type="application/json")
