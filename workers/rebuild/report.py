"""What a rebuild has done, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec


class BuildResult(msgspec.Struct):
    """
    One generation that was built.

    Attributes:
        resumed: it had been begun before, and what was complete of it was kept.
        position: for which its content is true.
        digest: canonical digest of the rows that readers would see.
        parked: keys that wait because the new code failed at one of their facts.
    """

    projection: str
    generation: int
    version: int
    resumed: bool = False
    position: int = 0
    digest: str = ""
    rows: int = 0
    parked: int = 0


class ProcessReport(msgspec.Struct):
    """
    What one process has folded.

    Attributes:
        facts: of the log that it has passed over; read those of them that it wanted.
        seconds: by step.
        peak_mib: largest resident memory.
    """

    pid: int = 0
    facts: int = 0
    read: int = 0
    seconds: dict[str, float] = {}
    peak_mib: float = 0.0
    restarts: int = 0


class RebuildReport(msgspec.Struct):
    """
    A rebuild of one or more read models in one pass over the log.

    Attributes:
        facts: of the log up to which the fold went; 0 where all was done before.
        seconds: of each step; those in processes as the slowest needed.
        total_seconds: of the whole rebuild.
        facts_per_second: facts / seconds of bulk, catch_up and write together.
    """

    built: list[BuildResult]
    processes: list[ProcessReport] = []
    facts: int = 0
    seconds: dict[str, float] = {}
    total_seconds: float = 0.0
    facts_per_second: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The report for `--json`."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


@contextmanager
def timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Add how long the block takes to the *seconds* of a step."""
    started = time.perf_counter()
    try:
        yield
    finally:
        seconds[step] = round(seconds.get(step, 0.0) + time.perf_counter() - started, 3)
