"""A rebuild makes the rows that the projector has made fact by fact, in any number of processes."""

import asyncio
from pathlib import Path

import pytest

from adapters.parquet.export import export
from adapters.parquet.manifest import Manifest
from adapters.postgres.connection import connect
from adapters.settings import Settings
from domain.registry import FACTS
from projections.engine.projection import Projection
from projections.registry import PROJECTIONS
from tests.conftest import migrated
from tests.support import exports
from tests.support.oulad import small, write
from tests.support.rebuilds import (
    NEXT,
    OfRewritten,
    Rewritten,
    all_of,
    assert_accounts,
    digests,
    followed,
    rebuilt,
    statuses,
)
from tests.support.servers import Servers
from tests.support.workers import BOTH, InPostgres, assert_true_to_the_log, projecting, relaying, writer
from workers.importing.oulad import import_oulad
from workers.rebuild.lock import RebuildError
from workers.rebuild.promotion import promote
from workers.seeding import seed

FEW = 40  # learners


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow), 4])
async def test_a_rebuild_is_what_is_live(settings: Settings, workers: int) -> None:
    """By canonical digest, in both stores, in one pass; every fact is accounted for."""
    async with writer(settings) as facts:
        await facts.record_many(3_000, learners=200)
        await followed(settings, facts.head)
    report = await rebuilt(settings, *BOTH, workers=workers)
    assert len(report.processes) == workers
    assert report.facts == 3_000
    for projection, built in zip(BOTH, report.built, strict=True):
        assert (built.generation, built.position, built.rows, built.resumed) == (2, 3_000, 201, False)
        found = await digests(settings, projection)
        assert found == {1: built.digest, 2: built.digest}
        assert await statuses(settings, projection) == ["live", "ready"]
        await assert_accounts(settings, projection, applied=3_000)


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 3])
async def test_every_read_model_is_rebuilt(settings: Settings, tmp_path: Path, workers: int) -> None:
    """All of them, on what a seeded campus and an import have written: the same digests as live, none served twice."""
    await seed(settings, FEW)
    position = (await import_oulad(settings, write(tmp_path / "small.zip", small()))).position
    await followed(settings, position, PROJECTIONS)
    report = await rebuilt(settings, *PROJECTIONS, workers=workers)
    for projection, built in zip(PROJECTIONS, report.built, strict=True):
        found = await digests(settings, projection)
        assert found == {1: built.digest, 2: built.digest}, projection.name
        assert (built.position, built.parked) == (position, 0)
        assert built.rows > 0 or projection.name in {
            "orders",
            "ledger",
            "accounts",
            "roles",
            "forum",
            "forum_activity",
            "moderation",
            "inbox",
            "deliveries",
        }  # there are no sales, no accounts, and no one talks
        await assert_accounts(settings, projection, parked=0, skipped=0)
    for projection in PROJECTIONS:
        await promote(settings, projection)
    async with projecting(settings, PROJECTIONS):
        await assert_true_to_the_log(settings, position, PROJECTIONS)


async def test_from_an_export_as_from_the_log(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the export has is read there, what came later from PostgreSQL."""
    exports.small(monkeypatch)
    await seed(settings, FEW)
    await export(settings, tmp_path)
    async with writer(settings) as facts:
        await facts.record_many(200)
        await followed(settings, facts.head, PROJECTIONS)
    report = await rebuilt(settings, *PROJECTIONS, workers=2, export=tmp_path)
    for projection, built in zip(PROJECTIONS, report.built, strict=True):
        assert await digests(settings, projection) == {1: built.digest, 2: built.digest}, projection.name
        await assert_accounts(settings, projection)


async def test_an_export_of_another_log_is_refused(settings: Settings, servers: Servers, tmp_path: Path) -> None:
    """Another campus's, and one with facts that this log does not have any more."""
    other = migrated(servers)
    for campus in (settings, other):
        async with writer(campus) as facts:
            await facts.record_many(20)
    await export(settings, tmp_path)
    with pytest.raises(RebuildError, match=f"has 20 facts of the campus {settings.name}, and this is {other.name}"):
        await rebuilt(other, InPostgres(), export=tmp_path)


async def test_an_export_with_other_facts_is_refused(settings: Settings, servers: Servers, tmp_path: Path) -> None:
    """Of a campus of the same name and as long, or with a file that has been cut."""
    other = migrated(servers)
    for campus in (settings, other):
        async with writer(campus) as facts:
            await facts.record_many(20)
    await export(settings, tmp_path)
    manifest = Manifest.load(tmp_path)
    path = tmp_path / manifest.files[0].path
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RebuildError, match="is missing or damaged"):
        await rebuilt(settings, InPostgres(), export=tmp_path)
    await export(other, tmp_path / "other")
    manifest = Manifest.load(tmp_path / "other")
    manifest.campus = settings.name
    manifest.save(tmp_path / "other")
    with pytest.raises(RebuildError, match="the log is not what was exported"):
        await rebuilt(settings, InPostgres(), export=tmp_path / "other")


