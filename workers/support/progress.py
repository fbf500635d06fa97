"""Progress callbacks for long-running jobs; `cli.console.progress` shows them in a terminal."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[int], None]


def silent(_: int) -> None:
    """Show nothing."""


class ProgressReporter(Protocol):
    """Shows progress while its block runs; the block calls `Advance` with the amount done since the last call."""

    def __call__(self, title: str, *, total: int | None, unit: str) -> AbstractContextManager[Advance]:
        """Show the job *title*, which ends after *total* of *unit*."""
        ...


@contextmanager
def no_progress(title: str, *, total: int | None, unit: str) -> Iterator[Advance]:  # noqa: ARG001 - see ProgressReporter
    """Show nothing."""
    yield lambda _: None
