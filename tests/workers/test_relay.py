"""The relay publishes every fact, in order, and another one goes on where it ended."""

import psycopg
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from adapters.nats.message import MESSAGE_ID, POSITION, PREVIOUS, decode_fact
from adapters.nats.stream import ensure_stream, last_published, purge, stream_name
from adapters.postgres.connection import connect
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops.heartbeat import WorkerState, beat
from adapters.settings import Settings
from tests.support.lives import fail_over
from tests.support.polling import until
from tests.support.subscriber import position_of, subscribe
from tests.support.workers import Writer, nats_client, relaying, writer
from workers import relay


async def heard_up_to(client: Client, settings: Settings, position: int, messages: list[Msg]) -> None:
    """Wait until the fact at *position* has been published and heard."""

    async def heard() -> bool:
        return bool(messages) and position_of(messages[-1]) >= position

    await until(heard)
    assert await last_published(client, settings) == position


async def test_facts_are_published_in_order_with_their_place(settings: Settings) -> None:
    """Each message is the fact itself; its headers say which one came before it in the same partition."""
    messages: list[Msg] = []

    async def hear(message: Msg) -> None:
        messages.append(message)

    async with nats_client(settings) as client, writer(settings) as facts:
        await facts.record_many(40)
        await ensure_stream(client, settings)
        await subscribe(client, settings, hear)
        async with relaying(settings):
            await relayed(settings, 40)  # a new stream begins at the head of the log
            await facts.record_many(100)
            await heard_up_to(client, settings, 140, messages)
    log = await PostgresLog.open(settings)
    stored, life = await log.read(40, 100), await log.life()
    await log.close()
    assert [decode_fact(message.data) for message in messages] == stored
    previous: dict[int, int] = {}
    for message, fact in zip(messages, stored, strict=True):
        assert message.subject == f"log.{settings.name}.{fact.partition}.progress.activity_recorded"
        assert message.headers == {
            MESSAGE_ID: f"{settings.name}-{fact.position}-{life}",
            POSITION: str(fact.position),
            PREVIOUS: str(previous.get(fact.partition, 40)),
        }
        previous[fact.partition] = fact.position


async def test_a_fact_too_large_for_a_message_holds_up_nobody(settings: Settings) -> None:
    """It is left out, alone in its batch or between others; readers find it in the log."""
    async with nats_client(settings) as client, writer(settings) as facts, relaying(settings):
        await begun(client, settings, facts)
        await facts.record(("ann", "x" * client.max_payload, 1))
        await relayed(settings, facts.head)  # alone in its batch
        await facts.record(("ann", "click", 1), ("bob", "x" * client.max_payload, 1))
        await facts.record(("ann", "click", 1))
        await published(client, settings, facts.head)


async def test_a_relay_goes_on_where_the_stream_ends(settings: Settings) -> None:
    """What was appended while no relay ran is published by the next one."""
    async with nats_client(settings) as client, writer(settings) as facts:
        async with relaying(settings):
            head = await begun(client, settings, facts)
        await facts.record_many(20)
        async with relaying(settings):
            await published(client, settings, head + 20)
        assert await count(client, settings) == head + 20 - await first_published(client, settings) + 1


async def test_a_message_of_another_sender_stops_no_relay(settings: Settings) -> None:
    """It stands where the next relay looks for its beginning, and says nothing: that relay begins at the head."""
    async with nats_client(settings) as client, writer(settings) as facts:
        async with relaying(settings):
            await begun(client, settings, facts)
        for headers in (None, {POSITION: "1"}):
            await client.jetstream().publish(f"log.{settings.name}.0.other", b"no fact", headers=headers)
            async with relaying(settings):
                await relayed(settings, facts.head)
                await facts.record_many(1)
                await relayed(settings, facts.head)
            assert await last_published(client, settings) == facts.head


