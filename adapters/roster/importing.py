"""
A roster is imported: who its lines mean, who is invited, and what is done for each; by a bulk job (record 0259).

A file that was interrupted is sent again: a person has one account by address, and a line that is done changes nothing.
The answer says whose an address is, also that of a dry run: it is recorded as a look at each who is found by one.
"""

from collections.abc import Sequence

from adapters.auth.invitations import EMAIL, Invitations, Invitee, checked
from adapters.bulk.jobs import BulkJobs
from adapters.bulk.kinds import ACTION, ENTER, LEARNER, LEAVE, RUN
from adapters.command_bus.bus import Bus
from adapters.command_bus.record_look import look_at, record_looks
from adapters.command_bus.replay import replayed
from adapters.csv_lines import BadLine, Cells
from adapters.personal.addresses import Addresses, plain
from adapters.personal.key_service import AccountsClosed
from adapters.postgres.log.looks import is_known
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.roster.entries import Entry, RosterFile, Skipped
from adapters.roster.report import Meant, RosterReport, report
from adapters.settings import Settings
from commands.log import Context
from domain.admin.bulk_jobs import BulkKind
from domain.aggregate import ID_PATTERN
from domain.catalog import Run, RunNotFound, run_stream
from domain.errors import DomainError
from domain.user import DISPLAY_NAME


class RosterImports:
    """Imports rosters, in one process."""

    def __init__(self, log: PostgresLog, bus: Bus, settings: Settings) -> None:
        self._log = log
        self._bus = bus
        self._jobs = BulkJobs(log, bus)
        self._addresses = Addresses(log.link, log.keys)
        self._invitations = Invitations(log, bus, settings)

    async def foresee(self, roster: RosterFile, run_id: str, context: Context) -> RosterReport:
        """Say line by line what would happen, by the log as it is now; nothing is kept. Raises RunNotFound."""
        await self._must_have_run(run_id)
        meant = await self._meant(roster.lines, context, run_id, dry_run=True)
        lines = await self._jobs.foresee(BulkKind.ROSTER, cells_of(meant, run_id), context)
        return report(roster, run_id, meant, lines, None, dry_run=True)

    async def begin(self, roster: RosterFile, run_id: str, reason: str, context: Context) -> RosterReport:
        """Invite those without an account, and start a bulk job, which a dispatcher carries out. Raises RunNotFound."""
        await self._must_have_run(run_id)
        meant = await self._meant(roster.lines, context, run_id, dry_run=False)
        cells = cells_of(meant, run_id)
        if not cells:
            return report(roster, run_id, meant, (), None, dry_run=False)
        prepared = await self._jobs.prepare(BulkKind.ROSTER, cells, context)
        await self._jobs.start(prepared.job_id, reason, context)
        return report(roster, run_id, meant, prepared.lines, prepared.job_id, dry_run=False)

    async def _must_have_run(self, run_id: str) -> None:
        if not (await replayed(self._log, Run, run_stream(run_id))).exists:
            raise RunNotFound(run_id=run_id)

    async def _meant(
        self, lines: Sequence[Entry | BadLine | Skipped], context: Context, run_id: str, *, dry_run: bool
    ) -> list[Meant | BadLine | Skipped]:
        """Whom each line means; a person who stands there twice is meant once. Those found by address are looked at."""
        found: list[Meant | BadLine | Skipped] = []
        by_address: list[str] = []
        first: dict[str, Entry] = {}
        for each in lines:
            one = await self._person(each) if isinstance(each, Entry) else each
            if isinstance(one, Meant):
                if one.learner_id and one.entry.email and not one.entry.learner_id:
                    by_address.append(one.learner_id)
                one = again(one, first)
            if isinstance(one, Meant) and one.invitee is not None:
                one = await self._invited(one, one.invitee, context, dry_run=dry_run)
            found.append(one)
        look = look_at(f"{'dry run of a ' if dry_run else ''}roster of run {run_id}", None, context.reason)
        await record_looks(self._log, self._bus, by_address, look, context)
        return found

    async def _person(self, entry: Entry) -> Meant | BadLine | Skipped:
        """Who has the id of the campus, the address, or the id of the source; or else who may be invited."""
        if entry.learner_id:
            fits = ID_PATTERN.match(entry.learner_id)
            return Meant(entry, entry.learner_id) if fits else _bad(entry, LEARNER, "has to be an id")
        try:
            learner_id = await self._addresses.find(entry.email) if entry.email else None
        except AccountsClosed as error:
            return _bad(entry, EMAIL, error.sentence)
        if learner_id is None and ID_PATTERN.match(entry.source_id):
            known = await self._log.link.run(lambda connection: is_known(connection, entry.source_id))
            learner_id = entry.source_id if known else None
        if learner_id is not None:
            return Meant(entry, learner_id)
        if entry.leaves:
            return Skipped(entry.line, "has no account here, and leaves")
        if not entry.email:
            return _bad(entry, "", "no person here has this id, and there is no address to invite")
        said = {EMAIL: entry.email} | ({DISPLAY_NAME: entry.display_name} if entry.display_name else {})
        person = checked(entry.line, said)
        return person if isinstance(person, BadLine) else Meant(entry, "", person)

    async def _invited(self, meant: Meant, invitee: Invitee, context: Context, *, dry_run: bool) -> Meant | BadLine:
        try:
            found = await self._invitations.invite(invitee, context, dry_run=dry_run)
        except DomainError as error:
            return _bad(meant.entry, EMAIL, error.sentence)
        return meant._replace(learner_id=found.learner_id)


def again(meant: Meant, first: dict[str, Entry]) -> Meant | BadLine | Skipped:
    """The line, unless its person stands on an earlier one, to which it is added if not."""
    entry = meant.entry
    names = [name for name in (meant.learner_id, f"@{plain(entry.email)}" if entry.email else "") if name]
    earlier = next((first[name] for name in names if name in first), None)
    if earlier is None:
        first |= dict.fromkeys(names, entry)
        return meant
    if earlier.leaves == entry.leaves:
        return Skipped(entry.line, f"is the person of line {earlier.line}")
    return _bad(entry, "status", f"says the opposite of line {earlier.line}, which is about the same person")


def cells_of(lines: Sequence[Meant | BadLine | Skipped], run_id: str) -> list[Cells | BadLine]:
    """The lines of the bulk job: those whose person is known."""
    return [
        Cells(each.entry.line, {LEARNER: each.learner_id, RUN: run_id, ACTION: LEAVE if each.entry.leaves else ENTER})
        for each in lines
        if isinstance(each, Meant) and each.learner_id
    ]


def _bad(entry: Entry, field: str, problem: str) -> BadLine:
    return BadLine(line=entry.line, field=field, problem=problem)
