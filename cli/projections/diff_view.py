"""
A comparison of two versions of a read model on a terminal: counts and distributions first, then pages of rows.

The words for both sides are the caller's, such as `generation 1` and `my_rule.py`.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from projections.engine.diff.compare import Diff
from projections.engine.diff.lineage import TouchingFacts
from projections.engine.diff.report import Collections, FieldDiff, Numbers, RowDiff, TableDiff, Transitions

MOST_LINES = 12  # of one row
LONGEST = 60  # characters of a value
BAR = 24  # characters of the longest bar
BLOCKS = " ▏▎▍▌▋▊▉█"
STYLES = {"added": "green", "removed": "red", "changed": "yellow"}

_encode = msgspec.json.Encoder(order="sorted").encode


class DiffPage(msgspec.Struct, frozen=True):
    """
    What `--json` answers.

    Attributes:
        same: whether nothing differs.
        differing: rows that differ.
        rows: those of the page or of the sample.
    """

    same: bool
    differing: int
    tables: list[TableDiff]
    rows: list[RowDiff]


def report(diff: Diff, rows: Sequence[RowDiff]) -> dict[str, Any]:
    """The comparison and some of its rows, as plain values for `cli.console.answer`."""
    answer: dict[str, Any] = msgspec.to_builtins(DiffPage(diff.is_same, diff.differing, diff.tables, list(rows)))
    return answer


def diff_view(
    tables: Sequence[TableDiff], rows: Sequence[RowDiff], differing: int, *, old: str, new: str
) -> RenderableType:
    """
    All about a comparison: counts, distributions, and some of the rows that differ.

    Args:
        rows: those to be shown, of so many *differing* ones.
        old: what one side is called, and *new* the other.
    """
    parts = [counts_view(tables, old=old, new=new), *_distributions(tables, old, new)]
    if rows:
        parts.append(rows_view(rows, differing, old=old, new=new))
    return Group(*parts)


def counts_view(tables: Sequence[TableDiff], *, old: str, new: str) -> RenderableType:
    """How many rows of each table are the same, added, removed and changed, and what cannot be compared."""
    shown = _table("table", right=(f"{old} rows", f"{new} rows", "same", "added", "removed", "changed"))
    for each in tables:
        counts = (each.same, each.added, each.removed, each.changed) if each.presence == "both" else ()
        _add(shown, each.table, *(f"{count:,}" for count in (each.old_rows, each.new_rows, *counts)))
    remarks = [Text(f"• {remark}") for each in tables for remark in _remarks(each, old, new)]
    if all(each.is_same for each in tables):
        remarks.append(Text("Nothing differs.", style="green"))
    return Group(shown, *remarks)


def _remarks(table: TableDiff, old: str, new: str) -> Iterator[str]:
    names = {"only_old": old, "only_new": new}
    if table.presence in names:
        yield f"{table.table}: only {names[table.presence]} has this table"
    if table.presence == "other_key":
        yield f"{table.table}: its rows have another key, so they cannot be compared one by one"
    for side, fields in ((new, table.fields_added), (old, table.fields_removed)):
        if fields:
            yield f"{table.table}: only {side} has {', '.join(fields)}"


def _distributions(tables: Iterable[TableDiff], old: str, new: str) -> Iterator[RenderableType]:
    for table in tables:
        for field in table.fields:
            share = f"{field.rows:,} of {table.same + table.changed:,} rows on both sides"
            yield Text.assemble("\n", (f"{table.table}.{field.name}", "bold"), f" differs in {share}")
            yield from _field(field, old, new)


def _field(field: FieldDiff, old: str, new: str) -> Iterator[RenderableType]:
    if field.numbers:
        yield from _numbers(field.numbers, old, new)
    if field.transitions:
        yield _transitions(field.transitions, old, new)
    if field.collections:
        yield from _collections(field.collections)


def _numbers(numbers: Numbers, old: str, new: str) -> Iterator[RenderableType]:
    shown = _table("", right=("least", "median", "mean", "greatest"))
    for name, spread in ((old, numbers.old), (new, numbers.new), ("difference", numbers.difference)):
        if spread:
            _add(shown, name, *map(_number, (spread.min, spread.median, spread.mean, spread.max)))
    yield shown
    if numbers.appeared or numbers.vanished:
        yield Text(f"  {numbers.appeared:,} had no number before, {numbers.vanished:,} have none now")
    if numbers.histogram:
        most = max(each.rows for each in numbers.histogram)
        bins = _table("difference", right=("rows",), last="")
        for each in numbers.histogram:
            label = f"{_number(each.low)} up to {_number(each.high)}" if each.low < each.high else _number(each.low)
            _add(bins, label, f"{each.rows:,}", bar(each.rows, most))
        yield bins


def _transitions(transitions: Transitions, old: str, new: str) -> RenderableType:
    shown = Table(old, new, box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("rows", justify="right")
    shown.add_column("")
    most = transitions.top[0].rows
    for each in transitions.top:
        _add(shown, *short_pair(each.old, each.new), f"{each.rows:,}", bar(each.rows, most))
    if transitions.others:
        _add(shown, "others", "", f"{transitions.others:,}")
    return shown


def _collections(collections: Collections) -> Iterator[RenderableType]:
    sizes = f"{collections.grew:,} grew, {collections.shrank:,} shrank, {collections.same_size:,} kept their size"
    yield Text(f"  {sizes}")
    if collections.parts:
        most = collections.parts[0].rows
        shown = _table("what changed in it", right=("rows",), last="")
        for each in collections.parts:
            _add(shown, short(each.part), f"{each.rows:,}", bar(each.rows, most))
        yield shown


def rows_view(rows: Sequence[RowDiff], differing: int, *, old: str, new: str) -> RenderableType:
    """Some of the *differing* rows: of changed ones a line for each value that changed, within documents too."""
    shown = _folding("", "table", "key", "", "field", old, new)
    shown.columns[1].no_wrap = shown.columns[3].no_wrap = True
    for row in rows:
        lines = list(changes(row))
        if len(lines) > MOST_LINES:
            lines[MOST_LINES - 1 :] = [(f"… {len(lines) - MOST_LINES + 1} more", "", "")]
        heads = chain([(f"{row.number:,}", row.table, key_text(row.key), row.kind)], repeat(("",) * 4))
        for head, line in zip(heads, lines, strict=False):
            _add(shown, *head, *line, style=STYLES[row.kind])
    return Group(Text(f"\n{len(rows):,} of {differing:,} differing rows", style="bold"), shown)


def changes(row: RowDiff) -> Iterator[tuple[str, str, str]]:
    """What a differing row says, shortened: each value that changed, or all fields of an added or removed one."""
    if row.old is None or row.new is None:
        yield "", short(row.old) if row.old else "", short(row.new) if row.new else ""
        return
    for name in row.new:
        for path, before, after in leaves(name, row.old[name], row.new[name]):
            yield (path, *short_pair(before, after))


def leaves(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """The values that differ within two documents, and within two lists of one length, with the way to each."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            yield from leaves(f"{path}.{name}", old.get(name), new.get(name))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, pair in enumerate(zip(old, new, strict=True)):
            yield from leaves(f"{path}[{number}]", *pair)
    elif _encode(old) != _encode(new):
        yield path, old, new


