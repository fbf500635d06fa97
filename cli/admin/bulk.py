"""`campus admin bulk …`: the same for many, from a CSV file, with a dry run, a bar, a report and an undo."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.admin.desk import Desk, at_desk, looked_up
from cli.console import MOST_ROWS, DataDir, Failure, Json, answer, progress
from cli.operator import Justification, Ticket, Why, in_clear

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.bulk.jobs import BulkJobs, Prepared
    from adapters.bulk.table import JobProgress, ReportedLine

LOOK_INTERVAL = 0.2  # seconds
MOST_READ = 16_000_000  # bytes of a file
FAR = "9999-01-01T00:00:00+00:00"

app = typer.Typer(no_args_is_help=True, add_completion=False)
JobId = Annotated[str, typer.Argument(metavar="JOB", help="The id of the job, from its dry run.")]
Reason = Annotated[
    str,
    typer.Option(
        "--reason", help="Why, for the facts of each line. It stays in clear: name no person.", show_default=False
    ),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=MOST_ROWS, help="So many lines.")]


@app.callback()
def bulk() -> None:
    """
    Do the same for many: enroll, withdraw, reactivate, grant_role, revoke_role, refund, roster.

    A dry run says line by line what would happen; its id starts the job, which a dispatcher carries out.
    """


@app.command()
def prepare(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="enroll, withdraw, reactivate, grant_role, …")],
    file: Annotated[Path, typer.Argument(help="A CSV file whose first line names the columns.")],
    *,
    why: Why = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Say line by line what would happen; nothing is done.

    Example: campus admin bulk prepare enroll class.csv
    """
    from adapters.bulk.kinds import COLUMNS, checked
    from adapters.csv_lines import BadLine, read_lines
    from domain.admin.bulk_jobs import BulkKind

    if kind not in list(BulkKind):
        raise Failure(f"{kind!r} is no kind of bulk job: there are {', '.join(BulkKind)}")
    what = BulkKind(kind)
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{file} cannot be read: {error}") from None

    async def work(desk: Desk) -> "Prepared":
        lines = read_lines(text, COLUMNS[what].needed, COLUMNS[what].further)
        cells = [each if isinstance(each, BadLine) else checked(what, each) for each in lines]
        return await _jobs(desk).prepare(what, cells, desk.context)

    prepared = at_desk(data, work, Justification(ticket, why))
    _say_prepared(prepared, as_json=as_json)


