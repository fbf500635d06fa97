"""`campus policy`: who may do what."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import Failure, Json, answer

if TYPE_CHECKING:
    from rich.console import RenderableType

app = typer.Typer(add_completion=False)


@app.command()
def policy(
    *,
    role: Annotated[str | None, typer.Option(help="Only what this role may do.", show_default=False)] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/security/policy.md.")] = False,
    as_json: Json = False,
) -> None:
    """
    Show the table by which every route is allowed or refused.

    Example: campus policy --role instructor
    """
    import msgspec

    from api.http.policy import shown
    from api.http.policy.words import ROLES

    if role is not None and role not in ROLES:
        raise Failure(f"{role!r} is no role: there are {', '.join(ROLES)}")
    if markdown:
        sys.stdout.write(shown.markdown())
        return
    found = shown.table()
    found.rows = [row for row in found.rows if role is None or any(each.role == role for each in row.access)]
    answer(msgspec.to_builtins(found), as_json=as_json, table=lambda: _table(role))


def _table(role: str | None) -> "RenderableType":
    from rich.table import Table

    from api.http.policy import shown
    from api.http.policy.rows import GROUPS

    heads = shown.columns()
    kept = [place for place, head in enumerate(heads) if role is None or head in ("route", "kind", role, "also")]
    table = Table(box=None, pad_edge=False)
    for place in kept:
        table.add_column(heads[place], no_wrap=True)
    for group, rows in GROUPS.items():
        chosen = [row for row in rows if role is None or role in row.access]
        if chosen:
            table.add_row(f"[bold]{group}[/]")
        for line in shown.lines(chosen):
            table.add_row(*(line[place] for place in kept))
    return table
