"""The commands of `campus reactions`: which reactions are meant, and what is done with them."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.console import INTERRUPTED, LAST_POSITION, MOST_ROWS, DataDir, Failure, Json, answer, progress, say
from cli.operator import Justification, Ticket, Why, in_clear, operations, operator
from cli.reactions.view import PAGE, failed_view, settled_view

if TYPE_CHECKING:
    from adapters.postgres.connection import Connection
    from adapters.postgres.ops.failed_reactions import FailedReaction, Selection
    from adapters.settings import Settings

T = TypeVar("T")
PATIENCE = 10.0  # seconds without a reaction that the reactor has tried again
LOOK_INTERVAL = 0.1  # seconds

Key = Annotated[str | None, typer.Option("--key", help="Only of this learner or stream.", show_default=False)]
Name = Annotated[str | None, typer.Option("--reaction", help="Only of this name.", show_default=False)]
Position = Annotated[
    int | None,
    typer.Option("--position", min=1, max=LAST_POSITION, help="Only to the fact at this position.", show_default=False),
]
All = Annotated[bool, typer.Option("--all", help="All that are listed.")]


def failed(
    *,
    key: Key = None,
    reaction: Name = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, max=MOST_ROWS, help="Reactions of each cause; --json has all.")
    ] = PAGE,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    List the reactions that were refused or have failed, by cause.

    Example: campus reactions failed --reaction complete_passed_unit
    """
    rows = _run(_list(_settings(data), _selection(key, reaction, None)))
    answer({"failed": _json(rows)}, as_json=as_json, table=lambda: failed_view(rows, limit=limit))


