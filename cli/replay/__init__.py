"""
`campus replay`: a learner's history step by step, in a player or as lines.

    sources   what is played           here
    tape      any step of it           tape
    lines     off a terminal           lines
    player    in a terminal            player
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cli.console import DataDir, Failure
from cli.looks import Reason, record_look

if TYPE_CHECKING:
    from adapters.postgres.as_of.folder import KeyFolder
    from adapters.postgres.as_of.replay import ReplayStep, Source
    from adapters.postgres.log.postgres_log import PostgresLog
    from adapters.settings import Settings
    from cli.replay.tape import Tape
    from domain.fact import Fact
    from projections.engine.moment import Moment
    from projections.engine.projection import Projection

app = typer.Typer(add_completion=False)


class Asked(NamedTuple):
    """What is to be played, up to when."""

    learner: str | None
    order: str | None
    run: str | None
    view: str | None
    to: str | None
    rule: Path | None
    reason: str | None


@app.command()
def replay(
    *,
    learner: Annotated[str | None, typer.Argument(help="Whose history.", show_default=False)] = None,
    order: Annotated[str | None, typer.Option(help="The history of an order.", show_default=False)] = None,
    run: Annotated[str | None, typer.Option(help="The history of a run in the catalog.", show_default=False)] = None,
    view: Annotated[
        str | None, typer.Option(help="Only this read model, or this table of one.", show_default=False)
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="Up to this position, or what had happened by then.", show_default=False)
    ] = None,
    rule: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="What if: a changed rule in a Python file; nothing is written.", show_default=False
        ),
    ] = None,
    reason: Reason = None,
    data: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
) -> None:
    """
    Play what each fact changed: forward, back, to a time, to the next change of a field.

    Off a terminal all steps are printed. With --rule the history is folded by today's rule and by a changed one of the
    same read model, and the values in which they differ are marked.

    Example: campus replay 28400 --view gradebook
    """
    from adapters.settings import Settings
    from domain.errors import DomainError

    asked = Asked(learner, order, run, view, to, rule, reason)
    if sum(each is not None for each in (learner, order, run)) != 1:
        raise Failure("give a learner, an --order or a --run: `campus replay 28400`")
    changed = None if rule is None else _changed(rule)
    if changed is not None:
        asked = asked._replace(view=view or changed.name)
    try:
        sources, others = asyncio.run(_sources(Settings.load(data), asked, changed))
    except DomainError as error:
        raise Failure(error.sentence) from None
    _show(_replay_of(sources), None if changed is None else _replay_of(others), as_json=as_json)


def _show(played: "list[ReplayStep]", others: "list[ReplayStep] | None", *, as_json: bool) -> None:
    """Play the steps, beside those by a changed rule; or print them, off a terminal."""
    from cli.replay.lines import steps_of
    from cli.replay.tape import Tape

    if as_json and others is None:
        _print_json(played)
        return
    tape, other = Tape(played), None if others is None else Tape(others)
    if as_json and other is not None:
        _print_differences(tape, other)
    elif sys.stdout.isatty():
        from cli.replay.player import Player

        Player(tape, other).run()
    else:
        for line in steps_of(tape, other):
            sys.stdout.write(line + "\n")


def _replay_of(sources: "list[Source]") -> "list[ReplayStep]":
    from adapters.postgres.as_of.replay import replay_of

    return list(replay_of(sources))


def _changed(rule: Path) -> "Projection":
    """The changed rule in a file; raises BadProjection, or Failure if it is of no read model that is deployed."""
    from campuslog.definition import load_projection
    from cli.projections.options import the

    return the(load_projection(rule).name, rule)


async def _sources(
    settings: "Settings", asked: Asked, changed: "Projection | None"
) -> "tuple[list[Source], list[Source]]":
    """What is played, by the rules of today, and by a changed one."""
    from adapters.postgres.as_of.folder import KeyFolder
    from adapters.postgres.log.postgres_log import PostgresLog
    from projections.registry import PROJECTIONS

    log = await PostgresLog.open(settings)
    try:
        moment = await _end(log, asked.to)
        if asked.run is None:
            asked = asked._replace(learner=asked.learner or await _owner(log, asked.order or ""))
            await _record(log, asked, moment)
        folders = {projection.name: KeyFolder(log.link, projection) for projection in PROJECTIONS}
        sources = await _of(folders, asked, moment)
        others = {} if changed is None else {changed.name: KeyFolder(log.link, changed)}
        return sources, await _of(others, asked, moment) if others else []
    finally:
        await log.close()


async def _of(folders: "dict[str, KeyFolder]", asked: Asked, moment: "Moment") -> "list[Source]":
    from adapters.postgres.as_of.replay import of_learner, of_run

    if asked.run is not None:
        sources = await of_run(folders, asked.run, moment)
    else:
        sources = await of_learner(folders, asked.learner or "", moment, asked.order)
    return sources if asked.view is None else _viewed(sources, asked.view)


async def _end(log: "PostgresLog", to: str | None) -> "Moment":
    from adapters.postgres.as_of.moments import moment_at
    from campuslog.errors import BadTime
    from campuslog.positions import bound

    try:
        found = bound(int(to) if to and to.isascii() and to.isdigit() else to, "--to", end=True)
    except BadTime as error:
        raise Failure(str(error)) from None
    return await moment_at(log, found.position, found.time)


async def _record(log: "PostgresLog", asked: Asked, moment: "Moment") -> None:
    """Record that a learner's history is played."""
    what = f"campus replay {asked.learner}" if asked.order is None else f"campus replay --order {asked.order}"
    await record_look(log, asked.learner or "", what, asked.reason, moment if asked.to is not None else None)


