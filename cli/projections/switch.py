"""`campus projections promote`, `rollback`, `drop`: which generation is served, and which are kept."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import LARGEST, DataDir, Json, answer, progress
from cli.operator import Ticket
from cli.projections.options import Name, Reason, by_operator, run, settings_of, the, typed

if TYPE_CHECKING:
    from rich.console import RenderableType

    from workers.rebuild.promotion import Switched
    from workers.support.progress import Advance


def promote(
    name: Name,
    *,
    generation: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=LARGEST,
            help="Which one: ready, or served before.",
            show_default="the newest ready one of this code",
        ),
    ] = None,
    with_parked: Annotated[
        bool, typer.Option("--with-parked", help="Also if its code fails at facts where that which is served does not.")
    ] = False,
    reason: Reason = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Serve a rebuilt generation in the place of the live one, without an interruption for readers.

    The old one is kept: `rollback` serves it again. After a rollback, --generation goes forward again.

    Example: campus projections promote course_dashboard

    Example: campus projections promote course_dashboard --generation 2
    """
    from workers.rebuild.promotion import promote

    settings = settings_of(data)

    async def switch(advance: "Advance") -> "Switched":
        by = await by_operator(settings, reason, ticket)
        return await promote(settings, the(name), generation, advance, with_parked=with_parked, by=by)

    with progress(f"{name}: the last facts", unit="facts") as advance:
        switched = run(switch(advance), stopped="stopped; the live generation is as it was")
    answer(_as_json(name, switched), as_json=as_json, table=lambda: _view(name, switched, data))


def rollback(
    name: Name,
    *,
    as_it_was: Annotated[
        bool,
        typer.Option(
            "--as-it-was", help="Also when its code is gone: it is served as it stands, and gets no newer facts."
        ),
    ] = False,
    reason: Reason = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Serve the generation again that was served before the live one.

    It is first brought up to date, for which the code must be of its version.

    Example: campus projections rollback course_dashboard
    """
    from workers.rebuild.promotion import roll_back

    settings = settings_of(data)

    async def switch(advance: "Advance") -> "Switched":
        by = await by_operator(settings, reason, ticket)
        return await roll_back(settings, the(name), as_it_was=as_it_was, advance=advance, by=by)

    with progress(f"{name}: the last facts", unit="facts") as advance:
        switched = run(switch(advance), stopped="stopped; the live generation is as it was")
    answer(_as_json(name, switched), as_json=as_json, table=lambda: _view(name, switched, data))


def drop(
    name: Name,
    generation: Annotated[int, typer.Argument(min=1, max=LARGEST, help="Its number; see `campus projections status`.")],
    *,
    reason: Reason = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Delete a generation that is not served, with its rows; a rollback to it is not possible any more.

    Example: campus projections drop course_dashboard 1
    """
    from rich.text import Text

    from workers.rebuild.promotion import drop

    settings = settings_of(data)

    async def work() -> None:
        await drop(settings, the(name), generation, await by_operator(settings, reason, ticket))

    run(work())
    answer(
        {"projection": name, "dropped": generation},
        as_json=as_json,
        table=lambda: Text(f"generation {generation} of {name} is gone"),
    )


def _as_json(name: str, switched: "Switched") -> dict[str, Any]:
    return {"projection": name, **switched._asdict()}


def _view(name: str, switched: "Switched", data: Path | None) -> "RenderableType":
    from rich.text import Text

    before = f"generation {switched.before}" if switched.before else "nothing"
    still = f"for {switched.seconds * 1000:,.0f} ms"
    parked = f", but those of {switched.parked:,} keys that are parked" if switched.parked else ""
    lines = [
        f"{name}: generation {switched.after} is served, {before} was",
        f"it holds all facts up to position {switched.position:,}{parked}; readers saw the old one stand still {still}",
    ]
    if switched.facts_behind:
        lines.append(
            f"it is {switched.facts_behind:,} facts behind, and stays there until a projector runs the code of its"
            " version"
        )
    lines.append(f"to undo this: {typed(f'rollback {name}', data)}")
    return Text("\n".join(lines))
