"""`campus contents …`: content of courses that lies outside of the log."""

import asyncio
from typing import TYPE_CHECKING

import typer

from cli.console import DataDir, Json, answer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.settings import Settings
    from adapters.unused_contents import UnusedContent

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def contents() -> None:
    """Show content of courses that lies outside of the log."""


@app.command()
def unused(data: DataDir = None, as_json: Json = False) -> None:
    """
    List the content that no version and no draft of a course names, and that the dispatcher is about to remove.

    It does so once a day, with what was neither uploaded nor named within seven days. This command removes nothing.

    Example: campus contents unused
    """
    from adapters.settings import Settings

    found = asyncio.run(_unused(Settings.load(data)))
    answer({"unused": [each._asdict() for each in found]}, as_json=as_json, table=lambda: _table(found))


async def _unused(settings: "Settings") -> "list[UnusedContent]":
    from adapters import unused_contents
    from adapters.postgres.connection import connect
    from adapters.postgres.log.postgres_log import PostgresLog

    log = await PostgresLog.open(settings)
    try:
        async with await connect(settings, application="contents") as connection:
            return await unused_contents.unused(log, connection)
    finally:
        await log.close()


def _table(found: "list[UnusedContent]") -> "RenderableType":
    from rich.table import Table

    if not found:
        return "all content of courses is in use, or has been uploaded or named within seven days"
    table = Table(title=f"{len(found):,} contents, {sum(each.size for each in found):,} bytes", title_justify="left")
    for column in ("sha256", "bytes", "wanted last"):
        table.add_column(column)
    for each in found:
        table.add_row(each.sha256, f"{each.size:,}", f"{each.wanted_at:%Y-%m-%d %H:%M}")
    return table
