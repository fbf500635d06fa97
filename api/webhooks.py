"""
Outgoing webhooks for admins: endpoints of other systems, what they get, and the log of deliveries.

A secret is answered once, when it is made. What is sent and how it is signed is in docs/howto/webhooks.md; the
dispatcher sends it (workers/dispatching/webhooks.py).
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec
from fastapi import Path, Query, Request, Response
from pydantic import Field

from adapters.command_bus.replay import replayed
from adapters.webhooks import delivery_log
from adapters.webhooks.delivery_log import WebhookAttempt, WebhookDelivery
from adapters.webhooks.secrets import WebhookSecrets
from api.http import paging
from api.http.clear_reason import ClearReason
from api.http.dispatch import Accepted, Body, Dispatch, example, idempotency_key
from api.http.openapi import command, open_query, query
from api.http.query import JSON, QueryContext, QueryDep
from api.http.routing import router as strict_router
from api.http.services import Services, ServicesDep
from api.http.types import NO_CONTROLS, Id, Limit
from commands.admin.webhooks import (
    SENT_OUT,
    ChangeWebhook,
    CreateWebhook,
    DisableWebhook,
    EnableWebhook,
    PingWebhook,
    RemoveWebhook,
    ReplayWebhook,
    ResendToWebhook,
    RotateWebhookSecret,
)
from domain.admin.webhooks import (
    MOST_TYPES,
    DisabledBy,
    NotOfWebhook,
    TooManyWebhooks,
    Webhook,
    WebhookStatus,
    webhook_stream,
)
from domain.errors import DomainError
from domain.web_addresses import LONGEST_URL
from domain.words import closed

router = strict_router("webhooks", "/v1")
MOST = 100  # endpoints of a campus
FAR = 2**62  # a position beyond all
AT = datetime(2026, 2, 14, 18, tzinfo=UTC)
ID = "5e0c8f8bd3f54b0ab4d3b5d55c0e3f3a"
MESSAGE = "0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f"

EndpointId = Annotated[Id, Path(description="The endpoint.", examples=[ID])]
MessageId = Annotated[Id, Path(description="`webhook-id` of a message.", examples=[MESSAGE])]
Position = Annotated[int, Field(ge=1, le=FAR)]
Url = Annotated[str, Field(min_length=1, max_length=LONGEST_URL, pattern=r"^[!-~]+$")]
Types = Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=MOST_TYPES)]
Description = Annotated[str, Field(max_length=200, pattern=NO_CONTROLS)]


class ListedWebhook(msgspec.Struct, kw_only=True):
    """
    An endpoint.

    Attributes:
        types: the kinds of facts that it gets.
        cause: why it is disabled: `by_hand`, `gone` (it answered 410) or `failing` (for three days); null otherwise.
    """

    endpoint_id: str
    url: str
    types: list[str]
    description: str
    status: Annotated[str, closed(each for each in WebhookStatus if each is not WebhookStatus.NONE)]
    cause: Annotated[str, closed(DisabledBy)] | None


class WebhookList(msgspec.Struct, kw_only=True):
    """All endpoints in the order of their ids; `sent_out` are the kinds of facts that there are to be sent."""

    items: list[ListedWebhook]
    sent_out: list[str]


class WebhookSecretMade(msgspec.Struct, kw_only=True):
    """The secret that signs the messages; null if the request was sent before, since it is answered once."""

    endpoint_id: str
    secret: str | None
    position: int


class DeliveryPage(msgspec.Struct, kw_only=True):
    """Messages to an endpoint, the latest fact first; those that were sent are listed for thirty days."""

    items: list[WebhookDelivery]
    next: str | None


class AttemptList(msgspec.Struct, kw_only=True):
    """The attempts to send one message, the latest first; 100 of them at most."""

    items: list[WebhookAttempt]


LISTED = ListedWebhook(
    endpoint_id=ID,
    url="https://crm.example/hooks/campus",
    types=["enrollment.activated", "enrollment.completed"],
    description="customer relations",
    status="disabled",
    cause="failing",
)
MADE = WebhookSecretMade(endpoint_id=ID, secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", position=1713)  # noqa: S106
DELIVERY = WebhookDelivery(
    position=1712,
    message_id=MESSAGE,
    type="enrollment.activated",
    status="pending",
    attempts=1,
    since=AT,
    next_at=AT,
    finished_at=AT,
    last_status=503,
    last_error="redirects are not followed",
)
ATTEMPT = WebhookAttempt(at=AT, status=503, milliseconds=212, error="redirects are not followed", answer="try later")


class WebhookToMake(Body):
    """Where facts of which kinds are sent, and why."""

    model_config = example(
        url="https://crm.example/hooks/campus",
        types=["enrollment.activated", "enrollment.completed"],
        description="customer relations",
        reason="contract 2026-14",
    )

    url: Url
    types: Types
    description: Description = ""
    reason: ClearReason


class WebhookToChange(Body):
    """What is to be another one of an endpoint; what is left out stays."""

    model_config = example(types=["enrollment.activated"], reason="completions are not needed")

    url: Url | None = None
    types: Types | None = None
    description: Description | None = None
    reason: ClearReason


class SecretToRotate(Body):
    """For how many hours the secrets before this one sign beside it, and why there is another one."""

    model_config = example(keep_hours=24, reason="once a year")

    keep_hours: Annotated[int, Field(ge=0, le=168)] = 24
    reason: ClearReason


class WhyWebhook(Body):
    """Why this is done."""

    model_config = example(reason="maintenance of the receiver")

    reason: ClearReason


class FactsToReplay(Body):
    """The positions of the first and of the last fact that are sent once more, of the kinds that the endpoint gets."""

    model_config = example(first=1, last=1713, reason="the receiver has lost a day")

    first: Position
    last: Position = FAR
    reason: ClearReason


class MessageToResend(Body):
    """The position of a fact that is sent once more, and why."""

    model_config = example(position=1712, reason="the receiver has lost it")

    position: Position
    reason: ClearReason


@router.get("/webhooks", responses=query(WebhookList(items=[LISTED], sent_out=["enrollment.activated"]), 403))
async def list_webhooks(ask: QueryDep) -> Response:
    """All endpoints that are not removed."""
    services = ask.services
    ids = await _secrets(services).endpoints()
    webhooks = await asyncio.gather(*(replayed(services.log, Webhook, webhook_stream(each)) for each in ids))
    items = [_listed(each) for each in webhooks if each.exists and each.status is not WebhookStatus.REMOVED]
    return await _reply(ask, WebhookList(items=items, sent_out=sorted(SENT_OUT)))


@router.get("/webhooks/{endpoint_id}", responses=query(LISTED, 403, 404))
async def get_webhook(endpoint_id: EndpointId, ask: QueryDep) -> Response:
    """One endpoint."""
    return await _reply(ask, _listed(await _webhook(ask.services, endpoint_id)))


@router.post("/webhooks", responses=open_query(MADE, 400, 401, 403, 409, 413, 415, 503))
async def make_webhook(body: WebhookToMake, request: Request, handle: Dispatch, services: ServicesDep) -> Response:
    """Send facts to another system from now on; the answer has the secret that signs them, this once."""
    key, secrets = idempotency_key(request), _secrets(services)
    endpoint_id = uuid4().hex if key is None else uuid5(NAMESPACE_URL, f"{handle.user.by} {key}").hex
    if len(await secrets.endpoints()) >= MOST:
        raise TooManyWebhooks(most=MOST)
    create = CreateWebhook(
        endpoint_id,
        body.url,
        body.types,
        body.description,
        f"{endpoint_id}-1",
        body.reason,
        is_development=services.settings.dev_login,
    )
    secret = await secrets.make(endpoint_id, create.secret_id, services.log.clock.now())  # the fact makes it valid
    try:
        position = await handle.position(create)
    except DomainError:
        if secret is not None:
            await secrets.forget(endpoint_id)
        raise
    return _once(WebhookSecretMade(endpoint_id=endpoint_id, secret=secret, position=position))


@router.post("/webhooks/{endpoint_id}/secret", responses=open_query(MADE, 400, 401, 403, 404, 413, 415, 503))
async def rotate_webhook_secret(
    endpoint_id: EndpointId, body: SecretToRotate, request: Request, handle: Dispatch, services: ServicesDep
) -> Response:
    """Sign by another secret, which the answer has, this once; those before it go on for some hours."""
    key, secrets, now = idempotency_key(request), _secrets(services), services.log.clock.now()
    number = uuid4() if key is None else uuid5(NAMESPACE_URL, f"{handle.user.by} {key}")
    secret_id, until = f"{endpoint_id[:24]}-{number.hex[:16]}", now + timedelta(hours=body.keep_hours)
    await _webhook(services, endpoint_id)
    secret = await secrets.make(endpoint_id, secret_id, now)
    position = await handle.position(RotateWebhookSecret(endpoint_id, secret_id, until, body.reason))
    await secrets.end(endpoint_id, await _secrets_before(services, endpoint_id, secret_id), until)
    return _once(WebhookSecretMade(endpoint_id=endpoint_id, secret=secret, position=position))


@router.post(
    "/webhooks/{endpoint_id}/change", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def change_webhook(
    endpoint_id: EndpointId, body: WebhookToChange, handle: Dispatch, services: ServicesDep
) -> Response:
    """Send elsewhere, or facts of other kinds, from now on."""
    is_development = services.settings.dev_login
    return await handle(
        ChangeWebhook(endpoint_id, body.url, body.types, body.description, body.reason, is_development=is_development)
    )


@router.post("/webhooks/{endpoint_id}/disable", status_code=202, response_model=Accepted, responses=command(403, 404))
async def disable_webhook(endpoint_id: EndpointId, body: WhyWebhook, handle: Dispatch) -> Response:
    """Send nothing for now; what happens meanwhile is sent when it is enabled again."""
    return await handle(DisableWebhook(endpoint_id, DisabledBy.HAND, body.reason))


@router.post("/webhooks/{endpoint_id}/enable", status_code=202, response_model=Accepted, responses=command(403, 404))
async def enable_webhook(endpoint_id: EndpointId, body: WhyWebhook, handle: Dispatch) -> Response:
    """Send again, beginning with what has waited."""
    return await handle(EnableWebhook(endpoint_id, body.reason))


@router.post("/webhooks/{endpoint_id}/remove", status_code=202, response_model=Accepted, responses=command(403, 404))
async def remove_webhook(endpoint_id: EndpointId, body: WhyWebhook, handle: Dispatch) -> Response:
    """Send nothing any more; its secrets are forgotten."""
    return await handle(RemoveWebhook(endpoint_id, body.reason))


@router.post("/webhooks/{endpoint_id}/ping", status_code=202, response_model=Accepted, responses=command(403, 404, 409))
async def ping_webhook(endpoint_id: EndpointId, handle: Dispatch) -> Response:
    """Send a message that says nothing (`webhook.ping_requested`), to try the endpoint."""
    return await handle(PingWebhook(endpoint_id))


@router.post(
    "/webhooks/{endpoint_id}/replay", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def replay_webhook(
    endpoint_id: EndpointId, body: FactsToReplay, handle: Dispatch, services: ServicesDep
) -> Response:
    """Send facts once more, from a position of the log on, up to another one or to the head as it is now."""
    last = min(body.last, await services.log.head())
    return await handle(ReplayWebhook(endpoint_id, body.first, last, body.reason))


@router.post(
    "/webhooks/{endpoint_id}/resend", status_code=202, response_model=Accepted, responses=command(403, 404, 409)
)
async def resend_to_webhook(
    endpoint_id: EndpointId, body: MessageToResend, handle: Dispatch, services: ServicesDep
) -> Response:
    """Send one fact once more, whatever has become of it before."""
    webhook = await _webhook(services, endpoint_id)
    found = await services.log.at([body.position])
    if not found or found[0].type not in webhook.types:
        raise NotOfWebhook(endpoint_id=endpoint_id, position=body.position)
    return await handle(ResendToWebhook(endpoint_id, body.position, body.reason))


@router.get(
    "/webhooks/{endpoint_id}/deliveries",
    responses=query(DeliveryPage(items=[DELIVERY], next=paging.NEXT), 403, 404),
)
async def list_webhook_deliveries(
    *,
    request: Request,
    endpoint_id: EndpointId,
    ask: QueryDep,
    status: Annotated[Literal["pending", "delivered", "failed"] | None, Query(description="Only these.")] = None,
    cursor: paging.Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What is to be sent to an endpoint, and what was sent."""
    await _webhook(ask.services, endpoint_id)
    (before,) = paging.after("webhook-deliveries", cursor, [int]) or [FAR]
    head = await ask.services.log.head()
    page = await delivery_log.deliveries(ask.services.log.link, endpoint_id, status, before, limit + 1)
    return paging.reply(request, ask, page._replace(position=head), "webhook-deliveries", limit)


