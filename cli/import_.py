"""`campus import oulad FILE.zip`: real learners from the Open University Learning Analytics Dataset."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import INTERRUPTED, DataDir, Json, answer, say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from workers.importing.oulad.report import ImportReport

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def bring_in() -> None:
    """Import real data."""


@app.command()
def oulad(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="The dataset: the ZIP file as it is published.")],
    more: Annotated[
        list[str] | None, typer.Argument(metavar="PRESENTATION", help="Import only these; the same as --presentation.")
    ] = None,
    presentation: Annotated[
        list[str] | None, typer.Option(help="Import only this one, such as AAA-2013J; can be repeated.")
    ] = None,
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
        report = uvloop.run(import_oulad(settings, file, wanted, progress))
    except KeyboardInterrupt:
        say("stopped; the same command goes on where this one was")
        raise typer.Exit(INTERRUPTED) from None
    answer(report.as_json(), as_json=as_json, table=lambda: render(report))
    if not report.adds_up:
        raise Failure("the import does not add up: there are more or fewer facts than rows, see the report above")


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
