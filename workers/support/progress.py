"""How long work tells whoever started it how far it has come: `cli.console.progress` is one way to show it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[int], None]


def silent(_: int) -> None:
    """Show nothing."""


class ProgressReporter(Protocol):
    """Shows progress while its block runs, in which it is told how much has been done since."""

    def __call__(self, title: str, *, total: int | None, unit: str) -> AbstractContextManager[Advance]:
        """Begin to show *title*, of *total* many of *unit*."""
        ...


@contextmanager
def no_progress(title: str, *, total: int | None, unit: str) -> Iterator[Advance]:  # noqa: ARG001 - see Progress
    """Show nothing."""
    yield lambda _: None
