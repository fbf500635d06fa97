"""How `campus projections status` looks on a terminal and in a log file."""

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from cli.projections.outdated import SILENT

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

NUMBERS = ("position", "applied", "ignored", "parked", "skipped")


def view(state: dict[str, Any]) -> "RenderableType":
    """All generations, the segments if they were asked for, and what to do."""
    from rich.console import Group
    from rich.text import Text

    found = state["projections"]
    parts: list[RenderableType] = [_generations(found)]
    if "segments" in state:
        parts += _segments(state["segments"])
    notes = [f"{each['name']}: {note}" for each in found for note in each["notes"]]
    return Group(*parts, Text(_heartbeat(found)), *(Text(f"• {note}", style="yellow") for note in notes))


def changed_lines(state: dict[str, Any], before: dict[str, str]) -> Iterator[str]:
    """A line for each generation that is not as it was *before*, which is brought up to date."""
    for each in state["projections"]:
        place = f"{each['name']} {each['generation']}"
        line = (
            f"{place} {_status(each)}: position {each['position']:,}, lag {each['lag_events']:,} facts,"
            f" parked {each['parked']}, account {_account(each['account'])}"
        )
        if before.get(place) != line:
            before[place] = line
            yield line


def _generations(found: list[dict[str, Any]]) -> "Table":
    table = _table("read model", "generation", right=("version", "position", "lag", "late", "parked"), last="account")
    for each in found:
        table.add_row(
            each["name"],
            f"{each['generation']} {_status(each)}",
            str(each["version"]),
            f"{each['position']:,}",
            f"{each['lag_events']:,}",
            f"{each['lag_seconds']:,.1f} s",
            str(each["parked"]),
            _account(each["account"]),
        )
    return table


def _segments(found: list[dict[str, Any]]) -> "Iterator[RenderableType]":
    """A table of the segments of each generation."""
    from rich.text import Text

    for place, segments in groupby(found, key=lambda each: f"{each['projection']} {each['generation']}"):
        yield Text(f"\n{place}", style="bold")
        table = _table("segment", right=(*NUMBERS, "epoch"), last="worked on by")
        for each in segments:
            numbers = (f"{each[name]:,}" for name in (*NUMBERS, "epoch"))
            table.add_row(str(each["segment"]), *numbers, _owner(each))
        yield table


def _owner(segment: dict[str, Any]) -> str:
    if segment["owner"] is None:
        return "no projector"
    silent = segment["silent_seconds"]
    return f"{segment['owner']}, silent for {silent:.0f} s" if (silent or 0) > SILENT else str(segment["owner"])


def _status(each: dict[str, Any]) -> str:
    return f"{each['status']}: {each['step']}" if each["step"] else str(each["status"])


def _account(account: dict[str, Any]) -> str:
    if account["adds_up"] is None:
        return "not yet"
    if account["adds_up"]:
        return "adds up"
    seen = sum(account[name] for name in ("applied", "ignored", "parked", "skipped"))
    return f"{seen - account['events']:+,} of {account['events']:,} facts"


def _heartbeat(found: list[dict[str, Any]]) -> str:
    beats = [each["heartbeat_seconds"] for each in found if each["heartbeat_seconds"] is not None]
    seen = f"projector seen {min(beats):.1f} s ago" if beats else "no projector is running"
    return f"lag in facts, late: how old the first of them is; {seen}"


def _table(*left: str, right: tuple[str, ...], last: str) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(last)
    return table
