"""What one process of the API says of its own connections: how many it holds, may hold, and what they take."""

import asyncio
import urllib.request
from typing import NamedTuple

from adapters.health.servers import Unhealthy
from adapters.settings import Settings
from adapters.tls import own_api_context

TIMEOUT = 5.0  # seconds
FULL = 0.9  # of what is allowed: time to allow more, or to start another process


class Connections(NamedTuple):
    """The figures of one process, as `/metrics` has them."""

    streams: int
    most_streams: int
    files: int
    most_files: int
    memory: int


def parsed(text: str) -> Connections:
    """From the text of `/metrics`."""
    lines = (line.partition(" ") for line in text.splitlines() if not line.startswith("#"))
    found = {name: float(value) for name, _, value in lines if "{" not in name}
    names = ("campus_event_streams", "campus_event_streams_most", "process_open_fds", "process_max_fds")
    return Connections(*(int(found[name]) for name in (*names, "process_resident_memory_bytes")))


async def room(settings: Settings) -> str:
    """
    Say how many streams and files one process has open, and how much memory it takes.

    Raises:
        Unhealthy: it may open too few files, or has hardly any place left.
    """
    try:
        has = parsed(await asyncio.to_thread(_metrics, settings))
    except OSError as error:
        raise Unhealthy(f"nothing answers at {settings.api_url}", "start the campus with `campus up`") from error
    return judged(has, settings)


def judged(has: Connections, settings: Settings) -> str:
    """The sentence for these figures; raises Unhealthy as `room` does."""
    said = (
        f"{has.streams:,} of at most {has.most_streams:,} streams, {has.files:,} of {has.most_files:,} files open,"
        f" {has.memory / 1e6:.0f} MB resident in one process"
    )
    if has.most_streams < settings.api_streams:
        raise Unhealthy(
            f"{said}: too few files for CAMPUS_API_STREAMS={settings.api_streams}",
            "let the API open more files (`ulimit -n`, LimitNOFILE=, nofile), or set CAMPUS_API_STREAMS lower",
        )
    if has.streams > FULL * has.most_streams or has.files > FULL * has.most_files:
        raise Unhealthy(f"{said}: hardly a place left", "raise CAMPUS_API_WORKERS, or CAMPUS_API_STREAMS and its files")
    return said


def _metrics(settings: Settings) -> str:
    url, trust = f"{settings.api_url}/metrics", own_api_context(settings)
    with urllib.request.urlopen(url, timeout=TIMEOUT, context=trust) as answer:  # noqa: S310 - our own API's URL
        return str(answer.read().decode())
