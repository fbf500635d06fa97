"""Every fact of the log is accounted for, whatever happens to it, and `status` and `doctor` say where it is not."""

import signal
import time

import pytest

from adapters.health.read_models import accounted, audited, followed, waiting
from adapters.health.servers import Unhealthy
from adapters.postgres.connection import connect
from adapters.postgres.log.fact_counts import counts_until
from adapters.postgres.ops.lag import SegmentCounts, segment_counts
from adapters.postgres.store.parking import lost_of, parked_of, request_retry, skip
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from projections.engine.distribution import partitioned_tables
from projections.engine.projection import Projection
from projections.registry import PROJECTIONS
from tests.support.polling import until
from tests.support.tamper import change_tally, segment_of
from tests.support.workers import BOTH, BROKEN, InPostgres, InValkey, caught_up, projecting, taken, writer
from tests.workers.test_auditor import audit
from tests.workers.test_kill import processes


async def noted(settings: Settings, head: int) -> list[SegmentCounts]:
    """All accounts, when every segment is at *head*, also in the copies of what is in Valkey."""
    async with await connect(settings, application="test") as connection:

        async def reached() -> bool:
            found = await segment_counts(connection)
            assert all(each.adds_up for each in found), found  # at any moment, not only at the end
            return bool(found) and all(each.position == head for each in found)

        await until(reached)
        found = await segment_counts(connection)
        counts = await counts_until(connection, head)
    for projection in {each.projection for each in found}:
        of_it = [each for each in found if each.projection == projection]
        assert sum(each.events for each in of_it) == sum(counts.values()) == head
    return found


def total(found: list[SegmentCounts], name: str) -> set[int]:
    """A count over all segments, which should be the same for each read model."""
    names = {each.projection for each in found}
    return {sum(getattr(each, name) for each in found if each.projection == one) for one in names}


async def test_poison_retries_and_skipped_facts_add_up(settings: Settings) -> None:
    """What waits is counted as parked, then as applied or skipped; never twice."""
    BROKEN.set()
    try:
        async with writer(settings) as facts, projecting(settings):
            await facts.record_many(100)
            await facts.record(("ann", "poison", 1), ("bob", "click", 1))
            await facts.record_nonsense("cid")
            await facts.record(("ann", "click", 1), ("cid", "click", 1))
            found = await noted(settings, 105)
            assert (total(found, "applied"), total(found, "parked"), total(found, "skipped")) == ({101}, {4}, {0})
            BROKEN.clear()
            async with await connect(settings, application="test") as connection:
                names = [projection.name for projection in BOTH]
                await request_retry(connection, names, "ann")
                for name in names:
                    assert await skip(connection, name, "cid", reason="nonsense", by="test") == 103

                async def healed() -> bool:
                    return not await parked_of(connection, names)

                await until(healed)
                await facts.record(("cid", "click", 1))
                found = await noted(settings, 106)
            assert (total(found, "applied"), total(found, "parked"), total(found, "skipped")) == ({105}, {0}, {1})
    finally:
        BROKEN.clear()


async def test_flushall_adds_up(settings: Settings) -> None:
    """Counts are lost with the documents and come back with them; position and counts are of one moment."""
    async with connect_valkey(settings) as valkey, writer(settings) as facts, projecting(settings):
        await facts.record_many(200)
        await noted(settings, 200)
        await valkey.flushall()
        await facts.record_many(400, pause=0.01)
        assert total(await noted(settings, 600), "applied") == {600}


@pytest.mark.servers
async def test_kill_9_adds_up(settings: Settings) -> None:
    """A projector that is killed again and again leaves no fact uncounted, and counts none twice."""
    async with writer(settings) as facts, processes(settings) as (_, projector):
        async with facts.flowing(learners=100, pause=0.04):
            await facts.record_nonsense("nobody")
            for _ in range(3):
                await taken(settings, 1_500, PROJECTIONS)
                await projector.end(signal.SIGKILL)
                await projector.start()
        await caught_up(settings, facts.head, PROJECTIONS)
        found = await noted(settings, facts.head)
        divided = {projection.name for projection in PROJECTIONS if partitioned_tables(projection)}
        of_others = {"orders", "ledger", "accounts", "roles", "forum", "moderation", "inbox", "deliveries"}
        of_others |= {"forum_activity"}
        without = {"gradebook", "item_statistics", *of_others}
        read = [each for each in found if each.projection in divided - without]
        assert (total(read, "parked"), total(read, "ignored")) == ({1}, {0})


