"""`campus projections diff` and `try`: what a rule changes, row by row, before readers see it."""

import re
import traceback
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.console import LARGEST, MOST_ROWS, DataDir, Failure, Json, answer, progress, say
from cli.output_path import check_writable, file_named, naming_errors
from cli.projections.options import Name, RuleOption, run, settings_of, the

if TYPE_CHECKING:
    from rich.console import RenderableType

    from campuslog.checked_handlers import AtHand
    from projections.engine.diff.compare import Diff
    from projections.engine.diff.report import RowDiff, TableDiff
    from projections.engine.projection import Projection
    from workers.rebuild.compare import Compared

PAGE = 20  # rows

Limit = Annotated[int, typer.Option("--limit", "-n", min=0, max=MOST_ROWS, help="Rows of one page.")]
After = Annotated[int, typer.Option(min=0, max=LARGEST, help="Start after the row of this number: the next page.")]
OneTable = Annotated[str | None, typer.Option("--table", help="Rows of this table only.")]
OneKind = Annotated[
    Literal["added", "removed", "changed"] | None, typer.Option("--kind", help="Rows of this kind only.")
]
SampleSize = Annotated[
    int | None,
    typer.Option(
        "--sample", min=1, max=MOST_ROWS, help="So many rows by chance, of all that differ, instead of a page."
    ),
]
Seed = Annotated[int, typer.Option(min=0, max=LARGEST, help="Another one takes another sample.")]
Events = Annotated[bool, typer.Option("--events", help="Also show the facts that touch each of these rows.")]
Csv = Annotated[
    Path | None,
    typer.Option(
        "--csv",
        metavar="FILE",
        parser=file_named,
        help="Write all rows that differ (or the sample) to FILE, a line a field.",
    ),
]


@dataclass(frozen=True)
class Choice:
    """Which of the rows that differ are to be shown."""

    limit: int
    after: int
    table: str | None
    kind: Any
    sample: int | None
    seed: int
    events: bool
    csv: Path | None

    def __post_init__(self) -> None:
        if self.sample is not None and (self.after or self.table or self.kind):
            raise Failure("--sample takes from all rows that differ: leave out --after, --table and --kind")
        if self.csv is not None:
            check_writable(self.csv)

    def check(self, *projections: "Projection") -> None:
        """Refuse the name of a table that none of these has, before anything is read."""
        names = list(dict.fromkeys(table.name for projection in projections for table in projection.tables))
        if self.table is not None and self.table not in names:
            raise Failure(f"there is no table {self.table or repr(self.table)}; there are {', '.join(names)}")

    def rows(self, diff: "Diff") -> "tuple[list[RowDiff], bool]":
        """Those on the page, or the sample; and whether more of them follow."""
        if self.sample is not None:
            return diff.sample(self.sample, self.seed), False
        rows = list(diff.rows(after=self.after, limit=self.limit + 1, table=self.table, kind=self.kind))
        return rows[: self.limit], len(rows) > self.limit

    def tables(self, diff: "Diff") -> "list[TableDiff]":
        """Those whose rows are asked for."""
        return [each for each in diff.tables if self.table in {None, each.table}]

    def matching(self, diff: "Diff") -> int:
        """How many rows are of the table and the kind that are asked for."""
        return sum(getattr(each, self.kind or "differing") for each in self.tables(diff))


