"""What an import of a roster does, or would do, line by line."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from adapters.auth.invitations import Invitee
from adapters.bulk.kinds import ENTER, LEAVE
from adapters.bulk.table import NewLine
from adapters.csv_lines import BadLine
from adapters.roster.entries import Entry, RosterFile, Skipped


class Meant(NamedTuple):
    """A line, and whom it means; *invitee* is who has no account yet."""

    entry: Entry
    learner_id: str = ""
    invitee: Invitee | None = None


class RosterLine(msgspec.Struct, kw_only=True):
    """
    What a line does, or would do.

    Attributes:
        learner_id: whom it is about; empty for a person who has no account yet.
        action: `enter`, `leave`, `invite` (an account is opened, and the person enters) or `skip`.
        would_record: types of facts; none if it changes nothing, or if that is not known before the account is there.
        problem: why it is refused or skipped; null if it is not.
    """

    line: int
    learner_id: str
    action: str
    would_record: list[str]
    problem: str | None


class RosterReport(msgspec.Struct, kw_only=True):
    """
    What an import does, or would do.

    Attributes:
        format: `csv`, `oneroster-1.1` or `oneroster-1.2`.
        job_id: the bulk job that does it; null for a dry run, and if nothing is left to do.
        enter, leave, invite: so many lines let a learner in, or out, or open an account.
        unchanged: of these, lines that change nothing.
        refused: lines that are wrong, or that a rule refuses; they keep no other back.
        ignored_columns: columns that mean nothing here.
    """

    format: str
    run_id: str
    dry_run: bool
    job_id: str | None
    enter: int
    leave: int
    invite: int
    unchanged: int
    refused: list[BadLine]
    ignored_columns: list[str]
    lines: list[RosterLine]


def report(
    roster: RosterFile,
    run_id: str,
    meant: Sequence[Meant | BadLine | Skipped],
    foreseen: Sequence[NewLine],
    job_id: str | None,
    *,
    dry_run: bool,
) -> RosterReport:
    """What each line does, or would do, and how many of each there are."""
    by_line = {each.line: each for each in foreseen}
    lines = [_line(each, by_line) for each in meant]
    wrong = [each for each in meant if isinstance(each, BadLine)]
    wrong += [BadLine(line=each.line, field="", problem=each.problem) for each in foreseen if each.problem]
    fine = [each for each in lines if each.problem is None]
    counts = {action: sum(each.action == action for each in fine) for action in (ENTER, LEAVE, "invite")}
    known = [each for each in fine if each.action in (ENTER, LEAVE)]
    return RosterReport(
        format=roster.format,
        run_id=run_id,
        dry_run=dry_run,
        job_id=job_id,
        **counts,
        unchanged=sum(not each.would_record for each in known),
        refused=sorted(wrong, key=lambda each: each.line),
        ignored_columns=[name[:100] for name in roster.ignored],
        lines=lines,
    )


def _line(each: Meant | BadLine | Skipped, foreseen: Mapping[int, NewLine]) -> RosterLine:
    match each:
        case BadLine():
            problem = f"{each.field} {each.problem}".strip()
            return RosterLine(line=each.line, learner_id="", action="skip", would_record=[], problem=problem)
        case Skipped():
            return RosterLine(line=each.line, learner_id="", action="skip", would_record=[], problem=each.why)
    action = "invite" if each.invitee is not None else LEAVE if each.entry.leaves else ENTER
    line = foreseen.get(each.entry.line)
    return RosterLine(
        line=each.entry.line,
        learner_id=each.learner_id,
        action=action,
        would_record=[*line.foreseen] if line else [],
        problem=line.problem if line else None,
    )