def touching_facts_view(behind: TouchingFacts) -> RenderableType:
    """The facts that touch a row."""
    left_out = behind.count - len(behind.first) - len(behind.last)
    lines = [f"{behind.count:,} facts touch this row", *map(str, behind.first)]
    lines += [f"… {left_out:,} more …"] if left_out else []
    return Text("\n  ".join([*lines, *map(str, behind.last)]))


def key_text(key: Iterable[str | int]) -> str:
    """A key for people."""
    return ":".join(map(str, key))


def short(value: Any) -> str:
    """A value for people: text as it is, nothing as `-`, all else as JSON; the middle of a long one is left out."""
    text = _text(value)
    half = (LONGEST - 1) // 2
    return text if len(text) <= LONGEST else f"{text[:half]}…{text[-half:]}"


def short_pair(old: Any, new: Any) -> tuple[str, str]:
    """Two values for people, as `short`, but of long ones the place where they begin to differ."""
    texts = _text(old), _text(new)
    if max(map(len, texts)) <= LONGEST:
        return texts
    same = next((at for at, pair in enumerate(zip(*texts, strict=False)) if pair[0] != pair[1]), min(map(len, texts)))
    start = max(0, same - LONGEST // 3)
    return _window(texts[0], start), _window(texts[1], start)


def _window(text: str, start: int) -> str:
    end = start + LONGEST - 2
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def _text(value: Any) -> str:
    text = "-" if value is None else value if isinstance(value, str) else _encode(value).decode()
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text) or '""'


def bar(value: float, most: float) -> str:
    """A bar as long as *value* is of *most*; at least a sliver for anything."""
    eighths = max(1, round(BAR * 8 * value / most)) if value else 0
    return "█" * (eighths // 8) + BLOCKS[eighths % 8].strip()


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".removesuffix(".00")


def _add(table: Table, *cells: str, style: str = "") -> None:
    """A row of plain texts, in which brackets are no markup."""
    table.add_row(*map(Text, cells), style=style)


def _folding(*names: str) -> Table:
    """A table in which a long text takes more lines and loses nothing."""
    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in names:
        shown.add_column(name, overflow="fold")
    return shown


def _table(first: str, *, right: Sequence[str], last: str | None = None) -> Table:
    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column(first, no_wrap=True)
    for name in right:
        shown.add_column(name, justify="right")
    if last is not None:
        shown.add_column(last)
    return shown
