"""
What the operator of `campus up` sees: a spinner while it starts, then one table; or one sentence and the end of a log.
"""

import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from adapters.embedded import StartFailed
from cli.console import fail, say
from cli.up.plan import Plan

VERSIONS = {"postgres": "PostgreSQL", "valkey": "Valkey", "nats": "NATS JetStream"}


class Steps:
    """How long each step of the start took."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.taken: list[tuple[str, float]] = []
        self._console = Console(stderr=True)

    @contextmanager
    def step(self, name: str, *, spinner: bool = True) -> Iterator[None]:
        """Time the block as *name*; the spinner gives way to a step that shows progress of its own."""
        began = time.monotonic()
        with self._console.status(f"starting: {name} …") if spinner else nullcontext():
            yield
        self.taken.append((name, time.monotonic() - began))

    async def timed(self, name: str, work: Awaitable[None]) -> None:
        """Time *work* that goes on beside others."""
        began = time.monotonic()
        await work
        self.taken.append((name, time.monotonic() - began))


def welcome(plan: Plan, steps: Steps) -> None:
    """Print how the start went, where everything is, how to log in and what to try next."""
    console = Console()
    api = plan.settings.api_url
    table = Table(title=f"campus {plan.settings.name}", title_justify="left", show_header=False, min_width=72)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, seconds in steps.taken:
        table.add_row(name, f"{seconds:.2f} s")
    table.add_row("ready after", f"{time.monotonic() - steps.began:.2f} s", end_section=True)
    table.add_row("API", api)
    table.add_row("documentation", f"{api}/docs")
    table.add_row("health", f"{api}/readyz")
    table.add_row("metrics", f"{api}/metrics")
    console.print(table)


def failure(failed: BaseException) -> None:
    """Print which child did not start, and the last it had to say."""
    fail(str(failed))
    if isinstance(failed, StartFailed):
        for line in failed.last_lines:
            say(f"  [dim]{escape(line)}[/]")
        say(f"its whole log: {failed.log}")
