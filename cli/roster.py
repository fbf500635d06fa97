"""`campus roster import`: who is on a run, from a OneRoster package or a plain list, with a dry run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.admin.bulk import content_of, outcome_of
from cli.admin.desk import Desk, at_desk
from cli.console import MOST_ROWS, DataDir, Json, answer
from cli.operator import Justification, Ticket, in_clear

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.bulk.table import JobProgress, ReportedLine
    from adapters.roster.report import RosterReport


app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def roster() -> None:
    """Bring rosters of other systems to runs."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A OneRoster 1.1 or 1.2 package (ZIP), or a list as CSV.")],
    run: Annotated[str, typer.Option("--run", help="The course run.", show_default=False)],
    *,
    class_id: Annotated[
        str, typer.Option("--class", help="The class of a package, if it has several.", show_default=False)
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say line by line what would happen; do nothing.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the facts of each line.")] = "roster",
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Enroll those who stand on a roster, invite those without an account, and withdraw those who have left.

    Found by e-mail address, or by an id that is known here. Run again after an interruption, it does what is left.
    Exits with 1 when lines were refused.

    Example: campus roster import class.csv --run algebra-2026 --dry-run
    """
    content = content_of(file)

    async def work(desk: Desk) -> "tuple[RosterReport, JobProgress | None, list[ReportedLine]]":
        from adapters.roster.importing import RosterImports
        from adapters.roster.reading import read_roster

        lines, imports = read_roster(content, run, class_id), RosterImports(desk.log, desk.bus, desk.settings)
        if dry_run:
            return await imports.foresee(lines, run, desk.context), None, []
        found = await imports.begin(lines, run, in_clear(reason), desk.context)
        return found, *await outcome_of(desk, found.job_id, len(found.lines))

    found, ended, refused = at_desk(data, work, Justification(ticket, reason=reason))
    shown = _shown(found, ended, refused)
    answer(shown, as_json=as_json, table=lambda: _table(found, shown))
    if shown["refused"]:
        raise typer.Exit(1)


def _shown(found: "RosterReport", ended: "JobProgress | None", refused: "list[ReportedLine]") -> dict[str, Any]:
    """What was foreseen and, if a job has done it, what became of it."""
    import msgspec

    shown: dict[str, Any] = msgspec.to_builtins(found)
    if ended is None:
        return shown
    named = {each["line"] for each in shown["refused"]}
    late = [{"line": each.line, "field": "", "problem": each.sentence} for each in refused if each.line not in named]
    done = {"done": ended.done, "unchanged": ended.unchanged, "failure": ended.failure}
    return {**shown, **done, "refused": [*shown["refused"], *late]}


def _table(found: "RosterReport", shown: dict[str, Any]) -> "RenderableType":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table("line", "of", "does", "records", "problem", box=None, pad_edge=False)
    for each in found.lines[:MOST_ROWS]:
        records = ", ".join(each.would_record)
        table.add_row(str(each.line), each.learner_id, each.action, records, Text(each.problem or ""))
    counts = f"{found.enter:,} lines to enter, {found.leave:,} to leave, {found.invite:,} to invite a person"
    rest = f"{found.unchanged:,} change nothing, {len(shown['refused']):,} are refused"
    return Group(table, Text(f"{found.format}: {counts}; {rest}"))
