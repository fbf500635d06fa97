"""`campus projections parked …`: what waits because a read model failed at a fact, and what to do about it."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from cli.console import LARGEST, LAST_POSITION, MOST_ROWS, DataDir, Failure, Json, answer, progress
from cli.operator import Justification, Ticket, Why, in_clear, operations, operator
from cli.projections.options import Name, NameOrAll, chosen, end, run, settings_of, the
from cli.projections.parked_view import PAGE, named, only_a_rebuild, parked_view

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.postgres.connection import Connection
    from adapters.settings import Settings

PATIENCE = 10.0  # seconds without a parked key that the projector has tried again
LOOK_INTERVAL = 0.1  # seconds

Key = Annotated[str, typer.Option("--key", help="The learner or stream that waits.", show_default=False)]
KeyOrAll = Annotated[str | None, typer.Option("--key", help="One learner or stream; all when left out.")]


class Skipping(NamedTuple):
    """What is to be done without, and why; see `adapters.postgres.store.parking.skip`."""

    name: str
    key: str
    reason: str
    position: int | None
    generation: int | None
    ticket: str | None


class ListsByItself(TyperGroup):
    """`parked` and `parked NAME` are `parked list` and `parked list NAME`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As click does, with the command that was left out."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=ListsByItself)


@app.callback()
def parked() -> None:
    """
    Show the learners and streams whose facts wait because a read model failed at one of them; try again, or skip.

    Learners are tried again by themselves when a projector starts, which it does when its code has changed. On courses,
    runs and quizzes others' rows may depend: only a rebuild makes them good.
    """


