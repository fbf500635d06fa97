"""`campus projections list`: every read model, where it lives, what it is made of, and what is served of it."""

from typing import TYPE_CHECKING, Any

from cli.console import DataDir, Json, answer
from cli.projections.options import chosen, run, settings_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.settings import Settings


def list_projections(data: DataDir = None, as_json: Json = False) -> None:
    """
    List the read models: store, versions, tables, and the facts that they read.

    Says of each whether the code on disk is the code that built the live generation.
    """
    found = run(_list(settings_of(data)))
    answer({"projections": found}, as_json=as_json, table=lambda: _view(found))


async def _list(settings: "Settings") -> list[dict[str, Any]]:
    from adapters.postgres.connection import connect
    from adapters.postgres.store.generations import live
    from cli.projections.code_change import change
    from projections.engine.fingerprint import code_digest

    found = []
    async with await connect(settings, application="list") as connection:
        for projection in chosen(None):
            served = await live(connection, projection.name)
            found.append(
                {
                    "name": projection.name,
                    "description": (type(projection).__doc__ or "").strip().partition("\n")[0],
                    "store": projection.store,
                    "segments": projection.segments,
                    "version": projection.version,
                    "code": code_digest(projection),
                    "live": served and {"generation": served.number, "version": served.version, "code": served.code},
                    "change": served and change(projection, served),
                    "tables": [table.name for table in projection.tables],
                    "reads": sorted(projection.handlers),
                }
            )
    return found


def _view(found: list[dict[str, Any]]) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    from adapters.stores.registry import STORES

    shown = Table.grid(padding=(0, 2))
    for each in found:
        segments = f"{each['segments']} segment{'s' if each['segments'] > 1 else ''}"
        shown.add_row(Text(each["name"], style="bold"), Text(each["description"]))
        shown.add_row("  lives in", f"{STORES[each['store']].LABEL}, {segments}")
        shown.add_row("  version", _version(each))
        shown.add_row("  tables", Text(", ".join(each["tables"])))
        shown.add_row("  reads", Text(", ".join(each["reads"])))
        shown.add_row()
    return shown


def _version(each: dict[str, Any]) -> str:
    if each["live"] is None:
        return f"{each['version']}; nothing is served yet: is a projector running?"
    served = f"{each['version']}; live is generation {each['live']['generation']}"
    return {
        "none": f"{served}, by the same code",
        "code": f"{served}, by [yellow]other code of the same version[/]",
        "version": f"{served} of [yellow]version {each['live']['version']}[/]",
        "both": f"{served} of [yellow]version {each['live']['version']}[/]",
    }[each["change"]]
