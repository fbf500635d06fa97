"""Failed reactions, laid out for people: by cause, since one wrong line may make thousands of them wait."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import RenderableType

    from adapters.postgres.ops.failed_reactions import FailedReaction

PAGE = 20  # reactions of one cause


def failed_view(rows: "Sequence[FailedReaction]", *, limit: int = PAGE) -> "RenderableType":
    """What waits, by reaction and code, the most first, and so many of each at most."""
    from rich.console import Group
    from rich.text import Text

    if not rows:
        return Text("no reaction waits")
    groups: defaultdict[tuple[str, str], list[FailedReaction]] = defaultdict(list)
    for row in rows:
        groups[row.reaction, row.code].append(row)
    parts: list[RenderableType] = []
    for (reaction, code), group in sorted(groups.items(), key=lambda item: -len(item[1])):
        parts += [Text(f"{reaction}, {code}: {_counted(len(group))}", style="bold"), _table(group[:limit])]
        if (more := len(group) - limit) > 0:
            parts.append(Text(f"and {more:,} more: `--limit {len(group)}` lists them"))
    return Group(*parts)


def settled_view(rows: "Sequence[FailedReaction]") -> "RenderableType":
    """What was dismissed, and why."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return Text("no reaction is dismissed")
    table = Table("reaction", "position", "key", "cause", "reason", "by", "at", box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        texts = (row.key, row.sentence, row.reason or "", row.settled_by or "")
        table.add_row(row.reaction, f"{row.position:,}", *map(Text, texts), _time(row.settled_at))
    return table


def _table(rows: "Sequence[FailedReaction]") -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table("position", "key", "cause", "tries", "first", "next", box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        due = _time(row.next_try_at) if row.next_try_at else "when retried"
        if row.waits_for:
            due += f", or when {row.waits_for} changes"
        texts = Text(row.key), Text(row.sentence)
        table.add_row(f"{row.position:,}", *texts, str(row.attempts), _time(row.first_tried_at), due)
    return table


def _time(at: "datetime | None") -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""


def _counted(number: int) -> str:
    return "1 reaction" if number == 1 else f"{number:,} reactions"