async def _owner(log: "PostgresLog", order_id: str) -> str:
    """The learner of an order; raises Failure."""
    from domain.tags import QueryItem, tag

    placed, _ = await log.matching((QueryItem(("order.placed",), (tag("order", order_id),)),), limit=1)
    if not placed:
        raise Failure(f"there is no order {order_id}")
    return placed[0].id("learner_id")


def _viewed(sources: "list[Source]", view: str) -> "list[Source]":
    """Those of one read model, or of one table; raises Failure."""
    for source in sources:
        if source.projection.name == view:
            return [source]
        if view in source.tables:
            return [source._replace(tables=frozenset((view,)))]
    _refuse_sums(view)
    names = sorted({source.projection.name for source in sources}.union(*(source.tables for source in sources)))
    raise Failure(f"no view {view} has documents of this: there are {', '.join(names)}")


def _refuse_sums(view: str) -> None:
    """Raise Failure for a view whose rows add up over many keys: which facts they have is no history of one of them."""
    from projections.registry import PROJECTIONS

    for projection in PROJECTIONS:
        partial = [table for table in projection.tables if table.distribution == "partial"]
        named = [table for table in partial if table.name == view or (projection.name == view and partial[0] is table)]
        if named:
            name, key = named[0].name, ",".join(named[0].key).upper()
            raise Failure(
                f"rows of {name} add up over many keys, so that facts of all of them change each: they are not played."
                f" `campus why {name} {key} FIELD --by day` says what each day has added, and a query with valid_at or"
                " known_at has the row as it was"
            )


def _print_differences(tape: "Tape", other: "Tape") -> None:
    """A line for each step after which two rules differ in something else than before; then how many values do."""
    from cli.replay.lines import differing_steps

    number = 0
    for frame, fresh, differ in differing_steps(tape, other):
        number = differ
        line = {**_head(frame.fact), "differs": [each._asdict() for each in fresh]}
        sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.write(json.dumps({"values_that_differ": number}) + "\n")


def _head(fact: "Fact") -> dict[str, object]:
    at = fact.occurred_at.isoformat()
    return {"position": fact.position, "type": fact.type, "actor": fact.meta.actor, "occurred_at": at}


def _print_json(played: "list[ReplayStep]") -> None:
    from adapters.postgres.as_of.replay import name_of

    for step in played:
        changes = [{"document": name_of(change.row), "patch": change.patch} for change in step.changes]
        line = {**_head(step.fact), "changes": changes, "failed": step.failed}
        sys.stdout.write(json.dumps(line) + "\n")
