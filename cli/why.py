"""`campus why`: which facts made a value of a read model, and by which rule."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import DataDir, Failure, Json, answer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.postgres.as_of.why import Explanation
    from adapters.postgres.as_of.why_answer import Why
    from adapters.settings import Settings

PAGE = 50  # changes

app = typer.Typer(add_completion=False)


@app.command()
def why(
    *,
    view: Annotated[str, typer.Argument(help="A read model or a table of one, such as gradebook.")],
    key: Annotated[str, typer.Argument(help="The values of the row's key, with commas.")],
    field: Annotated[str, typer.Argument(help="A field of the row, or a way into it: courses/RUN/percent.")],
    known_at: Annotated[
        str | None, typer.Option(help="What the log held by then: a position, a time or a day.", show_default=False)
    ] = None,
    valid_at: Annotated[
        str | None, typer.Option(help="Only what had happened by then: a time or a day.", show_default=False)
    ] = None,
    expected: Annotated[
        str | None, typer.Option(help="A value: from which fact on the field differs from it.", show_default=False)
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why another person's record is looked at; it is recorded.", show_default=False)
    ] = None,
    after: Annotated[int, typer.Option(min=0, help="Changes by facts above this position.")] = 0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="Changes to show.")] = PAGE,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Explain a value: the facts that changed it, who caused each and when, and the rule.

    Example: campus why gradebook AAA-2013J,1755,28400 best_bp
    """
    import msgspec

    from adapters.postgres.as_of.why_answer import changes_after
    from adapters.postgres.as_of.why_answer import why as answer_of
    from adapters.settings import Settings
    from domain.errors import DomainError

    settings = Settings.load(data)
    try:
        explanation = asyncio.run(_explain(settings, (view, key, field), (known_at, valid_at), reason))
    except DomainError as error:
        raise Failure(error.sentence) from None
    found = answer_of(explanation, changes_after(explanation, after, limit), None, expected)
    answer(msgspec.to_builtins(found), as_json=as_json, table=lambda: _shown(found))


async def _explain(
    settings: "Settings", asked: tuple[str, str, str], moment: tuple[str | None, str | None], reason: str | None
) -> "Explanation":
    import uuid_utils

    from adapters.command_bus.bus import Bus
    from adapters.command_bus.record_look import look_at, record_look
    from adapters.postgres.as_of.folder import KeyFolder
    from adapters.postgres.as_of.moments import moment_at
    from adapters.postgres.as_of.why import explain, place_of
    from adapters.postgres.log.postgres_log import PostgresLog
    from campuslog.errors import BadTime
    from campuslog.positions import bound
    from cli.operator import operator
    from commands.log import Context
    from projections.registry import PROJECTIONS

    known_at, valid_at = moment
    try:
        known = bound(int(known_at) if known_at and known_at.isdigit() else known_at, "--known-at", end=True)
        valid = bound(valid_at, "--valid-at", end=True)
    except BadTime as error:
        raise Failure(str(error)) from None
    place = place_of(PROJECTIONS, *asked)
    log = await PostgresLog.open(settings)
    try:
        at = await moment_at(log, known.time if known.position is None else known.position, valid.time)
        if place.learner_id is not None:
            look = look_at(f"campus why {' '.join(asked)}", at, reason)
            context = Context(operator(), log.clock.now(), "cli", correlation_id=uuid_utils.uuid7().hex)
            await record_look(log, Bus(log), place.learner_id, look, context)
        return await explain(KeyFolder(log.link, place.projection), place, at)
    finally:
        await log.close()


def _shown(found: "Why") -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    key = ",".join(found.key)
    head = f"{found.field} of {found.view} {key} is {_value(found.value)} at position {found.position:,}"
    if found.valid_at is not None:
        head += f", by what had happened by {found.valid_at:%Y-%m-%d %H:%M:%S}"
    if not found.exists:
        head += ": no fact makes this row"
    table = Table("position", "fact", "happened", "by", "before", "after", box=SIMPLE_HEAD, pad_edge=False)
    for each in found.items:
        by = each.actor if each.on_behalf_of is None else f"{each.actor} for {each.on_behalf_of}"
        values = Text(_value(each.before)), Text(_value(each.after))
        table.add_row(f"{each.position:,}", each.type, f"{each.occurred_at:%Y-%m-%d %H:%M:%S}", Text(by), *values)
    rule = found.rule
    parts: list[RenderableType] = [Text(head), table]
    parts.append(
        Text(f"{found.changes:,} of {found.touching:,} facts of this row changed it; {len(found.items):,} shown")
    )
    parts.append(Text(f"rule: {rule.projection}, version {rule.version}, code {rule.code}"))
    for each_type in rule.by_type:
        functions = ", ".join(f"{each.module}.{each.name}:{each.line}" for each in each_type.functions)
        parts.append(Text(f"  {each_type.type}: {functions}"))
    parts += [Text(f"fails at fact {each.position:,} ({each.type}): {each.error}") for each in found.failed]
    if found.expected is not None:
        parts.append(Text(_expectation(found)))
    return Group(*parts)


def _expectation(found: "Why") -> str:
    """One sentence about the value that was expected."""
    expected = found.expected
    if expected is None:
        return ""
    value, fact = _value(expected.value), expected.fact
    if fact is None:
        return f"it is {value}, as expected" if expected.was_ever else f"it never was {value}: no fact changed it"
    place = f"fact {fact.position:,} ({fact.type}, {fact.occurred_at:%Y-%m-%d})"
    if expected.was_ever:
        return f"it was {value} until {place}, and is not from there on"
    return f"it never was {value}; the first to change it is {place}"


def _value(value: Any) -> str:
    """A value as JSON, cut where it is long."""
    import json

    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
