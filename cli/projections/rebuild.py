"""`campus projections rebuild`: generations beside the live ones, in one pass over the log, and how fast that was."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import MOST_WORKERS, DataDir, Failure, Json, answer, progress, say
from cli.operator import Ticket
from cli.projections.options import Reason, RuleOption, by_operator, chosen, deployment, run, settings_of, the, typed
from workers.rebuild.processes import default_workers

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.settings import Settings
    from projections.engine.projection import Projection
    from workers.rebuild.build import RebuildRequest
    from workers.rebuild.report import RebuildReport

STOPPED = "stopped; the same command goes on with what is not complete"


def rebuild(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="The read models.", show_default=False)
    ] = None,
    *,
    rule: RuleOption = None,
    everything: Annotated[bool, typer.Option("--all", help="All read models, in one pass over the log.")] = False,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Delete what an earlier rebuild has left.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_WORKERS, help="Processes; a segment each at most.", show_default="the cores but one"
        ),
    ] = None,
    from_export: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Read what it has of the log from an export (`campus log export DIR`)."),
    ] = None,
    reason: Reason = None,
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Build a new generation beside the live one, which is served and followed meanwhile.

    Readers see no change before `promote`. A rebuild that was stopped or killed continues where it was; a complete
    generation is brought up to date.

    With --rule it is built by a changed rule that is not deployed yet; `promote` serves it once that is.

    Example: campus projections rebuild course_dashboard

    Example: campus projections rebuild --all --workers 2

    Example: campus projections rebuild --rule my_rule.py course_dashboard
    """
    from workers.rebuild.build import RebuildRequest

    if everything == bool(names):
        raise Failure("say which read models to rebuild, or --all")
    if rule is not None and len(names or ()) != 1:
        raise Failure("--rule FILE is the rule of one read model: name that one")
    projections = chosen(*(names or (None,))) if rule is None or not names else [the(names[0], rule)]
    settings, number = settings_of(data), workers or default_workers(projections)
    if from_export is not None:
        _check_export(from_export)
    request = RebuildRequest(tuple(projections), number, from_scratch, from_export)
    report = run(_rebuild(settings, request, reason, ticket), stopped=STOPPED)
    found = {**report.as_json(), **_compared(settings, report)}
    answer(found, as_json=as_json, table=lambda: _view(found, data, rule))


def _check_export(directory: Path) -> None:
    """Fail before anything is begun if there is no export."""
    from adapters.parquet.read import Export

    Export.open(directory)


async def _rebuild(
    settings: "Settings", request: "RebuildRequest", reason: str | None, ticket: str | None
) -> "RebuildReport":
    from workers.rebuild.build import rebuild

    await _warn(settings, request.projections)
    return await rebuild(settings, request, progress, await by_operator(settings, reason, ticket))


async def _warn(settings: "Settings", projections: "Sequence[Projection]") -> None:
    """Say if a rule was changed and its version was not; refuse a rule file like that."""
    from adapters.postgres.connection import connect
    from adapters.postgres.store.generations import live
    from cli.projections.code_change import change, in_words

    async with await connect(settings, application="rebuild") as connection:
        for projection in projections:
            served = await live(connection, projection.name)
            if served is not None and change(projection, served) == "code":
                if projection.rule_file is not None:
                    raise Failure(f"{projection.name}: {in_words(projection, served)}")
                say(f"{projection.name}: {in_words(projection, served)}")


def _compared(settings: "Settings", report: "RebuildReport") -> dict[str, Any]:
    """The rate against the yardsticks; nothing where nothing was folded."""
    import msgspec

    from cli.projections.baselines import measure

    if not report.facts:
        return {"yardsticks": None}
    return {"yardsticks": msgspec.to_builtins(measure(settings, report.facts_per_second, report.facts))}


def _view(found: dict[str, Any], data: Path | None, rule: Path | None) -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("read model", no_wrap=True)
    numbers = ("generation", "version", "rows", "position", "parked")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("digest", no_wrap=True)
    for each in found["built"]:
        table.add_row(each["projection"], *(f"{each[name]:,}" for name in numbers), each["digest"][:12])
    resumed = [
        f"{each['projection']}: this continued an earlier rebuild by the same code (--from-scratch starts over)"
        for each in found["built"]
        if each["resumed"]
    ]
    return Group(table, *map(Text, [*resumed, *_rates(found), "", "next:", *_next(found["built"], data, rule)]))


def _rates(found: dict[str, Any]) -> list[str]:
    took = ", ".join(f"{name} {seconds:.1f}" for name, seconds in found["seconds"].items())
    lines = [f"{found['total_seconds']:.1f} s in all: {took}"]
    against = found["yardsticks"]
    if against is None:
        return [
            "all segments were complete: only what came since was folded",
            *lines,
        ]
    processes = found["processes"]
    peak = max(each["peak_mib"] for each in processes)
    lines.insert(
        0,
        f"{found['facts']:,} facts replayed at {found['facts_per_second']:,.0f} facts/s by {len(processes)}"
        f" process{'es' if len(processes) > 1 else ''} of at most {peak:,.0f} MiB",
    )
    if against["copy_per_second"]:
        lines.append(
            f"  {against['of_copy']:.2f} x a COPY of {against['copy_facts']:,} facts out of the log"
            f" ({against['copy_per_second']:,} facts/s, just measured)"
        )
    return lines


def _next(built: list[dict[str, Any]], data: Path | None, rule: Path | None) -> list[str]:
    lines = []
    for each in built:
        name = each["projection"]
        if each["parked"]:
            lines.append(f"  {typed(f'parked {name} --trace', data)}")
        lines.append(f"  {typed(f'diff {name}', data, rule)}")
        if rule is not None:
            lines.append(f"  {deployment(the(name), rule)}; then")
        lines.append(f"  {typed(f'promote {name}', data)}")
    return lines
