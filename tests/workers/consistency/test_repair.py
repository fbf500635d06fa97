"""A repair makes one learner's rows what the log says, whatever was wrong with them, while everything runs."""

import asyncio

import pytest

from adapters.nats.changes import CommittedChange, listen
from adapters.nats.connection import Nats
from adapters.postgres.connection import connect
from adapters.postgres.store.repairs import CannotRepair, Repair, repair_of, request_repair
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from projections.catalog import Catalog
from projections.course_dashboard import CourseDashboard
from tests.support.polling import until
from tests.support.tamper import change_tally, delete_tally, invent_tally, segment_of
from tests.support.workers import BOTH, InValkey, assert_true_to_the_log, caught_up, projecting, writer
from workers.consistency.verify import verify


async def repaired(settings: Settings, learner: str) -> list[Repair]:
    """Ask for a repair in both read models, and wait until it is done."""
    async with await connect(settings, application="test") as connection:
        numbers = [await request_repair(connection, projection, learner) for projection in BOTH]

        async def all_done() -> bool:
            return all([(found := await repair_of(connection, n)) and found.done_at for n in numbers])

        await until(all_done)
        return [found for number in numbers if (found := await repair_of(connection, number)) is not None]


async def test_a_repair_heals_what_is_wrong_missing_or_invented(settings: Settings) -> None:
    """Afterwards the digest is that of the log again; what was done is said, and announced to those who look."""
    async with writer(settings) as facts, projecting(settings):
        await facts.record(("ann", "click", 1), ("bob", "click", 2), ("cid", "click", 4))
        await caught_up(settings, 3)
        await change_tally(settings, "ann", amount=17)
        await delete_tally(settings, "bob")
        await invent_tally(settings, "eve")
        assert [verdict.differing for verdict in await verify(settings, BOTH)] == [3, 3]
        messages, heard = Nats(settings, "test"), []

        async def note(change: CommittedChange) -> None:
            heard.append((change.projection, change.keys))

        await listen(settings, messages, note)
        for learner, did in (("ann", "1 rows written, 0"), ("bob", "1 rows written, 0"), ("eve", "0 rows written, 1")):
            for repair in await repaired(settings, learner):
                assert repair.outcome == f"{did} deleted; only a rebuild recomputes total"
        for repair in await repaired(settings, "cid"):
            assert repair.outcome == "all rows were right; only a rebuild recomputes total"
        await assert_true_to_the_log(settings, 3)
        await messages.close()
        for projection in BOTH:
            for learner in ("ann", "bob", "eve"):
                assert (projection.name, [("tally", learner)]) in heard


async def test_a_repaired_row_is_not_written_over_by_what_was_remembered(settings: Settings) -> None:
    """The next facts of the learner are added to what the repair has made."""
    async with writer(settings) as facts, projecting(settings):
        await facts.record(("ann", "click", 1))
        await caught_up(settings, 1)
        await change_tally(settings, "ann", amount=17)
        await repaired(settings, "ann")
        await facts.record(("ann", "click", 2))
        await assert_true_to_the_log(settings, 2)


async def test_repairs_under_load_lose_and_double_nothing(settings: Settings) -> None:
    """Facts of the same learners flow meanwhile, and two projectors share the work."""
    async with writer(settings) as facts, projecting(settings), projecting(settings):
        await facts.record_many(50)
        await caught_up(settings, 50)
        flow = asyncio.create_task(facts.record_many(1_500, pause=0.05))
        number = 0
        while not flow.done():
            await repaired(settings, f"learner-{number % 50}")
            number += 1
        await flow
        assert number > 1
        await assert_true_to_the_log(settings, 1_550)


async def test_a_parked_key_stays_parked(settings: Settings) -> None:
    """Its rows are made of the facts before the one that failed."""
    async with writer(settings) as facts, projecting(settings):
        await facts.record(("ann", "click", 1), ("bob", "click", 1))
        await facts.record_nonsense("ann")
        await facts.record(("ann", "click", 1))
        await caught_up(settings, 4)
        await change_tally(settings, "ann", amount=17)
        await repaired(settings, "ann")
        for verdict in await verify(settings, BOTH):
            assert (verdict.parked, verdict.differing) == (["ann"], 0)


async def test_a_document_that_nobody_can_read_is_made_anew(settings: Settings) -> None:
    """What is stored there does not matter."""
    async with connect_valkey(settings) as valkey, writer(settings) as facts, projecting(settings):
        await facts.record(("ann", "click", 1), ("bob", "click", 1))
        await caught_up(settings, 2)
        await valkey.hset(f"{settings.name}:{InValkey.name}:1:{segment_of('ann')}:tally", "ann", "{")
        await repaired(settings, "ann")
        await assert_true_to_the_log(settings, 2)


async def test_rows_of_nobody_in_particular_need_a_rebuild(settings: Settings) -> None:
    """That is said at once; so is that a read model is not there."""
    async with await connect(settings, application="test") as connection:
        with pytest.raises(CannotRepair, match="no table of catalog has rows of single keys: `campus projections"):
            await request_repair(connection, Catalog(), "ann")
        with pytest.raises(CannotRepair, match="has not been built yet"):
            await request_repair(connection, CourseDashboard(), "ann")
