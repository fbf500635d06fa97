"""
`campus bench peers`: our log beside other stores of events, on the same machine, in turns, with fsync on.

Those that use PostgreSQL share a server with us, each in tables of its own. UmaDB has its own server. Each measurement
is made of one peer after the other, round by round, so that all meet the same conditions. A conditional append is what
a peer has for it: a query by tag (ours, the library's DCB recorder, UmaDB), or that the stream does not exist (Emmett,
Message DB). A peer that is not installed is left out with a sentence.
"""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.campus import running_postgres
from benchmarks.peers.library import LibraryPeer
from benchmarks.peers.on_node import NodePeer
from benchmarks.peers.ours import OurPeer
from benchmarks.peers.peer import Bench, Measurement, Missing, Peer
from benchmarks.peers.uma import UmaPeer
from cli.console import progress

MEASUREMENTS = (
    *(Measurement("append", writers, conditional) for conditional in (False, True) for writers in (1, 32, 512)),
    Measurement("read"),
    Measurement("tail"),
)
PEERS: dict[str, Callable[[Bench], Awaitable[Peer]]] = {
    "ours": OurPeer.open,
    "eventsourcing": LibraryPeer.open,
    "emmett": lambda bench: NodePeer.open("emmett", bench),
    "message-db": lambda bench: NodePeer.open("message-db", bench),
    "umadb": UmaPeer.open,
}
GOALS = {"eventsourcing": 20.0, "emmett": 10.0, "message-db": 10.0, "umadb": 2.0}  # times, appends of 32 writers


@dataclass(frozen=True)
class Goal:
    """How many times as fast as a peer 32 writers append."""

    peer: str
    ratio: float
    at_least: float

    @property
    def met(self) -> bool:
        """Whether that is enough."""
        return self.ratio >= self.at_least


@dataclass(frozen=True)
class Findings:
    """
    What the bench found.

    Attributes:
        rates: facts a second by measurement and peer, medians over the rounds.
        left_out: peers that are not here, and why.
    """

    rates: dict[str, dict[str, float]]
    goals: list[Goal]
    left_out: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "goals": [{**asdict(goal), "met": goal.met} for goal in self.goals]}


async def bench(seconds: float, rounds: int, node: Path) -> Findings:
    """Measure on throw-away servers; *seconds* for each measurement, *node*: where packages of Node are installed."""
    found: dict[Measurement, dict[str, list[float]]] = {measurement: {} for measurement in MEASUREMENTS}
    async with _opened(node) as (peers, left_out):
        total = (rounds + 1) * len(MEASUREMENTS) * len(peers)
        with progress("bench peers", total=total, unit="measurements") as advance:
            for number in range(rounds + 1):  # the first is for warming up
                for measurement in MEASUREMENTS:
                    for name, peer in peers.items():
                        rate = await peer.rate(measurement, seconds)
                        if number:
                            found[measurement].setdefault(name, []).append(rate)
                        advance(1)
    return _conclude(found, left_out)


def _conclude(found: dict[Measurement, dict[str, list[float]]], left_out: dict[str, str]) -> Findings:
    appends = found[Measurement("append", 32)]
    goals = [
        Goal(name, median(a / b for a, b in zip(appends["ours"], rates, strict=True)), GOALS[name])
        for name, rates in appends.items()
        if name in GOALS
    ]
    rates = {each.name: {name: median(rounds) for name, rounds in of.items()} for each, of in found.items()}
    return Findings(rates, goals, left_out)


@asynccontextmanager
async def _opened(node: Path) -> AsyncIterator[tuple[dict[str, Peer], dict[str, str]]]:
    """The peers that are installed, and why the others are not here."""
    peers: dict[str, Peer] = {}
    left_out: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="campus-peers-")))
        settings = await stack.enter_async_context(running_postgres())
        for name, opening in PEERS.items():
            try:
                peer = await opening(Bench(settings, directory, node))
            except Missing as missing:
                left_out[name] = str(missing)
            else:
                stack.push_async_callback(peer.close)
                peers[name] = peer
        yield peers, left_out