@app.command("list")
def list_parked(
    name: NameOrAll = None,
    *,
    trace: Annotated[bool, typer.Option("--trace", help="Also where in the code each error was first.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, max=MOST_ROWS, help="Keys of each error; --json has all.")
    ] = PAGE,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    List what waits, by error; this is what `parked` alone does.

    Example: campus projections parked overview --trace
    """
    rows = run(_list(settings_of(data), _names(name)))
    answer({"parked": rows}, as_json=as_json, table=lambda: parked_view(rows, trace=trace, limit=limit))


@app.command()
def retry(
    name: NameOrAll = None,
    key: KeyOrAll = None,
    *,
    why: Why = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Have the projector try parked keys again; exits with 1 when some still wait.

    Example: campus projections parked retry overview --key 28400
    """
    left = run(_retry(settings_of(data), _names(name), key, Justification(ticket, why)))
    answer({"ok": not left, "parked": left}, as_json=as_json, table=lambda: parked_view(left))
    end(ok=not left)


@app.command()
def skip(
    name: Name,
    key: Key,
    reason: Annotated[
        str,
        typer.Option(help="Why it is right to skip this fact. It stays in clear: name no person.", show_default=False),
    ],
    *,
    position: Annotated[
        int | None, typer.Option(min=1, max=LAST_POSITION, help="Where it fails, as `parked` shows it: only that fact.")
    ] = None,
    generation: Annotated[
        int | None, typer.Option(min=1, max=LARGEST, help="In which it waits; what is served when left out.")
    ] = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Skip the fact at which a key fails, and fold those after it; exits with 1 when the key fails again.

    This holds as long as the code has its present version. Nothing of it can be undone but by another version.

    Example: campus projections parked skip overview --key 28400 --position 731 --reason "broken import, see ticket 12"
    """
    if not reason.strip():
        raise Failure("say why, for those who find it later: --reason TEXT")
    skipping = Skipping(the(name).name, key, in_clear(reason), position, generation, ticket)
    report = run(_skip(settings_of(data), skipping))
    answer(report, as_json=as_json, table=lambda: _skip_view(report))
    end(ok=report["ok"])


@app.command("skipped")
def list_skipped(name: NameOrAll = None, data: DataDir = None, as_json: Json = False) -> None:
    """
    List the facts that read models skip: why, and by whose decision.

    Example: campus projections parked skipped
    """
    rows = run(_list_skipped(settings_of(data), _names(name)))
    answer({"skipped": rows}, as_json=as_json, table=lambda: _skipped_view(rows))


def _names(name: str | None) -> list[str]:
    return [projection.name for projection in chosen(name)]


async def _list(settings: "Settings", names: Sequence[str], key: str | None = None) -> list[dict[str, Any]]:
    from adapters.postgres.connection import connect
    from adapters.postgres.store.parking import parked_of

    async with await connect(settings, application="parked") as connection:
        return [row for row in await parked_of(connection, names) if key in {None, row["key"]}]


async def _retry(
    settings: "Settings", names: Sequence[str], key: str | None, said: Justification
) -> list[dict[str, Any]]:
    from adapters.postgres.connection import connect
    from adapters.postgres.store.parking import request_retry

    if key is not None and (reference := [row for row in await _expect(settings, names, key) if row["needs_rebuild"]]):
        raise Failure(only_a_rebuild(reference))
    waiting = sorted({row["projection"] for row in await _list(settings, names, key)})
    async with operations(settings, said) as (decide, context):
        for name in waiting:
            await decide.note_key_retried(name, key, context)
    async with await connect(settings, application="retry") as connection:
        await request_retry(connection, names, key)
    return await _tried(settings, names, key)


async def _tried(settings: "Settings", names: Sequence[str], key: str | None) -> list[dict[str, Any]]:
    """What still waits once the projector has tried all that is served of it again."""
    from adapters.postgres.connection import connect
    from adapters.postgres.store.generations import live

    async with await connect(settings, application="retry") as connection:
        await _answered(connection, names, key)
        served = {name: found.number for name in names if (found := await live(connection, name))}
    left = await _list(settings, names, key)
    return [row for row in left if served.get(row["projection"]) == row["generation"]]


async def _answered(connection: "Connection", names: Sequence[str], key: str | None) -> None:
    """
    Wait until no parked key is left that is to be tried again, however many there are.

    Raises:
        Failure: none is tried for a while.
    """
    from adapters.postgres.store.parking import requested

    left = await requested(connection, names, key)
    with progress("trying again", total=left, unit="keys") if left > 1 else nullcontext() as advance:
        give_up = time.monotonic() + PATIENCE
        while left:
            await asyncio.sleep(LOOK_INTERVAL)
            now = await requested(connection, names, key)
            if now < left:
                if advance:
                    advance(left - now)
                left, give_up = now, time.monotonic() + PATIENCE
            if time.monotonic() > give_up:
                raise Failure(
                    "no projector tries again: is one running, and with the code of what is served? See `campus doctor`"
                )


async def _skip(settings: "Settings", what: Skipping) -> dict[str, Any]:
    from adapters.operations import FailsElsewhere, NothingParked

    name, key = what.name, what.key
    await _expect(settings, [name], key)
    by = operator()
    async with operations(settings, Justification(what.ticket, reason=what.reason)) as (decide, context):
        try:
            place = {"position": what.position, "generation": what.generation}
            position, _ = await decide.skip(name, key, what.reason, context, **place)
        except FailsElsewhere as elsewhere:
            raise Failure(f"{elsewhere}: look at it with `campus projections parked`") from None
        except NothingParked:
            where = "what is served" if what.generation is None else f"generation {what.generation}"
            raise Failure(f"nothing of {key} is parked in {where} of {name}: name another --generation") from None
    left = await _tried(settings, [name], key)
    later = [row["generation"] for row in await _list(settings, [name], key) if row not in left]
    said = {"projection": name, "key": key, "positions": [position], "by": by}
    return {"ok": not left, **said, "parked": left, "not_served": later}


async def _expect(settings: "Settings", names: Sequence[str], key: str) -> list[dict[str, Any]]:
    """What is parked for *key*; raises Failure if nothing is."""
    found = await _list(settings, names)
    of_key = [row for row in found if row["key"] == key]
    if not of_key:
        keys = named([row["key"] for row in found]) or "nothing"
        raise Failure(f"nothing of {key} is parked in {', '.join(names)}; parked is {keys}")
    return of_key


async def _list_skipped(settings: "Settings", names: Sequence[str]) -> list[dict[str, Any]]:
    from adapters.postgres.connection import connect
    from adapters.postgres.store.parking import skipped_of

    async with await connect(settings, application="skipped") as connection:
        return await skipped_of(connection, names)


def _skip_view(report: dict[str, Any]) -> "RenderableType":
    from rich.console import Group
    from rich.text import Text

    positions = ", ".join(f"{position:,}" for position in report["positions"])
    said = Text(f"{report['projection']} skips position {positions} of {report['key']}")
    lines: list[RenderableType] = [
        Text(f"generation {number} is not served: it tries again once it is") for number in report["not_served"]
    ]
    if reference := [row for row in report["parked"] if row["needs_rebuild"]]:
        lines += [Text(only_a_rebuild(reference))]
    elif report["parked"]:
        lines += [Text("what is served fails at a later one:"), parked_view(report["parked"])]
    elif not lines:
        lines = [Text("and has folded all facts after it")]
    return Group(said, *lines)


def _skipped_view(rows: list[dict[str, Any]]) -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return Text("nothing is skipped")
    table = Table("read model", "version", "position", "key", "reason", "by", "at", box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(
            row["projection"],
            str(row["version"]),
            f"{row['position']:,}",
            Text(row["key"]),
            Text(row["reason"]),
            Text(row["skipped_by"]),
            f"{row['skipped_at']:%Y-%m-%d %H:%M:%S}",
        )
    return table
