"""
Looks at a learner's records by others are recorded, before they are answered (decisions/0193).

If the log does not take the look, there is no answer.
"""

import asyncio
from collections.abc import Iterable

from adapters.command_bus.bus import Bus
from adapters.postgres.connection import Unavailable
from adapters.postgres.log.looks import is_known
from adapters.postgres.log.postgres_log import PostgresLog
from commands.admin import ViewNames, ViewRecord
from commands.log import Context
from domain.admin import UNSPECIFIED, Look
from projections.engine.moment import Moment

DEADLINE = 5.0  # seconds for a look to be recorded; one that is recorded later was not answered, which does no harm
AT_ONCE = 20  # looks of one request that are recorded side by side


def look_at(what: str, moment: Moment | None, reason: str | None) -> Look:
    """A look at something as of a moment, None for the present."""
    return Look(
        what=what,
        known_at=None if moment is None or moment.known_at is None else moment.position,
        valid_at=None if moment is None else moment.valid_at,
        reason=(reason or "").strip() or UNSPECIFIED,
    )


async def record_look(log: PostgresLog, bus: Bus, learner_id: str, look: Look, context: Context) -> None:
    """
    Record that the actor looks at what is recorded about a learner; nothing if that is the actor, or there is nothing.

    Raises:
        Unavailable: it cannot be recorded, so there is no answer.
    """
    if learner_id == context.actor or not await log.link.run(lambda connection: is_known(connection, learner_id)):
        return
    await _record(bus, ViewRecord(learner_id, look), context)


async def record_look_at_names(bus: Bus, run_id: str, context: Context) -> None:
    """Record that the actor looks at the names of the learners of a run, once on a day; raises as `record_look`."""
    await _record(bus, ViewNames(run_id), context)


async def _record(bus: Bus, command: ViewRecord | ViewNames, context: Context) -> None:
    try:
        async with asyncio.timeout(DEADLINE):
            await bus.handle(command, context)
    except TimeoutError as error:
        raise Unavailable("the log has not taken the look at this record, so there is no answer: try again") from error


async def record_looks(log: PostgresLog, bus: Bus, learners: Iterable[str], look: Look, context: Context) -> None:
    """Record the same look at several learners, each once, and at none whose id is empty; raises as `record_look`."""
    everyone = sorted({*learners} - {""})
    for first in range(0, len(everyone), AT_ONCE):
        some = everyone[first : first + AT_ONCE]
        await asyncio.gather(*(record_look(log, bus, learner_id, look, context) for learner_id in some))
