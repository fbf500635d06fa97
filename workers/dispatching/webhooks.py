"""
Sends facts to the endpoints of other systems, within the dispatcher; one process of a campus at a time.

Reads     the log by position, facts of the kinds that endpoints get, in one go for all that are near each other, and
          what has happened to endpoints (workers/dispatching/endpoints.py).
Asks      the endpoints: each has `AT_A_TIME` messages under way at most, so that a slow one does not stop others.
Writes    webhook_cursors, webhook_deliveries, webhook_attempts; `webhook.disabled` for one that is gone or fails.
A message that is under way when a process dies is sent again: at least once, and in no order that is promised.
"""

import asyncio
import random
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from adapters.command_bus.bus import Bus
from adapters.nats.connection import Nats
from adapters.personal.key_service import AccountsClosed
from adapters.postgres.connection import Connection, PostgresError, Unavailable
from adapters.postgres.log.decoding import sentence_of
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops import lease
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from adapters.webhooks import deliveries
from adapters.webhooks.addresses import Resolver, resolve
from adapters.webhooks.client import Answered, WebhookClient
from adapters.webhooks.deliveries import DELIVERED, FAILED, LIVE, MOST_PENDING, Cursor, Due
from adapters.webhooks.payload import body_of
from adapters.webhooks.secrets import WebhookSecrets
from adapters.webhooks.signature import headers_of
from commands.admin.webhooks import DisableWebhook
from commands.log import Context
from domain.admin.webhooks import DisabledBy, Webhook, WebhookNotFound, WebhookStatus
from domain.fact import Fact
from projections.engine.rows import Unreadable
from workers.dispatching.endpoints import Endpoints
from workers.support.wake import can_pass, pause_before_retry, wait_for_facts, woken_by_hints

NAME = "webhooks"
PAGE = 1_000  # positions
AT_A_TIME = 4  # messages to one endpoint
DELAYS = tuple(timedelta(seconds=each) for each in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000))
"""Pauses between attempts, as Standard Webhooks proposes; then one of a day, until three days are over."""
LONGEST_DELAY = timedelta(days=1)
GIVEN_UP_AFTER = timedelta(days=3)
JITTER = 0.2  # of a pause, in both directions: many messages that failed together do not come back together
LONGEST_ERROR = 200  # characters that are kept
GONE = 410  # RFC 9110: it will not come back

logger = structlog.get_logger()


async def keep_sending(settings: Settings, log: PostgresLog, stop: asyncio.Event, resolver: Resolver = resolve) -> None:
    """Send until *stop* is set, or stand by while another process does; a lost PostgreSQL is waited for."""
    nats, client = Nats(settings, NAME), WebhookClient(settings, resolver)
    try:
        async with woken_by_hints(settings, nats, stop) as woken:
            while not stop.is_set():
                try:
                    await _session(settings, log, client, stop, woken)
                except (PostgresError, Unavailable) as error:
                    if not can_pass(error):
                        raise
                    logger.warning("webhooks.waiting", error=str(error).strip())
                    await pause_before_retry(stop)
    finally:
        await client.close()
        await nats.close()


async def _session(
    settings: Settings, log: PostgresLog, client: WebhookClient, stop: asyncio.Event, woken: asyncio.Event
) -> None:
    async with lease.session(settings, NAME) as connection:
        while not stop.is_set() and not await lease.try_acquire(connection, settings, NAME):
            await pause_before_retry(stop)
        sender = Sender(log, client, connection, woken)
        try:
            while not stop.is_set():
                if not await sender.step():
                    await wait_for_facts(woken)
        finally:
            await sender.close()


