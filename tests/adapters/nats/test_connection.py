"""A connection to NATS comes back after every end of a client, with all subscriptions."""

import asyncio
import signal
from datetime import UTC, datetime

import pytest
from nats.aio.msg import Msg

from adapters.health.servers import Unhealthy, jetstream
from adapters.nats import connection
from adapters.nats.connection import Nats
from adapters.nats.stream import last_published
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from cli.doctor import _processes
from cli.up import instance
from tests.support.faults import nats_cannot_write, nats_denies, nats_refuses_its_users
from tests.support.polling import until
from tests.support.servers import Servers
from tests.support.workers import relaying, writer
from tests.workers.test_relay import begun, published

pytestmark = pytest.mark.servers


class _Ear:
    """What was heard on one subject."""

    def __init__(self, nats: Nats) -> None:
        self._nats = nats
        self.heard: list[bytes] = []

    async def listen(self, subject: str) -> None:
        await self._nats.subscribe(subject, self._hear)

    async def _hear(self, message: Msg) -> None:
        self.heard.append(message.data)

    async def hears(self, speaker: Nats, subject: str, text: bytes) -> None:
        """Wait until what *speaker* says arrives here."""

        async def is_heard() -> bool:
            if (client := speaker.client) is not None:
                await client.publish(subject, text)
            return text in self.heard

        await until(is_heard)


async def test_a_refused_token_is_survived_with_all_subscriptions(own_settings: Settings, own_servers: Servers) -> None:
    """The library closes such a client for good; the next one is made as soon as the server lets it in."""
    nats = Nats(own_settings, "test")
    ear = _Ear(nats)
    await ear.listen("first")
    before = nats.connection_id
    for round_ in (b"1", b"2"):
        async with nats_refuses_its_users(own_servers):
            await until(lambda: nats.client is None and "uthorization" in nats.trouble)
        await ear.hears(nats, "first", round_)
    assert nats.connection_id != before
    assert nats.trouble == ""
    await nats.close()


async def test_a_first_connection_that_is_refused_is_tried_again(own_settings: Settings, own_servers: Servers) -> None:
    """So is one whose subscriptions were asked for before it was there."""
    async with nats_refuses_its_users(own_servers):
        nats = Nats(own_settings, "test")
        ear = _Ear(nats)
        listening = asyncio.create_task(ear.listen("early"))
        await until(lambda: "uthorization" in nats.trouble)
    await ear.hears(nats, "early", b"hello")
    await listening
    await nats.close()


async def test_a_server_that_is_away_is_named(own_settings: Settings, own_servers: Servers) -> None:
    """With the reason of the system, also by doctor, which does not wait for it."""
    await own_servers.stop("nats")
    nats = Nats(own_settings, "test")
    await until(lambda: "Connect call failed" in nats.trouble)
    await nats.close()
    with pytest.raises(Unhealthy, match="Connect call failed"):
        await jetstream(own_settings)


async def test_a_server_that_hangs_is_left(
    own_settings: Settings, own_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes bytes and answers none is noticed by its silence, and found again when it goes on."""
    monkeypatch.setattr("adapters.nats.connection.PING_INTERVAL", 0.1)
    nats = Nats(own_settings, "test")
    ear = _Ear(nats)
    await ear.listen("after")
    own_servers.send("nats", signal.SIGSTOP)
    await until(lambda: nats.client is None)
    own_servers.send("nats", signal.SIGCONT)
    await ear.hears(nats, "after", b"again")
    await nats.close()


async def test_the_relay_goes_on_after_a_refused_token(own_settings: Settings, own_servers: Servers) -> None:
    """What was appended meanwhile is published when the server lets it in, without a restart."""
    async with writer(own_settings) as facts, relaying(own_settings):
        watching = Nats(own_settings, "test")
        await until(lambda: watching.client is not None)
        await facts.record_many(20)
        async with nats_refuses_its_users(own_servers):
            await until(lambda: watching.client is None)
            await facts.record_many(20)
        client = await watching.connected()

        async def is_published() -> bool:
            await facts.record_many(1)  # a new stream begins at the head of the log
            return await _last(watching, own_settings) is not None

        await until(is_published)
        await facts.record_many(20)
        await published(client, own_settings, facts.head)
        await watching.close()


async def test_a_refused_subscription_makes_no_client_after_the_other(
    own_settings: Settings, own_servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one is made after a pause; and it hears as soon as the server allows it."""
    address = f"127.0.0.1:{own_servers.nats.port}"
    settings = own_settings.model_copy(update={"nats_url": f"nats://teacher:chalk@{address}"})
    async with nats_denies(own_servers, user="teacher", password="chalk", subject="first"):
        nats, other = Nats(settings, "test"), Nats(settings, "other")
        await nats.connected()  # before the pauses are long: a first attempt may fail
        await other.connected()
        with monkeypatch.context() as patched:
            patched.setattr(connection, "RETRY_PAUSE", 3_600.0)
            listening = asyncio.create_task(_Ear(nats).listen("first"))
            await until(lambda: "ermissions" in nats.trouble)
            losses = nats._losses
            await listening_elsewhere(other)
            assert nats._losses == losses
            await cancel_and_wait([listening])
            await nats.close()
            await other.close()
    nats = Nats(settings, "test")
    async with nats_denies(own_servers, user="teacher", password="chalk", subject="first"):
        ear = _Ear(nats)
        listening = asyncio.create_task(ear.listen("first"))
        await until(lambda: nats._losses > 0)
    async with nats_denies(own_servers, user="teacher", password="chalk", subject="second"):
        await ear.hears(nats, "first", b"hello")
        await listening
        await nats.close()


async def listening_elsewhere(nats: Nats) -> None:
    """Two hundred round trips of another connection."""
    client = await nats.connected()
    for _ in range(200):
        await client.flush()


async def test_a_stream_that_met_a_full_disk_needs_a_restart(own_settings: Settings, own_servers: Servers) -> None:
    """It takes no message again by itself; the server and doctor say so, and after its restart the relay goes on."""
    watching = Nats(own_settings, "test")
    async with writer(own_settings) as facts, relaying(own_settings):
        await begun(await watching.connected(), own_settings, facts)
        assert await own_servers.nats.does_its_work()

        async def is_stuck() -> bool:
            return not await own_servers.nats.does_its_work()

        async with nats_cannot_write(own_servers):
            await facts.record_many(20)
            await until(is_stuck)
        instance.write(own_settings, (own_servers.nats,), {}, datetime.now(UTC))  # as `campus up` does
        with pytest.raises(Unhealthy, match=r"nats runs and stores no messages: .*stream"):
            await _processes(own_settings)
        await own_servers.stop("nats")
        await own_servers.start("nats")
        assert await own_servers.nats.does_its_work()
        assert await _processes(own_settings)
        await until(lambda: watching.client is not None)
        await published(await watching.connected(), own_settings, facts.head)
    await watching.close()


async def _last(nats: Nats, settings: Settings) -> int | None:
    return await last_published(await nats.connected(), settings)
