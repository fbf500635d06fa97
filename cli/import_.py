"""`campus import oulad|list`: real learners from the Open University Learning Analytics Dataset; what was imported."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import INTERRUPTED, DataDir, Json, answer, say
from cli.operator import Justification, Ticket, Why, accounted_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from adapters.postgres.trace.answer import CommandRefused
    from adapters.postgres.trace.imported import ImportRecord
    from adapters.settings import Settings
    from workers.importing.oulad.report import ImportReport

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def bring_in() -> None:
    """Import real data, and list what was imported."""


@app.command()
def oulad(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="The dataset: the ZIP file as it is published.")],
    more: Annotated[
        list[str] | None, typer.Argument(metavar="PRESENTATION", help="Import only these; the same as --presentation.")
    ] = None,
    presentation: Annotated[
        list[str] | None, typer.Option(help="Import only this one, such as AAA-2013J; can be repeated.")
    ] = None,
    *,
    why: Why = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Import the Open University Learning Analytics Dataset into the log.

    The whole file is checked first. A second run appends nothing, and a stopped import continues where it was.
    """
    import uvloop

    from adapters.settings import Settings
    from cli.console import Failure, progress
    from workers.importing.oulad import import_oulad

    settings = Settings.load(data)
    wanted = list(dict.fromkeys([*(presentation or []), *(more or [])]))
    try:
        context = uvloop.run(accounted_of(settings, Justification(ticket, why)))
        report = uvloop.run(import_oulad(settings, file, wanted, progress, context))
    except KeyboardInterrupt:
        say("stopped; the same command goes on where this one was")
        raise typer.Exit(INTERRUPTED) from None
    answer(report.as_json(), as_json=as_json, table=lambda: render(report))
    if not report.adds_up:
        raise Failure("the import does not add up: there are more or fewer facts than rows, see the report above")


@app.command("list")
def list_imports(
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1_000, help="How many, the newest first.")] = 20,
    refused: Annotated[
        bool, typer.Option("--refused", help="Only files that were refused in the last 90 days.")
    ] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    List the imports: which file, who, when, and how they ended; and files that were refused in the last 90 days.

    Imports of versions before this was recorded are not listed. Rows of each table, and the digest whole: --json.
    """
    import asyncio

    import msgspec

    from adapters.settings import Settings

    found, not_taken = asyncio.run(_imports(Settings.load(data), limit))
    shown: Sequence[ImportRecord | CommandRefused] = not_taken if refused else found
    answer(
        [msgspec.to_builtins(each) for each in shown],
        as_json=as_json,
        table=lambda: _listed([] if refused else found, not_taken),
    )


async def _imports(settings: "Settings", limit: int) -> "tuple[list[ImportRecord], list[CommandRefused]]":
    from adapters.postgres.connection import connect
    from adapters.postgres.log.imports import imports_before
    from adapters.postgres.log.postgres_log import END
    from adapters.postgres.ops.refused_commands import refused_imports
    from adapters.postgres.trace.answer import command_refused
    from adapters.postgres.trace.imported import record_of

    async with await connect(settings, application="import") as connection:
        imports = [record_of(facts) for facts in await imports_before(connection, END, limit)]
        return imports, [command_refused(each) for each in await refused_imports(connection, limit)]


def _listed(found: "Sequence[ImportRecord]", refused: "Sequence[CommandRefused]") -> "RenderableType":
    from rich.console import Group
    from rich.text import Text

    lines = [Text(f"refused at {each.at:%Y-%m-%d %H:%M:%S} by {each.actor}: {each.sentence}") for each in refused]
    if not found:
        return Group(*(lines or [Text("no import is recorded")]))
    return Group(_table(found), *lines)


def _table(found: "Sequence[ImportRecord]") -> "Table":
    from rich.table import Table

    table = Table("import", "file", "SHA-256", "by", "begun", "how it ended")
    for each in found:
        facts = f"finished: {each.appended or 0:,} facts appended" + (f", {each.found:,} found" if each.found else "")
        ends = {
            "finished": facts,
            "interrupted": f"interrupted: {each.reason}",
            "begun": "no end yet: it is running, or was killed",
        }
        end = ends[each.status] + (f"; continues {each.continues}" if each.continues else "")
        end += "; all of it was there" if each.parts and each.parts == each.before else ""
        begun = f"{each.begun_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(f"{each.source} {each.number}", each.file, each.sha256[:16], each.by, begun, end)
    return table


def render(report: "ImportReport") -> "RenderableType":
    """Lay the report out for a terminal."""
    from rich.console import Group
    from rich.text import Text

    data = report.as_json()
    appended, found = data["facts"], data["facts_found"]
    if appended:
        end = f"{appended:,} facts appended in {report.seconds:.1f} s, {data['facts_per_second']:,} a second"
        end += f"; {found:,} had been appended before" if found else ""
    else:
        end = "nothing to append: all of it is in the log already"
    parts: list[RenderableType] = [_rows(data["rows"])]
    if appended or found:
        parts.append(_facts(data["facts_by_type"], data["facts_found_by_type"]))
    if report.irregular:
        parts.append(_irregular(data["irregular"]))
    if appended:
        end += "\nthe read models follow: `campus status` shows how far they are"
    parts.append(Text(f"{end}\n(read in {report.seconds_reading:.1f} s; the log is at {report.position:,})"))
    return Group(*parts)


def _rows(rows: dict[str, dict[str, int]]) -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    kinds = {"read": "read", "not_chosen": "not chosen", "imported_before": "before", "imported_now": "now"}
    shown = [kind for kind in kinds if kind in ("read", "imported_now") or any(row[kind] for row in rows.values())]
    table = Table(title="rows, and the facts that they became", title_justify="left", box=SIMPLE_HEAD)
    table.collapse_padding, table.pad_edge = True, False  # whole names in 80 columns
    table.add_column("file", no_wrap=True)
    for kind in shown:
        table.add_column(kinds[kind], justify="right", no_wrap=True)
    table.add_column("facts", overflow="fold")
    for file, row in rows.items():
        facts = "" if row["imported_now"] == row["facts"] else f"NOT {row['facts']:,} "
        table.add_row(file, *(f"{row[kind]:,}" for kind in shown), f"{facts}{row['fact']}")
    return table


def _facts(appended: dict[str, int], found: dict[str, int]) -> "RenderableType":
    from rich.table import Table

    table = Table("fact")
    for name in ("appended", "found"):
        table.add_column(name, justify="right")
    for fact in sorted({*appended, *found}):
        table.add_row(fact, f"{appended.get(fact, 0):,}", f"{found.get(fact, 0):,}")
    return table


def _irregular(irregular: dict[str, int]) -> "RenderableType":
    from rich.table import Table

    table = Table("recorded, but irregular")
    table.add_column("facts", justify="right")
    for reason, count in irregular.items():
        table.add_row(reason, f"{count:,}")
    return table
