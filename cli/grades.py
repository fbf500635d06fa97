"""`campus grades import`: grades of a run from a list, or from an exported gradebook, with a dry run."""

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
    from adapters.grades.report import GradesReport

MOST_GRADES = 20_000  # of one file

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def grades() -> None:
    """Bring grades from files to course runs."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A list of grades, or an exported matrix of the gradebook, as CSV.")],
    run: Annotated[str, typer.Option("--run", help="The course run.", show_default=False)],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say grade by grade what would happen; do nothing.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the facts of each grade.")] = "grades",
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Make the grades of a file the scores of assessments of a run.

    People are found by learner_id or by e-mail address. Run again after an interruption, it does what is left.
    Exits with 1 when grades were refused.

    Example: campus grades import gradebook.csv --run algebra-2026 --dry-run
    """
    content = content_of(file)

    async def work(desk: Desk) -> "tuple[GradesReport, JobProgress | None, list[ReportedLine]]":
        from adapters.grades.importing import GradeImports

        imports = GradeImports(desk.log, desk.bus)
        if dry_run:
            return await imports.foresee(content, run, desk.context, most=MOST_GRADES), None, []
        found = await imports.begin(content, run, in_clear(reason), desk.context, most=MOST_GRADES)
        return found, *await outcome_of(desk, found.job_id, len(found.lines))

    found, ended, refused = at_desk(data, work, Justification(ticket, reason=reason))
    shown = _shown(found, ended, refused)
    answer(shown, as_json=as_json, table=lambda: _table(found, shown))
    if shown["refused"]:
        raise typer.Exit(1)


def _shown(found: "GradesReport", ended: "JobProgress | None", refused: "list[ReportedLine]") -> dict[str, Any]:
    """What was foreseen and, if a job has done it, what became of it."""
    import msgspec

    shown: dict[str, Any] = msgspec.to_builtins(found)
    if ended is None:
        return shown
    late = []
    for each in refused:  # a line of the job is one grade, in the order of the file
        grade = found.lines[each.line - 1]
        if grade.problem is None:
            late.append({"line": grade.line, "field": grade.quiz_id, "problem": each.sentence})
    done = {"done": ended.done, "failure": ended.failure}
    return {**shown, **done, "refused": [*shown["refused"], *late]}


def _table(found: "GradesReport", shown: dict[str, Any]) -> "RenderableType":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table("line", "of", "in", "basis points", "records", "problem", box=None, pad_edge=False)
    for each in found.lines[:MOST_ROWS]:
        records = ", ".join(each.would_record)
        score = f"{each.score_bp:,}"
        table.add_row(str(each.line), each.learner_id, each.quiz_id, score, records, Text(each.problem or ""))
    rest = f"{found.unchanged:,} change nothing, {len(shown['refused']):,} are refused"
    return Group(table, Text(f"{found.changed:,} grades to bring; {rest}"))
