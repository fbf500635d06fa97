"""How far a long question has come: a bar in a terminal and in Jupyter, nothing where there is nobody to look."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PATIENCE = 1.0  # seconds before a bar appears


class Report(Protocol):
    """Tell that *done* positions of *total* are read."""

    def __call__(self, done: int, total: int) -> None: ...


@contextmanager
def reporting(title: str, *, shown: bool) -> Iterator[Report]:
    """Show how far *title* is, once it has taken a second; yields what has to be told."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not (console.is_terminal or console.is_jupyter))
    task = bar.add_task(title, total=None)
    began = time.monotonic()

    def report(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)
        if shown and not bar.live.is_started and time.monotonic() - began > PATIENCE:
            bar.start()

    try:
        yield report
    finally:
        bar.stop()
