"""`campus status`: how far the log, each projection and each process is."""

import asyncio
from typing import TYPE_CHECKING, Any

import typer

from cli.console import DataDir, Failure, Json, answer

if TYPE_CHECKING:
    from rich.table import Table

    from adapters.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def status(data: DataDir = None, as_json: Json = False) -> None:
    """Show the head of the log and the lag of each read model."""
    from adapters.settings import Settings

    state = asyncio.run(collect(Settings.load(data)))
    answer(state, as_json=as_json, table=lambda: render(state))


async def collect(settings: "Settings") -> dict[str, Any]:
    """
    Ask the API how things are.

    Raises:
        Failure: the API does not answer.
    """
    from cli.dev import page_url
    from cli.http import get_own
    from cli.up.instance import read

    ready = await get_own(settings, "/readyz")
    if ready.status == 0:
        raise Failure(f"nothing answers at {settings.api_url}: start a campus with `campus up`, or see `campus doctor`")
    return {
        "page": page_url(settings),
        "api": settings.api_url,
        "status": ready.body.get("status", f"HTTP {ready.status}"),
        "head": ready.body.get("head"),
        "projections": ready.body.get("projections", []),
        "servers": ready.body.get("servers", {}),
        "processes": read(settings.data_dir).get("pids", {}),
    }


def render(state: dict[str, Any]) -> "Table":
    """Lay the state out for a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    title = f"{state['page']}   {state['status']}   head {state['head'] or 0:,}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("read model", no_wrap=True)
    for name in ("position", "lag", "late", "parked"):
        table.add_column(name, justify="right", no_wrap=True)
    for projection in state["projections"]:
        table.add_row(
            projection["name"],
            f"{projection['position']:,}",
            f"{projection['lag_events']:,} facts",
            f"{projection['lag_seconds'] or 0:.1f} s",
            f"{projection.get('parked', 0):,}",
        )
    table.caption = "   ".join(f"{name} {pid}" for name, pid in state["processes"].items())
    table.caption_justify = "left"
    return table
