"""`verify` finds what is not as the log says, and names the first row and the first event."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest

from adapters.postgres.connection import connect
from adapters.postgres.store.generations import Generations, NoSuchGeneration
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from adapters.valkey.valkey_store import ValkeyStore
from projections.engine.verification import Difference, Verdict
from tests.support.tamper import change_tally, change_total, delete_tally, invent_tally
from tests.support.workers import BOTH, InPostgres, InValkey, Writer, caught_up, projecting, writer
from workers.consistency import explain
from workers.consistency.verify import CannotVerify, NeverBuilt, verify


async def recorded(settings: Settings, facts: Writer, *activities: tuple[str, str, int]) -> None:
    """Both read models with these activities, each a commit of its own, and then no projector."""
    async with projecting(settings):
        for activity in activities:
            await facts.record(activity)
        await caught_up(settings, facts.head)


THREE = (("ann", "click", 1), ("bob", "click", 2), ("ann", "read", 4))


async def both(settings: Settings) -> list[Verdict]:
    """The verdicts on both read models."""
    return await verify(settings, BOTH)


async def test_a_doubled_effect_is_named_with_its_event(settings: Settings) -> None:
    """The row, and the last fact that set what no fact ever led to."""
    async with writer(settings) as facts:
        await recorded(settings, facts, *THREE, ("ann", "click", 8))
        await change_tally(settings, "ann", facts=4, amount=17, kinds={"click": 2, "read": 2})
        for verdict in await both(settings):
            assert (verdict.ok, verdict.reason, verdict.differing) == (False, "1 rows differ", 1)
            assert verdict.differences == [Difference("tally", ("ann",), "different")]
            assert verdict.digest_live != verdict.digest_log
            (cause,) = verdict.causes
            assert (cause.table, cause.key, cause.position) == ("tally", ("ann",), 4)
            assert "fact 4 (progress.activity_recorded" in cause.reason


async def test_a_missing_row_is_named_with_the_event_that_makes_it(settings: Settings) -> None:
    """So is one that no event makes."""
    async with writer(settings) as facts:
        await recorded(settings, facts, *THREE)
        await delete_tally(settings, "bob")
        await invent_tally(settings, "eve")
        for verdict in await both(settings):
            assert verdict.differences == [
                Difference("tally", ("bob",), "missing"),
                Difference("tally", ("eve",), "unexpected"),
            ]
            missing, unexpected = verdict.causes
            assert (missing.position, unexpected.position) == (2, None)
            assert missing.reason.startswith("the row is missing, though fact 2")
            assert unexpected.reason == "no fact of the log makes this row"


async def test_a_wrong_sum_is_explained_where_that_is_affordable(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a row that depends on all facts it is said when these are too many."""
    async with writer(settings) as facts:
        await recorded(settings, facts, *THREE)
        await change_total(settings, 2)
        (verdict,) = await verify(settings, [InPostgres()])
        assert verdict.differences == [Difference("total", ("all",), "different")]
        assert verdict.causes[0].position == 3
        assert "no fact ever led to the live value of amount" in verdict.causes[0].reason
        monkeypatch.setattr(explain, "MOST_FACTS", 2)
        (verdict,) = await verify(settings, [InPostgres()])
        assert verdict.causes[0].position is None
        assert verdict.causes[0].reason.startswith("the row depends on 3 facts, too many")


async def test_segments_at_different_positions_are_true_to_the_log(settings: Settings) -> None:
    """Each is compared with the log up to its own checkpoint."""
    async with writer(settings) as facts:
        await recorded(settings, facts, *((f"learner-{number}", "click", number) for number in range(20)))
        async with await connect(settings, application="test") as connection:
            row = await (await connection.execute("SELECT segment FROM tally_g1 WHERE last_position = 20")).fetchone()
            assert row is not None
            for statement in (
                "UPDATE segments SET position = 19 WHERE projection = 'tallies' AND segment = %s",
                "DELETE FROM tally_g1 WHERE last_position = 20 AND segment = %s",
                "UPDATE total_g1 SET amount = amount - 19 WHERE segment = %s",
            ):
                await connection.execute(statement.encode(), row)
        (verdict,) = await verify(settings, [InPostgres()])
        assert (verdict.ok, verdict.position, verdict.rows) == (True, 19, 20), verdict


async def test_another_generation_is_verified_by_its_number(settings: Settings) -> None:
    """One that is served no more, as long as it was built by this code."""
    async with writer(settings) as facts:
        await recorded(settings, facts, *THREE)
        async with connect_valkey(settings) as valkey, await connect(settings, application="test") as connection:
            generations = Generations(connection, valkey, settings, InPostgres())
            await generations.go_live(await generations.create("ready"))
        await change_tally(settings, "ann", amount=0)
        (old,) = await verify(settings, [InPostgres()], generation=1)
        (new,) = await verify(settings, [InPostgres()])
        assert (old.generation, old.ok, old.position) == (1, False, 3)
        assert (new.generation, new.ok, new.position) == (2, True, 0)


class NextVersion(InPostgres):
    """Newer code."""

    version: ClassVar = 2


async def test_what_this_code_cannot_say_is_said(settings: Settings) -> None:
    """Of a read model that is not there, of one that other code has built, and of an unknown number."""
    with pytest.raises(NeverBuilt):
        await verify(settings, [InPostgres()])
    async with writer(settings) as facts:
        await recorded(settings, facts, *THREE)
        with pytest.raises(CannotVerify, match="built by version 1 of its code, and this is version 2"):
            await verify(settings, [NextVersion()])
        with pytest.raises(NoSuchGeneration, match="tallies has no generation 7"):
            await verify(settings, [InPostgres()], generation=7)


async def test_a_key_that_is_made_good_meanwhile_is_looked_at_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its documents are right before its parked row is gone; so one looks until nothing was made good meanwhile."""
    looks: list[dict[int, int]] = []
    snapshot = ValkeyStore.snapshot

    @asynccontextmanager
    async def healing(store: ValkeyStore) -> AsyncIterator[Any]:
        async with snapshot(store) as found, connect_valkey(settings) as valkey:
            looks.append(found[0])
            await valkey.hset(f"{settings.name}:{InValkey.name}:1:0:tally", "@healed", 7)
            yield found

    monkeypatch.setattr(ValkeyStore, "snapshot", healing)
    async with writer(settings) as facts:
        await recorded(settings, facts, *THREE)
    assert [verdict.ok for verdict in await both(settings)] == [True, True]
    assert len(looks) == 2
