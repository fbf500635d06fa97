"""
Verifies read models against the log while everything runs: each segment of what is live is read as it is at one moment,
then the log is folded up to exactly there, in one pass for all read models, by the fold that rebuilds them.

Where a row is not as it should be, the first event at which it and the log went apart is looked for.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from adapters.postgres.bulk.page_reader import PageReader
from adapters.postgres.connection import Connection
from adapters.postgres.store.generations import Generation, Generations, generations, live, numbered
from adapters.postgres.store.parking import held, without
from adapters.settings import Settings
from adapters.spill import SqliteDatabase
from adapters.stores.fresh_fold import fresh_fold
from projections.engine.bulk.fresh import FoldTarget
from projections.engine.live import Fenced
from projections.engine.merge import merged
from projections.engine.projection import Projection
from projections.engine.verification import Verdict, Verification
from workers.consistency.explain import DivergenceFinder
from workers.support.session import open_session
from workers.support.threads import run_in_daemon_thread

EXPLAINED = 2  # rows of each read model for which the event is looked for at which they went wrong


class CannotVerify(Exception):
    """A generation that cannot be compared with the log by this code, as a sentence."""


class NeverBuilt(CannotVerify):
    """A read model that no projector has ever worked on."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the read model {name} has not been built yet: is a projector running?")


async def verify(
    settings: Settings,
    projections: Sequence[Projection],
    *,
    generation: int | None = None,
    folded: Callable[[int], None] = lambda _: None,
) -> list[Verdict]:
    """
    Compare each of *projections* with a fresh fold of the log.

    Args:
        generation: number of the one to compare; that which is served when left out.
        folded: called with the number of positions passed since.

    Raises:
        NeverBuilt: one of them does not exist yet.
        NoSuchGeneration: the generation does not exist, or is being built.
        CannotVerify: it was built by another version of the code.
    """
    names = " ".join(projection.name for projection in projections)
    async with open_session(settings, names, "verify") as (connection, valkey):
        with ExitStack() as stack:
            sites = [Generations(connection, valkey, settings, projection) for projection in projections]
            chosen = [await chosen_of(connection, projection, generation) for projection in projections]
            found = [await snapshot_of(*each, connection, stack) for each in zip(sites, chosen, strict=True)]
            verdicts = await run_in_daemon_thread(compare_with_log, settings, found, folded)
        for site, of, verdict in zip(sites, chosen, verdicts, strict=True):
            verdict.generation = of.number
            explaining = DivergenceFinder(connection, site, of)
            for difference in verdict.differences[:EXPLAINED]:
                verdict.causes.append(await explaining.cause(difference))
        return verdicts


async def chosen_of(connection: Connection, projection: Projection, number: int | None) -> Generation:
    """
    The generation with this number, or that which is served.

    Raises:
        NotBuilt, NoSuchGeneration, CannotVerify: as `verify`.
    """
    name = projection.name
    if number is None:
        found = await live(connection, name)
        if found is None:
            raise NeverBuilt(name)
    else:
        found = numbered(await generations(connection, name), name, number, ["ready", "live", "retired"])
    if (found.version, found.segments) != (projection.version, projection.segments):
        raise CannotVerify(
            f"generation {found.number} of {name} was built by version {found.version} of its code, and this is"
            f" version {projection.version}: only the code that has built it can say whether it is right"
        )
    return found


async def snapshot_of(
    site: Generations, generation: Generation, connection: Connection, stack: ExitStack
) -> Verification:
    """What each segment of a generation holds at its checkpoint, put into a comparison that ends with *stack*."""
    place = site.projection.name, generation.number, generation.version
    store = site.store(generation)
    while True:  # rows and parked keys may be on two servers: look until nothing was parked or healed meanwhile
        before, healed = await held(connection, *place), await store.healed()
        waiting = await without(connection, before, healed)
        with ExitStack() as attempt:
            try:
                async with store.snapshot() as (positions, rows):
                    verification = attempt.enter_context(
                        Verification(FoldTarget(site.projection, positions, waiting), SqliteDatabase())
                    )
                    for key, row in merged(rows):
                        verification.add_live(key, row)
            except Fenced:
                raise CannotVerify(f"generation {generation.number} of {site.projection.name} was dropped") from None
            if (before, healed) == (await held(connection, *place), await store.healed()):
                stack.push(attempt.pop_all())
                return verification


def compare_with_log(
    settings: Settings, verifications: Sequence[Verification], folded: Callable[[int], None]
) -> list[Verdict]:
    """Fold the log and compare; blocks until that is done."""
    with fresh_fold(PageReader(settings, ahead=True), [each.live for each in verifications], folded) as fresh:
        verdicts = []
        for verification in verifications:
            for key, row in fresh.rows(verification.live):
                verification.add_fresh(key, row)
            verdicts.append(verification.verdict(fresh.poison(verification.live)))
        return verdicts
