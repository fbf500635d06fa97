"""A promotion is a fact with who and why, and the source of every rule that was ever served is kept."""

import hashlib
from collections.abc import Sequence

import psycopg
import pytest

from adapters.postgres.connection import connect
from adapters.postgres.log.pages import read_facts
from adapters.postgres.log.postgres_log import END
from adapters.postgres.store import generations
from adapters.postgres.store.rule_sources import ServedRule, keep, served_rules, source_of
from adapters.settings import Settings
from commands.log import Context
from domain.fact import Fact
from projections.engine.fingerprint import code_digest, source_hash, source_hashes
from tests.support.rebuilds import NextInPostgres, followed, rebuilt, statuses
from tests.support.workers import InPostgres, writer
from workers.rebuild.promotion import By, promote, roll_back

OLD, NEW = InPostgres(), NextInPostgres()
ADA = By(Context("ada@campus-1", source="cli", correlation_id="r1"), "ticket 4711")


async def switches(settings: Settings) -> list[Fact]:
    """The facts about the read model."""
    async with await connect(settings, application="test") as connection:
        return [fact for fact in await read_facts(connection, 0, END) if fact.category == "projection"]


async def served(settings: Settings) -> Sequence[ServedRule]:
    """The rules that were served, the oldest first."""
    async with await connect(settings, application="test") as connection:
        return (await served_rules(connection, OLD.name, 100))[::-1]


async def test_who_has_promoted_what_and_why(settings: Settings) -> None:
    """Forward and back; each names the exact source, which is there to read, of every module."""
    async with writer(settings) as facts:
        await facts.record_many(20)
        await followed(settings, 20)
        await rebuilt(settings, NEW)
        await promote(settings, NEW, by=ADA)
        await followed(settings, 21, [NEW])
        await roll_back(settings, NEW, as_it_was=True)
    there, back = await switches(settings)
    assert (there.type, there.meta.actor, there.meta.correlation_id) == ("projection.promoted", "ada@campus-1", "r1")
    assert there.data == {
        "generation": 2,
        "before": 1,
        "version": NEW.version,
        "code": code_digest(NEW),
        "source_hash": source_hash(NEW),
        "position": 20,
        "reason": "ticket 4711",
    }
    assert (back.type, back.data["generation"], back.data["before"]) == ("projection.rolled_back", 1, 2)
    assert (back.data["source_hash"], back.data["reason"]) == (source_hash(OLD), "unspecified")
    rules = await served(settings)
    assert [(each.generation, each.source_hash) for each in rules] == [
        (1, source_hash(OLD)),
        (2, source_hash(NEW)),
        (1, source_hash(OLD)),
    ]
    assert [each.noted_by for each in rules] == ["projector", "promotion", "promotion"]
    assert [each.position for each in rules] == [20, 20, 21]
    async with await connect(settings, application="test") as connection:
        for rule in (OLD, NEW):
            texts = await source_of(connection, source_hash(rule)) or {}
            found = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
            assert found == source_hashes(rule)
        assert await source_of(connection, "00" * 32) is None


async def test_code_that_changes_without_a_new_version_is_kept_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A projector that begins with it notes it; one that begins again with the same does not."""
    async with writer(settings) as facts:
        await facts.record_many(5)
        await followed(settings, 5)
        await followed(settings, 5)
        assert len(await served(settings)) == 1
        async with await connect(settings, application="test") as connection:
            other = await keep(connection, NEW)

        async def keep_other(*_: object) -> str:
            return other

        monkeypatch.setattr(generations, "keep", keep_other)
        await facts.record_many(5)
        await followed(settings, 10)
    first, second = await served(settings)
    assert (first.generation, second.generation) == (1, 1)
    assert (first.source_hash, second.source_hash) == (source_hash(OLD), other)
    assert (first.position, second.position) == (5, 10)


async def test_a_switch_and_its_fact_are_both_there_or_neither(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fact that cannot be appended keeps readers where they were."""
    async with writer(settings) as facts:
        await facts.record_many(5)
        await followed(settings, 5)
        await rebuilt(settings, NEW)
        with monkeypatch.context() as patch:

            async def refuse(*_: object) -> None:
                raise RuntimeError("no room")

            patch.setattr("workers.rebuild.promotion.carry_out", refuse)
            with pytest.raises(RuntimeError, match="no room"):
                await promote(settings, NEW)
        assert await statuses(settings, NEW) == ["live", "ready"]
        assert await switches(settings) == []
        await promote(settings, NEW)
        assert len(await switches(settings)) == 1


async def test_a_source_cannot_be_changed(settings: Settings) -> None:
    """Not by the application; and a text that is not the one of its hash is refused from all."""
    async with await connect(settings, application="test") as connection:
        rule = await keep(connection, OLD)
        for change in ("UPDATE rule_sources SET source = 'x'", "DELETE FROM rule_sources", "DELETE FROM rules_served"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(change)
        with pytest.raises(psycopg.errors.CheckViolation):
            await connection.execute("INSERT INTO rule_sources VALUES (%s, 'x')", [b"\0" * 32])
        assert await source_of(connection, rule) is not None
