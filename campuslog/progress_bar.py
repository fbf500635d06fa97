"""Progress of a long query: a bar in a terminal, in Jupyter and in marimo; nothing elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PATIENCE = 1.0  # seconds before a bar appears


class BarReporter(Protocol):
    """Tell that *done* positions of *total* are read."""

    def __call__(self, done: int, total: int) -> None: ...


@contextmanager
def reporting(title: str, *, shown: bool) -> Iterator[BarReporter]:
    """Show how far *title* is, once it has taken a second; yields the function that takes progress."""
    began = time.monotonic()
    with ExitStack() as stack:
        bar: BarReporter | None = None

        def report(done: int, total: int) -> None:
            nonlocal bar
            if bar is None and shown and time.monotonic() - began > PATIENCE:
                bar = stack.enter_context(_marimo_bar(title, total) if _in_marimo() else _rich_bar(title))
            if bar is not None:
                bar(done, total)

        yield report


@contextmanager
def _rich_bar(title: str) -> Iterator[BarReporter]:
    """A bar on standard error, if that is a terminal, or below the cell of a Jupyter notebook."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    unseen = not (console.is_terminal or console.is_jupyter)
    with Progress(*columns, console=console, transient=True, disable=unseen) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _marimo_bar(title: str, total: int) -> Iterator[BarReporter]:
    """A bar below the cell of a marimo notebook, which is there if we run in one."""
    before = 0
    with sys.modules["marimo"].status.progress_bar(total=total, title=title, remove_on_exit=True) as bar:

        def report(done: int, total: int) -> None:  # noqa: ARG001 - it is known from the beginning
            nonlocal before
            bar.update(increment=done - before)
            before = done

        yield report


def _in_marimo() -> bool:
    marimo: Any = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())
