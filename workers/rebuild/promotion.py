"""
Switching readers from one generation of a read model to another.

    1  the new generation follows the log until it is nearly there; the old one is served and followed meanwhile
    2  the old one is fenced: whoever follows it writes nothing any more
    3  the new one goes as far as the old one is, so that nobody's position goes back
    4  one transaction moves the pointer; the old one is kept for a rollback

Who dies in between leaves the old generation served, and its followers take it up again.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from adapters.postgres.connection import Connection, PostgresError, connect, is_broken
from adapters.postgres.log.pages import read_facts, read_head
from adapters.postgres.ops.lag import segment_counts
from adapters.postgres.ops.lease import acquire
from adapters.postgres.store.generations import Generation, Generations
from adapters.postgres.store.ownership import fence, switching
from adapters.postgres.store.parking import held
from adapters.settings import Settings
from adapters.valkey.client import Valkey, ValkeyConnectionError, ValkeyTimeoutError
from adapters.valkey.client import connect as connect_valkey
from projections.engine.live import Fenced
from projections.engine.projection import Projection
from workers.projecting.generation_writer import GenerationWriter
from workers.rebuild.lock import RebuildError, rebuild_lock
from workers.rebuild.selection import default_candidate
from workers.support.progress import Advance

PAGE = 10_000  # facts
NEARLY = 200  # facts behind, at which the followers of the old generation are stopped
ROUNDS = 50  # of catching up, at most, before they are stopped anyway
TAKE_PATIENCE = 10.0  # seconds to wait for whoever has a segment of the new generation
TAKE_PAUSE = 0.05  # seconds between attempts
GONE = 1_000  # milliseconds in which the server notices that a client is gone: its locks must not outlive it


def _silent(_: int) -> None:
    """Show nothing."""


class Switched(NamedTuple):
    """
    From which generation to which.

    Attributes:
        position: for which the new one is true.
        seconds: for which readers saw the old one stand still.
        facts_behind: of one that no code at hand can bring up to date.
        parked: keys of the new one that wait at a fact at which its code fails.
    """

    before: int | None
    after: int
    position: int
    seconds: float
    facts_behind: int = 0
    parked: int = 0


class Switcher:
    """Promotes and rolls back one read model, over a connection that nobody else uses at the same time."""

    def __init__(self, connection: Connection, valkey: Valkey, settings: Settings, projection: Projection) -> None:
        self._connection = connection
        self._settings = settings
        self._projection = projection
        self._generations = Generations(connection, valkey, settings, projection)

    async def promote(self, number: int | None, *, with_parked: bool, advance: Advance) -> Switched:
        """
        Serve a generation that is ready: *number*, or the newest one of this code.

        Args:
            with_parked: also when keys are parked in it that are not in what is served.
        """
        name, known = self._projection.name, await self._generations.all()
        chosen = default_candidate(known, self._projection) if number is None else self._numbered(known, number)
        if chosen.version != self._projection.version:
            raise RebuildError(
                f"generation {chosen.number} of {name} was built by version {chosen.version} of its code, this is"
                f" version {self._projection.version}: rebuild it with this code, or promote it with that one"
            )
        await self._check_account(chosen)
        if not with_parked:
            await self._check_parked(chosen)
        return await self._switch(chosen, advance)

    def _numbered(self, known: Sequence[Generation], number: int) -> Generation:
        """The generation of this number, which must be ready."""
        name = self._projection.name
        found = next((each for each in known if each.number == number), None)
        if found is None:
            raise RebuildError(f"{name} has no generation {number}: see `campus projections status {name}`")
        match found.status:
            case "building":
                raise RebuildError(
                    f"generation {number} of {name} is still being built: `campus projections rebuild {name}` goes on"
                )
            case "live":
                raise RebuildError(f"generation {number} of {name} is the one that is served")
            case "retired":
                raise RebuildError(
                    f"generation {number} of {name} was served before: `campus projections rollback {name}` goes back"
                    f" to the one that was served last"
                )
        return found

    async def _check_parked(self, chosen: Generation) -> None:
        """A rule that fails where that which is served does not is a mistake, unless somebody says otherwise."""
        name, live = self._projection.name, await self._live()
        new = await self._parked(chosen) - (await self._parked(live) if live else set())
        if new:
            keys = "1 key is" if len(new) == 1 else f"{len(new):,} keys are"
            raise RebuildError(
                f"{keys} parked in generation {chosen.number} of {name} and not in what is served, such as {min(new)}:"
                f" see `campus projections parked {name}`, or serve it --with-parked"
            )

    async def _parked(self, generation: Generation) -> set[str]:
        """The keys that wait."""
        place = self._projection.name, generation.number, generation.version
        return {key for _, key in (await held(self._connection, *place)).waiting}

    async def _check_account(self, chosen: Generation) -> None:
        """Whatever went wrong in the making of a generation, facts that are lost or doubled are never served."""
        name = self._projection.name
        for each in await segment_counts(self._connection):
            if (each.projection, each.generation) == (name, chosen.number) and not each.adds_up:
                raise RebuildError(
                    f"generation {chosen.number} of {name} does not account for {abs(each.difference):,} facts of its"
                    f" segment {each.segment}: rebuild it with --from-scratch"
                )

    async def roll_back(self, *, as_it_was: bool, advance: Advance) -> Switched:
        """
        Serve the generation again that was served before the live one.

        Args:
            as_it_was: also when this code cannot bring it up to date, being of another version.
        """
        name = self._projection.name
        retired = [each for each in await self._generations.all() if each.status == "retired" and each.live_at]
        if not retired:
            raise RebuildError(f"{name} has no generation to go back to")
        chosen = max(retired, key=lambda each: (each.live_at, each.number))
        if chosen.version == self._projection.version:
            return await self._switch(chosen, advance)
        if not as_it_was:
            raise RebuildError(
                f"generation {chosen.number} of {name} was built by version {chosen.version} of its code, and only"
                f" that can bring it up to date: put that code back first, or serve it --as-it-was"
            )
        return await self._switch_as_it_was(chosen)

    async def _switch(self, chosen: Generation, advance: Advance) -> Switched:
        work = await self.at_work(chosen)
        for _ in range(ROUNDS):
            head = await read_head(self._connection)
            if head - work.next_batch_range().position <= NEARLY:
                break
            await self.follow(work, head, advance)
        await acquire(self._connection, self._settings, switching(self._projection.name))
        stopped = time.perf_counter()
        before = await self._stop_followers()
        head = max([await read_head(self._connection), *(before.values() if before else [])])
        await self.follow(work, head, advance)
        live = await self._live()
        await self._generations.go_live(chosen)
        seconds = round(time.perf_counter() - stopped, 3)
        position = work.next_batch_range().position
        await work.publish_counts()
        await work.release_all()
        parked = len(await self._parked(chosen))
        return Switched(live.number if live else None, chosen.number, position, seconds, parked=parked)

    async def _switch_as_it_was(self, chosen: Generation) -> Switched:
        await acquire(self._connection, self._settings, switching(self._projection.name))
        stopped = time.perf_counter()
        await self._stop_followers()
        live = await self._live()
        await self._generations.go_live(chosen)
        seconds = round(time.perf_counter() - stopped, 3)
        position = min((await self._generations.store(chosen).positions()).values())
        head = await read_head(self._connection)
        return Switched(live.number if live else None, chosen.number, position, seconds, head - position)

    async def _live(self) -> Generation | None:
        return next((each for each in await self._generations.all() if each.status == "live"), None)

    async def _stop_followers(self) -> dict[int, int]:
        """Fence the live generation; returns the checkpoints at which it stands from now on."""
        live = await self._live()
        if live is None:
            return {}
        store = self._generations.store(live)
        for segment, epoch in (await fence(self._connection, self._projection.name, live.number)).items():
            await store.claim(segment, epoch)
        return await store.positions()

    async def at_work(self, generation: Generation) -> GenerationWriter:
        """A generation that is not served, with all its segments, to be brought up to date."""
        work = GenerationWriter(self._connection, self._settings, self._generations, generation)
        try:
            async with asyncio.timeout(TAKE_PATIENCE):
                while len(work.positions) < generation.segments:
                    await work.take(generation.segments)
                    await asyncio.sleep(TAKE_PAUSE)
        except TimeoutError:
            raise RebuildError(f"somebody else works on generation {generation.number}") from None
        return work

    async def follow(self, work: GenerationWriter, until: int, advance: Advance = _silent) -> None:
        """Fold the facts up to the position *until*, over rows that are in the store."""
        while (behind := work.next_batch_range()).position < until:
            end = min(behind.position + PAGE, until)
            facts = behind.cut(await read_facts(self._connection, behind.position, end))
            if not facts:
                raise RebuildError(f"the log has no facts behind position {behind.position}")
            await work.step(behind.segments, facts)
            advance(len(facts))


async def promote(
    settings: Settings,
    projection: Projection,
    number: int | None = None,
    advance: Advance = _silent,
    *,
    with_parked: bool = False,
) -> Switched:
    """
    Serve a generation that is ready in the place of the live one; nobody who reads notices.

    Args:
        number: of a generation; the newest one that this code has built when left out.
        with_parked: also when keys are parked in it that are not in what is served.

    Raises:
        RebuildError: there is none, it is of another version, does not account for all facts, keys are parked in it, or
            somebody else builds or switches this read model.
        StillRead: a query does not let go of the views; nothing has moved.
    """
    return await _with_switcher(
        settings,
        projection,
        "promote",
        lambda switcher: switcher.promote(number, with_parked=with_parked, advance=advance),
    )


async def roll_back(
    settings: Settings, projection: Projection, *, as_it_was: bool = False, advance: Advance = _silent
) -> Switched:
    """Serve the generation again that was served before; raises as `promote`."""
    return await _with_switcher(
        settings, projection, "rollback", lambda switcher: switcher.roll_back(as_it_was=as_it_was, advance=advance)
    )


async def _with_switcher(
    settings: Settings, projection: Projection, what: str, act: Callable[[Switcher], Awaitable[Switched]]
) -> Switched:
    async with (
        opened(settings, projection.name, what) as (connection, valkey),
        rebuild_lock(connection, settings, [projection.name], what),
    ):
        return await act(Switcher(connection, valkey, settings, projection))


async def drop(settings: Settings, projection: Projection, number: int) -> None:
    """
    Delete a generation that is not served.

    Raises:
        RebuildError: it is, or there is no such generation.
        StillRead: a query does not let go of its tables; nothing was deleted.
        StillUsed: views of somebody's own are made of its tables; nothing was deleted.
    """
    async with (
        opened(settings, projection.name, "drop") as (connection, valkey),
        rebuild_lock(connection, settings, [projection.name], "drop"),
    ):
        generations = Generations(connection, valkey, settings, projection)
        found = next((each for each in await generations.all() if each.number == number), None)
        if found is None:
            raise RebuildError(f"{projection.name} has no generation {number}")
        if found.status == "live":
            raise RebuildError(f"generation {number} of {projection.name} is the one that is served")
        await generations.drop(found)


@asynccontextmanager
async def opened(settings: Settings, name: str, what: str) -> AsyncIterator[tuple[Connection, Valkey]]:
    """
    A connection to PostgreSQL that finds the read models' tables, and one to Valkey.

    Raises:
        RebuildError: a server has gone away, or rows have changed that nobody else should touch; what was done is kept.
    """
    valkey = connect_valkey(settings)
    schemas = f"{settings.schema_name},{settings.read_schema}"
    try:
        async with await connect(
            settings,
            application=f"{what} {name}",
            search_path=schemas,
            statement_timeout=0,
            client_connection_check_interval=GONE,
        ) as connection:
            yield connection, valkey
    except Fenced as error:
        raise RebuildError(
            f"the {what} of {name} has met rows that were lost or changed by somebody else: start it again"
        ) from error
    except PostgresError as error:
        if not is_broken(error):
            raise
        raise RebuildError(f"PostgreSQL has gone away during the {what} of {name}: start it again") from error
    except (ValkeyConnectionError, ValkeyTimeoutError) as error:
        raise RebuildError(f"Valkey has gone away during the {what} of {name}: start it again") from error
    finally:
        await valkey.aclose()
