"""`campus why`: which facts made a value of a read model, and by which rule."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cli.console import DataDir, Failure, Json, answer, progress
from cli.looks import Reason, record_look

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from adapters.postgres.as_of.parts import FoldedTables
    from adapters.postgres.as_of.why import Place
    from adapters.postgres.as_of.why_shapes import FactBeside, Parts, PartsBy, Share, Why
    from adapters.postgres.log.postgres_log import PostgresLog
    from adapters.settings import Settings
    from projections.engine.moment import Moment
    from projections.engine.projection import Projection

PAGE = 50  # changes
WIDEST = 60  # characters of a value in the table

app = typer.Typer(add_completion=False)


class Asked(NamedTuple):
    """
    What is to be explained, and how.

    Attributes:
        place: view, key and field; *moment*: known at and valid at, as they were typed.
        after, limit: which changes are shown, or how many parts.
    """

    place: tuple[str, str, str]
    moment: tuple[str | None, str | None]
    expected: str | None
    by: "PartsBy"
    reason: str | None
    after: int
    limit: int


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
    by: Annotated[
        str, typer.Option(help="Of a number that adds up over many keys: its parts by `key` (a learner) or by `day`.")
    ] = "key",
    rule: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A Python file with a read model of your own.", show_default=False),
    ] = None,
    reason: Reason = None,
    after: Annotated[int, typer.Option(min=0, help="Changes by facts above this position.")] = 0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="Changes to show.")] = PAGE,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Explain a value: the facts that changed it, who caused each and when, and the rule.

    With --rule the view is a table of the read model in that file, folded here; nothing of it is written.

    Example: campus why gradebook AAA-2013J,1755,28400 best_bp
    """
    import msgspec

    from adapters.postgres.connection import Unavailable
    from adapters.settings import Settings
    from domain.errors import DomainError

    settings = Settings.load(data)
    if by not in {"key", "day"}:
        raise Failure(f"--by takes key or day, not {by!r}")
    of: PartsBy = "day" if by == "day" else "key"
    asked = Asked((view, key, field), (known_at, valid_at), expected, of, reason, after, limit)
    try:
        found = asyncio.run(_explain(settings, asked, None if rule is None else _own(rule)))
    except (DomainError, Unavailable) as error:
        raise Failure(str(error)) from None
    answer(msgspec.to_builtins(found), as_json=as_json, table=lambda: _shown(found))


def _own(file: Path) -> "Projection":
    """The read model of a file, ready to be folded; raises Failure."""
    from campuslog.definition import load_projection, prepared
    from campuslog.errors import BadProjection
    from projections.engine.projection import RuleFile

    try:
        made = load_projection(file)
        made.rule_file = RuleFile(made.__module__, file.read_text("utf-8"))
        return prepared(made)
    except BadProjection as error:
        raise Failure(str(error)) from None


async def _explain(settings: "Settings", asked: Asked, own: "Projection | None" = None) -> "Why":
    from adapters.postgres.as_of.folder import KeyFolder
    from adapters.postgres.as_of.moments import moment_at
    from adapters.postgres.as_of.undivided import explain_undivided
    from adapters.postgres.as_of.why import explain, place_of
    from adapters.postgres.as_of.why_answer import changes_after
    from adapters.postgres.as_of.why_answer import why as answer_of
    from adapters.postgres.log.postgres_log import PostgresLog
    from campuslog.errors import BadTime
    from campuslog.positions import bound
    from projections.registry import PROJECTIONS

    known_at, valid_at = asked.moment
    try:
        known = bound(int(known_at) if known_at and known_at.isdigit() else known_at, "--known-at", end=True)
        valid = bound(valid_at, "--valid-at", end=True)
    except BadTime as error:
        raise Failure(str(error)) from None
    place = place_of(PROJECTIONS if own is None else [own], *asked.place)
    log = await PostgresLog.open(settings)
    try:
        at = await moment_at(log, known.time if known.position is None else known.position, valid.time)
        if place.learner_id is not None:
            await record_look(log, place.learner_id, f"campus why {' '.join(asked.place)}", asked.reason, at)
        if asked.expected is not None and (place.added or place.members):
            raise Failure("a number that adds up over many keys has parts: leave --expected out")
        if place.members is not None:
            return await _members(settings, log, place, at, asked)
        if place.added is not None:
            return await _sum(settings, place, at, asked)
        beside = asked.expected is not None
        if place.is_undivided:
            with progress("folding", total=at.position, unit="facts") as advance:
                explanation = await explain_undivided(settings, log, place, at, advance)
            page = changes_after(explanation, asked.after, asked.limit)
            return answer_of(explanation, page, None, asked.expected)
        explanation = await explain(KeyFolder(log.link, place.projection), place, at, beside=beside)
        return answer_of(explanation, changes_after(explanation, asked.after, asked.limit), None, asked.expected)
    finally:
        await log.close()


