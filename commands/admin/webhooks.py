"""Endpoints of other systems to which facts are sent: made, changed and tried by admins, disabled when they fail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.log import Log, Position
from domain.admin.webhooks import DisabledBy, NotSentOut, Webhook, check_url, webhook_stream
from domain.registry import FACTS, context_of

KEPT_IN = frozenset(("admin", "auth"))
"""Contexts whose facts are sent to no other system: how persons sign in, who has looked at whom, webhooks."""

SENT_OUT = frozenset(name for name in FACTS if context_of(name) not in KEPT_IN)


def check_types(types: Sequence[str]) -> None:
    """Raise NotSentOut for a kind of fact that there is not, or that leaves the campus by no webhook."""
    for name in types:
        if name not in SENT_OUT:
            raise NotSentOut(type=name[:80])


@dataclass(frozen=True)
class CreateWebhook:
    """
    Facts of these kinds are sent to another system from now on.

    Attributes:
        is_development: whether `http` may go to this machine.
    """

    endpoint_id: str
    url: str
    types: Sequence[str]
    description: str
    secret_id: str
    reason: str
    is_development: bool = False


async def create_webhook(command: CreateWebhook, log: Log) -> Position:
    check_url(command.url, is_development=command.is_development)
    check_types(command.types)
    webhook = await log.load(Webhook, webhook_stream(command.endpoint_id))
    webhook.create(command.url, command.types, command.description, command.secret_id, command.reason)
    return await log.save(webhook)


@dataclass(frozen=True)
class ChangeWebhook:
    """An endpoint gets another address, other kinds of facts or another description; None: as it was."""

    endpoint_id: str
    url: str | None
    types: Sequence[str] | None
    description: str | None
    reason: str
    is_development: bool = False


async def change_webhook(command: ChangeWebhook, log: Log) -> Position:
    if command.url is not None:
        check_url(command.url, is_development=command.is_development)
    check_types(command.types or ())
    webhook = await log.load(Webhook, webhook_stream(command.endpoint_id))
    webhook.change(
        webhook.url if command.url is None else command.url,
        webhook.types if command.types is None else command.types,
        webhook.description if command.description is None else command.description,
        command.reason,
    )
    return await log.save(webhook)


@dataclass(frozen=True)
class RotateWebhookSecret:
    """Messages are signed by another secret, and by those before it until a time."""

    endpoint_id: str
    secret_id: str
    others_until: datetime
    reason: str


async def rotate_webhook_secret(command: RotateWebhookSecret, log: Log) -> Position:
    webhook = await log.load(Webhook, webhook_stream(command.endpoint_id))
    webhook.rotate(command.secret_id, command.others_until, command.reason)
    return await log.save(webhook)


@dataclass(frozen=True)
class DisableWebhook:
    """Nothing is sent to an endpoint for now."""

    endpoint_id: str
    cause: DisabledBy
    reason: str


async def disable_webhook(command: DisableWebhook, log: Log) -> Position:
    webhook = await log.load(Webhook, webhook_stream(command.endpoint_id))
    webhook.disable(command.cause, command.reason)
    return await log.save(webhook)


@dataclass(frozen=True)
class EnableWebhook:
    """An endpoint that was disabled gets facts again."""

    endpoint_id: str
    reason: str


async def enable_webhook(command: EnableWebhook, log: Log) -> Position:
    webhook = await log.load(Webhook, webhook_stream(command.endpoint_id))
    webhook.enable(command.reason)
    return await log.save(webhook)


@dataclass(frozen=True)
class RemoveWebhook:
    """Nothing is sent to an endpoint any more."""

    endpoint_id: str
    reason: str


async def remove_webhook(command: RemoveWebhook, log: Log) -> Position:
    webhook = await log.load(Webhook, webhook_stream(command.endpoint_id))
    webhook.remove(command.reason)
    return await log.save(webhook)


@dataclass(frozen=True)
class PingWebhook:
    """An endpoint gets a message that says nothing, to try it."""

    endpoint_id: str


async def ping_webhook(command: PingWebhook, log: Log) -> Position:
    webhook = await log.load(Webhook, webhook_stream(command.endpoint_id))
    webhook.request_ping()
    return await log.save(webhook)


@dataclass(frozen=True)
class ReplayWebhook:
    """An endpoint gets the facts of these positions once more."""

    endpoint_id: str
    first: int
    last: int
    reason: str


async def replay_webhook(command: ReplayWebhook, log: Log) -> Position:
    webhook = await log.load(Webhook, webhook_stream(command.endpoint_id))
    webhook.request_replay(command.first, command.last, command.reason)
    return await log.save(webhook)


@dataclass(frozen=True)
class ResendToWebhook:
    """An endpoint gets the fact at a position once more."""

    endpoint_id: str
    position: int
    reason: str


async def resend_to_webhook(command: ResendToWebhook, log: Log) -> Position:
    webhook = await log.load(Webhook, webhook_stream(command.endpoint_id))
    webhook.request_resend(command.position, command.reason)
    return await log.save(webhook)
