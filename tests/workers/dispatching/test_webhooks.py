"""Facts reach the endpoints of other systems, whatever these and the sender go through."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection
from standardwebhooks import WebhookVerificationError

from adapters.postgres.ops import lease
from adapters.settings import Settings
from adapters.webhooks import deliveries
from adapters.webhooks.client import WebhookClient
from adapters.webhooks.deliveries import Cursor
from commands.admin.webhooks import (
    DisableWebhook,
    EnableWebhook,
    PingWebhook,
    RemoveWebhook,
    ReplayWebhook,
    ResendToWebhook,
    RotateWebhookSecret,
)
from domain.admin.webhooks import DisabledBy, WebhookStatus
from tests.support.appends import query
from tests.support.hooks import COURSES, Hooks, hooks_of, sending_process
from tests.support.polling import guard, until
from tests.support.receiver import OK, Message, Receiver, receiving, said
from workers.dispatching.webhooks import (
    AT_A_TIME,
    DELAYS,
    GIVEN_UP_AFTER,
    JITTER,
    LONGEST_DELAY,
    Sender,
    near_each_other,
    pause,
)

SOON, DAY = timedelta(seconds=10), timedelta(days=1)


@pytest.fixture
async def hooks(settings: Settings) -> AsyncIterator[Hooks]:
    """The campus."""
    async with hooks_of(settings) as hooks:
        yield hooks


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """The receiver."""
    async with receiving() as receiver:
        yield receiver


async def until_sent(receiver: Receiver, number: int) -> None:
    """Wait until so many messages have come."""

    async def have_come() -> bool:
        return len(receiver.messages) >= number

    await until(have_come)


async def until_noted(hooks: Hooks, number: int) -> None:
    """Wait until so many attempts are written down."""

    async def are_noted() -> bool:
        return await query(hooks.settings, "SELECT count(*) FROM webhook_attempts") == [(number,)]

    await until(are_noted)


async def test_facts_are_sent_signed_and_once(hooks: Hooks, receiver: Receiver) -> None:
    """Those of the kinds of the endpoint, from when it was made on, in their envelope; a ping and a resend as well."""
    await hooks.happen()
    secret = await hooks.make(receiver.url)
    async with hooks.sending():
        await hooks.happen(2)
        await hooks.until_statuses("delivered", "delivered")
        await hooks.do(PingWebhook("w1"))
        await hooks.until_statuses("delivered", "delivered", "delivered")
        first = receiver.messages[0]
        await hooks.do(ResendToWebhook("w1", first.content["data"]["position"], "lost"))
        await until_sent(receiver, 4)
    for message in receiver.messages:
        message.verify(secret)
    with pytest.raises(WebhookVerificationError):
        first.verify("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert [each.content["type"] for each in receiver.messages] == [COURSES, COURSES, "webhook.ping_requested", COURSES]
    assert {each.content["data"]["stream_id"] for each in receiver.messages[:2]} == {"course-c2", "course-c3"}
    assert receiver.messages[3].id == first.id
    assert receiver.messages[3].body == first.body
    data = first.content["data"]
    number = data["stream_id"][-1]  # of two that are sent together either may come first
    assert (data["fields"]["title"], data["meta"]["actor"]) == (f"Course {number}", "admin")
    assert first.id == data["meta"]["event_id"]


async def test_what_fails_is_tried_again_later(hooks: Hooks, receiver: Receiver) -> None:
    """Whatever the failure is; a redirect is one; each attempt is written down with the beginning of the answer."""
    await hooks.make(receiver.url)
    async with hooks.sending():
        receiver.always(said(302, "", "Location: http://127.0.0.1:1/"))
        await hooks.happen()
        for number, answer in enumerate((said(500, "x" * 5_000), None, OK), 1):
            await until_sent(receiver, number)
            receiver.always(answer)

            async def is_noted(number: int = number) -> bool:
                return await query(hooks.settings, "SELECT count(*) FROM webhook_attempts") == [(number,)]

            await until(is_noted)
            hooks.log.clock.move(DELAYS[number - 1] * (1 + JITTER))
        await hooks.until_statuses("delivered")
    found = await query(hooks.settings, "SELECT status, length(answer), error FROM webhook_attempts ORDER BY at")
    assert [row[:2] for row in found] == [(302, 0), (500, 1_024), (None, 0), (204, 0)]
    assert found[0][2] == "redirects are not followed"
    assert len({message.id for message in receiver.messages}) == 1


async def test_an_endpoint_that_is_gone_or_fails_for_three_days_is_disabled(hooks: Hooks, receiver: Receiver) -> None:
    """By a fact; what has waited is sent once it is enabled again, and nothing is lost."""
    await hooks.make(receiver.url)
    receiver.always(said(410))
    async with hooks.sending():
        await hooks.happen()

        async def is_disabled() -> bool:
            return (await hooks.webhook()).status is WebhookStatus.DISABLED

        await until(is_disabled)
        assert (await hooks.webhook()).cause == DisabledBy.GONE
        await hooks.happen(2)
        receiver.always(said(503, "", "Retry-After: 1"))
        await hooks.do(EnableWebhook("w1", "mended"))
        await until_noted(hooks, 4)
        hooks.log.clock.move(GIVEN_UP_AFTER + SOON)
        await until(is_disabled)
        await until_noted(hooks, 7)
        assert (await hooks.webhook()).cause == DisabledBy.FAILING
        facts = await hooks.log.stream("webhook-w1")
        assert [(fact.data["cause"], fact.meta.actor) for fact in facts if fact.type == "webhook.disabled"] == [
            ("gone", "dispatcher"),
            ("failing", "dispatcher"),
        ]
        receiver.always(OK)
        await hooks.happen()
        await hooks.do(EnableWebhook("w1", "mended"))
        await hooks.until_statuses("failed", "failed", "failed", "delivered")
        (failed, *_) = await hooks.log.read(0, 1_000, [COURSES])
        await hooks.do(ResendToWebhook("w1", failed.position, "by hand"))
        await hooks.until_statuses("delivered", "failed", "failed", "delivered")


async def test_an_endpoint_is_removed_while_a_message_is_under_way(hooks: Hooks, receiver: Receiver) -> None:
    """For three days; the answer comes, and the sender goes on."""
    stays = asyncio.Event()

    async def waits(_: Message) -> bytes | None:
        await stays.wait()
        return said(503)

    async def is_removed() -> bool:
        return await query(hooks.settings, "SELECT count(*) FROM webhook_cursors") == [(0,)]

    async with hooks.sending():
        receiver.answers = waits
        await hooks.make(receiver.url)
        await hooks.happen()
        await until_sent(receiver, 1)
        await hooks.do(RemoveWebhook("w1", "over"))
        await until(is_removed)
        hooks.log.clock.move(GIVEN_UP_AFTER + SOON)
        stays.set()
        await until_noted(hooks, 1)
        receiver.always(OK)
        await hooks.make(receiver.url, "w2")
        await hooks.happen()
        await hooks.until_statuses("delivered", name="w2")


async def test_a_slow_endpoint_does_not_stop_another(hooks: Hooks, receiver: Receiver) -> None:
    """It has a few messages under way, and no more; the other gets all of them meanwhile."""
    stays = asyncio.Event()

    async def waits(_: Message) -> bytes | None:
        await stays.wait()
        return OK

    async with receiving() as slow:
        slow.answers = waits
        await hooks.make(slow.url, "w1")
        await hooks.make(receiver.url, "w2")
        async with hooks.sending():
            await hooks.happen(10)
            await hooks.until_statuses(*["delivered"] * 10, name="w2")
            assert len(slow.messages) == AT_A_TIME
            await hooks.make(receiver.url, "w3")
            (first, *_) = await hooks.log.read(0, 1_000, [COURSES])
            await hooks.do(ReplayWebhook("w3", first.position, first.position, "for a third"))
            await hooks.until_statuses("delivered", name="w3")  # the very message that the slow one has under way
            assert len(slow.messages) == AT_A_TIME, "none of these has been given up"
            stays.set()
            await hooks.until_statuses(*["delivered"] * 10, name="w1")


@pytest.mark.processes
async def test_what_is_under_way_when_the_sender_is_killed_is_sent_again(hooks: Hooks, receiver: Receiver) -> None:
    """By the next one, as the same message; nothing is lost, and what was taken before is not sent again."""
    waits, stays = asyncio.Event(), asyncio.Event()

    async def takes_one_and_waits(_: Message) -> bytes | None:
        if len(receiver.messages) == 1:
            return OK
        waits.set()
        await stays.wait()
        return None

    secret = await hooks.make(receiver.url)
    receiver.answers = takes_one_and_waits
    with sending_process(hooks.settings) as process:
        await hooks.happen()
        await hooks.until_statuses("delivered")
        await hooks.happen(3)
        async with guard():
            await waits.wait()
        process.kill()
    stays.set()
    before = [message.id for message in receiver.messages]
    receiver.always(OK)
    async with hooks.sending():
        await hooks.until_statuses(*["delivered"] * 4)
    after = [message.id for message in receiver.messages[len(before) :]]
    assert before[0] not in after
    assert set(before[1:]) <= set(after)
    assert len({*before, *after}) == 4
    receiver.messages[-1].verify(secret)


async def test_a_secret_is_replaced_while_both_sign(hooks: Hooks, receiver: Receiver) -> None:
    """Until the time that was said; one that the log does not know signs nothing."""
    old = await hooks.make(receiver.url)
    now = hooks.log.clock.now()
    new = await hooks.secrets.make("w1", "w1-2", now)
    unknown = await hooks.secrets.make("w1", "w1-3", now)
    assert new is not None
    assert unknown is not None
    await hooks.do(RotateWebhookSecret("w1", "w1-2", now + DAY, "once a year"))
    await hooks.secrets.end("w1", ["w1-1"], now + DAY)
    async with hooks.sending():
        await hooks.happen()
        await hooks.until_statuses("delivered")
        hooks.log.clock.move(DAY + SOON)
        await hooks.happen()
        await hooks.until_statuses("delivered", "delivered")
    both, one = receiver.messages
    both.verify(old)
    both.verify(new)
    one.verify(new)
    for message, secret in ((one, old), (both, unknown), (one, unknown)):
        with pytest.raises(WebhookVerificationError):
            message.verify(secret)


async def test_facts_are_replayed_from_a_position(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those from before the endpoint was made; many of them wait for each other, so that rows stay few."""
    monkeypatch.setattr("workers.dispatching.webhooks.MOST_PENDING", 5)
    monkeypatch.setattr("workers.dispatching.webhooks.PAGE", 3)
    await hooks.happen(12)
    await hooks.make(receiver.url)
    async with hooks.sending():
        head = await hooks.log.head()
        await hooks.do(ReplayWebhook("w1", 1, head, "the receiver is new"))
        await hooks.until_statuses(*["delivered"] * 12)

        async def is_over() -> bool:
            return await query(hooks.settings, "SELECT name FROM webhook_cursors") == [("live",)]

        await until(is_over)
        await hooks.do(DisableWebhook("w1", DisabledBy.HAND, "maintenance"))
        await hooks.happen(2)
        await hooks.do(EnableWebhook("w1", "done"))
        await hooks.until_statuses(*["delivered"] * 14)
        await hooks.do(RemoveWebhook("w1", "contract ended"))
        await hooks.happen()

        async def is_removed() -> bool:
            return await query(hooks.settings, "SELECT name FROM webhook_cursors") == []

        await until(is_removed)
    assert len(receiver.messages) == 14
    assert (
        await hooks.log.link.run(lambda connection: deliveries.forget_old(connection, hooks.log.clock.now())) is False
    )
    late = hooks.log.clock.now() + timedelta(days=31)
    await hooks.log.link.run(lambda connection: deliveries.forget_old(connection, late))
    assert await hooks.statuses() == []


