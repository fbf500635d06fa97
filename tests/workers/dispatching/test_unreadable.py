"""A fact whose upcast raises stops neither the dispatcher, nor webhooks, nor `--resync`: it is listed as failed."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from adapters.health.facts import readable
from adapters.health.jobs import done
from adapters.health.servers import Unhealthy
from adapters.postgres.connection import connect
from adapters.postgres.log.append import Append
from adapters.procrastinate.derived import retry
from adapters.settings import Settings
from domain.admin.webhooks import Webhook, WebhookStatus, webhook_stream
from domain.enrollment import Enrollment
from tests.support.appends import new_event, query
from tests.support.dispatchers import HOUR, RUN, Campus, campus_with_one_seat
from tests.support.hooks import COURSES, Hooks, hooks_of
from tests.support.polling import until
from tests.support.receiver import OK, Receiver, receiving
from workers.dispatching.webhooks import GIVEN_UP_AFTER
from workers.reactions import JOBS

BEN, ZOE = f"enrollment-ben:{RUN}", f"enrollment-zoe:{RUN}"
EXPIRE, _REMIND = JOBS["enrollment.seat_offered"]
ONCE = {"enrollment.seat_offered": (EXPIRE._replace(tries=1),)}


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """A run with one seat, which is offered for an hour."""
    async with campus_with_one_seat(settings) as campus:
        yield campus


@pytest.fixture
async def hooks(settings: Settings) -> AsyncIterator[Hooks]:
    """A campus that sends webhooks."""
    async with hooks_of(settings) as hooks:
        yield hooks


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """The receiver."""
    async with receiving() as receiver:
        yield receiver


def broken(state: dict[str, Any]) -> None:
    """An upcast with a mistake."""
    raise ZeroDivisionError(f"no {len(state)} for you")


def break_upcast(monkeypatch: pytest.MonkeyPatch, cls: type) -> None:
    """From now on facts of version 1 of this kind cannot be read; those of version 2 can."""
    monkeypatch.setattr(cls, "class_version", 2, raising=False)
    monkeypatch.setattr(cls, "upcast_v1_v2", staticmethod(broken), raising=False)


async def until_jobs(campus: Campus, of_zoe: str) -> None:
    """Wait until zoe's job stands so, and ben's waits for its time."""

    async def is_so() -> bool:
        return dict(await campus.jobs()) == {ZOE: of_zoe, BEN: "todo"}

    await until(is_so)


async def test_a_job_of_a_fact_that_cannot_be_read_has_failed(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed and named; later facts have their jobs; after the repair it waits for its time, across restarts."""
    later = campus.clock.now() + 2 * HOUR
    data = msgspec.json.encode({"until": later})
    await campus.log.append(Append([new_event(ZOE, 1, type="enrollment.seat_offered", data=data)]))
    with monkeypatch.context() as patch:
        break_upcast(patch, Enrollment.SeatOffered)
        async with campus.dispatching(1, ONCE):
            await campus.offer("ann", "ben")
            await until_jobs(campus, "failed")
        (failed,) = await campus.failed()
        position = failed.position
        assert failed.cause == (
            f"UnreadableFact: the fact at position {position} (enrollment.seat_offered, version 1) cannot be read: "
            "ZeroDivisionError: no 1 for you"
        )
        with pytest.raises(Unhealthy, match=f"expire_seat_offer of {ZOE} .*the fact at position {position} "):
            await done(campus.settings)
        async with campus.dispatching(1, ONCE):  # again, by another process
            await campus.seen()
            await until_jobs(campus, "failed")
        await campus.lose_jobs()
        assert await campus.resync(ONCE) == (2, 2)
        async with campus.dispatching(1, ONCE):
            await until_jobs(campus, "failed")
        (failed,) = await campus.failed()
    monkeypatch.setattr(Enrollment.SeatOffered, "upcast_v1_v2", staticmethod(lambda _: None))
    async with campus.dispatching(1, ONCE):
        async with await connect(campus.settings, application="test") as connection:
            assert await retry(connection, failed.id)

        async def waits() -> bool:
            at = await query(campus.settings, f"SELECT scheduled_at FROM procrastinate_jobs WHERE id = {failed.id}")
            return bool(abs(at[0][0] - later) < timedelta(minutes=1))

        await until(waits)
        await until_jobs(campus, "todo")


async def test_a_message_that_cannot_be_read_waits(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are sent; it is tried again, fails after three days, and disables no endpoint; doctor names it."""
    old = "enrollment.seat_offered"
    await hooks.make(receiver.url, types=(COURSES, old))
    data = msgspec.json.encode({"until": datetime.now().astimezone()})
    appended = await hooks.log.append(Append([new_event(ZOE, 1, type=old, data=data)]))
    await hooks.happen()
    with monkeypatch.context() as patch:
        break_upcast(patch, Enrollment.SeatOffered)
        async with hooks.sending():
            await hooks.until_statuses("pending", "delivered")

            async def was_tried() -> bool:
                return await query(hooks.settings, "SELECT count(*) FROM webhook_attempts") == [(2,)]

            await until(was_tried)
        with pytest.raises(Unhealthy, match=f"a webhook waits: the fact at position {appended.last} .*seat_offered"):
            await readable(hooks.settings)
        hooks.log.clock.move(GIVEN_UP_AFTER)
        async with hooks.sending():  # another process
            await hooks.until_statuses("failed", "delivered")
            await hooks.happen()
            await hooks.until_statuses("failed", "delivered", "delivered")
    assert (await hooks.webhook()).status is WebhookStatus.ENABLED
    assert await readable(hooks.settings) == "settings, 1 endpoint and 0 bulk jobs can be read"


async def test_an_endpoint_that_cannot_be_read_gets_nothing(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others get theirs; once it can be read, it gets what it has missed."""
    await hooks.make(receiver.url, "w1")
    await hooks.make(receiver.url, "w2")
    stream = webhook_stream("w1")
    await hooks.log.append(Append([new_event(stream, 2, type="webhook.ping_requested", data=b"{}")]))
    with monkeypatch.context() as patch:
        break_upcast(patch, Webhook.PingRequested)
        async with hooks.sending():
            await hooks.happen()
            await hooks.until_statuses("delivered", name="w2")
        assert await hooks.statuses("w1") == []
        with pytest.raises(Unhealthy, match="endpoint w1 gets nothing: a fact of webhook-w1 cannot be read: Zero"):
            await readable(hooks.settings)
    receiver.always(OK)
    async with hooks.sending():
        await hooks.until_statuses("delivered", "delivered", name="w1")
