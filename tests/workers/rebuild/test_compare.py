"""Two generations, or a rule and a what-if, are compared at the same position, and what is served is left alone."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec
import pytest

from adapters.postgres.connection import connect
from adapters.postgres.store.generations import Generation, Generations, NoSuchGeneration
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from adapters.valkey.valkey_store import ValkeyStore
from domain.fact import Fact
from projections.engine.projection import Handler, Projection, Rows, Table
from tests.support.workers import (
    BOTH,
    InPostgres,
    InValkey,
    Total,
    Writer,
    assert_true_to_the_log,
    caught_up,
    projecting,
    writer,
)
from workers.rebuild.compare import Compared, VersionComparer, diff, what_if
from workers.rebuild.lock import RebuildError


class Richer(msgspec.Struct):
    """A tally of newer code: one field more, and clicks count double."""

    learner_id: str
    facts: int = 0
    amount: int = 0
    last_position: int = 0
    kinds: dict[str, int] = {}
    last_at: datetime | None = None
    longest: int = 0


def handlers_of(tally: Table, total: Table, factor: int) -> dict[str, Handler]:
    """As the projections of the campus, but clicks count *factor* times."""

    def apply(fact: Fact, rows: Rows) -> None:
        amount = fact.data["amount"] * (factor if fact.data["kind"] == "click" else 1)
        rows.edit(total, Total, "all").amount += amount
        row: Any = rows.edit(tally, tally.row, fact.key)
        row.facts += 1
        row.amount += amount
        row.last_position = fact.position
        row.kinds[fact.data["kind"]] = row.kinds.get(fact.data["kind"], 0) + 1
        row.last_at = fact.occurred_at

    def needs(fact: Fact) -> Any:
        return [key._replace(table=table) for key, table in zip(InPostgres.needs(fact), (tally, total), strict=True)]

    return {"progress.activity_recorded": Handler(needs, apply, writes=(tally, total))}


def newer(projection: type[Projection], row: type[msgspec.Struct], factor: int = 2, **more: Any) -> Projection:
    """The next version of a projection of the campus."""
    old_tally, total = projection.tables
    tally = msgspec.structs.replace(old_tally, row=row)
    attributes = {"version": 2, "tables": (tally, total), "handlers": handlers_of(tally, total, factor), **more}
    made: Projection = type(f"Newer{projection.__name__}", (projection,), attributes)()
    return made


@asynccontextmanager
async def site(settings: Settings, projection: Projection) -> AsyncIterator[Generations]:
    """The generations of a projection."""
    schemas = f"{settings.schema_name},{settings.read_schema}"
    async with connect_valkey(settings) as valkey, await connect(settings, application="t", search_path=schemas) as c:
        yield Generations(c, valkey, settings, projection)


async def ready(settings: Settings, projection: Projection) -> Generation:
    """A generation that is ready, and at the beginning of the log."""
    async with site(settings, projection) as generations:
        made = await generations.create("ready")
        await generations.store(made).index()
        return made


async def recorded(settings: Settings, facts: Writer) -> None:
    """What is served, with five facts of two learners."""
    async with projecting(settings):
        await facts.record(("ann", "click", 1), ("bob", "read", 2))
        await facts.record(("ann", "click", 4), ("ann", "read", 8), ("bob", "read", 16))
        await caught_up(settings, 5)


def changed(compared: Compared) -> list[tuple[Any, ...]]:
    """Table, key, kind, and the amounts before and after, of every row that differs."""
    return [
        (row.table, *row.key, row.kind, (row.old or {}).get("amount"), (row.new or {}).get("amount"))
        for row in compared.diff.rows()
    ]


ANN_CLICKS_DOUBLE = [("tally", "ann", "changed", 13, 18), ("total", "all", "changed", 31, 36)]


@pytest.mark.parametrize("projection", [InPostgres, InValkey])
@pytest.mark.parametrize("row", [None, Richer], ids=["same fields", "more fields"])
async def test_a_rule_change_shows_its_rows_before_promotion(
    settings: Settings, projection: type[Projection], row: type[msgspec.Struct] | None
) -> None:
    """Both generations are compared at one position: rows, sums and events are named, and nothing is changed."""
    async with writer(settings) as facts:
        await recorded(settings, facts)
        code = newer(projection, row or projection.tables[0].row)
        await ready(settings, code)
        await facts.record(("ann", "click", 32))
        async with diff(settings, code) as compared:
            assert (compared.old.name, compared.new.name, compared.remark) == ("generation 1", "generation 2", "")
            assert compared.old.positions == compared.new.positions == dict.fromkeys(range(4), 5)
            assert changed(compared) == ANN_CLICKS_DOUBLE
            assert [table.fields_added for table in compared.diff.tables] == [["longest"] if row else [], []]
            rows = list(compared.diff.rows())
            events = await compared.events(rows)
            assert [events[row.number].count for row in rows] == [3, 5]
            assert [each.position for each in events[rows[0].number].first] == [1, 3, 4]
        async with projecting(settings):
            await assert_true_to_the_log(settings, 6, BOTH)


@pytest.mark.parametrize("projection", [InPostgres, InValkey])
async def test_a_generation_that_is_ahead_is_folded_anew(settings: Settings, projection: type[Projection]) -> None:
    """A deploy lets the old generation stand still; the new one is compared as it was there, and that is said."""
    async with writer(settings) as facts:
        await recorded(settings, facts)
        code = newer(projection, projection.tables[0].row)
        await ready(settings, code)
        await facts.record(("ann", "click", 32), ("eve", "click", 1))
        async with projecting(settings, [projection()]):
            await caught_up(settings, 7, [projection()])
        async with diff(settings, code):
            pass
        async with site(settings, projection()) as generations:
            await rewind(settings, generations, (await generations.all())[0])
        async with diff(settings, code) as compared:
            assert compared.remark.startswith("generation 1 is at position 0, generation 2 at 7; what generation 2 was")
            assert compared.new.positions == compared.old.positions
            assert compared.diff.is_same


async def test_what_is_served_goes_on_while_it_is_read(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where both were at one position and one has gone on before its rows were taken, that is said."""
    spool, taken = VersionComparer.spool, []
    async with writer(settings) as facts:
        await recorded(settings, facts)

        async def going_on(self: VersionComparer, *args: Any) -> Any:
            taken.append(args[0].number)
            if len(taken) == 2:
                await facts.record(("ann", "click", 32))
                async with projecting(settings):
                    await caught_up(settings, 6)
            return await spool(self, *args)

        monkeypatch.setattr(VersionComparer, "spool", going_on)
        async with diff(settings, InPostgres(), old=1, new=1) as compared:
            assert compared.remark.startswith("generation 1 is at position 5, generation 1 at 6; not all differences")


