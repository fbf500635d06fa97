"""Facts at which newer code fails: their keys wait in the new generation, everything else is built and goes on."""

import pytest

from adapters.postgres.connection import connect
from adapters.postgres.store.parking import FailsElsewhere, request_retry, skip, skipped_of
from adapters.settings import Settings
from projections.engine.projection import Projection
from tests.support.polling import until
from tests.support.rebuilds import (
    FUSSY,
    NEXT,
    POISON,
    all_of,
    assert_accounts,
    digests,
    followed,
    parked,
    rebuilt,
    site,
)
from tests.support.workers import InPostgres, InValkey, Writer, caught_up, projecting, writer
from workers.consistency.verify import verify
from workers.rebuild.compare import diff
from workers.rebuild.lock import RebuildError
from workers.rebuild.promotion import promote

stores = pytest.mark.parametrize(
    "projection",
    [pytest.param(FUSSY[0], id="postgres", marks=pytest.mark.slow), pytest.param(FUSSY[1], id="valkey")],
)
pairs = pytest.mark.parametrize(
    ("projection", "later"),
    [
        pytest.param(FUSSY[0], NEXT[0], id="postgres", marks=pytest.mark.slow),
        pytest.param(FUSSY[1], NEXT[1], id="valkey"),
    ],
)
WORKERS = 2


async def fill(facts: Writer, kind: str = "poison", amount: int = 10) -> int:
    """A log with a fact of some kind in the middle, by ann, who goes on afterwards; returns its position."""
    await facts.record_many(200)
    await facts.record(("ann", "click", 1))
    position = await facts.record(("ann", kind, amount))
    await facts.record(("ann", "click", 100))
    await facts.record_many(200)
    await facts.record(("ann", "click", 1_000))
    return position


def broken(monkeypatch: pytest.MonkeyPatch, *, is_broken: bool = True) -> None:
    """Let the code fail at poison from now on, or not any more, also in processes that begin later."""
    monkeypatch.setenv(POISON, "poison" if is_broken else "nothing")


async def assert_ann_waits(settings: Settings, projection: Projection, position: int, error: str, version: int) -> None:
    """And no other key, with error and trace; the read model is as the log says without her."""
    found = await parked(settings, projection)
    newest = max(each["generation"] for each in found)
    (waiting,) = [each for each in found if each["generation"] == newest]
    assert (waiting["key"], waiting["first_position"], waiting["failed_position"]) == ("ann", position, position)
    assert (waiting["version"], waiting["type"]) == (version, "progress.activity_recorded")
    assert error in waiting["error"]
    assert waiting["trace"]


