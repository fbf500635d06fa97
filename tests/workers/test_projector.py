"""Whatever happens to messages, streams and documents, the read models end as a fresh fold of the log."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from nats.aio.client import Client
from structlog.testing import capture_logs

from adapters.nats.message import POSITION, encode_row, subject_of
from adapters.nats.stream import ensure_stream, last_published, stream_name
from adapters.postgres.connection import connect
from adapters.postgres.log.pages import read_rows
from adapters.postgres.store.parking import parked_of
from adapters.postgres.store.row_tables import physical_name
from adapters.settings import Settings
from adapters.valkey.client import Valkey
from adapters.valkey.client import connect as connect_valkey
from tests.support.polling import guard, until
from tests.support.projections_command import execute
from tests.support.workers import (
    BOTH,
    BROKEN,
    InPostgres,
    InValkey,
    NextVersion,
    assert_true_to_the_log,
    caught_up,
    nats_client,
    projecting,
    relaying,
    writer,
)
from workers import projector, relay
from workers.consistency.verify import verify
from workers.projecting.log_tail import LogTail


async def test_facts_flow_into_both_stores(settings: Settings) -> None:
    """What was there before the workers, and what comes while they run, is in the read models."""
    async with writer(settings) as facts:
        await facts.record_many(300)
        async with relaying(settings), projecting(settings):
            await facts.record_many(700, pause=0.002)
            await assert_true_to_the_log(settings, 1_000)


async def test_messages_lost_repeated_and_out_of_order_change_nothing(settings: Settings) -> None:
    """A consumer that sees a gap, a repeat or an old position heals from the log."""
    async with nats_client(settings) as client, writer(settings) as facts, projecting(settings):
        await ensure_stream(client, settings)
        await facts.record_many(100)
        await caught_up(settings, 100)
        await facts.record_many(200)
        await publish(client, settings, [250, 101, 102, 102, 120, 119, 118, 260, 261, 262, 262, 90, 1, 299])
        await facts.record_many(20)
        await publish(client, settings, [320, 301, 301, 302, 319])
        await assert_true_to_the_log(settings, 320)


async def publish(client: Client, settings: Settings, positions: list[int]) -> None:
    """Publish stored facts in an order of the test's own, without the ids by which JetStream would drop repeats."""
    async with await connect(settings, application="test") as connection:
        rows = {row[0]: row for row in await read_rows(connection, 0, 1_000)}
    for position in positions:
        row = rows[position]
        await client.publish(subject_of(settings.name, row), encode_row(row), headers={POSITION: str(position)})


async def test_the_stream_deleted_loses_nothing(settings: Settings) -> None:
    """Deleting the whole stream needs no hand."""
    async with nats_client(settings) as client, writer(settings) as facts, relaying(settings), projecting(settings):

        async def published(last: int) -> bool:
            return await last_published(client, settings) == last

        await facts.record_many(200, pause=0.002)
        await until(lambda: published(200))  # a relay that has just begun makes the stream
        await client.jetstream().delete_stream(stream_name(settings))
        await facts.record_many(400, pause=0.002)
        await assert_true_to_the_log(settings, 600)
        await until(lambda: published(600))


async def test_no_relay_at_all_is_only_slower(settings: Settings) -> None:
    """The projector looks into the log by itself."""
    async with writer(settings) as facts, projecting(settings):
        await facts.record_many(200, pause=0.002)
        await assert_true_to_the_log(settings, 200)


async def test_flushall_is_healed(settings: Settings) -> None:
    """Documents come back by themselves, while facts flow and while none do; no effect is doubled."""
    async with connect_valkey(settings) as valkey, writer(settings) as facts, relaying(settings), projecting(settings):
        await facts.record_many(200)
        await caught_up(settings, 200)
        await valkey.flushall()
        await facts.record_many(400, pause=0.002)
        await assert_true_to_the_log(settings, 600)
        await valkey.flushall()
        await noticed(valkey, settings)
        await assert_true_to_the_log(settings, 600)
        assert await valkey.get(f"{settings.name}:{InValkey.name}:live") == b"1/4"


