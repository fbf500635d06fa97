"""`campus log irregular`: the imported facts that break a rule of today, and which."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import MOST_ROWS, DataDir, Failure, Json, answer, progress

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import RenderableType

    from adapters.postgres.log.irregular import IrregularFact
    from adapters.settings import Settings

WINDOW = 100_000  # positions that one query looks through
PAGE = 20  # facts

Since = Annotated[
    str | None, typer.Option(help="Happened then or later: 2014-03-01, 2014-03-01T09:00Z.", show_default=False)
]
Until = Annotated[str | None, typer.Option(help="Happened by then, a whole day included.", show_default=False)]


def irregular(
    *,
    rule: Annotated[
        str | None, typer.Option(help="Only of this rule, such as after_unregistration.", show_default=False)
    ] = None,
    run: Annotated[str | None, typer.Option(help="Only of this run.", show_default=False)] = None,
    learner: Annotated[str | None, typer.Option(help="Only of this learner.", show_default=False)] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, max=MOST_ROWS, help="Facts in the table; --json has all.")
    ] = PAGE,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    List the imported facts that break a rule of today: which rule, where, whose, when.

    Such a fact was recorded, not refused, since it had happened. docs/oulad.md says what the rules of OULAD mean.

    Example: campus log irregular --run AAA-2013J --rule after_unregistration
    """
    from adapters.postgres.log.irregular import Narrowed
    from adapters.settings import Settings

    begins, ends = _times(since, until)
    found = asyncio.run(_find(Settings.load(data)))
    rules = Counter(fact.rule for fact in found)
    if rule is not None and rule not in rules:
        there = ", ".join(f"{name} ({number:,})" for name, number in rules.most_common())
        raise Failure(f"no fact breaks a rule {rule}: " + (f"there are {there}" if there else "none breaks any rule"))
    narrowed = Narrowed(rule, run, learner, begins, ends)
    facts = [fact for fact in found if narrowed.takes(fact)]
    answer({"facts": _json(facts), "rules": _counted(facts)}, as_json=as_json, table=lambda: _table(facts, limit))


def _times(since: str | None, until: str | None) -> "tuple[datetime | None, datetime | None]":
    if since is None and until is None:
        return None, None
    from campuslog.errors import BadTime
    from campuslog.positions import bound

    try:
        return bound(since, "--since").time, bound(until, "--until", end=True).time
    except BadTime as error:
        raise Failure(str(error)) from None


async def _find(settings: "Settings") -> "list[IrregularFact]":
    from adapters.postgres.connection import connect
    from adapters.postgres.log.irregular import irregular_facts
    from adapters.postgres.log.pages import read_head

    found: list[IrregularFact] = []
    async with await connect(settings, application="log irregular") as connection:
        head = await read_head(connection)
        with progress("looking through the log", total=head, unit="facts") as advance:
            for after in range(0, head, WINDOW):
                until = min(after + WINDOW, head)
                found += await irregular_facts(connection, after, until)
                advance(until - after)
    return found


def _json(facts: "Sequence[IrregularFact]") -> object:
    import msgspec

    return msgspec.to_builtins(facts)


def _counted(facts: "Sequence[IrregularFact]") -> dict[str, int]:
    return dict(Counter(fact.rule for fact in facts).most_common())


def _table(facts: "Sequence[IrregularFact]", limit: int) -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    if not facts:
        return Text("no fact breaks a rule")
    table = Table("position", "rule", "fact", "learner", "run", "happened", box=SIMPLE_HEAD, pad_edge=False)
    for fact in facts[:limit]:
        ids = (Text(fact.learner_id or ""), Text(fact.run_id or ""))
        table.add_row(f"{fact.position:,}", Text(fact.rule), fact.type, *ids, f"{fact.occurred_at:%Y-%m-%d %H:%M:%S}")
    parts: list[RenderableType] = [table]
    if (more := len(facts) - limit) > 0:
        parts.append(Text(f"and {more:,} more: `--limit {len(facts)}` lists them"))
    counted = ", ".join(f"{number:,} {rule}" for rule, number in _counted(facts).items())
    return Group(*parts, Text(f"{len(facts):,} in all: {counted}"))