@stores
async def test_it_is_parked_healed_and_accounted_for(
    settings: Settings, projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebuild parks what the projector parks; when the code is better, a retry makes it good."""
    broken(monkeypatch)
    async with writer(settings) as facts:
        position = await fill(facts)
        await followed(settings, facts.head, [projection])
        (built,) = (await rebuilt(settings, projection, workers=WORKERS)).built
        assert built.parked == 1
        assert await digests(settings, projection) == {1: built.digest, 2: built.digest}
        await assert_ann_waits(settings, projection, position, "ZeroDivisionError: what newer code", 1)
        assert "ZeroDivisionError" in (await parked(settings, projection))[-1]["trace"]
        await assert_accounts(settings, projection, applied=facts.head - 3, parked=3)
        await promote(settings, projection)
        broken(monkeypatch, is_broken=False)
        async with projecting(settings, [projection]):
            await healed(settings, projection)
            await facts.record(("ann", "click", 10_000))
            await caught_up(settings, facts.head, [projection])
            (verdict,) = await verify(settings, [projection])
            assert verdict.ok, verdict
        clean = (await rebuilt(settings, projection, workers=WORKERS)).built[0]
        assert clean.parked == 0
        assert (await digests(settings, projection))[2] == clean.digest


async def healed(settings: Settings, projection: Projection) -> None:
    """Ask for another try, and wait until no key is parked in the live generation."""
    async with await connect(settings, application="test") as connection:
        await request_retry(connection, [projection.name], None)

    async def nobody_waits() -> bool:
        live = [each.number for each in await all_of(settings, projection) if each.status == "live"]
        return not [each for each in await parked(settings, projection) if each["generation"] in live]

    await until(nobody_waits)


@pairs
async def test_what_is_skipped(
    settings: Settings, projection: Projection, later: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code of that version leaves the fact out, live, rebuilt and verified; the next version meets it again."""
    broken(monkeypatch)
    async with writer(settings) as facts:
        position = await fill(facts)
        async with projecting(settings, [projection]):
            await caught_up(settings, facts.head, [projection])
            async with await connect(settings, application="test") as connection:
                assert await skip(connection, projection.name, "ann", reason="a test", by="me") == position
            await healed(settings, projection)
            (verdict,) = await verify(settings, [projection])
            assert (verdict.ok, verdict.parked) == (True, []), verdict
        await assert_accounts(settings, projection, applied=facts.head - 1, parked=0, skipped=1)
        (same,) = (await rebuilt(settings, projection, workers=WORKERS)).built
        assert (same.parked, await digests(settings, projection)) == (0, {1: same.digest, 2: same.digest})
        await assert_accounts(settings, projection, applied=facts.head - 1, parked=0, skipped=1)
        (other,) = (await rebuilt(settings, later, workers=WORKERS)).built
        assert other.parked == 1
        await assert_ann_waits(settings, later, position, "ZeroDivisionError", 2)
        await assert_accounts(settings, later)


@stores
async def test_skipping_what_waits_in_a_generation_that_is_not_served(
    settings: Settings, projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fact is done without once the generation is promoted, and by one that is built from scratch."""
    broken(monkeypatch)
    async with writer(settings) as facts:
        await fill(facts)
        await rebuilt(settings, projection)
        async with await connect(settings, application="test") as connection:
            assert await skip(connection, projection.name, "ann", reason="a test", by="me") is None
            assert await skip(connection, projection.name, "ann", reason="a test", by="me", generation=1)
        (again,) = (await rebuilt(settings, projection, from_scratch=True)).built
        assert again.parked == 0
        await promote(settings, projection)
        await facts.record(("ann", "click", 1))
        async with projecting(settings, [projection]):
            await caught_up(settings, facts.head, [projection])
            assert (await verify(settings, [projection]))[0].ok
        await assert_accounts(settings, projection, applied=facts.head - 2, skipped=1)  # without the promotion


@pairs
async def test_a_rule_that_fails_where_the_served_one_does_not_is_served_only_if_somebody_says_so(
    settings: Settings, projection: Projection, later: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers would miss what waits; the answer says how many keys wait, and so does a comparison."""
    broken(monkeypatch, is_broken=False)
    async with writer(settings) as facts:
        await fill(facts)
        await followed(settings, facts.head, [projection])
        broken(monkeypatch)
        assert (await rebuilt(settings, later, workers=WORKERS)).built[0].parked == 1
        async with diff(settings, later) as compared:
            assert "1 key is parked in generation 2, whose rows lack what waits" in compared.remark
        with pytest.raises(
            RebuildError, match=r"1 key is parked in generation 2 of .* not in what is served, such as ann"
        ):
            await promote(settings, later)
        assert (await promote(settings, later, with_parked=True)).parked == 1


@pairs
async def test_only_what_fails_where_one_has_looked_is_skipped(
    settings: Settings, projection: Projection, later: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of another generation, in which the same learner fails at another fact; nor what has changed since."""
    monkeypatch.setenv(POISON, "poison")
    async with writer(settings) as facts:
        first = await fill(facts)
        await followed(settings, facts.head, [projection])
        second = await facts.record(("ann", "later", 1))
        monkeypatch.setenv(POISON, "later")
        assert (await rebuilt(settings, later, workers=WORKERS)).built[0].parked == 1
        async with await connect(settings, application="test") as connection:

            async def skipped(**where: int) -> list[tuple[int, int]]:
                await skip(connection, projection.name, "ann", reason="a test", by="me", **where)
                return [(row["version"], row["position"]) for row in await skipped_of(connection, [projection.name])]

            for wrong in ({"position": second}, {"position": first, "generation": 2}):
                with pytest.raises(FailsElsewhere, match="ann fails at position"):
                    await skipped(**wrong)
            assert await skipped_of(connection, [projection.name]) == []
            assert await skipped() == [(1, first)]
            assert await skipped(generation=2, position=second) == [(1, first), (2, second)]


async def test_a_row_that_postgres_refuses(settings: Settings) -> None:
    """A number out of range parks the same key in a rebuild as live, and all others of its segment are there."""
    projection = InPostgres()
    async with writer(settings) as facts:
        position = await fill(facts, "click", 2**63)
        await followed(settings, facts.head, [projection])
        (built,) = (await rebuilt(settings, projection, workers=WORKERS)).built
        assert await digests(settings, projection) == {1: built.digest, 2: built.digest}
        assert (built.parked, built.position) == (1, facts.head)
        waiting = await parked(settings, projection)
        assert [(each["generation"], each["key"], each["first_position"]) for each in waiting] == [
            (1, "ann", position),
            (2, "ann", position),
        ]
        await assert_accounts(settings, projection, applied=facts.head - 3, parked=3)


@pytest.mark.parametrize("projection", [InPostgres(), InValkey()], ids=["postgres", "valkey"])
async def test_a_fact_that_cannot_be_decoded(settings: Settings, projection: Projection) -> None:
    """It parks its learner, in a rebuild as live."""
    async with writer(settings) as facts:
        await facts.record_many(60)
        await facts.record(("ann", "click", 1))
        position = await facts.record_from_the_future("ann")
        await facts.record(("ann", "click", 1))
        await facts.record_many(60)
        await followed(settings, facts.head, [projection])
        (built,) = (await rebuilt(settings, projection, workers=WORKERS)).built
        assert await digests(settings, projection) == {1: built.digest, 2: built.digest}
        await assert_ann_waits(settings, projection, position, "UnreadableFact", 1)
        await assert_accounts(settings, projection, applied=facts.head - 2, parked=2)


@stores
async def test_killed_skipped_and_done_again(
    settings: Settings, projection: Projection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed rebuild has parked does not wait any more when its segment is written again without the fact."""
    broken(monkeypatch)
    async with writer(settings) as facts:
        await fill(facts)
        await rebuilt(settings, projection)
        await unfinished(settings, projection)
        async with await connect(settings, application="test") as connection:
            assert await skip(connection, projection.name, "ann", reason="a test", by="me") is None
            assert await skip(connection, projection.name, "ann", reason="a test", by="me", generation=1)
        (built,) = (await rebuilt(settings, projection)).built
        assert (built.resumed, built.parked) == (True, 0)
        await promote(settings, projection)
        async with projecting(settings, [projection]):
            await facts.record(("bob", "click", 1))
            await caught_up(settings, facts.head, [projection])  # it looks after parked keys before it takes a fact
            assert (await verify(settings, [projection]))[0].ok
        await assert_accounts(settings, projection, applied=facts.head - 2, skipped=1)  # without the promotion


async def unfinished(settings: Settings, projection: Projection) -> None:
    """As a rebuild leaves it that is killed after parking, before any checkpoint is set."""
    async with await connect(settings, application="test") as connection, site(settings, projection) as generations:
        await connection.execute("UPDATE segments SET position = 0, applied = 0, ignored = 0, parked = 0, skipped = 0")
        await connection.execute("UPDATE projections SET status = 'building', step = 'write'")
        if projection.store == "valkey":
            store = generations.store((await generations.all())[0])
            await store.drop()
