"""Comparing the log with what was exported before: for `campus log verify` and `campus projections repair`."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import progress

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.settings import Settings
    from workers.support.progress import Advance

Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="DIR|POSITION:DIGEST",
        help="Compare every fact with an export that was kept elsewhere, or with the `content` of one.",
        show_default=False,
    ),
]

NOT_COMPARED = (
    "not checked: whether stored facts were changed. Only an export that was kept elsewhere shows that:"
    " campus log verify --against DIR"
)


async def compare(settings: "Settings", against: str) -> dict[str, Any]:
    """
    What differs between the log and an export, or between the digests of both, as plain values.

    Raises:
        ExportError: there is nothing to compare with.
    """
    import re
    from contextlib import ExitStack
    from pathlib import Path

    import msgspec

    from adapters.parquet.compare import compare_with_digest, compare_with_export

    digest = re.fullmatch(r"(\d{1,18}):([0-9a-fA-F]{64})", against)
    with ExitStack() as stack:
        title = f"comparing with {against}"

        def begin(total: int) -> "Advance":
            return stack.enter_context(progress(title, total=total, unit="facts"))

        if digest:
            found = await compare_with_digest(settings, int(digest[1]), digest[2], begin)
        else:
            found = await compare_with_export(settings, Path(against), begin)
    plain: dict[str, Any] = msgspec.to_builtins(found)
    return plain


def view(found: dict[str, Any]) -> "list[RenderableType]":
    """What the comparison has found, for people."""
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    what = f"{found['against']}, up to position {found['position']:,}"
    if not found["count"]:
        return [Text(f"the log is what was exported: {what}")]
    if found["problem"]:
        return [Text(f"the log is NOT what was exported: {found['problem']}")]
    table = Table("position", "stream", "type", "column", "exported", "in the log")
    for difference in found["differences"]:
        place = (str(difference["position"]), difference["stream"], difference["type"])
        for column, (before, now) in difference["changes"].items() or [("", ("a fact", "missing"))]:
            table.add_row(*map(escape, (*place, column, short(before), short(now))))
    return [Text(f"the log is NOT what was exported: {found['count']:,} facts were changed; {what}"), table]


def short(value: Any) -> str:
    """A value of a field, in one line of a table."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
