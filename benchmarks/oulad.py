"""
`campus bench oulad --file FILE.zip`: the whole of OULAD through the domain, the log and every read model.

From the start of the import to lag 0 of every projection, on a throw-away campus with all workers running; and the
largest resident memory of every process meanwhile. The yardstick is the allowed time, four minutes.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from adapters.settings import Settings
from benchmarks.campus import CAMPUS, running_campus
from benchmarks.classroom import everything_seen
from benchmarks.rounds import Comparison, Subject, conclude
from cli.console import Failure

MAY_TAKE = 240.0  # seconds
MOST_MEMORY = 600  # MB, of any one process
SAMPLE_INTERVAL = 0.5  # seconds
SUBJECT = Subject(
    name="oulad",
    unit="s",
    what="import of the whole file, until every projection has lag 0",
    yardstick_is="the time it may take",
    at_most=1.0,
)


async def bench(file: Path, rounds: int) -> Comparison:
    """Import *file* into a fresh campus, *rounds* times."""
    found: list[tuple[float, float]] = []
    details: dict[str, Any] = {}
    for _ in range(rounds):
        async with running_campus() as settings:
            seconds, details = await _measure(settings, file)
            found.append((seconds, MAY_TAKE))
    return conclude(SUBJECT, found, **details)


async def _measure(settings: Settings, file: Path) -> tuple[float, dict[str, Any]]:
    memory: dict[str, int] = {}
    watching = asyncio.create_task(_watch_memory(memory))
    started = time.perf_counter()
    report = await import_file(settings, file)
    imported = time.perf_counter() - started
    try:
        await everything_seen(settings)
    finally:
        watching.cancel()
    seconds = time.perf_counter() - started
    largest = max(memory.values())
    return seconds, {
        "import_seconds": round(imported, 1),
        "facts": report["facts"],
        "facts_per_second": round(report["facts"] / seconds),
        "largest_mb": largest,
        "memory_met": largest <= MOST_MEMORY,
        "mb": memory,
    }


async def import_file(settings: Settings, file: Path) -> dict[str, Any]:
    """Import a release of OULAD by the command; what it reports."""
    arguments = ("import", "oulad", str(file), "--data", str(settings.data_dir), "--json")
    process = await asyncio.create_subprocess_exec(*CAMPUS, *arguments, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    if process.returncode:
        raise Failure(f"the import ended with status {process.returncode}")
    report: dict[str, Any] = json.loads(output.splitlines()[-1])
    return report


async def _watch_memory(memory: dict[str, int]) -> None:
    """Note the largest resident memory, in MB, of every process below this one; shared memory counts in each."""
    while True:
        for process in psutil.Process().children(recursive=True):
            try:
                name, resident = _name(process), process.memory_info().rss // 1_000_000
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            memory[name] = max(resident, memory.get(name, 0))
        await asyncio.sleep(SAMPLE_INTERVAL)


def _name(process: psutil.Process) -> str:
    line = process.cmdline()
    if "cli.main" in line:
        return " ".join(line[line.index("cli.main") + 1 :][:2])
    return process.name() if line and line[0] != sys.executable else "python"
