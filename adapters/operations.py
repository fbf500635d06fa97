"""
What failed, for those who run the campus: jobs, reactions and parked keys, to be looked at, tried again or dismissed.

Each decision is a fact first (domain/admin/operations.py); then the tables of the machinery follow. The same decision
again does it if a process died in between, and nothing if it was done since.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from adapters.command_bus.bus import Bus
from adapters.postgres.connection import Connection
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops import failed_reactions
from adapters.postgres.ops.failed_reactions import FailedReaction, Selection
from adapters.postgres.store import parking
from adapters.procrastinate.derived import FailedJob, dismiss, failed_jobs, retry
from commands.admin import DismissJob, DismissReaction, RetryJob, RetryKey, RetryReaction, SkipFact
from commands.admin.read_models import RequestRepair
from commands.log import Context
from domain.admin import UNSPECIFIED
from domain.errors import Conflict, NotFound


class JobNotFailed(NotFound):
    """No job of this id has failed for good, or it is settled by now."""

    code = "job_not_failed"
    template = "job {job_id} has not failed for good: see the list of those that have"


class ReactionNotFailed(NotFound):
    """No reaction of this name to this fact waits."""

    code = "reaction_not_failed"
    template = "no reaction {reaction} to the fact at position {position} waits: see the list of those that do"


class NothingParked(NotFound):
    """No facts of the key wait in what is served of the read model."""

    code = "nothing_parked"
    template = "nothing of {key} is parked in {projection}"


class FailsElsewhere(Conflict):
    """The key fails at another fact than was named, or at several."""

    code = "fails_elsewhere"
    template = "{key} fails at position {positions} of {projection}: name the one that is meant"


class NeedsRebuild(Conflict):
    """Rows of other keys may depend on the facts that wait."""

    code = "needs_rebuild"
    template = "facts of {key} concern rows of other keys in {projection}: only a rebuild makes them good"


class Operations:
    """What is decided about failures, in one process."""

    def __init__(self, log: PostgresLog, bus: Bus) -> None:
        self._log = log
        self._link = log.link
        self._bus = bus

    async def failed_jobs(self, after: int = 0, limit: int | None = None) -> list[FailedJob]:
        """Jobs that have failed for good, in the order of their ids."""
        return await self._link.run(lambda connection: failed_jobs(connection, after, limit))

    async def retry_job(self, job_id: int, context: Context) -> int:
        """Have the dispatcher try a job again; the position of the fact. Raises JobNotFailed."""
        job = await self._job(job_id)
        event_id, _, name = job.key.partition(":")
        position = await self._bus.handle(RetryJob(event_id, name, job.position), context)
        if await self._is_to_do(position, job.tried_at):
            await self._link.run(lambda connection: retry(connection, job_id))
        return position

    async def dismiss_job(self, job_id: int, reason: str, context: Context) -> int:
        """Take a job off the list, with the reason; the position of the fact. Raises JobNotFailed."""
        job = await self._job(job_id)
        event_id, _, name = job.key.partition(":")
        position = await self._bus.handle(DismissJob(event_id, name, job.position, reason), context)
        if await self._is_to_do(position, job.tried_at):
            await self._link.run(lambda connection: dismiss(connection, job_id))
        return position

    async def reactions(self, selection: Selection, states: Sequence[str]) -> list[FailedReaction]:
        """Reactions that were refused or have failed, in one of these states."""
        return await self._link.run(lambda connection: failed_reactions.listed(connection, selection, states))

    async def retry_reaction(self, position: int, reaction: str, context: Context) -> int:
        """Have the reactor try a reaction again, also one that was dismissed. Raises ReactionNotFailed."""
        states = (*failed_reactions.OPEN, *failed_reactions.DISMISSED)
        selection, row = await self._reaction(position, reaction, states)
        answer = await self.note_retried(row, context)
        if await self._is_to_do(answer, row.last_tried_at):
            await self._link.run(lambda connection: failed_reactions.request_retry(connection, selection))
        return answer

    async def dismiss_reaction(self, position: int, reaction: str, reason: str, context: Context) -> int:
        """Take a reaction off the list, with the reason. Raises ReactionNotFailed."""
        selection, row = await self._reaction(position, reaction, failed_reactions.OPEN)
        answer = await self.note_dismissed(row, reason, context)
        if await self._is_to_do(answer, row.last_tried_at):
            said = {"reason": reason, "by": context.actor}
            await self._link.run(lambda connection: failed_reactions.dismiss(connection, selection, **said))
        return answer

    async def note_retried(self, row: FailedReaction, context: Context) -> int:
        """Record that a reaction is to be tried again; the position of the fact."""
        return await self._bus.handle(RetryReaction(row.event_id, row.reaction, row.position), context)

    async def note_dismissed(self, row: FailedReaction, reason: str, context: Context) -> int:
        """Record that a reaction is dismissed; the position of the fact."""
        return await self._bus.handle(DismissReaction(row.event_id, row.reaction, row.position, reason), context)

    async def parked(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Keys whose facts wait in these read models; `needs_rebuild` is whether only a rebuild heals one."""
        return await self._link.run(lambda connection: parking.parked_of(connection, names))

    async def skipped(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Facts that these read models leave out."""
        return await self._link.run(lambda connection: parking.skipped_of(connection, names))

    async def retry_key(self, projection: str, key: str, context: Context) -> int:
        """
        Have the projector try a parked key again.

        Raises:
            NothingParked, NeedsRebuild.
        """
        rows = [row for row in await self.parked([projection]) if row["key"] == key]
        if not rows:
            raise NothingParked(projection=projection, key=key)
        if any(row["needs_rebuild"] for row in rows):
            raise NeedsRebuild(projection=projection, key=key)
        answer = await self.note_key_retried(projection, key, context)
        if await self._is_to_do(answer, *(row["tried_at"] for row in rows)):
            await self._link.run(lambda connection: parking.request_retry(connection, [projection], key))
        return answer

    async def note_key_retried(self, projection: str, key: str | None, context: Context) -> int:
        """Record that a parked key, or each of them, is to be tried again; the position of the fact."""
        return await self._bus.handle(RetryKey(projection, key), context)

    async def note_repair(self, projection: str, key: str, reason: str | None, context: Context) -> int:
        """Record that the rows of a key are to be recomputed from the log; the position of the fact."""
        return await self._bus.handle(RequestRepair(projection, key, reason or UNSPECIFIED), context)

    async def skip(
        self,
        projection: str,
        key: str,
        reason: str,
        context: Context,
        *,
        position: int | None = None,
        generation: int | None = None,
    ) -> tuple[int, int]:
        """
        Leave out the fact at which a parked key fails; its position, and that of the fact that says so.

        Args:
            position: at which it fails, as the person has seen it.
            generation: in which it waits; what is served when left out.

        Raises:
            NothingParked, FailsElsewhere.
        """
        if (first := await self._bus.first_answer(context)) is not None:
            (fact,) = await self._log.at([first])
            position = fact.data.get("position", position)  # the one that was meant, whatever the key fails at by now
        found = await self._link.run(lambda connection: parking.failing(connection, projection, key, generation))
        if not found:
            raise NothingParked(projection=projection, key=key)
        at = sorted(position for _, position in found)
        if (len(found) > 1 and position is None) or position not in {None, *at}:
            positions = ", ".join(map(str, at))
            raise FailsElsewhere(projection=projection, key=key, positions=positions)
        version, failed = next(each for each in found if position in {None, each[1]})
        answer = await self._bus.handle(SkipFact(projection, key, failed, version, reason), context)

        async def leave_out(connection: Connection) -> None:
            said = {"reason": reason, "by": context.actor}
            await parking.skip(connection, projection, key, position=failed, generation=generation, **said)

        await self._link.run(leave_out)
        return failed, answer

    async def _is_to_do(self, position: int, *tries: datetime | None) -> bool:
        """
        Whether what the fact at a position asks for is still to be done; not for a request that is sent once more.

        It was done if it was tried since, and is out of date if another decision about the same has followed.
        """
        (fact,) = await self._log.at([position])
        if any(at is not None and at > fact.recorded_at for at in tries):
            return False
        about = [
            each for each in await self._log.stream(fact.stream_id) if each.data.get("key") == fact.data.get("key")
        ]
        return about[-1].position == position

    async def _job(self, job_id: int) -> FailedJob:
        found = await self.failed_jobs(job_id - 1, 1)
        if not found or found[0].id != job_id:
            raise JobNotFailed(job_id=job_id)
        return found[0]

    async def _reaction(self, position: int, reaction: str, states: Sequence[str]) -> tuple[Selection, FailedReaction]:
        selection = Selection(None, reaction, position)
        rows = await self.reactions(selection, states)
        if not rows:
            raise ReactionNotFailed(position=position, reaction=reaction)
        return selection, rows[0]