async def rewind(settings: Settings, generations: Generations, generation: Generation) -> None:
    """Throw away what is served, as if it had never been followed."""
    store = generations.store(generation)
    if isinstance(store, ValkeyStore):
        await store.drop()
        return
    async with await connect(settings, application="test") as connection:
        for table in generations.projection.tables:
            await connection.execute(f"DELETE FROM {table.name}_g{generation.number}".encode())
        await connection.execute("UPDATE segments SET position = 0 WHERE generation = %s", [generation.number])


async def test_what_if_touches_nothing(settings: Settings) -> None:
    """A rule of an analyst, divided or not, against what is served."""
    async with writer(settings) as facts:
        await recorded(settings, facts)
        for segments in (4, 1):
            mine = newer(InPostgres, Richer, name="my_rule", segments=segments)
            async with what_if(settings, mine, InPostgres()) as compared:
                assert changed(compared) == ANN_CLICKS_DOUBLE
                assert (compared.old.position, compared.new.position, compared.remark) == (5, 5, "")
                (behind,) = (await compared.events(list(compared.diff.rows(limit=1)))).values()
                assert behind.count == 3
        async with site(settings, InPostgres()) as generations:
            assert [each.number for each in await generations.all()] == [1]
        async with site(settings, mine) as generations:
            assert await generations.all() == []


def failing(_: Fact, __: Rows) -> None:
    """Fail at everything."""
    raise ZeroDivisionError


async def test_a_rule_that_fails_is_named_with_its_first_event(settings: Settings) -> None:
    """The keys at whose facts it fails are left out, as they would wait."""
    async with writer(settings) as facts:
        await recorded(settings, facts)
        handlers = {"progress.activity_recorded": Handler(InPostgres.needs, failing, writes=InPostgres.tables)}
        mine = newer(InPostgres, InPostgres.tables[0].row, handlers=handlers, tables=InPostgres.tables)
        async with what_if(settings, mine, InPostgres()) as compared:
            assert compared.remark == "the fold fails for 2 keys, first at position 1: ZeroDivisionError: "
            assert [row.kind for row in compared.diff.rows()] == ["removed"] * 3


async def test_parked_keys_wait_in_a_what_if_as_well(settings: Settings) -> None:
    """Both sides are made of the same facts."""
    async with writer(settings) as facts, projecting(settings):
        await facts.record(("ann", "click", 1), ("bob", "click", 1))
        await facts.record_nonsense("ann")
        await facts.record(("ann", "click", 1), ("bob", "click", 1))
        await caught_up(settings, 5)
        async with what_if(settings, newer(InPostgres, InPostgres.tables[0].row, 1), InPostgres()) as compared:
            assert (compared.diff.is_same, compared.remark) == (True, "")


async def test_nothing_to_compare_is_said(settings: Settings) -> None:
    """A read model that is not served, one without another generation, and an unknown number."""
    expected: Sequence[tuple[dict[str, int], type[Exception], str]] = (
        ({}, RebuildError, "no generation of .* is ready: `campus projections rebuild"),
        ({"new": 9}, NoSuchGeneration, "no generation 9"),
    )
    with pytest.raises(RebuildError, match="no generation that is live"):
        async with diff(settings, InPostgres()):
            pass
    async with projecting(settings):
        await caught_up(settings, 0)
    for numbers, refused, said in expected:
        with pytest.raises(refused, match=said):
            async with diff(settings, InPostgres(), **numbers):  # type: ignore[arg-type]
                pass
