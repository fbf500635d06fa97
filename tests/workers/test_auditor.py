"""The auditor finds rows that are wrong, says which and since when, and is silent about all others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from adapters.postgres.connection import connect
from adapters.postgres.log.pages import read_head
from adapters.postgres.store.audits import AuditCounts, Finding, audits, findings
from adapters.postgres.store.parking import parked_of, skip
from adapters.postgres.store.repairs import request_repair
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from projections.engine.distribution import partitioned_tables
from projections.registry import PROJECTIONS
from tests.support.polling import until
from tests.support.roles import as_process
from tests.support.servers import Servers
from tests.support.tamper import change_tally, delete_tally, segment_of
from tests.support.workers import BOTH, InPostgres, InValkey, Writer, caught_up, projecting, relaying, writer
from workers import auditor
from workers.auditor import KeyAuditor
from workers.rebuild.build import RebuildRequest, rebuild
from workers.rebuild.promotion import promote
from workers.seeding.run import seed


@pytest.fixture(autouse=True)
def _frequent_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The auditor notes how much it has checked soon after it did."""
    monkeypatch.setattr(auditor, "NOTE_INTERVAL", 0.1)


@asynccontextmanager
async def auditing(settings: Settings) -> AsyncIterator[None]:
    """An auditor in this process that never rests."""
    stop = asyncio.Event()
    task = asyncio.create_task(auditor.run(as_process(settings, "auditor"), stop, BOTH, rest=0.0))
    try:
        yield
    finally:
        stop.set()
        await task


@asynccontextmanager
async def audit(settings: Settings) -> AsyncIterator[KeyAuditor]:
    """One that looks at those whom a test names."""
    schemas = f"{settings.schema_name},{settings.read_schema}"
    async with connect_valkey(settings) as valkey, await connect(settings, application="t", search_path=schemas) as c:
        yield KeyAuditor(c, valkey, settings)


async def found(settings: Settings) -> list[Finding]:
    """What is known to be wrong."""
    async with await connect(settings, application="test") as connection:
        return await findings(connection)


async def audited(settings: Settings) -> list[AuditCounts]:
    """What was looked at."""
    async with await connect(settings, application="test") as connection:
        return await audits(connection)


async def recorded(settings: Settings, facts: Writer) -> None:
    """Facts of three learners in both read models."""
    await facts.record(("ann", "click", 1), ("bob", "click", 2), ("cid", "read", 4), ("ann", "click", 8))
    await caught_up(settings, 4)