@pytest.mark.parametrize("projection", BOTH, ids=lambda projection: projection.store)
async def test_what_does_not_add_up_is_not_promoted(settings: Settings, projection: Projection) -> None:
    """A generation that lacks facts, or has some twice, stays where it is."""
    async with writer(settings) as facts:
        await facts.record_many(100)
        await followed(settings, facts.head)
    await rebuilt(settings, projection)
    async with await connect(settings, application="test") as connection:
        await connection.execute("UPDATE segments SET applied = applied + 1 WHERE generation = 2 AND segment = 0")
    with pytest.raises(RebuildError, match="does not account for 1 facts of its segment 0"):
        await promote(settings, projection)
    assert await statuses(settings, projection) == ["live", "ready"]


@pytest.mark.parametrize("workers", [1, 2])
async def test_old_versions_of_facts_are_upcast(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    """A log of version 1, read by code that knows version 2: live, rebuilt from the log and from an export."""
    monkeypatch.setitem(FACTS, Rewritten.TOPIC, Rewritten)
    projection: Projection = OfRewritten()
    async with writer(settings) as facts:
        await facts.record_many(100, learners=10)
        await facts.record(("ann", "click", 7))
        await followed(settings, facts.head, [projection])
    await export(settings, tmp_path)
    (of_log,) = (await rebuilt(settings, projection, workers=workers)).built
    (of_export,) = (await rebuilt(settings, projection, workers=workers, from_scratch=True, export=tmp_path)).built
    assert of_log.digest == of_export.digest
    assert await digests(settings, projection) == {1: of_log.digest, 3: of_log.digest}


async def test_facts_keep_coming(settings: Settings) -> None:
    """While projector, relay and writer run: nothing is lost or doubled, before and after the switch."""
    async with writer(settings) as facts, relaying(settings), projecting(settings):
        await facts.record_many(2_000, learners=100)
        flow = asyncio.create_task(facts.record_many(3_000, learners=100, pause=0.02))
        for _ in range(2):
            report = await rebuilt(settings, *BOTH, workers=2)
            assert all(built.position >= 2_000 for built in report.built)
            for projection in BOTH:
                switched = await promote(settings, projection)
                assert switched.position >= 2_000
        await flow
        await assert_true_to_the_log(settings, 5_000)
        for projection in BOTH:
            assert (await statuses(settings, projection))[-1] == "live"
            await assert_accounts(settings, projection)


async def test_what_was_never_served(settings: Settings) -> None:
    """A read model without a projector is built and promoted; one that begins meanwhile takes nothing away."""
    async with writer(settings) as facts:
        await facts.record_many(300)
        await rebuilt(settings, *BOTH)
        for projection in BOTH:
            assert await statuses(settings, projection) == ["ready"]
        assert (await promote(settings, BOTH[0])).before is None
        async with projecting(settings):
            await facts.record_many(20)
            await assert_true_to_the_log(settings, 320)
        assert await statuses(settings, BOTH[0]) == ["live"]
        assert await statuses(settings, BOTH[1]) == ["ready", "live"]
        await promote(settings, BOTH[1])
        await followed(settings, 320)
        assert await statuses(settings, BOTH[1]) == ["live", "retired"]


async def test_an_empty_log(settings: Settings) -> None:
    """Nothing to fold is built, too."""
    for built in (await rebuilt(settings, *BOTH, workers=2)).built:
        assert (built.position, built.rows) == (0, 0)


async def test_the_next_version_differs(settings: Settings) -> None:
    """Or no test of this kind could fail: another rule, another digest."""
    async with writer(settings) as facts:
        await facts.record_many(100)
        await followed(settings, 100)
    for projection, later in zip(BOTH, NEXT, strict=True):
        await rebuilt(settings, later)
        first, second = (await digests(settings, projection)).values()
        assert first != second
        assert [each.version for each in await all_of(settings, projection)] == [1, 2]
