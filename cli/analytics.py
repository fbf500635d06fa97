"""`campus analytics`: how analysts get at the campus with SQL, and what they find there."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import DataDir, Failure, Json, answer, say

if TYPE_CHECKING:
    from rich.table import Table

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command()
def url(data: DataDir = None) -> None:
    """Print the URL for analysts: of the role that reads the views, under their plain names, and nothing else."""
    from adapters.embedded.postgres import binary
    from adapters.postgres.analytics import analyst_url
    from adapters.settings import Settings

    settings = Settings.load(data)
    if not settings.postgres_analyst_url:
        raise Failure("this campus has no role for analysts: set CAMPUS_POSTGRES_ANALYST_URL (docs/analytics.md)")
    typer.echo(analyst_url(settings))
    if sys.stdout.isatty():
        say(f"[dim]for {binary('psql')}, or whatever else speaks to PostgreSQL[/]")


@app.command()
def views(
    name: Annotated[str | None, typer.Argument(help="One view, with its columns.", show_default=False)] = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    List the views, or the columns of one.

    They are the same in every campus; with --data that campus must be there.
    """
    if data is not None:
        from adapters.settings import Settings

        Settings.load(data)
    from adapters.postgres.analytics import VIEWS

    chosen = [view for view in VIEWS if name in {None, view.name}]
    if not chosen:
        called, there_are = name or "''", ", ".join(view.name for view in VIEWS)
        raise Failure(f"no view is called {called}; there are {there_are}")
    described = [
        {
            "name": view.name,
            "meaning": view.meaning,
            "columns": [{"name": column.name, "meaning": column.meaning} for column in view.columns],
        }
        for view in chosen
    ]
    answer({"views": described}, as_json=as_json, table=lambda: _table(described[0]["columns"] if name else described))


def _table(entries: Any) -> "Table":
    from rich.table import Table

    table = Table("name", "meaning", box=None)
    for entry in entries:
        table.add_row(entry["name"], entry["meaning"])
    return table
