"""What a peer of `campus bench peers` does: appends, conditional appends, reads of a stream, and a tail of the log."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Protocol

from adapters.settings import Settings

STREAM_LENGTH = 100  # facts of the stream that is read
PAGE = 1_000  # facts of a page of the tail
CONNECTIONS = 40  # of a peer to PostgreSQL, as many as its documentation would have for a busy service


class Missing(Exception):
    """The peer is not installed; the message says what is to be done about it."""


class Measurement(NamedTuple):
    """What is measured: *what* is `append`, `read` or `tail`."""

    what: str
    writers: int = 1
    conditional: bool = False

    @property
    def name(self) -> str:
        """For people."""
        if self.what == "append":
            kind = "conditional append" if self.conditional else "append"
            return f"{kind}, {self.writers} writer{'s' if self.writers > 1 else ''}"
        return {"read": f"read of a stream of {STREAM_LENGTH}", "tail": f"tail, pages of {PAGE:,}"}[self.what]


class Peer(Protocol):
    """Something that stores events."""

    async def rate(self, measurement: Measurement, seconds: float) -> float:
        """Facts a second."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class Bench(NamedTuple):
    """What a peer gets: the server, a directory of its own, and where packages of Node are installed."""

    settings: Settings
    directory: Path
    node: Path


def in_threads(writers: int, seconds: float, work: Callable[[], int]) -> float:
    """Do *work*, which returns a number of facts, in so many threads at once; facts a second."""
    started = time.perf_counter()
    end = started + seconds

    def writer() -> int:
        done = 0
        while time.perf_counter() < end:
            done += work()
        return done

    with ThreadPoolExecutor(writers) as threads:
        futures = [threads.submit(writer) for _ in range(writers)]
        done = sum(future.result() for future in futures)
    return done / (time.perf_counter() - started)
