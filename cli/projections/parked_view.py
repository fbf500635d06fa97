"""What is parked, laid out for people: by error, since one wrong line may make thousands of keys wait."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cli.projections.options import the

if TYPE_CHECKING:
    from rich.console import RenderableType

PAGE = 20  # keys of one error
NAMED = 5  # keys in a sentence

FRAME = re.compile(r'File "([^"\n]+)", line (\d+)')


class ParkedCause(NamedTuple):
    """What the keys of one group have in common."""

    projection: str
    generation: int
    version: int
    kind: str
    place: str


def by_cause(rows: Sequence[dict[str, Any]]) -> dict[ParkedCause, list[dict[str, Any]]]:
    """Parked keys by what they fail at, the most first."""
    groups: defaultdict[ParkedCause, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        kind, place = row["error"].split(":", 1)[0], place_of(row["projection"], row["trace"])
        groups[ParkedCause(row["projection"], row["generation"], row["version"], kind, place)].append(row)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def place_of(projection: str, trace: str) -> str:
    """File and line of the rule where a traceback ends, else where it ends at all; empty if it does not say."""
    module = type(the(projection)).__module__.replace(".", "/") + ".py"
    frames: list[tuple[str, str]] = FRAME.findall(trace)
    if inside := [line for file, line in frames if file.endswith(f"/{module}")]:
        return f"{module}:{inside[-1]}"
    return ":".join(frames[-1]) if frames else ""


def counted(number: int) -> str:
    """So many keys, in words."""
    return "1 key" if number == 1 else f"{number:,} keys"


def named(keys: Sequence[str]) -> str:
    """Some keys in a sentence."""
    different = list(dict.fromkeys(keys))
    more = len(different) - NAMED
    return ", ".join(different[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def only_a_rebuild(rows: Sequence[dict[str, Any]]) -> str:
    """Why reference streams wait, and until when."""
    from adapters.postgres.store.parking import NEEDS_REBUILD

    keys, names = (named([row[part] for row in rows]) for part in ("key", "projection"))
    return f"{keys} cannot be healed in place, {NEEDS_REBUILD} {names}"


def parked_view(rows: Sequence[dict[str, Any]], *, trace: bool = False, limit: int = PAGE) -> "RenderableType":
    """What waits, with one traceback of each error if asked for, and so many keys of each at most."""
    from rich.console import Group
    from rich.text import Text

    if not rows:
        return Text("nothing is parked")
    parts: list[RenderableType] = []
    for cause, group in by_cause(rows).items():
        parts += _cause_view(cause, group, trace=trace, limit=limit)
    if reference := [row for row in rows if row["needs_rebuild"]]:
        parts.append(Text(only_a_rebuild(reference)))
    return Group(*parts)


def _cause_view(
    cause: ParkedCause, rows: Sequence[dict[str, Any]], *, trace: bool, limit: int
) -> "list[RenderableType]":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    first, more = rows[0], len(rows) - limit
    such_as = "such as " if len({row["error"] for row in rows}) > 1 else ""
    at = f" at {cause.place}" if cause.place else ""
    parts: list[RenderableType] = [
        Text(
            f"{cause.projection} {cause.generation}, version {cause.version}: {counted(len(rows))}:"
            f" {such_as}{first['error']}{at}",
            style="bold",
        )
    ]
    if trace:
        parts.append(Text(f"\nat position {first['failed_position']}, {first['key']}:\n{first['trace']}"))
    table = Table("key", "waits from", "fails at", "attempts", box=SIMPLE_HEAD, pad_edge=False)
    for row in rows[:limit]:
        fails_at = f"{row['failed_position']} {row['type']}"  # as --position takes it
        table.add_row(Text(row["key"]), f"{row['first_position']:,}", fails_at, str(row["attempts"]))
    if limit:
        parts.append(table)
    if more > 0:
        parts.append(Text(f"and {more:,} more: `--limit {len(rows)}` lists them, `--json` has all of each\n"))
    return parts
