"""
`campus up`: a whole campus in the foreground.

`plan` decides what to run, `lock` allows one campus for each data directory, `run` starts all parts in order and stops
them, `supervisor` restarts them, `instance` writes the state file for other commands, `screen` prints to the operator.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def up(
    data: Annotated[Path, typer.Option(help="Data directory.")] = Path(".campus"),
    port: Annotated[int | None, typer.Option(min=1, max=65_535, help="Port of the API.", show_default="8000")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the campus.", show_default="demo")] = None,
    seed: Annotated[bool, typer.Option(help="Fill an empty campus with a demo population.")] = True,
) -> None:
    """Start a campus with its servers, API and workers; Ctrl-C stops it."""
    from cli.up.run import run

    raise typer.Exit(asyncio.run(run(data.absolute(), name=name, port=port, seed=seed)))
