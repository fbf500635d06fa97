"""`campus admin settings …`: what the admins decide for the campus while it runs."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.admin.desk import Desk, at_desk, looked_up
from cli.console import DataDir, Failure, Json, answer
from cli.operator import ClearReason, Justification, Ticket, in_clear

if TYPE_CHECKING:
    from rich.console import RenderableType

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def settings() -> None:
    """Show and change the settings of the campus, which hold in every process within a second."""


@app.command()
def show(*, data: DataDir = None, as_json: Json = False) -> None:
    """
    Show all settings, and what each does.

    Example: campus admin settings show
    """

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from adapters.campus_settings import KnownSettings
        from domain.admin.settings import SETTINGS

        known = KnownSettings(desk.log)
        return [
            {"name": name, "value": await known.value(name), "default": each.default, "means": each.means}
            for name, each in SETTINGS.items()
        ]

    found = looked_up(data, work)
    answer({"settings": found}, as_json=as_json, table=lambda: _table(found))


@app.command()
def change(
    name: Annotated[str, typer.Argument(help="The name of the setting.")],
    value: Annotated[str, typer.Argument(help="Its new value.")],
    reason: ClearReason,
    *,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Change a setting.

    Example: campus admin settings change registration closed --reason "the term has begun"
    """
    from commands.admin import ChangeSetting

    if not reason.strip():
        raise Failure("the reason is empty: type --reason TEXT, for those who find it later")

    async def work(desk: Desk) -> int:
        return await desk.bus.handle(ChangeSetting(name, value, in_clear(reason)), desk.context)

    position = at_desk(data, work, Justification(ticket, reason=reason))
    answer({"ok": True, "position": position}, as_json=as_json, table=lambda: f"{name} is {value}")


def _table(rows: list[dict[str, Any]]) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    table = Table("setting", "value", "default", "what it does", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row["name"], Text(row["value"]), row["default"], row["means"])
    return table
