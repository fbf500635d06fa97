"""For the tests of rebuilds: read models that fail or differ by version, and looks at what a generation holds."""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg

from adapters.postgres.connection import connect
from adapters.postgres.ops.lag import segment_counts
from adapters.postgres.store.generations import Generation, Generations
from adapters.postgres.store.parking import parked_of
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from domain.fact import Fact
from domain.progress.progress_facts import ActivityRecorded
from domain.registry import FACTS
from projections.engine.projection import Handler, Projection, Rows
from tests.support.workers import BOTH, InPostgres, InValkey, caught_up, projecting
from workers.rebuild.build import RebuildRequest, rebuild
from workers.rebuild.content_digest import content_of
from workers.rebuild.report import RebuildReport
from workers.support.session import open_session

POISON = "CAMPUSLOG_TEST_POISON"  # in the environment, which processes of a rebuild inherit


class _Fussy(InPostgres):
    """Fails at facts of the kind that POISON names; its half change must leave no trace."""

    @classmethod
    def apply(cls, fact: Fact, rows: Rows) -> None:
        super().apply(fact, rows)
        if fact.data["kind"] == os.environ.get(POISON):
            raise ZeroDivisionError("what newer code may well do")


class FussyInPostgres(_Fussy):
    """Tallies in PostgreSQL, by code that fails."""


class FussyInValkey(_Fussy):
    """Tallies in Valkey, by code that fails."""

    name = InValkey.name
    store = "valkey"
    tally, total, tables = InValkey.tally, InValkey.total, InValkey.tables


class NextInPostgres(FussyInPostgres):
    """The next version: every amount counts double, so that rows tell by which version they were made."""

    version = 2

    @classmethod
    def apply(cls, fact: Fact, rows: Rows) -> None:
        super().apply(doubled(fact), rows)


class NextInValkey(FussyInValkey):
    """The next version, in Valkey."""

    version = 2

    @classmethod
    def apply(cls, fact: Fact, rows: Rows) -> None:
        super().apply(doubled(fact), rows)


class Doubled:
    """A fact with twice its amount."""

    def __init__(self, fact: Fact) -> None:
        self._fact = fact
        self.data = {**fact.data, "amount": 2 * fact.data["amount"]}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fact, name)


def doubled(fact: Fact) -> Any:
    """The fact with twice its amount."""
    return Doubled(fact)


for _projection in (FussyInPostgres, FussyInValkey, NextInPostgres, NextInValkey):
    _projection.handlers = {
        "progress.activity_recorded": Handler(_projection.needs, _projection.apply, writes=_projection.tables)
    }

FUSSY: tuple[Projection, ...] = (FussyInPostgres(), FussyInValkey())
NEXT: tuple[Projection, ...] = (NextInPostgres(), NextInValkey())


class Rewritten(ActivityRecorded):
    """What an activity might look like one day: amounts in thousandths."""

    class_version = 2

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Version 1 had whole numbers."""
        state["amount"] *= 1_000


class OfRewritten(InPostgres):
    """Tallies of facts that were rewritten; a process that gets this read model knows the new version, too."""

    def __reduce__(self) -> tuple[Callable[[], Projection], tuple[()]]:
        return _of_rewritten, ()


OfRewritten.handlers = {
    "progress.activity_recorded": Handler(OfRewritten.needs, OfRewritten.apply, writes=OfRewritten.tables)
}


def _of_rewritten() -> Projection:
    FACTS[Rewritten.TOPIC] = Rewritten
    return OfRewritten()


@asynccontextmanager
async def site(settings: Settings, projection: Projection) -> AsyncIterator[Generations]:
    """The generations of a read model."""
    async with open_session(settings, projection.name, "test") as (connection, valkey):
        yield Generations(connection, valkey, settings, projection)


async def all_of(settings: Settings, projection: Projection) -> list[Generation]:
    """Every generation of a read model, the oldest first."""
    async with site(settings, projection) as generations:
        return await generations.all()


async def statuses(settings: Settings, projection: Projection) -> list[str]:
    """What each generation is, the oldest first."""
    return [each.status for each in await all_of(settings, projection)]


async def digests(settings: Settings, projection: Projection) -> dict[int, str]:
    """The digest of what each generation holds now."""
    async with site(settings, projection) as generations:
        return {each.number: (await content_of(generations, each)).hexdigest() for each in await generations.all()}


async def rebuilt(settings: Settings, *projections: Projection, **more: Any) -> RebuildReport:
    """A rebuild of some read models."""
    return await rebuild(settings, RebuildRequest(projections, **more))


async def followed(settings: Settings, head: int, projections: Sequence[Projection] = BOTH) -> None:
    """Let a projector bring what is served to *head*, and end."""
    async with projecting(settings, projections):
        await caught_up(settings, head, projections)


async def assert_accounts(settings: Settings, projection: Projection, **expected: int) -> None:
    """Every fact of the log is in the account of every generation, and of all segments there are so many of a kind."""
    async with await connect(settings, application="test") as connection:
        found = [each for each in await segment_counts(connection) if each.projection == projection.name]
    assert found
    for each in found:
        assert each.difference == 0, each
    for name, number in expected.items():
        for generation in {each.generation for each in found}:
            of = [getattr(each, name) for each in found if each.generation == generation]
            assert sum(of) == number, (name, generation, of)


async def parked(settings: Settings, projection: Projection) -> list[dict[str, Any]]:
    """The parked keys of all generations of a read model."""
    async with await connect(settings, application="test") as connection:
        return await parked_of(connection, [projection.name])


@contextmanager
def locked(settings: Settings, table: str, mode: str = "ACCESS EXCLUSIVE") -> Iterator[None]:
    """Hold a lock on a table, as its owner, until the block ends."""
    of_read_model = table.startswith("tally")
    url = settings.postgres_url if of_read_model else settings.postgres_owner_url
    path = f"-c search_path={settings.schema_name},{settings.read_schema}"
    with psycopg.connect(url, options=path) as connection:
        connection.execute(f"LOCK TABLE {table} IN {mode} MODE".encode())
        yield
        connection.rollback()


async def waits_for_lock(settings: Settings, application: str) -> bool:
    """Whether a session of this name waits for a lock of another session."""
    query = """
        SELECT count(*) FROM pg_stat_activity
         WHERE application_name LIKE %s AND wait_event_type = 'Lock' AND wait_event <> 'advisory'
    """
    async with await connect(settings, application="test") as connection:
        row = await (await connection.execute(query, [f"campus:{application}%"])).fetchone()
        return bool(row and row[0])


async def gone_valkey(settings: Settings) -> None:
    """Valkey loses everything."""
    async with connect_valkey(settings) as valkey:
        await valkey.flushall()
