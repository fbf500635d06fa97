"""The peers that run on Node: a process each, which gets its measurements line by line."""

import asyncio
import json
import shutil
from pathlib import Path

from benchmarks.peers.peer import CONNECTIONS, STREAM_LENGTH, Bench, Measurement, Missing
from cli.console import Failure

SCRIPT = Path(__file__).with_name("node_peer.mjs")
PACKAGES = {
    "emmett": ("@event-driven-io/emmett-postgresql", "@event-driven-io/emmett", "@event-driven-io/pongo", "pg"),
    "message-db": ("@eventide/message-db", "pg"),
}


class NodePeer:
    """A peer in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def open(cls, name: str, bench: Bench) -> "NodePeer":
        """Start the process and fill the stream that is read; raises Missing."""
        node = shutil.which("node")
        if node is None:
            raise Missing("Node is not installed")
        for package in PACKAGES[name]:
            if not (bench.node / "node_modules" / package).is_dir():
                wanted = " ".join(PACKAGES[name])
                raise Missing(f"{package} is not here: npm install --prefix DIRECTORY {wanted}, then --node DIRECTORY")
        process = await asyncio.create_subprocess_exec(
            node,
            str(SCRIPT),
            str(bench.node.absolute()),
            name,
            bench.settings.postgres_owner_url,
            str(CONNECTIONS),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        peer = cls(process)
        await peer._answer()
        await peer._ask(what="fill", writers=STREAM_LENGTH, seconds=0)
        return peer

    async def rate(self, measurement: Measurement, seconds: float) -> float:
        """Facts a second."""
        return await self._ask(**measurement._asdict(), seconds=seconds)

    async def _ask(self, **question: object) -> float:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - it is a pipe
        stdin.write(json.dumps(question).encode() + b"\n")
        await stdin.drain()
        return float((await self._answer())["rate"])

    async def _answer(self) -> dict[str, float]:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - it is a pipe
        line = await stdout.readline()
        answer = json.loads(line) if line else {"error": "the process has ended"}
        if "error" in answer:
            raise Failure(f"a peer on Node has failed: {answer['error']}")
        return dict(answer)

    async def close(self) -> None:
        """End the process."""
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()
