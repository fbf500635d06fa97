"""`campus projections verify`: is a read model what the log says?"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import LARGEST, DataDir, Failure, Json, answer, progress
from cli.projections.options import NameOrAll, RuleOption, chosen, end, run, settings_of, the

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.settings import Settings
    from projections.engine.projection import Projection


MOST_ROWS = 5  # named of each read model


def verify(
    name: NameOrAll = None,
    generation: Annotated[
        int | None,
        typer.Option(min=1, max=LARGEST, help="Another one than is served; with a NAME.", show_default="the live one"),
    ] = None,
    *,
    rule: RuleOption = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Compare read models with a fresh fold of the log; exits with 1 when one is not what the log says.

    Of the first rows that differ, the event is looked for at which they and the log went apart.

    Example: campus projections verify overview

    Example: campus projections verify course_dashboard --generation 3
    """
    if generation is not None and name is None:
        raise Failure("say of which read model this is the generation: campus projections verify NAME --generation N")
    if rule is not None and (name is None or generation is None):
        raise Failure("--rule FILE is the rule of one generation: say NAME and --generation N")
    projections = chosen(name) if name is None or rule is None else [the(name, rule)]
    report = run(_verify(settings_of(data), projections, generation))
    answer(report, as_json=as_json, table=lambda: _view(report["projections"]))
    end(ok=report["ok"])


async def _verify(settings: "Settings", projections: "Sequence[Projection]", generation: int | None) -> dict[str, Any]:
    import msgspec

    from workers.consistency.log_check import head_of
    from workers.consistency.verify import verify

    with progress("folding the log", total=await head_of(settings), unit="facts") as advance:
        verdicts = await verify(settings, projections, generation=generation, folded=advance)
    return {"ok": all(verdict.ok for verdict in verdicts), "projections": msgspec.to_builtins(verdicts)}


def _view(verdicts: list[dict[str, Any]]) -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table("read model", "generation", "position", "rows", "digest", "verdict", box=SIMPLE_HEAD, pad_edge=False)
    table.columns[0].no_wrap = table.columns[4].no_wrap = True
    for each in verdicts:
        same = each["digest_live"] == each["digest_log"]
        digest = each["digest_log"][:12] if same else f"{each['digest_live'][:12]} ≠ {each['digest_log'][:12]}"
        verdict = Text("as the log says", style="green") if each["ok"] else Text(each["reason"], style="red")
        position, rows = f"{each['position']:,}", f"{each['rows']:,}"
        table.add_row(each["name"], str(each["generation"]), position, rows, digest, verdict)
    return Group(table, *(line for each in verdicts for line in _wrong(each)))


def _wrong(verdict: dict[str, Any]) -> "Iterator[RenderableType]":
    """What is known of the first rows that are wrong."""
    from rich.text import Text

    causes = {(cause["table"], tuple(cause["key"])): cause["reason"] for cause in verdict["causes"]}
    for row in verdict["differences"][:MOST_ROWS]:
        reason = causes.get((row["table"], tuple(row["key"])), f"is {row['is']}")
        yield Text(f"• {verdict['name']}: {row['table']} {':'.join(map(str, row['key']))}: {reason}")
    left_out = verdict["differing"] - len(verdict["differences"][:MOST_ROWS])
    if left_out > 0:
        yield Text(f"• {verdict['name']}: and {left_out:,} more rows")