async def noticed(valkey: Valkey, settings: Settings) -> None:
    """Wait until every segment of the documents has a checkpoint again, and the generation is served."""

    async def are_there() -> bool:
        documents = f"{settings.name}:{InValkey.name}"
        checkpoints = [await valkey.hget(f"{documents}:1:{segment}:tally", "@position") for segment in range(4)]
        return None not in checkpoints and await valkey.get(f"{documents}:live") is not None

    await until(are_there)


async def test_any_lost_part_is_healed(settings: Settings) -> None:
    """As when Valkey evicts keys: a hash beside that with the checkpoint, and the key that leads readers."""
    documents = f"{settings.name}:{InValkey.name}"
    async with connect_valkey(settings) as valkey, writer(settings) as facts, relaying(settings), projecting(settings):
        await facts.record_many(200)
        await caught_up(settings, 200)
        for part in (f"{documents}:1:2:total", f"{documents}:live"):
            await valkey.delete(part)
            await until(partial(_is_there, valkey, part))
            await assert_true_to_the_log(settings, 200)
        await valkey.delete(f"{documents}:1:1:total")
        await facts.record_many(400, pause=0.002)
        await assert_true_to_the_log(settings, 600)


async def _is_there(valkey: Valkey, name: str) -> bool:
    return bool(await valkey.exists(name))


@pytest.mark.parametrize("watched", [True, False], ids=["own tables", "tables of older code"])
async def test_an_emptied_table_is_folded_again(settings: Settings, *, watched: bool) -> None:
    """Its checkpoints go with its rows; so do the rows of the other tables, which would count twice."""
    tally, total = (f"{settings.read_schema}.{physical_name(table, 1)}" for table in InPostgres.tables)
    async with writer(settings) as facts, projecting(settings):
        await facts.record_many(200)
        await caught_up(settings, 200)
    if not watched:
        for table in (tally, total):
            await execute(settings, f"DROP TRIGGER begin_again ON {table}")
    async with projecting(settings):
        await until(partial(_are_watched, settings, tally, total))
        for table in (tally, total):
            await execute(settings, f"TRUNCATE {table}")
            await assert_true_to_the_log(settings, 200)
    await execute(settings, f"TRUNCATE {total}")  # while no projector runs
    async with projecting(settings):
        await assert_true_to_the_log(settings, 200)


async def _are_watched(settings: Settings, *tables: str) -> bool:
    query = "SELECT count(*) FROM pg_trigger WHERE tgname = 'begin_again' AND tgrelid = ANY(%s::regclass[])"
    async with await connect(settings, application="test") as connection:
        return await (await connection.execute(query, [list(tables)])).fetchone() == (len(tables),)


async def test_documents_of_older_code_are_kept(settings: Settings) -> None:
    """They have no mark yet, and nothing is folded again for that."""
    async with connect_valkey(settings) as valkey, writer(settings) as facts, relaying(settings):
        async with projecting(settings):
            await facts.record_many(200)
            await caught_up(settings, 200)
        for name in await valkey.keys(f"{settings.name}:{InValkey.name}:1:*"):
            await valkey.hdel(name, "@here")
        marker = f"{settings.name}:{InValkey.name}:1:0:tally"
        await valkey.hset(marker, "@unknown", 1)
        async with projecting(settings):
            await until(lambda: valkey.hexists(marker, "@here"))
            assert await valkey.hexists(marker, "@unknown")


async def test_a_lost_checkpoint_doubles_nothing(settings: Settings) -> None:
    """Documents that outlive their checkpoint are not counted upon."""
    async with connect_valkey(settings) as valkey, writer(settings) as facts, relaying(settings), projecting(settings):
        await facts.record_many(200)
        await caught_up(settings, 200)
        await valkey.hdel(f"{settings.name}:{InValkey.name}:1:2:tally", "@position")
        await noticed(valkey, settings)
        await assert_true_to_the_log(settings, 200)


async def test_documents_of_another_log_are_not_counted_upon(settings: Settings) -> None:
    """A Valkey that knows more than the log does (PostgreSQL was restored, or is new) begins again."""
    async with connect_valkey(settings) as valkey, writer(settings) as facts:
        tallies = [f"{settings.name}:{InValkey.name}:1:{segment}:tally" for segment in range(4)]
        for tally in tallies:
            await valkey.hset(tally, mapping={"@position": 90, "learner-0": b"{}"})
        async with projecting(settings):
            await facts.record_many(100)
            await assert_true_to_the_log(settings, 100)
        await valkey.hset(tallies[1], "@position", "500")
        async with projecting(settings):

            async def are_right() -> bool:
                return [await valkey.hget(tally, "@position") for tally in tallies] == 4 * [b"100"]

            await until(are_right)
            await assert_true_to_the_log(settings, 100)


