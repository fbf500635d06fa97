"""
Promotion and rollback: readers move from one generation of a read model to another.

    1  the new generation catches up with the log until few facts are missing; projectors follow the old one meanwhile
    2  the old one is fenced: its projectors write nothing any more
    3  the new one goes as far as the old one is, so that no reader's position goes back
    4  one transaction moves the pointer, and appends the fact that says so; the old one is kept for a rollback

A process that dies in between leaves the old generation live, and projectors take its segments again.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import NamedTuple

from adapters.command_bus.in_transaction import carry_out
from adapters.postgres.connection import Connection
from adapters.postgres.log.pages import read_head
from adapters.postgres.ops.lag import segment_counts
from adapters.postgres.ops.lease import acquire
from adapters.postgres.store.generations import Generation, Generations, numbered, served_before
from adapters.postgres.store.ownership import fence, switching
from adapters.postgres.store.parking import held
from adapters.postgres.store.projection_jobs import end as end_job
from adapters.settings import Settings
from adapters.stores.protocol import Overtaken
from adapters.valkey.client import Valkey
from commands.admin.read_models import RecordDrop, RecordSwitch
from commands.log import Context
from domain.admin import UNSPECIFIED, Switch
from projections.engine.fingerprint import code_digest, source_hash
from projections.engine.projection import Projection
from workers.rebuild.catch_up import catch_up, take_over
from workers.rebuild.lock import RebuildError, rebuild_lock
from workers.rebuild.selection import default_candidate
from workers.support.progress import Advance, silent
from workers.support.session import open_session

NEARLY = 200  # missing facts, at which the projectors of the old generation are stopped
ROUNDS = 50  # of catching up, at most, before they are stopped anyway


class By(NamedTuple):
    """Who switches, and why, by which job if by one; the time of the context is not used."""

    context: Context = Context("operator", source="cli")
    reason: str | None = None
    job_id: str | None = None


UNKNOWN = By()


class Switched(NamedTuple):
    """
    From which generation to which.

    Attributes:
        position: up to which the new one holds all facts.
        seconds: for which readers saw the old one stand still.
        facts_behind: facts that the new one lacks, because only other code can fold them.
        parked: keys of the new one that wait at a fact at which its code fails.
    """

    before: int | None
    after: int
    position: int
    seconds: float
    facts_behind: int = 0
    parked: int = 0


class Promotion:
    """
    Promotes, rolls back and drops generations of one read model.

    Args:
        by: in whose name.
    """

    def __init__(
        self, connection: Connection, valkey: Valkey, settings: Settings, projection: Projection, by: "By"
    ) -> None:
        self._connection = connection
        self._by = by
        self._settings = settings
        self._projection = projection
        self._generations = Generations(connection, valkey, settings, projection)

    async def promote(self, number: int | None, *, with_parked: bool, advance: Advance) -> Switched:
        """
        Make a generation live: *number*, be it `ready` or served before, or the newest one of this code that is ready.

        Args:
            with_parked: also when it parks keys that the live one does not.
        """
        name, known = self._projection.name, await self._generations.all()
        if number is None:
            chosen = default_candidate(known, self._projection)
        else:
            chosen = numbered(known, name, number, ["ready", "retired"])
        if chosen.version != self._projection.version:
            raise RebuildError(
                f"generation {chosen.number} of {name} was built by version {chosen.version} of its code, this is"
                f" version {self._projection.version}: deploy that code first, or rebuild with this one"
            )
        await self._check_account(chosen)
        if not with_parked:
            await self._check_parked(chosen)
        return await self._switch(chosen, advance)

    async def _check_parked(self, chosen: Generation) -> None:
        """Refuse a generation that parks keys the live one does not: its rule is likely to be wrong."""
        name, live = self._projection.name, await self._live()
        new = await self._parked(chosen) - (await self._parked(live) if live else set())
        if new:
            keys = "1 key is" if len(new) == 1 else f"{len(new):,} keys are"
            raise RebuildError(
                f"{keys} parked in generation {chosen.number} of {name} and not in what is served, such as {min(new)}:"
                f" see `campus projections parked {name}`, or serve it --with-parked"
            )

    async def _parked(self, generation: Generation) -> set[str]:
        place = self._projection.name, generation.number, generation.version
        return {key for _, key in (await held(self._connection, *place)).waiting}

    async def _check_account(self, chosen: Generation) -> None:
        """Refuse a generation in which facts are lost or doubled, whatever the reason."""
        name = self._projection.name
        for each in await segment_counts(self._connection):
            if (each.projection, each.generation) == (name, chosen.number) and not each.adds_up:
                raise RebuildError(
                    f"generation {chosen.number} of {name} does not account for {abs(each.difference):,} facts of its"
                    f" segment {each.segment}: rebuild it with --from-scratch"
                )

    async def roll_back(self, *, as_it_was: bool, advance: Advance) -> Switched:
        """
        Make the generation live again that was live before.

        Args:
            as_it_was: also when only code of another version can bring it up to date.
        """
        name = self._projection.name
        chosen = served_before(await self._generations.all())
        if chosen is None:
            raise RebuildError(f"{name} has no generation to go back to")
        if chosen.version == self._projection.version:
            return await self._switch(chosen, advance, back=True)
        if not as_it_was:
            raise RebuildError(
                f"generation {chosen.number} of {name} was built by version {chosen.version} of its code, and only"
                f" that can bring it up to date: put that code back first, or serve it --as-it-was"
            )
        return await self._switch_as_it_was(chosen)

    async def _switch(self, chosen: Generation, advance: Advance, *, back: bool = False) -> Switched:
        writer = await take_over(self._connection, self._settings, self._generations, chosen)
        for _ in range(ROUNDS):
            head = await read_head(self._connection)
            if head - writer.next_batch_range().position <= NEARLY:
                break
            await catch_up(self._connection, writer, head, advance)
        await acquire(self._connection, self._settings, switching(self._projection.name))
        stopped = time.perf_counter()
        await self._stop_followers()
        # What was served may stand above the head, where the log went back: it is no position to reach.
        await catch_up(self._connection, writer, await read_head(self._connection), advance)
        live, position = await self._live(), writer.next_batch_range().position
        await self._go_live(chosen, live, position, back=back)
        seconds = round(time.perf_counter() - stopped, 3)
        await writer.publish_counts()
        await writer.release_all()
        parked = len(await self._parked(chosen))
        return Switched(live.number if live else None, chosen.number, position, seconds, parked=parked)

    async def _switch_as_it_was(self, chosen: Generation) -> Switched:
        await acquire(self._connection, self._settings, switching(self._projection.name))
        stopped = time.perf_counter()
        await self._stop_followers()
        live, position = await self._live(), min((await self._generations.store(chosen).positions()).values())
        head = await read_head(self._connection)
        await self._go_live(chosen, live, position, back=True)
        seconds = round(time.perf_counter() - stopped, 3)
        return Switched(live.number if live else None, chosen.number, position, seconds, head - position)

    async def _go_live(self, chosen: Generation, live: Generation | None, position: int, *, back: bool) -> None:
        """Move the pointer, and record that as a fact, both or none."""
        same = chosen.code == code_digest(self._projection)
        switch = Switch(
            generation=chosen.number,
            before=live.number if live else None,
            version=chosen.version,
            code=chosen.code,
            source_hash=chosen.rule or (source_hash(self._projection) if same else None),
            position=position,
            reason=self._by.reason or UNSPECIFIED,
        )

        async def record() -> None:
            clock = self._settings.clock()
            context = replace(self._by.context, at=clock.now())
            name, job_id = self._projection.name, self._by.job_id
            if job_id is not None:
                await end_job(self._connection, job_id, "finished", generation=chosen.number)
            await carry_out(self._connection, RecordSwitch(name, switch, back, job_id), context, clock)

        await self._generations.go_live(chosen, record)

    async def _live(self) -> Generation | None:
        return next((each for each in await self._generations.all() if each.status == "live"), None)

    async def _stop_followers(self) -> None:
        """Fence the live generation: it stands from now on."""
        live = await self._live()
        if live is None:
            return
        store = self._generations.store(live)
        for segment in range(live.segments):
            place = self._connection, self._projection.name, live.number, segment
            try:
                await store.claim(segment, await fence(*place))
            except Overtaken as overtaken:  # an epoch from before PostgreSQL was restored to an earlier state
                await store.claim(segment, await fence(*place, above=overtaken.epoch))

    async def drop(self, number: int) -> None:
        """Delete a generation that is not live."""
        name, known = self._projection.name, await self._generations.all()
        chosen = numbered(known, name, number, ["building", "ready", "retired"])

        async def record() -> None:
            clock = self._settings.clock()
            command = RecordDrop(name, chosen.number, chosen.version, self._by.reason or UNSPECIFIED)
            await carry_out(self._connection, command, replace(self._by.context, at=clock.now()), clock)

        await self._generations.drop(chosen, record)


async def promote(
    settings: Settings,
    projection: Projection,
    number: int | None = None,
    advance: Advance = silent,
    *,
    with_parked: bool = False,
    by: By = UNKNOWN,
) -> Switched:
    """
    Make a generation live; readers see no gap. It is a fact, with who has done it and why.

    Args:
        number: of one that is ready, or was served before; the newest ready one that this code has built when left out.
        with_parked: also when it parks keys that the live one does not.

    Raises:
        NoSuchGeneration: there is none with this number, or it is served or still being built.
        RebuildError: none is ready, it is of another version, does not account for all facts, keys are parked in it,
            or another process builds or switches this read model.
        BlockedByReaders: a query keeps the views locked; nothing has moved.
    """
    async with _opened(settings, projection, "promote", by) as promotion:
        return await promotion.promote(number, with_parked=with_parked, advance=advance)


async def roll_back(
    settings: Settings,
    projection: Projection,
    *,
    as_it_was: bool = False,
    advance: Advance = silent,
    by: By = UNKNOWN,
) -> Switched:
    """Make the generation live again that was live before; raises as `promote`."""
    async with _opened(settings, projection, "rollback", by) as promotion:
        return await promotion.roll_back(as_it_was=as_it_was, advance=advance)


async def drop(settings: Settings, projection: Projection, number: int, by: By = UNKNOWN) -> None:
    """
    Delete a generation that is not live. It is a fact, with who has done it and why.

    Raises:
        NoSuchGeneration: it is live, or there is none with this number.
        BlockedByReaders: a query keeps its tables locked; nothing was deleted.
        InUse: views of other owners use its tables; nothing was deleted.
    """
    async with _opened(settings, projection, "drop", by) as promotion:
        await promotion.drop(number)


@asynccontextmanager
async def _opened(settings: Settings, projection: Projection, what: str, by: By = UNKNOWN) -> AsyncIterator[Promotion]:
    async with (
        open_session(settings, projection.name, what) as (connection, valkey),
        rebuild_lock(connection, settings, [projection.name], what),
    ):
        yield Promotion(connection, valkey, settings, projection, by)