async def test_a_stream_that_was_emptied_is_filled_again_in_any_case(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the answer of NATS is lost, as on a machine that is busy; the log went back, and no new fact comes."""
    emptied = 0

    async def purge_without_an_answer(client: Client, settings: Settings) -> None:
        nonlocal emptied
        emptied += 1
        await purge(client, settings)
        raise TimeoutError

    monkeypatch.setattr(relay, "purge", purge_without_an_answer)
    async with nats_client(settings) as client, writer(settings) as facts:
        async with relaying(settings):
            await begun(client, settings, facts)
            await facts.record_many(20)
            await published(client, settings, facts.head)
        with psycopg.connect(settings.postgres_owner_url) as owner:
            owner.execute(f"SET search_path TO {settings.schema_name}".encode())
            owner.execute("ALTER TABLE events DISABLE TRIGGER events_append_only")
            owner.execute("UPDATE events SET recorded_at = recorded_at + interval '1 s'")
            owner.execute("ALTER TABLE events ENABLE ALWAYS TRIGGER events_append_only")
        await fail_over(settings)
        async with relaying(settings):
            await until(lambda: emptied > 0)
            await published(client, settings, facts.head)
        assert (emptied, await first_published(client, settings)) == (1, 1)


async def published(client: Client, settings: Settings, position: int) -> None:
    """Wait until the fact at *position* is the last one in the stream."""

    async def is_last() -> bool:
        return await last_published(client, settings) == position

    await until(is_last)


async def relayed(settings: Settings, position: int) -> None:
    """Wait until the relay says that it is active and has got that far."""
    query = "SELECT FROM workers WHERE name = 'relay' AND active AND position >= %s"

    async def is_there() -> bool:
        async with await connect(settings, application="test") as connection:
            return bool(await (await connection.execute(query, [position])).fetchall())

    await until(is_there)


async def begun(client: Client, settings: Settings, facts: Writer) -> int:
    """Append facts until the relay publishes them; with a new stream it begins at the head of the log."""

    async def is_begun() -> bool:
        await facts.record_many(1)
        return await last_published(client, settings) is not None

    await until(is_begun)
    await published(client, settings, facts.head)
    return facts.head


async def test_a_second_relay_stands_by_and_takes_over(settings: Settings) -> None:
    """Two relays publish each fact once; when one goes the other goes on."""
    async with nats_client(settings) as client, writer(settings) as facts:
        first = relaying(settings)
        await first.__aenter__()
        head = await begun(client, settings, facts)
        async with relaying(settings):
            await facts.record_many(100)
            await published(client, settings, head + 100)
            assert await count(client, settings) == head + 100 - await first_published(client, settings) + 1
            await first.__aexit__(None, None, None)
            await facts.record_many(20)
            await published(client, settings, head + 120)


async def count(client: Client, settings: Settings) -> int:
    """Messages in the stream."""
    info = await client.jetstream().stream_info(stream_name(settings))
    return info.state.messages


async def first_published(client: Client, settings: Settings) -> int:
    """Position of the oldest fact in the stream."""
    info = await client.jetstream().stream_info(stream_name(settings))
    message = await client.jetstream().get_msg(stream_name(settings), seq=info.state.first_seq)
    return int((message.headers or {})[POSITION])


# The session that holds the relay's lock; the server may have other campuses, with relays of their own.
CUT = """
SELECT count(pg_terminate_backend(pid)) FROM pg_locks
 WHERE locktype = 'advisory' AND (classid::bigint << 32 | objid::bigint) = hashtextextended(%s, 0)
"""


async def test_a_lost_session_is_a_lost_lock(settings: Settings) -> None:
    """A relay whose connection is cut begins again, and publishes what came meanwhile."""
    async with nats_client(settings) as client, writer(settings) as facts, relaying(settings):
        head = await begun(client, settings, facts)
        async with await connect(settings, application="test") as connection:
            cursor = await connection.execute(CUT, [f"{settings.schema_name} relay"])
            assert await cursor.fetchone() == (1,)
        await facts.record_many(20)
        await published(client, settings, head + 20)


async def test_heartbeats_say_who_lives_and_how_far_they_are(settings: Settings) -> None:
    """One row for each process, with its metrics; it goes when the process ends in good order."""
    async with writer(settings) as facts, await connect(settings, application="test") as connection:
        async with relaying(settings):
            await relayed(settings, 0)
            await facts.record_many(20)
            await relayed(settings, 20)
            query = (
                "SELECT active, position, metrics LIKE '%campus_relay_position 20.0%' FROM workers WHERE name = 'relay'"
            )
            assert await (await connection.execute(query)).fetchall() == [(True, 20, True)]
        assert await (await connection.execute("SELECT * FROM workers")).fetchall() == []
        await beat(connection, "other", WorkerState(active=False, position=3))
        assert await (await connection.execute("SELECT active, position FROM workers")).fetchall() == [(False, 3)]