def retry(
    *,
    key: Key = None,
    reaction: Name = None,
    position: Position = None,
    every: All = False,
    why: Why = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Have the reactor try reactions again; exits with 1 when some still wait.

    With --position, one that was dismissed is opened again.

    Example: campus reactions retry --key dan
    """
    _choose(key, reaction, position, every)
    left = _run(_retry(_settings(data), _selection(key, reaction, position), Justification(ticket, why)))
    answer({"ok": not left, "failed": _json(left)}, as_json=as_json, table=lambda: failed_view(left))
    if left:
        raise typer.Exit(1)


def dismiss(
    *,
    reason: Annotated[
        str,
        typer.Option(
            help="Why nothing needs to follow from the fact. It stays in clear: name no person.", show_default=False
        ),
    ],
    key: Key = None,
    reaction: Name = None,
    position: Position = None,
    every: All = False,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Take reactions off the list, with the reason; they are not tried again.

    Example: campus reactions dismiss --position 731 --reason "graded by hand, see ticket 12"
    """
    if not reason.strip():
        raise Failure("the reason is empty: type --reason TEXT, for those who find the decision later")
    _choose(key, reaction, position, every)
    said = Justification(ticket, reason=in_clear(reason))
    rows = _run(_dismiss(_settings(data), _selection(key, reaction, position), said))
    answer({"dismissed": _json(rows)}, as_json=as_json, table=lambda: settled_view(rows))


def list_dismissed(*, key: Key = None, reaction: Name = None, data: DataDir = None, as_json: Json = False) -> None:
    """
    List the reactions that were dismissed: why, by whom, and when.

    Example: campus reactions dismissed
    """
    rows = _run(_list(_settings(data), _selection(key, reaction, None), dismissed=True))
    answer({"dismissed": _json(rows)}, as_json=as_json, table=lambda: settled_view(rows))


def _choose(key: str | None, reaction: str | None, position: int | None, every: bool) -> None:
    """Raise Failure unless the command says which reactions it means."""
    if (key, reaction, position) == (None, None, None) and not every:
        raise Failure("no reaction is selected: type --key, --reaction, --position, or --all for all that are listed")
    if every and (key, reaction, position) != (None, None, None):
        raise Failure("--all contradicts --key, --reaction and --position: type either")


def _selection(key: str | None, reaction: str | None, position: int | None) -> "Selection":
    from adapters.postgres.ops.failed_reactions import Selection

    return Selection(key, reaction, position)


def _settings(data: Any) -> "Settings":
    from adapters.settings import Settings

    return Settings.load(data)


def _json(rows: "list[FailedReaction]") -> list[dict[str, Any]]:
    return [row._asdict() for row in rows]


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        say("stopped")
        raise typer.Exit(INTERRUPTED) from None


async def _list(settings: "Settings", selection: "Selection", *, dismissed: bool = False) -> "list[FailedReaction]":
    from adapters.postgres.connection import connect
    from adapters.postgres.ops import failed_reactions

    states = failed_reactions.DISMISSED if dismissed else failed_reactions.OPEN
    async with await connect(settings, application="reactions") as connection:
        return await failed_reactions.listed(connection, selection, states)


async def _retry(settings: "Settings", selection: "Selection", said: Justification) -> "list[FailedReaction]":
    """What still waits once the reactor has tried all of the selection again."""
    from adapters.postgres.connection import connect
    from adapters.postgres.ops import failed_reactions

    async with await connect(settings, application="reactions") as connection:
        dismissed = () if selection.position is None else failed_reactions.DISMISSED
        chosen = await failed_reactions.listed(connection, selection, (*failed_reactions.OPEN, *dismissed))
        if not chosen:
            raise Failure(await _nothing(settings, selection))
        async with operations(settings, said) as (decide, context):
            for row in chosen:
                await decide.note_retried(row, context)
        requested = await failed_reactions.request_retry(connection, selection)
        tries = {(row.position, row.reaction): row.attempts for row in requested}
        await _tried(connection, selection, tries)
        rows = await failed_reactions.listed(connection, selection)
        return [row for row in rows if (row.position, row.reaction) in tries]


async def _tried(connection: "Connection", selection: "Selection", tries: dict[tuple[int, str], int]) -> None:
    """
    Wait until each reaction is settled or was tried more often than it says in *tries*.

    Raises:
        Failure: none is tried for a while.
    """
    from adapters.postgres.ops.failed_reactions import listed

    left, give_up = len(tries), time.monotonic() + PATIENCE
    with progress("trying again", total=left, unit="reactions") if left > 1 else nullcontext() as advance:
        while left:
            await asyncio.sleep(LOOK_INTERVAL)
            rows = await listed(connection, selection)
            now = sum(row.attempts <= tries.get((row.position, row.reaction), -1) for row in rows)
            if now < left:
                if advance:
                    advance(left - now)
                left, give_up = now, time.monotonic() + PATIENCE
            if time.monotonic() > give_up:
                raise Failure("no reactor tries again: start one with `campus worker reactor`; see `campus doctor`")


async def _dismiss(settings: "Settings", selection: "Selection", said: Justification) -> "list[FailedReaction]":
    from adapters.postgres.connection import connect
    from adapters.postgres.ops import failed_reactions

    reason = said.reason or ""
    async with await connect(settings, application="reactions") as connection:
        chosen = await failed_reactions.listed(connection, selection)
        async with operations(settings, said) as (decide, context):
            for row in chosen:
                await decide.note_dismissed(row, reason, context)
        rows = await failed_reactions.dismiss(connection, selection, reason=reason, by=operator())
    if not rows:
        raise Failure(await _nothing(settings, selection))
    return rows


async def _nothing(settings: "Settings", selection: "Selection") -> str:
    """Why nothing is selected, and what could be."""
    there_are = await _list(settings, type(selection)())
    if not there_are:
        return "no reaction waits: see those that were dismissed with `campus reactions dismissed`"
    first = there_are[0]
    others = "1 other does" if len(there_are) == 1 else f"{len(there_are):,} others do"
    return (
        f"no reaction of this selection waits; {others}, such as {first.reaction} of {first.key}"
        f" at position {first.position}: see `campus reactions failed`"
    )
