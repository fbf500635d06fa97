"""`campus admin audit`: what the staff and the operators have done."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.admin.desk import Desk, looked_up
from cli.console import MOST_ROWS, DataDir, Json, answer

if TYPE_CHECKING:
    from rich.console import RenderableType

SHOWN = ("position", "at", "actor", "role", "about", "action", "ticket", "reason")


def audit(
    *,
    actor: Annotated[str | None, typer.Option(help="Only what this one did.", show_default=False)] = None,
    about: Annotated[
        str | None, typer.Option(help="Only about this person: an id, or an e-mail address.", show_default=False)
    ] = None,
    action: Annotated[str | None, typer.Option(help="Only facts of this type.", show_default=False)] = None,
    ticket: Annotated[str | None, typer.Option(help="Only under this ticket.", show_default=False)] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", help="Only what was recorded then (UTC) or later.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=MOST_ROWS, help="The newest so many.")] = 50,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    List what the staff and the operators have done, the newest first.

    Example: campus admin audit --ticket HELP-123
    """

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from datetime import UTC, timedelta

        import msgspec

        from adapters.personal.opening import with_words
        from adapters.postgres.as_of.moments import position_at
        from adapters.postgres.log import audit as acts
        from adapters.postgres.log.postgres_log import END
        from api.audit import shown

        person = None if about is None else await desk.person(about)
        wanted = acts.Wanted(actor, person, action, ticket)
        before = None if since is None else since.replace(tzinfo=UTC) - timedelta(microseconds=1)
        begin = 0 if before is None else await position_at(desk.log, before)
        found = await desk.log.link.run(lambda connection: acts.acts(connection, wanted, (begin, END), limit))
        return [msgspec.to_builtins(shown(fact)) for fact in await with_words(desk.log.keys, found)]

    found = looked_up(data, work)
    answer({"acts": found}, as_json=as_json, table=lambda: _table(found))


def _table(rows: list[dict[str, Any]]) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    table = Table(*SHOWN, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text("" if row[name] is None else str(row[name])) for name in SHOWN))
    return table
