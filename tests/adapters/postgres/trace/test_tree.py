"""Trees of facts: complete, bounded, and found by an index."""

import msgspec
import pytest
import uuid_utils

from adapters.postgres.connection import connect
from adapters.postgres.log.append import Append
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.trace import rows, tree
from adapters.postgres.trace.tree import NoSuchFact, NothingFollowed, tree_of_fact, tree_of_request
from adapters.settings import Settings
from domain.fact import Meta
from tests.support.appends import new_event, opened
from workers.consistency.log_check import check, head_of


async def append(log: PostgresLog, *, request: str | None = None, cause: str | None = None, source: str = "api") -> str:
    """Append one fact with this origin; its id."""
    event_id = str(uuid_utils.uuid7())
    meta = msgspec.json.encode(Meta(event_id, 'a "correlation_id":"x"', source, cause, request))
    await log.append(Append([new_event(f"progress-{event_id}:r", 1, meta=meta)]))
    return event_id


@pytest.mark.parametrize("request_id", ["r-1", 'quoted"and\\odd', "r" * 64, None])
async def test_any_fact_of_a_tree_leads_to_all_of_it(settings: Settings, request_id: str | None) -> None:
    """Up to the first and down to every other, whether a request is known or only the causes; and to no other fact."""
    async with opened(settings) as log:
        await append(log, request="another")
        first = await append(log, request=request_id)
        second = await append(log, request=request_id, cause=first)
        await append(log, source="import:oulad")
        third = await append(log, request=request_id, cause=second)
        await append(log, request=request_id, cause=first)
        await append(log)
        for position in (2, 3, 5, 6):
            found = await tree_of_fact(log, position)
            assert [fact.position for fact in found.facts] == [2, 3, 5, 6]
            assert found.causes == {3: 2, 5: 3, 6: 2}
            assert found.depths() == {2: 0, 3: 1, 5: 2, 6: 1}
            assert (found.lost, found.truncated) == (frozenset(), False)
            assert [fact.meta.event_id for fact in found.roots] == [first]
        assert third
        if request_id is not None:
            assert [fact.position for fact in (await tree_of_request(log, request_id)).facts] == [2, 3, 5, 6]


async def test_what_is_not_there(settings: Settings) -> None:
    """A position without a fact, a request without one, and a cause that the log does not have."""
    async with opened(settings) as log:
        await append(log, request="r-1", cause=str(uuid_utils.uuid7()))
        with pytest.raises(NoSuchFact):
            await tree_of_fact(log, 2)
        with pytest.raises(NothingFollowed):
            await tree_of_request(log, "r-2")
        found = await tree_of_fact(log, 1)
    assert (found.causes, found.lost) == ({}, frozenset({1}))
    report = (await check(settings, await head_of(settings))).as_json()
    assert "does not stand before it" in report["problems"][0]["problem"]
    assert (report["ok"], report["problem_count"], report["without_cause"]) == (False, 1, 0)


async def test_facts_without_a_cause_are_counted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are no problem, since code of before recorded some; causes that went by long ago are found by the index."""
    monkeypatch.setattr("workers.consistency.causes.RECENT", 1)
    async with opened(settings) as log:
        first = await append(log, request="r-1")
        await append(log, source="import:oulad")
        await append(log)
        await append(log)
        await append(log, request="r-1", cause=first)
    report = (await check(settings, await head_of(settings))).as_json()
    assert (report["ok"], report["without_cause"], report["first_without_cause"]) == (True, 2, 3)


async def test_a_tree_is_bounded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends one id for ever gets the first facts, that there are more, and the fact itself."""
    monkeypatch.setattr(tree, "MOST_FACTS", 3)
    async with opened(settings) as log:
        for _ in range(6):
            await append(log, request="the-same")
        found = await tree_of_fact(log, 6)
    assert ([fact.position for fact in found.facts], found.truncated) == ([1, 2, 3, 6], True)


async def test_a_trace_reads_its_own_facts_only(settings: Settings) -> None:
    """However long the log is: by the index, in the order of positions."""
    async with opened(settings) as log:
        for number in range(50):
            await append(log, request=f"r-{number}")
    async with await connect(settings, application="test") as connection:
        await connection.execute("SET enable_seqscan = off")  # a log of 50 facts is sooner read whole
        probes = [msgspec.json.encode({"correlation_id": "r-7"})]
        values = {"probes": probes, "limit": 10}
        cursor = await connection.execute(b"EXPLAIN (ANALYZE, FORMAT TEXT) " + rows.OF_TRACE.encode(), values)
        plan = "\n".join(row[0] for row in await cursor.fetchall())
    assert "events_trace" in plan
    assert "Rows Removed" not in plan
    assert "Seq Scan" not in plan