async def test_generations_far_apart_add_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole blocks of the log are counted once, and what lies between two positions is counted on its own."""
    for module in ("log.fact_counts", "ops.lag"):
        monkeypatch.setattr(f"adapters.postgres.{module}.BLOCK", 16)
    async with writer(settings) as facts:
        for projection, until_then in zip(BOTH, (40, 100), strict=True):
            await facts.record_many(until_then - facts.head)
            async with projecting(settings, [projection]):
                await caught_up(settings, until_then, [projection])
                await copied(settings, projection, until_then)
        async with await connect(settings, application="test") as connection:
            found = await segment_counts(connection)
            counted = await (await connection.execute("SELECT count(DISTINCT block) FROM log_blocks")).fetchone()
        assert {each.position for each in found} == {40, 100}
        assert all(each.adds_up for each in found)
        assert (total(found, "events"), counted) == ({40, 100}, (6,))


async def copied(settings: Settings, projection: Projection, position: int) -> None:
    """Wait until the counts of a read model, copied from Valkey or not, are those at *position*."""

    async def are_there() -> bool:
        async with await connect(settings, application="test") as connection:
            found = await segment_counts(connection)
        return {each.position for each in found if each.projection == projection.name} == {position}

    await until(are_there)


async def test_what_does_not_add_up_is_named(settings: Settings) -> None:
    """The read model, the segment, and by how much; and what to do about it."""
    async with writer(settings) as facts, projecting(settings, [InPostgres()]):
        await facts.record_many(40)
        await caught_up(settings, 40, [InPostgres()])
        assert await accounted(settings) == "40 facts in 4 segments, all accounted for"
        async with await connect(settings, application="test") as connection:
            await connection.execute("UPDATE segments SET applied = applied - 2 WHERE segment = 1")
            await connection.execute("UPDATE segments SET ignored = ignored + 1 WHERE segment = 3")
        with pytest.raises(Unhealthy) as problem:
            await accounted(settings)
        assert str(problem.value) == (
            "the facts do not add up in segment 1 of tallies generation 1 (2 facts missing),"
            " segment 3 of tallies generation 1 (1 facts too many)"
        )
        assert "campus projections verify tallies" in problem.value.hint


async def test_what_a_power_cut_has_taken_back_of_a_key_made_good_is_named(settings: Settings) -> None:
    """Valkey forgets that the key was made good, and PostgreSQL not that it waits no more: doctor says what to do."""
    BROKEN.set()
    try:
        async with connect_valkey(settings) as valkey, writer(settings) as facts:
            async with projecting(settings, [InValkey()]):
                await facts.record(("ann", "click", 1), ("bob", "click", 1))
                await facts.record(("ann", "poison", 10))
                await caught_up(settings, 3, [InValkey()])
                assert await waiting(settings) == "1 keys parked, all of which a retry can heal"
            hashes = await valkey.keys(f"{settings.name}:{InValkey.name}:1:*")
            saved = {key: await valkey.dump(key) or b"" for key in hashes}
            BROKEN.clear()
            async with projecting(settings, [InValkey()]), await connect(settings, application="test") as connection:

                async def healed() -> bool:
                    assert await waiting(settings) in {
                        "1 keys parked, all of which a retry can heal",
                        "nothing is parked",
                    }
                    return not await parked_of(connection, [InValkey.name])

                await until(healed)
            for key, found in saved.items():
                await valkey.restore(key, 0, found, replace=True)
            async with projecting(settings, [InValkey()]):
                await facts.record(("ann", "click", 100))

                async def noted() -> bool:
                    async with await connect(settings, application="test") as connection:
                        return bool(await lost_of(connection))

                await until(noted)
                with pytest.raises(
                    Unhealthy, match=f"parked facts of segment {segment_of('ann')} of tally_documents are missing"
                ) as problem:
                    await waiting(settings)
                assert problem.value.hint == "`campus projections rebuild tally_documents`, then `… promote` each"
    finally:
        BROKEN.clear()


async def test_a_segment_that_nobody_follows_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one that is far behind, and a read model whose follower gives no sign of life in a process that does."""
    segments = sum(projection.segments for projection in PROJECTIONS)
    async with writer(settings) as facts:
        async with projecting(settings, PROJECTIONS):
            await facts.record_many(20)
            await caught_up(settings, 20, PROJECTIONS)

            async def is_followed() -> bool:
                try:
                    return (await followed(settings)).startswith(f"{segments} segments followed, none more than 60 s")
                except Unhealthy:
                    return False  # the first heartbeat is still to come

            await until(is_followed)
            monkeypatch.setattr("adapters.health.read_models.time", Later)
            with pytest.raises(Unhealthy, match=r"no heartbeat from accounts, catalog, .*, though its projector"):
                await followed(settings)
            monkeypatch.undo()
            async with await connect(settings, application="test") as connection:
                query = "UPDATE segments SET position = 19 WHERE projection = 'gradebook' AND segment = 2"
                await connection.execute(query)
                monkeypatch.setattr("adapters.health.read_models.MOST_LAG", 0.0)
                with pytest.raises(
                    Unhealthy, match=r"far behind the log: segment 2 of gradebook generation 1 \(1 facts"
                ):
                    await followed(settings)
        nowhere = rf"no projector works on segment 0 of accounts generation 1, .* and {segments - 5} more"
        with pytest.raises(Unhealthy, match=nowhere):
            await followed(settings)


class Later:
    """A clock that is a minute ahead."""

    @staticmethod
    def time() -> float:
        """Seconds."""
        return time.time() + 60


async def test_a_finding_of_the_auditor_is_named(settings: Settings) -> None:
    """The row, its read model, why it is wrong, and what repairs it."""
    async with writer(settings) as facts, audit(settings) as looking:
        async with projecting(settings):
            await facts.record(("ann", "click", 1))
            await facts.record(("ann", "read", 2))
            await caught_up(settings, 2)
        assert await audited(settings) == "0 keys checked, no row wrong"
        await change_tally(settings, "ann", facts=1, amount=1, last_position=1, kinds={"click": 1})
        await looking.check(InPostgres(), "ann")
        with pytest.raises(Unhealthy) as problem:
            await audited(settings)
        assert str(problem.value).startswith("1 rows are not what the log says, such as tally ann of tallies: ")
        assert "fact 2 (progress.activity_recorded" in str(problem.value)
        assert problem.value.hint == "`campus projections repair tallies --key ann`"
