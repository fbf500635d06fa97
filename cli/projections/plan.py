"""`campus projections plan`: what a rebuild would read and write, and how long that would take."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import MOST_WORKERS, DataDir, Json, answer, progress
from cli.projections.options import Name, RuleOption, deployment, run, settings_of, the, typed
from workers.rebuild.processes import default_workers
from workers.support.progress import Advance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from adapters.postgres.store.generations import Generation
    from adapters.settings import Settings
    from projections.engine.projection import Projection

WRITTEN_PER_SECOND = 15_000_000  # bytes of rows with their indexes, and their digest taken: two cores, OULAD
MOST_TYPES = 12  # named in the table


def plan(
    name: Name,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_WORKERS, help="Processes that are to fold.", show_default="the cores but one"),
    ] = None,
    *,
    rule: RuleOption = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Show what a rebuild would read and write, how long it takes, and what to type next; nothing is changed.

    The time comes from a piece of the log that is really folded for it, within three seconds.

    Example: campus projections plan course_dashboard
    """
    projection = the(name, rule)
    found = run(_plan(settings_of(data), projection, workers or default_workers([projection])))
    found["next"] = _next(found, data, rule)
    answer(found, as_json=as_json, table=lambda: _view(found))


async def _plan(settings: "Settings", projection: "Projection", workers: int) -> dict[str, Any]:
    from adapters.postgres.log.fact_counts import counts_until
    from adapters.postgres.log.pages import read_head
    from adapters.postgres.store.generations import Generations
    from cli.projections.sample_fold import take
    from workers.rebuild.lock import lock_holder
    from workers.support.session import open_session

    workers = min(workers, projection.segments)
    async with open_session(settings, projection.name, "plan") as (connection, valkey):
        head = await read_head(connection)
        with ExitStack() as stack:
            counts = await counts_until(connection, head, _counting(stack, head))
        by_type = dict.fromkeys(projection.handlers, 0)
        for (_, type_name), events in counts.items():
            if type_name in by_type:
                by_type[type_name] += events
        generations, taken = (
            await _generations(connection, projection),
            await lock_holder(connection, settings, projection.name),
        )
        served = next((each for each in generations if each.status == "live"), None)
        built = Generations(connection, valkey, settings, projection)
        size = await built.store(served).size() if served else None
    sample, wanted = take(settings, projection, workers, head), sum(by_type.values())
    fold_seconds = sample.seconds_for(head, wanted)
    return {
        "name": projection.name,
        "version": projection.version,
        "store": projection.store,
        "live": served and {"generation": served.number, "version": served.version, "size_bytes": size},
        **_code(projection, served),
        "head": head,
        "facts": wanted,
        "share": round(wanted / head, 4) if head else None,
        "by_type": dict(sorted(by_type.items(), key=lambda each: -each[1])),
        "reads_by": "index" if sample.few else "pages",
        "segments": projection.segments,
        "workers": workers,
        "busy": taken and str(taken),
        "unfinished": _unfinished(projection, generations),
        "sample": sample._asdict(),
        "eta_seconds": None if fold_seconds is None else round(fold_seconds + (size or 0) / WRITTEN_PER_SECOND, 1),
    }


def _counting(stack: ExitStack, head: int) -> Advance:
    """Show how far the counting is until *stack* ends, if there is anything to count."""
    bar: list[Advance] = []

    def advance(positions: int) -> None:
        if not bar:
            bar.append(stack.enter_context(progress("counting facts, once", total=head, unit="facts")))
        bar[0](positions)

    return advance


async def _generations(connection: Any, projection: "Projection") -> "list[Generation]":
    from adapters.postgres.store.generations import generations

    return await generations(connection, projection.name)


def _code(projection: "Projection", served: "Generation | None") -> dict[str, Any]:
    from cli.projections.code_change import change, in_words

    if served is None:
        return {"change": None, "change_in_words": "nothing is served yet: a projector begins it by itself"}
    return {"change": change(projection, served), "change_in_words": in_words(projection, served)}


