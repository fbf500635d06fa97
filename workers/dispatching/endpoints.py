"""
The endpoints of webhooks as the log has them, kept in memory by their one sender and folded on as facts come.

Reads     the facts of all endpoints once, then those of their kinds that are new; the secrets of one, once.
So a wake asks as many questions for a thousand endpoints as for one. An endpoint of which a fact cannot be read gets
nothing until it can: the fact may say that it was removed, or is somewhere else.
"""

import structlog

from adapters.command_bus.replay import follow
from adapters.postgres.connection import PostgresError, Unavailable
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.webhooks.secrets import WebhookSecrets
from domain.admin.webhooks import Webhook, WebhookStatus, webhook_stream
from domain.registry import AGGREGATE_OF

KINDS = tuple(name for name, of in AGGREGATE_OF.items() if of is Webhook)

logger = structlog.get_logger()


class Endpoints:
    """
    The endpoints of one campus.

    Attributes:
        known: those that were made and not removed, and whose facts can all be read, by their ids.
    """

    def __init__(self, log: PostgresLog, secrets: WebhookSecrets) -> None:
        self._log, self._kept = log, secrets
        self._read = 0
        self._texts: dict[str, dict[str, str]] = {}
        self.known: dict[str, Webhook] = {}

    async def follow(self, head: int) -> list[Webhook]:
        """Take in what has happened to endpoints up to *head*; returns those that have changed, or were removed."""
        if self.known:
            facts = await self._log.read(self._read, head - self._read, KINDS)
            names = sorted({fact.id("endpoint_id") for fact in facts})
        else:
            names = await self._kept.endpoints()  # of which each has a secret before its first fact
        changed = [self.known.get(name) or Webhook.blank(webhook_stream(name)) for name in names]
        are_whole = [await self._is_whole(webhook) for webhook in changed]
        for name, webhook, is_whole in zip(names, changed, are_whole, strict=True):
            if not is_whole or webhook.status is WebhookStatus.REMOVED:
                self.known.pop(name, None)
                self._texts.pop(name, None)
            elif webhook.exists:
                self.known[name] = webhook
        self._read = head
        return [each for each, is_whole in zip(changed, are_whole, strict=True) if is_whole and each.exists]

    async def _is_whole(self, webhook: Webhook) -> bool:
        """Take in what has happened to an endpoint; whether all of it can be read."""
        try:
            await follow(self._log, webhook)
        except (PostgresError, Unavailable):
            raise
        except Exception:
            logger.exception("webhook.unreadable", endpoint=webhook.id_of("endpoint_id"), version=webhook.version + 1)
            return False
        return True

    def enabled(self) -> dict[str, Webhook]:
        """Those to which facts are sent."""
        return {name: each for name, each in self.known.items() if each.status is WebhookStatus.ENABLED}

    async def signing(self, webhook: Webhook) -> list[str]:
        """
        The secrets by which a message to an endpoint is signed now, the newest first.

        Raises:
            AccountsClosed: no master key opens them.
        """
        endpoint_id, now = webhook.id_of("endpoint_id"), self._log.clock.now()
        ids = webhook.signing_at(now)
        texts = self._texts.get(endpoint_id, {})
        if any(each not in texts for each in ids):
            texts = self._texts[endpoint_id] = await self._kept.texts(endpoint_id, ids)
        return [texts[each] for each in ids if each in texts]