async def test_a_flood_is_read_in_pages(settings: Settings) -> None:
    """Facts that come faster than messages are worth do so without them, and messages come again afterwards."""
    async with writer(settings) as facts, relaying(settings), projecting(settings):
        for start in range(0, 20_000, 500):
            await facts.record(*((f"learner-{number % 997}", "click", number) for number in range(start, start + 500)))
        await assert_true_to_the_log(settings, 20_000)
        await facts.record_many(100, pause=0.01)
        await assert_true_to_the_log(settings, 20_100)


async def test_a_second_projector_stands_by_and_takes_over(settings: Settings) -> None:
    """Two projectors never double an effect, and when one goes the other goes on."""
    async with writer(settings) as facts, relaying(settings):
        async with projecting(settings):
            await facts.record_many(100)
            await caught_up(settings, 100)
            async with projecting(settings):
                await facts.record_many(200, pause=0.002)
            await caught_up(settings, 300)
        async with projecting(settings):
            await facts.record_many(20)
            await assert_true_to_the_log(settings, 320)


async def test_a_poison_fact_parks_its_key_and_new_code_heals_it(settings: Settings) -> None:
    """One learner waits, all others go on; when the code is better, the waiting facts are made good."""
    BROKEN.set()
    try:
        async with writer(settings) as facts, relaying(settings), projecting(settings):
            await facts.record(("ann", "click", 1), ("bob", "click", 1))
            await facts.record(("ann", "poison", 10))
            await facts.record(("ann", "click", 100), ("bob", "click", 100))
            await caught_up(settings, 5)
            for verdict in await verify(settings, BOTH):
                assert (verdict.ok, verdict.parked) == (False, ["ann"]), verdict
                assert verdict.digest_live == verdict.digest_log
    finally:
        BROKEN.clear()
    async with writer(settings), relaying(settings), projecting(settings):
        await healed(settings)
        await assert_true_to_the_log(settings, 5)


async def healed(settings: Settings) -> None:
    """Wait until no key is parked."""
    async with await connect(settings, application="test") as connection:

        async def is_healed() -> bool:
            return not await parked_of(connection, [projection.name for projection in BOTH])

        await until(is_healed)


async def test_a_row_that_the_store_refuses_parks_its_key(settings: Settings) -> None:
    """A number beyond PostgreSQL's range is one learner's trouble, wherever in the batch it is."""
    projections = (InPostgres(),)
    async with writer(settings) as facts:
        await facts.record(*((f"learner-{number}", "click", number) for number in range(50)))
        await facts.record(("ann", "click", 2**63))
        await facts.record(*((f"learner-{number}", "click", number) for number in range(50, 90)))
        async with projecting(settings, projections):
            await caught_up(settings, 91, projections)
            (verdict,) = await verify(settings, projections)
            assert verdict.parked == ["ann"]
            assert verdict.digest_live == verdict.digest_log


async def test_a_fact_that_cannot_be_decoded_stops_nobody_else(settings: Settings) -> None:
    """Its learner waits, also when a restarted projector tries again and it still cannot be decoded."""
    async with writer(settings) as facts:
        await facts.record(("ann", "click", 1), ("bob", "click", 1))
        await facts.record_from_the_future("ann")
        for clicks in (1, 2):
            before = await attempts(settings)
            async with projecting(settings):
                await facts.record(("ann", "click", 1), ("bob", "click", 1))
                await caught_up(settings, facts.head)

                async def is_tried_again(before: list[int] = before) -> bool:
                    return all(now > then for now, then in zip(await attempts(settings), before, strict=bool(before)))

                await until(is_tried_again)
                await facts.record(("bob", "click", 1))
                await caught_up(settings, facts.head)
            for verdict in await verify(settings, BOTH):
                assert (verdict.parked, verdict.digest_live) == (["ann"], verdict.digest_log), (clicks, verdict)


