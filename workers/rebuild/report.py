"""The report of a rebuild: generations, processes and times."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from domain.admin import Build


class BuildResult(msgspec.Struct):
    """
    One generation that was built.

    Attributes:
        resumed: an earlier rebuild began it, and its complete segments were kept.
        position: up to which it holds all facts.
        digest: canonical digest of the rows that readers would see.
        parked: keys that wait because the code failed at one of their facts.
    """

    projection: str
    generation: int
    version: int
    resumed: bool = False
    position: int = 0
    digest: str = ""
    rows: int = 0
    parked: int = 0


def build_of(built: BuildResult) -> Build:
    """What a fact says of a generation that was built."""
    return Build(**{name: getattr(built, name) for name in Build.__struct_fields__})


class ProcessReport(msgspec.Struct):
    """
    What one process has folded.

    Attributes:
        facts: position up to which it has folded the log; `read` counts the facts that it received.
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
        facts: position up to which the log was folded; 0 if all segments were complete before.
        seconds: of each step; of the steps in processes those of the slowest.
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