class Sender:
    """Sends what is due, step by step; *connection* has the lock."""

    def __init__(self, log: PostgresLog, client: WebhookClient, connection: Connection, woken: asyncio.Event) -> None:
        self._log, self._client, self._connection, self._woken = log, client, connection, woken
        self._bus = Bus(log)
        self._secrets = WebhookSecrets(log.link, log.keys)
        self._endpoints = Endpoints(log, self._secrets)
        self._writing = asyncio.Lock()  # transactions of one connection
        self._under_way: dict[str, dict[str, asyncio.Task[None]]] = {}
        self._failed: BaseException | None = None

    async def close(self) -> None:
        """Break off what is under way: it is sent again."""
        await cancel_and_wait([task for tasks in self._under_way.values() for task in tasks.values()])

    async def step(self) -> bool:
        """Follow the log, and begin to send what is due; whether there is more to follow at once."""
        if self._failed is not None:
            raise self._failed
        head = await self._log.head()
        if changed := await self._endpoints.follow(head):
            async with self._writing:
                found = await self._cursors(each.id_of("endpoint_id") for each in changed)
            heard = {each.endpoint_id: each.heard for each in found if each.name == LIVE}
            for webhook in changed:
                await self._hear(webhook, heard.get(webhook.id_of("endpoint_id"), 0))
                if webhook.status is WebhookStatus.REMOVED:
                    await self._secrets.forget(webhook.id_of("endpoint_id"))  # and with them the endpoint
        enabled = self._endpoints.enabled()
        if not enabled:
            return False
        has_more = await self._follow(enabled, head)
        await self._send_due(enabled)
        return has_more

    async def _cursors(self, endpoints: Iterable[str]) -> list[Cursor]:
        return await deliveries.cursors(self._connection, list(endpoints))

    async def _hear(self, webhook: Webhook, heard: int) -> None:
        """Do what the facts of an endpoint ask for after the version *heard*, up to which they were followed."""
        if heard >= webhook.version:
            return
        endpoint_id, now = webhook.id_of("endpoint_id"), self._log.clock.now()
        for fact in await self._log.stream(webhook.id, heard):
            async with self._writing, self._connection.transaction():
                await self._hear_one(endpoint_id, fact, now)
                await deliveries.heard(self._connection, endpoint_id, fact.stream_version)

    async def _hear_one(self, endpoint_id: str, fact: Fact, now: datetime) -> None:
        connection = self._connection
        match fact.type:
            case Webhook.Created.TOPIC:
                await deliveries.begin(connection, endpoint_id, fact.position)
            case Webhook.PingRequested.TOPIC:
                await deliveries.add(connection, endpoint_id, [fact], now)
            case Webhook.ReplayRequested.TOPIC:
                name, last = f"replay-{fact.stream_version}", min(fact.data["last"], fact.position)
                await deliveries.begin(connection, endpoint_id, fact.data["first"] - 1, name=name, last=last)
            case Webhook.ResendRequested.TOPIC:
                found = await self._log.at([fact.data["position"]])
                await deliveries.add(connection, endpoint_id, found, now, again=True)
            case Webhook.Enabled.TOPIC:
                await deliveries.send_now(connection, endpoint_id, now)
            case Webhook.Removed.TOPIC:
                await deliveries.end(connection, endpoint_id, now, for_good=True)

    async def _follow(self, webhooks: dict[str, Webhook], head: int) -> bool:
        """Have the facts of one page sent for each cursor that is not at its end; whether any is not there yet."""
        async with self._writing:
            waiting = await deliveries.pending(self._connection, webhooks)
            found = await self._cursors(webhooks)
        behind = [each for each in found if each.position < each.target(head)]
        has_more = False
        for group in near_each_other([each for each in behind if waiting.get(each.endpoint_id, 0) < MOST_PENDING]):
            first, until = group[0].position, min(group[0].position + PAGE, max(each.target(head) for each in group))
            kinds = sorted({kind for each in group for kind in webhooks[each.endpoint_id].types})
            facts = await self._log.read(first, until - first, kinds)
            for cursor in group:
                name, end = cursor.endpoint_id, min(until, cursor.target(head))
                own = [
                    each
                    for each in facts
                    if cursor.position < each.position <= end and each.type in webhooks[name].types
                ]
                if waiting.get(name, 0) < MOST_PENDING:
                    await self._take(cursor, own, end, head)
                    waiting[name] = waiting.get(name, 0) + len(own)
                    has_more |= end < cursor.target(head)
        return has_more

    async def _take(self, cursor: Cursor, facts: list[Fact], until: int, head: int) -> None:
        """Have *facts* sent, and the cursor at *until*; near the head it stays where it is while there is nothing."""
        is_replay = cursor.last is not None
        if not (facts or is_replay or until < head or until - cursor.position >= PAGE // 2):
            return
        async with self._writing, self._connection.transaction():
            now = self._log.clock.now()
            await deliveries.add(self._connection, cursor.endpoint_id, facts, now, again=is_replay)
            await deliveries.advance(self._connection, cursor, until)

    async def _send_due(self, webhooks: dict[str, Webhook]) -> None:
        """Begin to send what is due, as far as not too much is under way."""
        free = [each for each in webhooks if len(self._under_way.get(each, {})) < AT_A_TIME]
        under_way = [deliveries.named(each, name) for each, tasks in self._under_way.items() for name in tasks]
        async with self._writing:
            found = await deliveries.due(self._connection, free, self._log.clock.now(), under_way, AT_A_TIME)
        facts = {each.position: each for each in await self._log.at([each.position for each in found])} if found else {}
        for message in found:
            tasks = self._under_way.setdefault(message.endpoint_id, {})
            if len(tasks) < AT_A_TIME:
                sending = self._carry_out(webhooks[message.endpoint_id], message, facts.get(message.position))
                tasks[message.message_id] = asyncio.create_task(sending)

    async def _carry_out(self, webhook: Webhook, message: Due, fact: Fact | None) -> None:
        try:
            await self._send(webhook, message, fact)
        except Exception as error:  # noqa: BLE001 - raised by the next step
            self._failed = error
        finally:
            self._under_way[message.endpoint_id].pop(message.message_id, None)
            self._woken.set()

    async def _send(self, webhook: Webhook, message: Due, fact: Fact | None) -> None:
        """One attempt."""
        if fact is None or fact.meta.event_id != message.message_id:  # the log was restored
            async with self._writing:
                await deliveries.finish(self._connection, message, FAILED, self._log.clock.now())
            return
        if isinstance(fact, Unreadable):  # our fault: it is tried again as others are, and disables no endpoint
            logger.error("webhook.unreadable", endpoint=message.endpoint_id, position=message.position)
            await self._record(message, Answered(None, 0, sentence_of(fact)[:LONGEST_ERROR]), is_ours=True)
            return
        try:
            answer = await self._ask(webhook, message, fact)
        except (PostgresError, Unavailable):
            raise
        except Exception as error:
            logger.exception("webhook.failed", endpoint=message.endpoint_id, position=message.position)
            answer = Answered(None, 0, f"it could not be sent: {type(error).__name__}")
        await self._record(message, answer)

    async def _ask(self, webhook: Webhook, message: Due, fact: Fact) -> Answered:
        try:
            secrets = await self._endpoints.signing(webhook)
        except AccountsClosed as error:
            return Answered(None, 0, f"no secret can be opened: {error}"[:LONGEST_ERROR])
        if not secrets:
            return Answered(None, 0, "no secret is left: rotate it")
        body = body_of(fact)
        now = self._log.clock.on_machine(self._log.clock.now())  # which the receiver compares with its own clock
        headers = headers_of(secrets, message.message_id, now, body)
        return await self._client.send(webhook.url, headers, body)

    async def _record(self, message: Due, answer: Answered, *, is_ours: bool = False) -> None:
        """
        Note what was answered, and what follows; the fact that disables comes first, or it could be lost.

        Args:
            is_ours: the endpoint was not asked, so that this says nothing about it.
        """
        now = self._log.clock.now()
        is_over = not answer.is_delivered and now - message.since >= GIVEN_UP_AFTER
        if answer.status == GONE:
            await self._disable(message, DisabledBy.GONE, "it answered 410 Gone")
        elif is_over and not is_ours and await self._has_failed_since(message):
            said = f"status {answer.status}" if answer.error is None else answer.error
            await self._disable(message, DisabledBy.FAILING, f"nothing was taken for three days; the last: {said}")
        async with self._writing, self._connection.transaction():
            await deliveries.note(self._connection, message, answer, now)
            if answer.is_delivered:
                await deliveries.finish(self._connection, message, DELIVERED, now)
            elif is_over:
                await deliveries.finish(self._connection, message, FAILED, now)
            else:
                await deliveries.put_off(self._connection, message, now + pause(message.attempts, answer.retry_after))

    async def _has_failed_since(self, message: Due) -> bool:
        """Whether the endpoint, if it is not removed, has taken nothing since this message was first to be sent."""
        async with self._writing:
            live = [each for each in await self._cursors([message.endpoint_id]) if each.name == LIVE]
        return any(each.delivered_at is None or each.delivered_at < message.since for each in live)

    async def _disable(self, message: Due, cause: DisabledBy, reason: str) -> None:
        context = Context("dispatcher", self._log.clock.now(), "dispatcher:webhooks", causation_id=message.message_id)
        with suppress(WebhookNotFound):  # removed meanwhile
            await self._bus.handle(DisableWebhook(message.endpoint_id, cause, reason), context)
        logger.warning("webhook.disabled", endpoint=message.endpoint_id, cause=cause.value)


def near_each_other(cursors: Iterable[Cursor]) -> list[list[Cursor]]:
    """Groups of cursors whose next facts are read in one go: at most half a page lies between those of a group."""
    groups: list[list[Cursor]] = []
    for cursor in sorted(cursors, key=lambda cursor: cursor.position):
        if groups and cursor.position - groups[-1][0].position <= PAGE // 2:
            groups[-1].append(cursor)
        else:
            groups.append([cursor])
    return groups


def pause(attempts: int, wished: float) -> timedelta:
    """How long to wait after so many attempts before this one; *wished*: seconds that the receiver asks for."""
    planned = DELAYS[attempts] if attempts < len(DELAYS) else LONGEST_DELAY
    shaken = planned * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
    return max(shaken, min(timedelta(seconds=wished), LONGEST_DELAY))