def diff(
    name: Name,
    *,
    old: Annotated[
        int | None,
        typer.Option("--from", min=1, max=LARGEST, help="The generation before.", show_default="the live one"),
    ] = None,
    new: Annotated[
        int | None,
        typer.Option(
            "--to",
            min=1,
            max=LARGEST,
            help="The generation after.",
            show_default="the newest that this code, or the rule, has built",
        ),
    ] = None,
    rule: RuleOption = None,
    limit: Limit = PAGE,
    after: After = 0,
    table: OneTable = None,
    kind: OneKind = None,
    sample: SampleSize = None,
    seed: Seed = 0,
    events: Events = False,
    csv: Csv = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Compare two generations row by row: counts and distributions first, then the rows in pages.

    The exit code is 0 also when rows differ; `same` in the JSON says whether none does.

    Example: campus projections diff course_dashboard

    Example: campus projections diff course_dashboard --sample 5 --events

    Example: campus projections diff course_dashboard --table course_enrollments --csv changes.csv
    """
    from workers.rebuild.compare import diff

    choice = Choice(limit, after, table, kind, sample, seed, events, csv)
    projection = the(name, rule)
    choice.check(projection)
    compared = diff(settings_of(data), projection, old=old, new=new, progress=progress)
    run(_show(compared, choice, as_json=as_json))


def try_rule(
    file: Annotated[Path, typer.Argument(help="A Python file with one projection.", show_default=False)],
    *,
    compare_with: Annotated[
        str, typer.Option(metavar="NAME", help="The read model that it is a change of.", show_default=False)
    ],
    limit: Limit = PAGE,
    after: After = 0,
    table: OneTable = None,
    kind: OneKind = None,
    sample: SampleSize = None,
    seed: Seed = 0,
    events: Events = False,
    csv: Csv = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Fold the log by the rule in FILE and compare the rows with what is served; nothing of the campus is touched.

    Example: campus projections try my_rule.py --compare-with course_dashboard
    """
    from campuslog.checked_handlers import AtHand, watch
    from campuslog.definition import load_projection, prepared
    from campuslog.errors import BadProjection
    from workers.rebuild.compare import what_if

    choice, live = Choice(limit, after, table, kind, sample, seed, events, csv), the(compare_with)
    mine = prepared(load_projection(file))
    _check_alike(mine, live, file)
    choice.check(live, mine)
    at_hand = AtHand()
    compared = what_if(settings_of(data), watch(mine, at_hand), live, progress=progress)
    try:
        run(_show(compared, choice, as_json=as_json, tried=file), stopped=lambda: _stopped(at_hand))
    except BadProjection as error:  # the first fact has shown it
        raise Failure(f"{error}{_place(''.join(traceback.format_exception(error)), file)}") from error


def _stopped(at_hand: "AtHand") -> str:
    """What to say after Ctrl-C: a rule that goes round for ever is to be found."""
    return f"stopped; the rule was at {at_hand}" if at_hand.fact else "stopped"


def _check_alike(mine: "Projection", live: "Projection", file: Path) -> None:
    """Refuse to compare what has nothing in common, before the log is folded for it."""
    from projections.registry import PROJECTIONS

    names = {table.name for table in mine.tables}
    if names.isdisjoint(table.name for table in live.tables):
        alike = [each.name for each in PROJECTIONS if not names.isdisjoint(table.name for table in each.tables)]
        meant = f"; did you mean {' or '.join(alike)}?" if alike else ""
        raise Failure(f"{file} has no table in common with {live.name}{meant}")


def _check_holds(compared: "Compared", file: Path) -> None:
    """Refuse to show what a rule makes of the facts that is wrong at some of them."""
    if compared.poison:
        from workers.rebuild.compare import ENOUGH

        first, many = compared.poison[0], len(compared.poison)
        keys = "1 key" if many == 1 else f"{many:,} keys"
        further = " (no further facts were tried)" if many >= ENOUGH else ""
        raise Failure(
            f"the rule fails for {keys}{further}, first at position {first.position:,}, {first.type} of {first.key}:"
            f" {first.error}{_place(first.trace, file)}"
        )


def _place(trace: str, file: Path) -> str:
    """The line of *file* where a traceback ends, with its source; empty if it does not get there."""
    frames = re.findall(r'File "(.+)", line (\d+), in .+\n +(.+)', trace)
    inside = [(line, source) for name, line, source in frames if Path(name).name == file.name]
    return f", at {file}:{inside[-1][0]}: {inside[-1][1]}" if inside else ""


async def _show(
    comparison: "AbstractAsyncContextManager[Compared]", choice: Choice, *, as_json: bool, tried: Path | None = None
) -> None:
    """Answer from the comparison, of the rule in the file *tried* if there is one; its rows are deleted afterwards."""
    import msgspec

    from cli.projections.diff_view import report

    async with comparison as compared:
        if tried is not None:
            _check_holds(compared, tried)
            compared.new = compared.new._replace(name=tried.name)
        rows, more = choice.rows(compared.diff)
        behind = await compared.events(rows, progress) if choice.events else {}
        if choice.csv is not None:
            _write_csv(choice.csv, compared.diff, choice, rows)
        found = {
            **report(compared.diff, rows),
            "matching": choice.matching(compared.diff),
            "old": {**compared.old._asdict(), "position": compared.old.position},
            "new": {**compared.new._asdict(), "position": compared.new.position},
            "remark": compared.remark,
            "events": msgspec.to_builtins({str(number): facts for number, facts in behind.items()}),
        }
        answer(found, as_json=as_json, table=lambda: _view(compared, rows, behind, choice, more=more))


def _write_csv(path: Path, diff: "Diff", choice: Choice, rows: "Sequence[RowDiff]") -> None:
    from cli.projections.diff_csv import write_csv

    chosen = rows if choice.sample is not None else diff.rows(table=choice.table, kind=choice.kind)
    with naming_errors(path), path.open("w", newline="", encoding="utf-8") as file:
        lines = write_csv(file, chosen)
    say(f"{path}: {lines:,} lines")


def _view(
    compared: "Compared", rows: "Sequence[RowDiff]", behind: Any, choice: Choice, *, more: bool
) -> "RenderableType":
    from rich.console import Group
    from rich.text import Text

    from cli.projections.diff_view import diff_view, key_text, touching_facts_view

    old, new = compared.old, compared.new
    head = Text(
        f"{compared.projection.name}: {old.name} (version {old.version}, position {old.position:,}) against {new.name}"
        f" (version {new.version}, position {new.position:,})"
    )
    parts: list[RenderableType] = [head, *([Text(compared.remark, style="yellow")] if compared.remark else [])]
    tables, matching = choice.tables(compared.diff), choice.matching(compared.diff)
    parts.append(diff_view(tables, rows, matching, old=old.name, new=new.name))
    if not matching and not compared.diff.is_same:
        parts.append(Text("No row of this table and kind differs."))
    for row in rows:
        if row.number in behind:
            parts += [
                Text(f"\n{row.number:,} {row.table} {key_text(row.key)}", style="bold"),
                touching_facts_view(behind[row.number]),
            ]
    if more and rows:
        number = rows[-1].number
        parts.append(Text(f"the next page begins after row {number:,}: --after {number}"))
    return Group(*parts)