@router.get("/webhooks/{endpoint_id}/deliveries/{message_id}", responses=query(AttemptList(items=[ATTEMPT]), 403, 404))
async def list_webhook_attempts(endpoint_id: EndpointId, message_id: MessageId, ask: QueryDep) -> Response:
    """Each attempt to send a message: when, how long it took, and what was answered."""
    await _webhook(ask.services, endpoint_id)
    return await _reply(
        ask, AttemptList(items=await delivery_log.attempts(ask.services.log.link, endpoint_id, message_id))
    )


def _secrets(services: Services) -> WebhookSecrets:
    return WebhookSecrets(services.log.link, services.log.keys)


async def _secrets_before(services: Services, endpoint_id: str, secret_id: str) -> list[str]:
    """The secrets that this one has replaced; none that has come after it, where the request is late or sent again."""
    facts = await services.log.stream(webhook_stream(endpoint_id))
    known = [str(fact.data["secret_id"]) for fact in facts if "secret_id" in fact.data]
    return known[: known.index(secret_id)]


async def _webhook(services: Services, endpoint_id: str) -> Webhook:
    """The endpoint; raises WebhookNotFound."""
    webhook = await replayed(services.log, Webhook, webhook_stream(endpoint_id))
    webhook.must_exist()
    return webhook


def _listed(webhook: Webhook) -> ListedWebhook:
    return ListedWebhook(
        endpoint_id=webhook.id_of("endpoint_id"),
        url=webhook.url,
        types=webhook.types,
        description=webhook.description,
        status=webhook.status.value,
        cause=webhook.cause,
    )


async def _reply(ask: QueryContext, found: msgspec.Struct) -> Response:
    return ask.reply(msgspec.json.encode(found), await ask.services.log.head())


def _once(made: WebhookSecretMade) -> Response:
    """An answer with a secret, which no one keeps."""
    return Response(msgspec.json.encode(made), media_type=JSON, headers={"cache-control": "no-store"})