@app.command()
def start(
    job: JobId,
    reason: Reason,
    *,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Have a job carried out that was looked at, and show how far it is; exits with 1 when lines were refused.

    Interrupted, the job goes on: `campus admin bulk report JOB` has what became of each line.

    Example: campus admin bulk start 5f1c… --reason "the class of 2026" --ticket HELP-9
    """
    if not reason.strip():
        raise Failure("the reason is empty: type --reason TEXT, for those who find it later")

    async def work(desk: Desk) -> "JobProgress":
        await _jobs(desk).start(job, in_clear(reason), desk.context)
        return await followed(desk, job)

    found = at_desk(data, work, Justification(ticket, reason=reason))
    answer({"ok": not found.refused, **_plain(found)}, as_json=as_json, table=lambda: _said(found))
    if found.refused or found.failure:
        raise typer.Exit(1)


@app.command()
def report(job: JobId, *, limit: Limit = 50, data: DataDir = None, as_json: Json = False) -> None:
    """
    Show how far a job is, and what became of its lines.

    Example: campus admin bulk report 5f1c… --json
    """

    async def work(desk: Desk) -> "tuple[JobProgress, list[ReportedLine]]":
        from adapters.bulk import table

        found = await _progress(desk, job)
        return found, await desk.log.link.run(lambda connection: table.report(connection, job, 0, limit))

    found, lines = looked_up(data, work)
    shown = {**_plain(found), "items": [each._asdict() for each in lines]}
    answer(shown, as_json=as_json, table=lambda: _report(found, lines))


@app.command()
def stop(job: JobId, *, why: Why = None, ticket: Ticket = None, data: DataDir = None, as_json: Json = False) -> None:
    """
    Have no further line carried out; what is done stays.

    Example: campus admin bulk stop 5f1c…
    """
    position = at_desk(data, lambda desk: _jobs(desk).stop(job, desk.context), Justification(ticket, why))
    answer({"ok": True, "position": position}, as_json=as_json, table=lambda: f"job {job} is stopped")


@app.command()
def undo(job: JobId, *, why: Why = None, ticket: Ticket = None, data: DataDir = None, as_json: Json = False) -> None:
    """
    A dry run of what undoes the lines that have changed something; its id starts it.

    Example: campus admin bulk undo 5f1c…
    """
    prepared = at_desk(data, lambda desk: _jobs(desk).prepare_undo(job, desk.context), Justification(ticket, why))
    _say_prepared(prepared, as_json=as_json)


@app.command("list")
def list_(*, limit: Limit = 20, data: DataDir = None, as_json: Json = False) -> None:
    """
    List bulk jobs and dry runs, the latest first.

    Example: campus admin bulk list
    """

    async def work(desk: Desk) -> "list[JobProgress]":
        from datetime import datetime

        from adapters.bulk import table

        before = datetime.fromisoformat(FAR), "~"
        return await desk.log.link.run(lambda connection: table.listed(connection, before, limit))

    found = looked_up(data, work)
    answer({"jobs": [_plain(each) for each in found]}, as_json=as_json, table=lambda: _table(found))


def _jobs(desk: Desk) -> "BulkJobs":
    from adapters.bulk.jobs import BulkJobs

    return BulkJobs(desk.log, desk.bus)


async def _progress(desk: Desk, job: str) -> "JobProgress":
    from adapters.bulk import table

    found = await desk.log.link.run(lambda connection: table.progress(connection, job))
    if found is None:
        raise Failure(f"there is no bulk job {job}: see `campus admin bulk list`")
    return found


def content_of(file: Path) -> bytes:
    """What a file for a bulk job has; raises Failure for one that cannot be read, is empty, or is too large."""
    try:
        content = file.read_bytes() if file.stat().st_size <= MOST_READ else b""
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}") from None
    if not content:
        raise Failure(f"{file} is empty, or has more than {MOST_READ:,} bytes: divide it")
    return content


async def outcome_of(desk: Desk, job_id: str | None, lines: int) -> "tuple[JobProgress | None, list[ReportedLine]]":
    """How a job of so many *lines* has ended, and the lines that were refused; nothing where there is no job."""
    from adapters.bulk import table

    if job_id is None:
        return None, []
    ended = await followed(desk, job_id)
    report = await desk.log.link.run(lambda connection: table.report(connection, job_id, 0, lines))
    return ended, [each for each in report if each.outcome == "refused"]


async def followed(desk: Desk, job: str) -> "JobProgress":
    """The job once it has ended, with a bar until then."""
    found = await _progress(desk, job)
    with progress("carrying out", total=found.lines, unit="lines") as advance:
        shown = 0
        while True:
            found = await _progress(desk, job)
            settled = found.done + found.unchanged + found.refused
            advance(settled - shown)
            shown = settled
            if found.ended_at is not None:
                return found
            await asyncio.sleep(LOOK_INTERVAL)


def _plain(found: "JobProgress") -> dict[str, Any]:
    return {**found._asdict(), "status": _status(found)}


def _status(found: "JobProgress") -> str:
    if found.ended_at is not None:
        return "ended" if found.failure is None else "failed"
    return "prepared" if found.started_at is None else "running"


def _said(found: "JobProgress") -> str:
    if found.failure is not None:
        return f"nothing was done: {found.failure}"
    return f"{found.done:,} lines are done, {found.unchanged:,} were so before, {found.refused:,} were refused"


def _say_prepared(prepared: "Prepared", *, as_json: bool) -> None:
    lines = [each._asdict() for each in prepared.lines]
    answer({"job_id": prepared.job_id, "lines": lines}, as_json=as_json, table=lambda: _prepared(prepared))


def _prepared(prepared: "Prepared") -> "RenderableType":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table("line", "of", "would record", "problem", box=None, pad_edge=False)
    for each in prepared.lines[:MOST_ROWS]:
        would = ", ".join(each.foreseen) or ("" if each.problem else "nothing new")
        table.add_row(str(each.line), Text(" ".join(each.fields.values())), would, Text(each.problem or ""))
    return Group(table, Text(f"nothing is done yet: `campus admin bulk start {prepared.job_id} --reason TEXT` does it"))


def _report(found: "JobProgress", lines: "list[ReportedLine]") -> "RenderableType":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table("line", "of", "outcome", "why", "position", box=None, pad_edge=False)
    for each in lines:
        position = "" if each.position is None else f"{each.position:,}"
        why = Text(each.sentence or each.problem or "")
        table.add_row(str(each.line), Text(" ".join(each.fields.values())), each.outcome or "", why, position)
    return Group(Text(f"{_status(found)}: {_said(found)}"), table)


def _table(found: "list[JobProgress]") -> "RenderableType":
    from rich.table import Table

    table = Table("job", "kind", "status", "lines", "done", "refused", "by", "prepared", box=None, pad_edge=False)
    for each in found:
        counts = (f"{each.lines:,}", f"{each.done:,}", f"{each.refused:,}")
        at = f"{each.prepared_at:%Y-%m-%d %H:%M}"
        table.add_row(each.id, each.kind, _status(each), *counts, each.prepared_by, at)
    return table
