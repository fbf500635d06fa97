"""
`campus bench lag`: from the answer to a command to a dashboard that shows it, at 500 commands a second.

Each of 64 clients sends a command, then asks for the dashboard with the command's position as `min_position`, and
stops the clock when the answer is true for it: the wait of a person, HTTP included.
The yardstick is the allowed time.
"""

import asyncio
import json
import time
from urllib.parse import urlsplit

from benchmarks.campus import running_campus
from benchmarks.classroom import Classroom, everything_seen, open_classroom
from benchmarks.load import UnexpectedAnswer, content_length
from benchmarks.rounds import Comparison, Subject, conclude
from cli.console import progress

CLIENTS = 64
RATE = 500  # commands a second, all clients together
MAY_TAKE = 50.0  # milliseconds
SUBJECT = Subject(
    name="lag",
    unit="ms",
    what=f"{RATE} commands a second, p99 from the command's answer to a dashboard that shows it",
    yardstick_is="the time it may take",
    at_most=1.0,
)


class Client:
    """One connection that sends a request and waits for its answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, url: str) -> "Client":
        """Connect to the API."""
        parts = urlsplit(url)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port))

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Head and body of the answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        body = await self._reader.readexactly(content_length(head))
        if head[9:10] != b"2":
            raise UnexpectedAnswer(f"{head[:60]!r}: {body[:300]!r}")
        return head, body


async def bench(seconds: float, rounds: int) -> Comparison:
    """Measure on a throw-away campus; *seconds* for each round."""
    async with running_campus() as settings:
        classroom = await open_classroom(settings)
        found, medians, rates = [], [], []
        with progress("bench lag", total=rounds + 1, unit="rounds") as advance:
            for number in range(rounds + 1):
                started = time.perf_counter()
                lags = await measure(classroom, seconds)
                rate = len(lags) / (time.perf_counter() - started)
                await everything_seen(settings)
                if number:
                    found.append((1000 * lags[int(0.99 * len(lags))], MAY_TAKE))
                    medians.append(round(1000 * lags[len(lags) // 2], 1))
                    rates.append(round(rate))
                advance(1)
    return conclude(SUBJECT, found, p50_ms=medians, commands_per_second=rates)


async def measure(classroom: Classroom, seconds: float) -> list[float]:
    """The lags, in seconds, of all commands of that time, sorted."""
    end = time.perf_counter() + seconds
    lags: list[float] = []
    clients = [await Client.connect(classroom.url) for _ in range(CLIENTS)]
    await asyncio.gather(*(_client(client, classroom, number, end, lags) for number, client in enumerate(clients)))
    return sorted(lags)


async def _client(client: Client, classroom: Classroom, number: int, end: float, lags: list[float]) -> None:
    """Send commands at this client's share of the rate, evenly spread, each followed by its read."""
    interval = CLIENTS / RATE
    due = time.perf_counter() + interval * number / CLIENTS
    while due < end:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        due += interval
        _, body = await client.ask(classroom.activity_of(number))
        answered = time.perf_counter()
        position = json.loads(body)["position"]
        head, _ = await client.ask(classroom.dashboard_of(number, position))
        lags.append(time.perf_counter() - answered)
        if true_for(head) < position:
            raise UnexpectedAnswer(f"the dashboard was true for {true_for(head)} only, not for {position}")


def true_for(head: bytes) -> int:
    """The position in the header `Campus-Position`."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"campus-position:"):
            return int(line.partition(b":")[2])
    return 0
