"""`campus projections status`: how far every generation is, what has become of its facts, and who works on it."""

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import DataDir, Json, answer
from cli.projections.options import NameOrAll, chosen, settings_of
from cli.projections.outdated import is_followed
from cli.projections.status_view import changed_lines, view

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from adapters.postgres.connection import Connection
    from adapters.postgres.ops.lag import ProjectionLag, SegmentCounts
    from adapters.settings import Settings

INTERVAL = 1.0  # seconds between two looks of --watch
COUNTS = ("applied", "ignored", "parked", "skipped", "events")


def status(
    name: NameOrAll = None,
    *,
    segments: Annotated[bool, typer.Option("--segments", help="Also of every segment: who works on it.")] = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Go on looking until Ctrl-C; without a terminal, print what has changed."),
    ] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Show how far each generation is behind the log, and whether its account of facts adds up.

    With a NAME also its segments: where each is, what has become of its facts, and which process has it.

    Example: campus projections status --watch
    """
    names = [projection.name for projection in chosen(name)]
    look = _Look(settings_of(data), names, data, segments=segments or name is not None)
    try:
        if not watch:
            state = asyncio.run(look.once())
            answer(state, as_json=as_json, table=lambda: view(state))
        elif sys.stdout.isatty() and not as_json:
            asyncio.run(_live(look))
        else:
            asyncio.run(_lines(look, as_json=as_json))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


class _Look:
    """What is to be looked at."""

    def __init__(self, settings: "Settings", names: "Sequence[str]", data: "Path | None", *, segments: bool) -> None:
        self._settings = settings
        self._names = names
        self._data = data
        self._segments = segments

    async def once(self) -> dict[str, Any]:
        """How things are now."""
        from adapters.postgres.connection import connect

        async with await connect(self._settings, application="status") as connection:
            return await self._state(connection)

    async def _state(self, connection: "Connection") -> dict[str, Any]:
        import msgspec

        from adapters.postgres.ops.lag import projection_lags, segment_counts

        of_segments = [each for each in await segment_counts(connection) if each.projection in self._names]
        found = []
        for each in await projection_lags(connection):
            if each.name in self._names:
                parts = [
                    part for part in of_segments if (part.projection, part.generation) == (each.name, each.generation)
                ]
                notes = await self._notes(connection, each, parts)
                found.append({**msgspec.to_builtins(each), "account": _account(each, parts), "notes": notes})
        segments = {"segments": msgspec.to_builtins(of_segments)} if self._segments else {}
        return {"projections": found, **segments}

    async def _notes(
        self, connection: "Connection", generation: "ProjectionLag", parts: "Sequence[SegmentCounts]"
    ) -> list[str]:
        """What the operator should know or do about a generation."""
        from adapters.postgres.store.generations import generations, live
        from cli.projections.code_change import to_do
        from cli.projections.options import the, typed
        from workers.rebuild.selection import same_code

        built, name = await generations(connection, generation.name), generation.name
        this = next((each for each in built if each.number == generation.generation), None)
        if this is not None and this.status == "ready" and not same_code(this, the(name)):
            drop = typed(f"drop {name} {this.number}", self._data)
            other = f"version {this.version} of the code built generation {this.number}, and other code is on disk"
            return [f"{other}: deploy that code and promote it, or `{drop}` gives its room back"]
        served = await live(connection, name)
        if served is None or served.number != generation.generation:
            return []
        sentence = to_do(the(generation.name), built, served, self._data, followed=any(map(is_followed, parts)))
        return [sentence] if sentence else []


def _account(generation: "ProjectionLag", parts: "Sequence[SegmentCounts]") -> dict[str, Any]:
    """What has become of the facts of all segments; a generation that is being built has no account yet."""
    sums = {name: sum(getattr(part, name) for part in parts) for name in COUNTS}
    return {**sums, "adds_up": None if generation.status == "building" else all(part.adds_up for part in parts)}


async def _live(look: _Look) -> None:
    """Refresh the table until cancelled."""
    from rich.live import Live

    with Live(view(await look.once()), auto_refresh=False, screen=False) as shown:
        while True:
            await asyncio.sleep(INTERVAL)
            shown.update(view(await look.once()), refresh=True)


async def _lines(look: _Look, *, as_json: bool) -> None:
    """Print what has changed, a line for each generation, or everything as JSON on a line, until cancelled."""
    before: dict[str, str] = {}
    while True:
        state = await look.once()
        if as_json:
            sys.stdout.write(json.dumps(state, default=str) + "\n")
        else:
            for line in changed_lines(state, before):
                sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {line}\n")
        sys.stdout.flush()
        await asyncio.sleep(INTERVAL)