async def test_many_endpoints_cost_no_more_questions_than_few(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do many messages: the sender keeps what endpoints are, and reads facts and secrets for all in one go."""
    asked: list[str] = []
    execute = AsyncConnection.execute

    async def counted(self: AsyncConnection, query: Any, *arguments: Any, **more: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else str(query)
        if text.lstrip().startswith(("SELECT", "WITH")):
            asked.append(text)
        return await execute(self, query, *arguments, **more)

    async def questions(sender: Sender, facts: int) -> list[str]:
        """What is asked until so many facts are sent to all."""
        await hooks.happen(facts)
        asked.clear()
        await sender.step()
        while any(sender._under_way.values()):
            await asyncio.gather(*(task for tasks in sender._under_way.values() for task in tasks.values()))
        return list(asked)

    client = WebhookClient(hooks.settings)
    async with lease.session(hooks.settings, "webhooks") as connection:
        sender = Sender(hooks.log, client, connection, asyncio.Event())
        await hooks.make(receiver.url, "w0")
        await sender.step()
        await questions(sender, 1)  # which reads the secret, once
        monkeypatch.setattr(AsyncConnection, "execute", counted)
        few = await questions(sender, 1)
        for number in range(1, 9):
            await hooks.make(receiver.url, f"w{number}")
        await sender.step()
        await questions(sender, 1)
        many = await questions(sender, 3)
        assert len(receiver.messages) == 2 + 9 + 27
        assert (len(many), len(few)) == (7, 7), many
        await hooks.do(RemoveWebhook("w3", "contract ended"))
        await sender.step()
        assert sorted(sender._endpoints.known) == [f"w{number}" for number in (0, 1, 2, 4, 5, 6, 7, 8)]
    await client.close()


def test_cursors_near_each_other_are_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is far behind holds up no other."""
    monkeypatch.setattr("workers.dispatching.webhooks.PAGE", 10)
    cursors = [Cursor(f"w{at}", "live", at, None, 1, None) for at in (100, 7, 96, 95, 5, 101)]
    groups = [[each.position for each in group] for group in near_each_other(cursors)]
    assert groups == [[5, 7], [95, 96, 100], [101]]


async def test_a_name_that_leads_into_the_network_is_refused(hooks: Hooks, receiver: Receiver) -> None:
    """Also if it leads there only now and then; the attempt says that it was refused, and not what is there."""

    async def rebinds(host: str, port: int) -> list[str]:
        return ["93.184.215.14", "169.254.169.254"]

    await hooks.make("https://crm.example/hook")
    async with hooks.sending(rebinds):
        await hooks.happen()

        async def is_noted() -> bool:
            return bool(await query(hooks.settings, "SELECT error FROM webhook_attempts"))

        await until(is_noted)
    ((error, status),) = await query(hooks.settings, "SELECT error, status FROM webhook_attempts")
    assert (error, status) == ("crm.example is at an address to which no webhook is sent", None)
    assert receiver.messages == []


def test_pauses_grow_and_differ() -> None:
    """By a fifth in both directions; what the receiver asks for is a least, of a day at most."""
    for attempts, planned in enumerate((*DELAYS, LONGEST_DELAY, LONGEST_DELAY)):
        found = [pause(attempts, 0.0) for _ in range(50)]
        assert planned * (1 - JITTER) <= min(found) < max(found) <= planned * (1 + JITTER)
    assert pause(0, 60.0) == timedelta(seconds=60)
    assert pause(0, 1e9) == LONGEST_DELAY
    assert sum(DELAYS, timedelta()) + LONGEST_DELAY > GIVEN_UP_AFTER
