"""
How a bulk job is prepared, started, carried out, stopped and undone.

A job goes on as long as who has started it may start one. A line is done at most once: its command has the key
`bulk:JOB:LINE`, so who goes on after a process has died gets the first answer for what was done and not yet noted. A
line that is refused keeps no other one back.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import uuid4

import msgspec
import structlog

from adapters.bulk import table
from adapters.bulk.kinds import ROLE, SCOPE, UNTIL, checked, command_of, undone
from adapters.bulk.rights import may_go_on
from adapters.bulk.table import NewJob, NewLine, Outcome
from adapters.command_bus.bus import Bus
from adapters.command_bus.dry_run import foreseen
from adapters.command_bus.replay import replayed
from adapters.csv_lines import BadLine, Cells
from adapters.postgres.connection import PostgresError, Unavailable
from adapters.postgres.log.append import VersionConflict
from adapters.postgres.log.postgres_log import PostgresLog
from commands.admin import FinishBulkJob, PrepareBulkJob, StartBulkJob, StopBulkJob
from commands.log import Context
from domain.admin.bulk_jobs import BulkJob, BulkJobNotFound, BulkKind, BulkStatus, bulk_stream, digest_of
from domain.errors import DomainError, Rejected
from domain.fact import Fact
from domain.roles import CAMPUS, Grant, Roles, roles_stream

TOGETHER = 20  # lines that are carried out before their outcomes are written
OTHER_LINES = "the lines are not those of the dry run"
LOST = "who has started it is suspended, or may not do that any more"
ERROR = "an unexpected error: the log of the dispatcher has its cause"

logger = structlog.get_logger()


class NoLines(Rejected):
    """There is nothing to do."""

    code = "no_lines"
    template = "there is no line"


class Prepared(NamedTuple):
    """A dry run: its id, and what it has said of each line."""

    job_id: str
    lines: Sequence[NewLine]


class BulkJobs:
    """The bulk jobs of a campus, in one process."""

    def __init__(self, log: PostgresLog, bus: Bus) -> None:
        self._log = log
        self._bus = bus

    async def prepare(
        self, kind: BulkKind, cells: Sequence[Cells | BadLine], context: Context, *, undoes: str | None = None
    ) -> Prepared:
        """
        Say line by line what would happen, by the log as it is now and each line by itself, and keep it.

        Raises:
            NoLines: there is none.
        """
        if not cells:
            raise NoLines
        lines = await self.foresee(kind, cells, context)
        job_id = uuid4().hex
        digest = digest_of((each.line, each.fields) for each in lines)
        job = NewJob(job_id, kind.value, context.actor, undoes)
        await self._log.link.run(lambda connection: table.keep(connection, job, lines))
        await self._bus.handle(PrepareBulkJob(job_id, kind, len(lines), digest, undoes), context)
        return Prepared(job_id, lines)

    async def foresee(self, kind: BulkKind, cells: Sequence[Cells | BadLine], context: Context) -> Sequence[NewLine]:
        """What each line would do now, by itself; nothing is kept."""
        return [await self._foreseen(kind, each, context) for each in cells]

    async def start(self, job_id: str, reason: str, context: Context) -> int:
        """Have a dispatcher carry the job out; the position of the fact. Raises BulkJobNotFound, BulkJobEnded."""
        position = await self._bus.handle(StartBulkJob(job_id, reason), context)
        await self._log.link.run(lambda connection: table.start(connection, job_id))
        return position

    async def stop(self, job_id: str, context: Context) -> int:
        """Have no further line carried out; the position of the fact. Raises BulkJobNotFound."""
        position = await self._bus.handle(StopBulkJob(job_id), context)
        await self._log.link.run(lambda connection: table.end(connection, job_id))
        return position

    async def kind_of_undo(self, job_id: str) -> BulkKind:
        """By which kind of job another is undone; raises BulkJobNotFound, NotUndone."""
        return (await self._job(job_id)).undone_by()

    async def prepare_undo(self, job_id: str, context: Context) -> Prepared:
        """
        A dry run of the job that undoes what another has done, the last line first.

        Raises:
            BulkJobNotFound, NotUndone.
        """
        kind = await self.kind_of_undo(job_id)
        done = await self._log.link.run(lambda connection: table.done_of(connection, job_id))
        cells = [Cells(number, dict(undone(kind, fields))) for number, (_, fields) in enumerate(done, 1)]
        return await self.prepare(kind, [checked(kind, each) for each in cells], context, undoes=job_id)

    async def carry_out_next(self, by: str) -> bool:
        """Carry out a job that waits, to its end, as the process *by*; whether there was one."""
        job_id = await self._log.link.run(lambda connection: table.take(connection, by))
        if job_id is None:
            return False
        job = await self._job(job_id)
        if job.status is not BulkStatus.RUNNING:  # stopped or finished before the table knew
            await self._log.link.run(lambda connection: table.end(connection, job_id))
            return True
        lines = await self._log.link.run(lambda connection: table.lines_of(connection, job_id))
        if digest_of(lines) != job.digest:
            await self._log.link.run(lambda connection: table.end(connection, job_id, OTHER_LINES))
            logger.error("bulk.other_lines", job=job_id)
            return True
        await self._carry_out(job_id, BulkKind(job.kind), by)
        return True

    async def _carry_out(self, job_id: str, kind: BulkKind, by: str) -> None:
        started = await self._start_of(job_id)
        reason = str(started.data["reason"])
        while await self._log.link.run(lambda connection: table.live(connection, job_id, by)):
            lines = await self._log.link.run(lambda connection: table.left(connection, job_id, TOGETHER))
            if not lines:
                await self._finish(job_id, started)
                return
            if not await may_go_on(self._log, kind, [fields for _, fields in lines], started):
                await self._bus.handle(StopBulkJob(job_id), self._own(started))
                await self._log.link.run(lambda connection: table.end(connection, job_id, LOST))
                return
            outcomes = [await self._line(kind, number, fields, reason, started) for number, fields in lines]
            await self._settle(job_id, outcomes)

    async def _settle(self, job_id: str, outcomes: Sequence[Outcome]) -> None:
        await self._log.link.run(lambda connection: table.settle(connection, job_id, outcomes))

    async def _line(
        self, kind: BulkKind, number: int, fields: Mapping[str, str], reason: str, started: Fact
    ) -> Outcome:
        """Carry out a line; one that has been carried out gets its first answer."""
        context = self._context(started, number, fields, reason)
        wrong = checked(kind, Cells(number, dict(fields)))
        if isinstance(wrong, BadLine):
            return Outcome(number, "refused", f"{wrong.field} {wrong.problem}")
        try:
            position = await self._bus.handle(command_of(kind, fields, reason), context)
        except DomainError as error:
            return Outcome(number, "refused", error.sentence)
        except (PostgresError, Unavailable, VersionConflict, asyncio.CancelledError):
            raise  # no fault of the line: it is tried again
        except Exception:
            logger.exception("bulk.line_failed", job=started.stream_id, line=number)
            return Outcome(number, "refused", ERROR)
        recorded = await self._log.at([position])
        is_own = bool(recorded) and recorded[0].meta.source == context.source
        return Outcome(number, "done" if is_own else "unchanged", None, position)

    def _context(self, started: Fact, number: int, fields: Mapping[str, str], reason: str) -> Context:
        job_id, meta = started.id("job_id"), started.meta
        return Context(
            actor=meta.actor,
            at=self._log.clock.now(),
            source=f"bulk:{job_id}:{number}",
            on_behalf_of=meta.on_behalf_of,
            causation_id=meta.event_id,
            correlation_id=meta.correlation_id,
            idempotency_key=f"bulk:{job_id}:{number}",
            fingerprint=sha256(msgspec.json.encode(dict(fields), order="sorted")).hexdigest(),
            role=meta.role,
            reason=reason,
            ticket=meta.ticket,
        )

    async def _finish(self, job_id: str, started: Fact) -> None:
        found = await self._log.link.run(lambda connection: table.progress(connection, job_id))
        if found is not None:
            command = FinishBulkJob(job_id, found.done, found.unchanged, found.refused)
            await self._bus.handle(command, self._own(started))
        await self._log.link.run(lambda connection: table.end(connection, job_id))

    def _own(self, started: Fact) -> Context:
        """In whose name the dispatcher says what has become of a job."""
        meta = started.meta
        return Context("dispatcher", self._log.clock.now(), "bulk", meta.actor, meta.event_id, meta.correlation_id)

    async def _foreseen(self, kind: BulkKind, cells: Cells | BadLine, context: Context) -> NewLine:
        line = cells if isinstance(cells, BadLine) else checked(kind, cells)
        if isinstance(line, BadLine):
            return NewLine(line.line, {}, [], f"{line.field} {line.problem}".strip())
        fields = dict(line.said)
        if kind is BulkKind.REVOKE_ROLE and (until := await self._until(fields)) is not None:
            fields[UNTIL] = until.isoformat()  # undone, the role has the end that it had
        try:
            types = await foreseen(self._log, command_of(kind, fields, "dry run"), context)
        except DomainError as error:
            return NewLine(line.line, fields, [], error.sentence)
        return NewLine(line.line, fields, types, None)

    async def _until(self, fields: Mapping[str, str]) -> datetime | None:
        roles = await replayed(self._log, Roles, roles_stream(fields["learner_id"]))
        return roles.grants.get(Grant(fields[ROLE], fields.get(SCOPE, CAMPUS)))

    async def _start_of(self, job_id: str) -> Fact:
        facts = await self._log.stream(bulk_stream(job_id))
        return next(fact for fact in facts if fact.type == BulkJob.Started.TOPIC)

    async def _job(self, job_id: str) -> BulkJob:
        job = await replayed(self._log, BulkJob, bulk_stream(job_id))
        if not job.exists:
            raise BulkJobNotFound(job_id=job_id)
        return job