async def _sum(settings: "Settings", place: "Place", at: "Moment", asked: Asked) -> "Why":
    """The parts of a number, folded in this process: who waits sees how far it is."""
    from adapters.postgres.as_of.sums import SumJob, checked, fold_sum
    from adapters.postgres.as_of.why_answer import why_sum

    with progress("folding", total=at.position, unit="facts") as advance:
        job = SumJob(settings, place, at.position, at.valid_at)
        summands = checked(place, await asyncio.to_thread(fold_sum, job, advance))
    return why_sum(place, at, summands, summands.parts(asked.by)[: asked.limit], (asked.by, None))


async def _members(settings: "Settings", log: "PostgresLog", place: "Place", at: "Moment", asked: Asked) -> "Why":
    """The learners whom a count counts, now or at a moment, whose rows the auditor folds."""
    from adapters.postgres.as_of.members import counted_members
    from adapters.postgres.as_of.reader import AsOfReader
    from adapters.postgres.as_of.why import BY_LEARNER
    from adapters.postgres.as_of.why_answer import why_members
    from adapters.postgres.queries.reader import Reader
    from domain.catalog import RunNotFound
    from projections.registry import PROJECTIONS

    if place.members is None or asked.by != "key":
        raise Failure(BY_LEARNER)
    reader = Reader(settings)
    await reader.open()
    try:
        served: Reader = reader
        if not at.is_present:
            tables = (table for each in PROJECTIONS for table in each.tables)
            served = AsOfReader(reader, at, await _folded(log, place, at), tables)
        found = await counted_members(served, place.members, at)
    finally:
        await reader.close()
    if found.value is None:
        raise RunNotFound(run_id=place.members.run_id)
    return why_members(place, at, found, found.learners[: asked.limit], None)


async def _folded(log: "PostgresLog", place: "Place", at: "Moment") -> "FoldedTables":
    """The rows of a run's dashboard at a moment; who waits for the fold sees how far it is."""
    from adapters.postgres.as_of.folder import KeyFolder
    from adapters.postgres.as_of.parts import run_tables
    from adapters.postgres.as_of.turns import Turns
    from adapters.postgres.as_of.waiting import FoldWaiter, StillFolding
    from adapters.postgres.as_of.whole import WholeTables
    from projections.registry import PROJECTIONS

    run_id = place.members.run_id if place.members is not None else None
    whole = WholeTables(log.link, PROJECTIONS, Turns(), FoldWaiter(log.link))
    folders = {each.name: KeyFolder(log.link, each) for each in PROJECTIONS}
    with progress("folding", total=at.position, unit="facts") as advance:
        passed = 0
        while True:
            try:
                folded = await whole.at(at, place.projection.tables, run_id)
                break
            except StillFolding as still:
                advance(still.fold.done - passed)
                passed = still.fold.done
    return [*folded, *await run_tables(folders, run_id or "", at)]


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
        values = map(Text, _values(each.before, each.after))
        table.add_row(f"{each.position:,}", each.type, f"{each.occurred_at:%Y-%m-%d %H:%M:%S}", Text(by), *values)
    rule = found.rule
    if found.parts is not None:
        table = _parts(found.parts)
    parts: list[RenderableType] = [Text(head), table, Text(_counted(found))]
    if found.share is not None:
        parts += [Text(_share(found.share, found.value)), _shares(found.share)]
    parts.append(
        Text(f"rule: {rule.projection}, version {rule.version}, code {rule.code}, source {rule.source_hash[:16]}")
    )
    for each_type in rule.by_type:
        functions = ", ".join(f"{each.module}.{each.name}:{each.line}" for each in each_type.functions)
        parts.append(Text(f"  {each_type.type}: {functions}"))
    parts += [Text(f"fails at fact {each.position:,} ({each.type}): {each.error}") for each in found.failed]
    if found.expected is not None:
        parts.append(Text(_expectation(found)))
        parts += [Text(f"  {each.position:,} {each.type}: {_reason(each)}") for each in found.expected.beside]
        parts += [
            Text(f"  refused at {each.at:%Y-%m-%d %H:%M:%S}: {each.command} of {each.actor}: {each.sentence}")
            for each in found.expected.refused
        ]
        parts += [
            Text(f"  {each.reaction} after {each.position:,} {each.type} is {each.state}: {each.sentence}")
            for each in found.expected.refused_reactions
        ]
    return Group(*parts)