async def attempts(settings: Settings) -> list[int]:
    """How often each parked key has been tried."""
    async with await connect(settings, application="test") as connection:
        rows = await connection.execute("SELECT attempts FROM parked ORDER BY projection, key")
        return [number for (number,) in await rows.fetchall()]


async def test_a_valkey_that_takes_nothing_is_no_facts_fault(settings: Settings) -> None:
    """While its memory is full no key is parked, and once there is room all rows are right."""
    async with connect_valkey(settings) as valkey, writer(settings) as facts, projecting(settings, [InValkey()]):
        await facts.record(("ann", "click", 1), ("bob", "click", 1))
        await caught_up(settings, facts.head, [InValkey()])
        await valkey.config_set("maxmemory", 1)
        try:
            refused = await refusals(valkey)
            await facts.record(("ann", "click", 1), ("bob", "click", 1))

            async def is_refused() -> bool:
                return await refusals(valkey) > refused

            await until(is_refused)
        finally:
            await valkey.config_set("maxmemory", 0)
        await assert_true_to_the_log(settings, facts.head, [InValkey()])


async def refusals(valkey: Valkey) -> int:
    """How often the server has refused a command since its memory was full."""
    found = (await valkey.info("errorstats")).get("errorstat_OOM", {"count": 0})
    return int(found["count"])


async def test_a_message_that_is_no_fact_changes_nothing(settings: Settings) -> None:
    """Whatever its headers say; the fact in its place is read from the log."""
    async with nats_client(settings) as client, writer(settings) as facts, projecting(settings):
        await ensure_stream(client, settings)
        await facts.record_many(20)
        await caught_up(settings, 20)
        for position in range(22, 32):
            await facts.record(("ann", "click", 1))
            await client.publish(f"log.{settings.name}.0.nonsense", b"{", headers={POSITION: str(position)})
            await caught_up(settings, facts.head)
        await assert_true_to_the_log(settings, 30)


@pytest.mark.parametrize("worker", [projector, relay])
async def test_a_part_that_fails_ends_the_process(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, worker: ModuleType
) -> None:
    """So that its supervisor restarts it; without that part it would stand still and look alive."""

    async def fails(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(LogTail, "run", fails)
    monkeypatch.setattr(relay.Relay, "run", fails)
    with pytest.raises(ZeroDivisionError):
        async with guard():
            await worker.run(settings, asyncio.Event())


def waits(logs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a projector has noticed that what is served is of another version."""
    return any(entry["event"] == "projection.waits_for_promotion" for entry in logs)


async def test_new_code_waits_until_it_is_promoted(settings: Settings) -> None:
    """What is served stays as code of its version has left it; nothing of it is touched by code of another version."""
    async with writer(settings) as facts:
        await facts.record_many(100)
        async with projecting(settings, [InPostgres()]):
            await caught_up(settings, 100, [InPostgres()])
        with capture_logs() as logs:
            async with projecting(settings, [NextVersion()]):
                await facts.record_many(20)
                await until(lambda: waits(logs))
        (verdict,) = await verify(settings, [InPostgres()])
        assert (verdict.ok, verdict.position) == (True, 100)
        async with projecting(settings, [InPostgres()]):
            await assert_true_to_the_log(settings, 120, [InPostgres()])


async def test_what_older_layouts_have_left_in_valkey_is_removed(settings: Settings) -> None:
    """So is what a generation has left that PostgreSQL has lost; what is of a generation or of another campus stays."""
    name = f"{settings.name}:{BOTH[1].name}"
    ours, theirs = [f"{name}:1:@rows", f"{name}:old", f"{name}:7:0:tallies"], f"other{name}:old"
    async with writer(settings) as facts:
        await facts.record_many(40)
        async with projecting(settings):
            await caught_up(settings, facts.head)
        valkey = connect_valkey(settings)
        for key in (*ours, theirs):
            await valkey.hset(key, "field", "value")
        kept = {key.decode() async for key in valkey.scan_iter(f"*{name}:*")} - set(ours)
        async with projecting(settings):
            await until(lambda: _are_gone(valkey, ours))
            await assert_true_to_the_log(settings, facts.head)
        assert {key.decode() async for key in valkey.scan_iter(f"*{name}:*")} == kept
        await valkey.aclose()


async def _are_gone(valkey: Any, keys: list[str]) -> bool:
    return not await valkey.exists(*keys)