async def test_a_wrong_row_is_found_with_its_event_and_forgotten_when_repaired(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In both stores, by looking at random learners again and again."""
    monkeypatch.setattr(auditor, "AGAIN_PAUSE", 0.01)
    async with writer(settings) as facts, projecting(settings), auditing(settings):
        await recorded(settings, facts)
        await change_tally(settings, "ann", facts=1, amount=1, last_position=1, kinds={"click": 1})
        await delete_tally(settings, "cid")

        async def all_found() -> bool:
            return len(await found(settings)) == 4

        await until(all_found)
        for finding in await found(settings):
            assert (finding.table, finding.key) == ("tally", [finding.owner])
            assert (finding.owner, finding.position) in {("ann", 2), ("cid", 4)}
        async with await connect(settings, application="test") as connection:
            for projection in BOTH:
                for learner in ("ann", "cid"):
                    await request_repair(connection, projection, learner)

        async def all_right() -> bool:
            return not await found(settings)

        await until(all_right)

        async def noted() -> bool:
            done = await audited(settings)
            return len(done) == 2 and all(each.checked > each.wrong > 0 for each in done)

        await until(noted)


async def test_what_comes_right_by_itself_is_forgotten(settings: Settings) -> None:
    """The next look finds nothing wrong any more."""
    async with writer(settings) as facts, projecting(settings), audit(settings) as looking:
        await recorded(settings, facts)
        await change_tally(settings, "ann", amount=0)
        for projection in BOTH:
            assert await looking.check(projection, "ann") == (1, 1)
            assert await looking.check(projection, "bob") == (1, 0)
        assert len(await found(settings)) == 2
        await facts.record(("ann", "click", 1))
        await caught_up(settings, 5)
        for projection in BOTH:
            assert await looking.check(projection, "ann") == (1, 0)
        assert await found(settings) == []


async def test_under_load_there_is_no_false_alarm(settings: Settings) -> None:
    """While facts flow, keys are parked and tried again, two projectors share the work and Valkey loses everything."""
    async with writer(settings) as facts, relaying(settings), connect_valkey(settings) as valkey:
        async with projecting(settings), auditing(settings):
            async with facts.flowing(learners=20, pause=0.02):
                await checked(settings, 10)
                await facts.record_nonsense("learner-unknown")
                async with projecting(settings):
                    await checked(settings, 10)
                    await valkey.flushall()
                    await checked(settings, 10)
            await caught_up(settings, facts.head)
            await checked(settings, 20)
        assert await found(settings) == []
        assert all(each.wrong == 0 for each in await audited(settings))


async def checked(settings: Settings, learners: int) -> None:
    """Wait until the auditor has checked that many *learners* more in both read models, between two notes of it."""
    before = {each.projection: each.checked for each in await audited(settings)}

    async def are_checked() -> bool:
        done = await audited(settings)
        return len(done) == 2 and all(each.checked >= before.get(each.projection, 0) + learners for each in done)

    await until(are_checked)


async def test_parked_keys_and_skipped_facts_are_respected(settings: Settings) -> None:
    """A learner whose facts wait is not wrong; neither is one of whose facts one is done without."""
    async with writer(settings) as facts, projecting(settings), audit(settings) as looking:
        await recorded(settings, facts)
        await facts.record_nonsense("ann")
        await facts.record(("ann", "click", 16), ("bob", "click", 16))
        await caught_up(settings, 7)
        for projection in BOTH:
            assert await looking.check(projection, "ann") == (1, 0)
            async with await connect(settings, application="test") as connection:
                await skip(connection, projection.name, "ann", reason="nonsense", by="test")

                async def healed(name: str = projection.name) -> bool:
                    return not await parked_of(connection, [name])

                await until(healed)
            assert await looking.check(projection, "ann") == (1, 0)


async def test_a_document_that_nobody_can_read_is_a_finding(settings: Settings) -> None:
    """It neither stops the auditor nor is it passed over."""
    async with connect_valkey(settings) as valkey, writer(settings) as facts, projecting(settings):
        await recorded(settings, facts)
        await valkey.hset(f"{settings.name}:{InValkey.name}:1:{segment_of('ann')}:tally", "ann", "{")
        async with audit(settings) as looking:
            assert await looking.check(InValkey(), "ann") == (1, 1)
        (finding,) = await found(settings)
        assert finding.reason.startswith("a row cannot be read: ")


async def test_what_other_code_has_built_is_left_alone(settings: Settings) -> None:
    """Only its own code can say what is right; so is a read model that is not there."""

    class NextVersion(InPostgres):
        version = 2

    async with writer(settings) as facts, audit(settings) as looking:
        assert await looking.check(InPostgres(), "ann") is None
        async with projecting(settings):
            await recorded(settings, facts)
        assert await looking.check(NextVersion(), "ann") is None
        assert await looking.check(InPostgres(), "ann") == (1, 0)


async def test_the_read_models_of_a_campus_are_right_learner_by_learner(settings: Settings) -> None:
    """Rows of learners also depend on courses, runs and quizzes, of which no more is looked at than need be."""
    async with projecting(settings, PROJECTIONS), audit(settings) as looking, connect_valkey(settings) as valkey:
        await seed(settings, learners=40)
        async with await connect(settings, application="test") as connection:
            await caught_up(settings, await read_head(connection), PROJECTIONS)
            query = "SELECT learner_id FROM overview_people ORDER BY learner_id"
            learners = [row[0] for row in await (await connection.execute(query)).fetchall()]
        assert len(learners) >= 20
        divided = [projection for projection in PROJECTIONS if partitioned_tables(projection)]
        assert len(divided) == 13
        for learner in learners:
            for projection in divided:
                assert await looking.check(projection, learner) == (1, 0), (projection.name, learner)
        assert await found(settings) == []
        segment = segment_of(learners[0])
        await valkey.hdel(f"{settings.name}:learner_dashboard:1:{segment}:learner_dashboard", learners[0])
        assert await looking.check(divided[0], learners[0]) == (1, 1)


@pytest.mark.servers
@pytest.mark.parametrize("name", ["postgres", "valkey"])
async def test_a_server_that_is_killed_does_not_end_the_auditor(
    own_settings: Settings, own_servers: Servers, name: str
) -> None:
    """It looks at learners again as soon as the server is back."""
    async with writer(own_settings) as facts:
        async with projecting(own_settings):
            await recorded(own_settings, facts)
        async with auditing(own_settings):

            async def looked(at_least: int = 1) -> bool:
                done = await audited(own_settings)
                return len(done) == 2 and all(each.checked >= at_least for each in done)

            await until(looked)
            with capture_logs() as logs:
                await own_servers.kill(name)
                await until(lambda: any(entry["event"] == "auditor.interrupted" for entry in logs))
            await own_servers.start(name)
            before = max(each.checked for each in await audited(own_settings))
            await until(lambda: looked(before + 50))
        assert await found(own_settings) == []


async def test_what_is_served_no_more_is_not_remembered(settings: Settings) -> None:
    """However often a read model is rebuilt, the auditor keeps the facts of the catalog for one generation of it."""
    projection = InPostgres()
    async with writer(settings) as facts, audit(settings) as looking:
        async with projecting(settings):
            await recorded(settings, facts)
        for generation in (1, 2):
            assert await looking.check(projection, "ann") == (generation, 0)
            assert [each.generation.number for each in looking._lookings.values()] == [generation]
            await rebuild(settings, RebuildRequest((projection,), workers=1))
            await promote(settings, projection)
