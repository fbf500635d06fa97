"""
Rebuilds, promotions and rollbacks that admins and analysts ask for; a projector carries them out.

What is asked for is a fact of the read model first, then a row that projectors look at (migration 0287). The same
request again makes the row if a process died in between.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import uuid_utils

from adapters.command_bus.bus import Bus
from adapters.postgres.connection import Connection
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops.lease import is_taken
from adapters.postgres.ops.rebuild_locks import RebuildLock, latest_holder, lock_of
from adapters.postgres.store import projection_jobs as table
from adapters.postgres.store.projection_job_shapes import NewJob
from adapters.settings import Settings
from commands.admin.read_models import RequestRebuild, RequestSwitch, StopProjectionJob
from commands.log import Context
from domain.admin import ReadModel, SwitchWanted, read_model_stream
from domain.admin.read_models import ReadModelBusy
from domain.errors import Conflict, NotFound
from domain.fact import Fact

REQUESTS = (ReadModel.RebuildRequested.TOPIC, ReadModel.SwitchRequested.TOPIC)
REBUILD, PROMOTION, ROLLBACK = "rebuild", "promotion", "rollback"


class ProjectionJobNotFound(NotFound):
    """No job has this id."""

    code = "projection_job_not_found"
    template = "there is no job {job_id} of a read model"


class ReadModelHeld(Conflict):
    """A process that was started at a command line works on the read model."""

    code = "read_model_held"
    template = (
        "{projection} is busy with a {what} by process {pid} on {host}, since {since} UTC: retry when it has ended"
    )


class Asked(NamedTuple):
    """What was asked for: the position of the fact, and the job."""

    position: int
    job_id: str


class ProjectionJobs:
    """The jobs of read models, as one process asks for them."""

    def __init__(self, log: PostgresLog, bus: Bus, settings: Settings) -> None:
        self._log = log
        self._bus = bus
        self._settings = settings

    async def rebuild(self, projection: str, reason: str, context: Context, *, from_scratch: bool) -> Asked:
        """
        Have a generation built beside the one that is served.

        Raises:
            ReadModelBusy, ReadModelHeld: the read model is being worked on.
        """
        return await self._ask(projection, lambda job: RequestRebuild(projection, job, from_scratch, reason), context)

    async def switch(self, projection: str, wanted: SwitchWanted, reason: str, context: Context) -> Asked:
        """Have the readers moved to another generation; raises as `rebuild`."""
        return await self._ask(projection, lambda job: RequestSwitch(projection, job, wanted, reason), context)

    async def stop(self, job_id: str, reason: str, context: Context) -> int:
        """Stop a job; returns the position of the fact. Raises ProjectionJobNotFound."""
        found = await self._log.link.run(lambda connection: table.progress(connection, job_id))
        if found is None:
            raise ProjectionJobNotFound(job_id=job_id)
        position = await self._bus.handle(StopProjectionJob(found.projection, job_id, reason), context)
        await self._log.link.run(lambda connection: table.end(connection, job_id, "stopped"))
        return position

    async def _ask(self, projection: str, command_of: Callable[[str], Any], context: Context) -> Asked:
        position = await self._bus.first_answer(context)
        if position is None:
            await self._log.link.run(lambda connection: self._must_be_free(connection, projection))
            try:
                position = await self._bus.handle(command_of(uuid_utils.uuid7().hex), context)
            except ReadModelBusy:
                await self._keep(projection, await self._log.stream(read_model_stream(projection)))
                raise
        facts = await self._log.at([position])
        await self._keep(projection, facts)
        return Asked(position, str(facts[0].data["job_id"]))

    async def _must_be_free(self, connection: Connection, projection: str) -> None:
        if not await is_taken(connection, self._settings, lock_of(projection)):
            return
        if not await self._has_job(projection):
            holder = await latest_holder(connection, projection) or RebuildLock(REBUILD, "another host", 0, "now")
            raise ReadModelHeld(projection=projection, **holder._asdict())

    async def _has_job(self, projection: str) -> bool:
        """Whether it is a job that holds the read model: then the rule about it says so."""
        found = await self._log.link.run(lambda connection: table.listed(connection, table.BEFORE_ALL, 1, projection))
        return bool(found) and found[0].ended_at is None

    async def _keep(self, projection: str, facts: list[Fact]) -> None:
        """Have projectors see what the last of these facts asks for."""
        fact = next((each for each in reversed(facts) if each.type in REQUESTS), None)
        if fact is not None:
            job = NewJob(str(fact.data["job_id"]), projection, what_of(fact), fact.position, fact.meta.actor)
            await self._log.link.run(lambda connection: table.keep(connection, job))


def what_of(fact: Fact) -> str:
    """What a fact asks for."""
    if fact.type == ReadModel.RebuildRequested.TOPIC:
        return REBUILD
    return ROLLBACK if fact.data["back"] else PROMOTION