def _share(share: "Share", value: object) -> str:
    """Numerator and denominator, and whether the rule shows less."""
    what = {"percent": "completed weight", "grade": "final grade", "grade_so_far": "grade so far"}.get(
        share.of, share.of
    )
    less = "" if share.rounded == value else f", of which the rule shows {value}"
    return f"{what}: {share.numerator:,} of {share.denominator:,}, which is {share.rounded:,} basis points{less}"


def _shares(share: "Share") -> "Table":
    """What each unit gives."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table("unit", "numerator", "denominator", box=SIMPLE_HEAD, pad_edge=False)
    for each in share.parts:
        table.add_row(Text(each.of), f"{each.numerator:,}", f"{each.denominator:,}")
    return table


def _parts(parts: "Parts") -> "Table":
    """The parts of a number that adds up over many keys."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table("day" if parts.by == "day" else "learner or stream", "added", box=SIMPLE_HEAD, pad_edge=False)
    for each in parts.items:
        table.add_row(Text(each.of), f"{each.added:+,}")
    return table


def _counted(found: "Why") -> str:
    """How many facts have made the value, and whether its parts add up to it."""
    if found.parts is None:
        return f"{found.changes:,} of {found.touching:,} facts of this row changed it; {len(found.items):,} shown"
    parts = found.parts
    adds_up = "they add up to it" if parts.adds_up else "they do NOT add up to it: this is a fault, report it"
    waiting = f"; {parts.waiting:,} keys wait at a fact at which the rule fails" if parts.waiting else ""
    is_count = found.view == "run_dashboard" and found.field.startswith(("counts/", "grades/"))
    made_of = "rows as they stand" if is_count else f"{found.changes:,} facts"
    shown = f"{parts.number:,} parts by {parts.by} of {made_of}, {len(parts.items):,} shown"
    return f"{shown}; {adds_up}{waiting}"


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


def _reason(beside: "FactBeside") -> str:
    """Why a fact has not done what may be expected of it."""
    reasons = {
        "not_read": "the read model does not read it",
        "irregular": f"irregular: {beside.rule}",
        "skipped": "skipped by an operator in what is served",
        "parked": "parked with its key in what is served",
    }
    return reasons[beside.reason]


def _value(value: Any) -> str:
    """A value as JSON, cut where it is long."""
    text = _json(value)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."


def _values(before: Any, after: Any) -> tuple[str, str]:
    """Two values as JSON; of long ones from a little before the place at which they begin to differ."""
    texts = _json(before), _json(after)
    if max(map(len, texts)) <= WIDEST:
        return texts
    pairs = enumerate(zip(*texts, strict=False))
    same = next((place for place, (one, other) in pairs if one != other), min(map(len, texts)))
    begin = max(0, same - WIDEST // 4)
    shown = [f"...{text[begin:]}" if begin else text for text in texts]
    first, second = (text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..." for text in shown)
    return first, second


def _json(value: Any) -> str:
    import json

    return json.dumps(value, default=str)
