"""
Output of `campus`: answers on standard output (a table, or JSON with `--json`), all else on standard error.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.support.progress import Advance

if TYPE_CHECKING:  # rich's progress takes longer to import than most commands take to run
    from rich.console import RenderableType
    from rich.progress import Task
    from rich.text import Text

PLAIN_INTERVAL = 5.0  # seconds between two lines of progress without a terminal
MOST_ROWS = 1_000_000  # rows to hold in memory and show
MOST_WORKERS = 1_024  # processes
FULL_WIDTH = 100_000  # characters: where no terminal ends a line, no value in a table is cut or broken
LARGEST = 2**31 - 1  # of PostgreSQL's integer, which counts generations; also the limit for numbers of rows
LAST_POSITION = 2**63 - 1  # of a log
INTERRUPTED = 130  # exit code after Ctrl-C

Json = Annotated[bool, typer.Option("--json", help="Answer with JSON instead of a table.")]
DataDir = Annotated[
    Path | None, typer.Option("--data", help="Data directory of the running campus.", show_default=".campus")
]


class Failure(Exception):
    """A command has failed; the message is one sentence that says why and what to type."""


def day(text: str) -> date:
    """The parser of an option that is a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day, such as 2026-02-01") from None


def answer(data: Any, *, as_json: bool, table: Callable[[], "RenderableType"]) -> None:
    """Print *data* as one JSON object, or the *table* made of it; off a terminal nothing of it is cut or broken."""
    if as_json:
        sys.stdout.write(json.dumps(data, default=str) + "\n")
        return
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=FULL_WIDTH)
    console.print(table())


def fail(sentence: str) -> None:
    """Print why the command failed."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]campus:[/] {_escaped(sentence)}")


def say(line: str) -> None:
    """Print a remark beside the answer (standard error, so that `--json` stays clean)."""
    from rich.console import Console

    with suppress(OSError):  # on a closed terminal, `campus up` must still stop in order
        Console(stderr=True, highlight=False, soft_wrap=True).print(line)


@contextmanager
def progress(title: str, *, total: int | None = None, unit: str = "rows") -> Iterator[Advance]:
    """
    Show progress with rate and time left; yields a function to call with the amount done since the last call.

    Args:
        title: the name of the work.
        total: amount of *unit* at the end; None if unknown.
        unit: what is counted.
    """
    if sys.stderr.isatty():
        with _bar(title, total, unit) as advance:
            yield advance
    else:
        lines = _Lines(title, total, unit)
        yield lines.advance
        lines.print()


class _Lines:
    """Progress for a log file: a line every PLAIN_INTERVAL seconds."""

    def __init__(self, title: str, total: int | None, unit: str) -> None:
        self._title, self._total, self._unit = title, total, unit
        self._done = 0
        self._began = self._printed = time.monotonic()

    def advance(self, amount: int) -> None:
        self._done += amount
        if time.monotonic() - self._printed >= PLAIN_INTERVAL:
            self.print()

    def print(self) -> None:
        self._printed = time.monotonic()
        rate = self._done / max(self._printed - self._began, 1e-6)
        line = f"{self._title}: {self._done:,} {self._unit}, {rate:,.0f}/s"
        if self._total:
            left = max(self._total - self._done, 0) / max(rate, 1e-6)
            line += f", {100 * self._done / self._total:.0f} % of {self._total:,}, {left:.0f} s left"
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


@contextmanager
def _bar(title: str, total: int | None, unit: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: "Task") -> "Text":
            return Text(f"{task.finished_speed or task.speed or 0:,.0f} {unit}/s")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)
        yield lambda amount: bar.advance(task, amount)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