def _unfinished(projection: "Projection", generations: "Sequence[Generation]") -> list[dict[str, Any]]:
    """What earlier rebuilds have left, and whether this code would continue it."""
    from workers.rebuild.selection import same_code

    return [
        {
            "generation": each.number,
            "status": each.status,
            "step": each.step,
            "position": each.digest_position,
            "resumable": same_code(each, projection),
        }
        for each in generations
        if each.status in {"building", "ready"}
    ]


def _next(found: dict[str, Any], data: Path | None, rule: Path | None) -> list[str]:
    if found["busy"]:
        return [typed(f"status {found['name']} --watch", data)]
    ready = any(each["status"] == "ready" and each["resumable"] for each in found["unfinished"])
    commands = ("diff",) if ready else ("rebuild", "diff")
    before = [typed(f"{command} {found['name']}", data, rule) for command in commands]
    deployed = [deployment(the(found["name"]), rule)] if rule is not None else []
    return [*before, *deployed, typed(f"promote {found['name']}", data)]


def _view(found: dict[str, Any]) -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    types = Table("reads", box=SIMPLE_HEAD, pad_edge=False)
    types.add_column("facts", justify="right")
    for name, events in list(found["by_type"].items())[:MOST_TYPES]:
        types.add_row(name, f"{events:,}")
    left_out = len(found["by_type"]) - MOST_TYPES
    if left_out > 0:
        types.add_row(f"and {left_out} rarer types", f"{sum(list(found['by_type'].values())[MOST_TYPES:]):,}")
    facts = Table.grid(padding=(0, 2))
    for title, text in _lines(found):
        facts.add_row(Text(title), Text(text))
    return Group(types, facts, Text("\nnext:"), *(Text(f"  {command}") for command in found["next"]))


def _lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    from adapters.stores.registry import STORES

    how = "found by an index, since they are few" if found["reads_by"] == "index" else "in pages, one after the other"
    share = f", {found['share']:.1%} of the log's {found['head']:,}" if found["share"] is not None else ""
    lines = [
        ("facts", f"{found['facts']:,}{share}; {how}"),
        ("work", f"{_many(found['segments'], 'segment')} in {_many(found['workers'], 'process')}"),
        ("code", found["change_in_words"]),
    ]
    if found["live"]:
        room = STORES[found["store"]].ROOM
        size = f"about {found['live']['size_bytes'] / 1e6:,.1f} MB {room}, as the live generation has"
        lines.append(("room", size))
    if found["busy"]:
        lines.append(("now", found["busy"]))
    lines += [
        ("left over", _left_over(each))
        for each in found["unfinished"]
        if not (found["busy"] and each["status"] == "building")
    ]
    if found["eta_seconds"] is not None:
        sample = found["sample"]
        done = f"{sample['facts']:,} facts" if sample["few"] else f"{sample['positions']:,} positions"
        measured = f"{done} took {sample['seconds']:.2f} s just now"
        lines.append(("time", f"about {found['eta_seconds']:,.0f} s: {measured}, rows and indexes as of the live one"))
    if found["sample"]["fails_at"]:
        lines.append(
            ("fails", f"at some facts of type {', '.join(found['sample']['fails_at'])}: their keys get parked")
        )
    return lines


def _left_over(each: dict[str, Any]) -> str:
    which = f"generation {each['generation']}"
    if not each["resumable"]:
        return f"{which} ({each['status']}), begun by other code: a rebuild " + (
            "throws it away" if each["status"] == "building" else "begins a new one beside it"
        )
    if each["status"] == "ready":
        return f"{which} is ready, by the same code: a rebuild only brings it up to date"
    return f"{which} was left at step {each['step'] or 'tables'}, by the same code: a rebuild goes on with it"


def _many(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "es" if what.endswith("s") else "s")
