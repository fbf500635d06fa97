"""UmaDB: the server that its wheel ships, with a directory of its own, and its client for Python in threads."""

import asyncio
import importlib.util
import json
import subprocess
import sys
from itertools import count
from typing import Any

from adapters.embedded.secrets import free_port
from benchmarks.peers.peer import STREAM_LENGTH, Bench, Measurement, Missing, in_threads
from cli.console import Failure

DATA = json.dumps({"unit_id": "unit", "kind": "click", "amount": 1}).encode()
SERVER = "from umadb.umadb_server_cli import main; main()"
READER = "learner:reader"
ATTEMPTS, PAUSE = 100, 0.1  # to reach the server, seconds


class UmaPeer:
    """A server and its client; *uma* is its module, which knows no types."""

    def __init__(self, uma: Any, server: "subprocess.Popen[bytes]", client: Any) -> None:
        self._uma, self._server, self._client = uma, server, client
        self._numbers = count()

    @classmethod
    async def open(cls, bench: Bench) -> "UmaPeer":
        """Start the server and fill what is read; raises Missing."""
        if importlib.util.find_spec("umadb") is None:
            raise Missing("umadb is not installed: pip install umadb")
        uma = importlib.import_module("umadb")
        address = f"127.0.0.1:{free_port()}"
        server = _start(address, str(bench.directory))
        try:
            client = await _client(uma, f"http://{address}")
            peer = cls(uma, server, client)
            for _ in range(STREAM_LENGTH):
                await asyncio.to_thread(peer._write, READER)
        except BaseException:
            server.kill()
            raise
        return peer

    async def rate(self, measurement: Measurement, seconds: float) -> float:
        """Facts a second."""
        work = {"append": self._append, "read": self._read, "tail": self._tail}[measurement.what]
        if measurement.conditional:
            work = self._append_if
        return await asyncio.to_thread(in_threads, measurement.writers, seconds, work)

    def _write(self, tag: str, condition: Any = None) -> int:
        self._client.append([self._uma.Event("ActivityRecorded", DATA, [tag])], condition)
        return 1

    def _append(self) -> int:
        return self._write(f"learner:{next(self._numbers)}")

    def _append_if(self) -> int:
        tag = f"learner:{next(self._numbers)}"
        return self._write(tag, self._uma.AppendCondition(self._query(tag)))

    def _query(self, tag: str) -> Any:
        return self._uma.Query([self._uma.QueryItem(tags=[tag])])

    def _read(self) -> int:
        return sum(1 for _ in self._client.read(self._query(READER)))

    def _tail(self) -> int:
        return sum(1 for _ in self._client.read(limit=10_000))

    async def close(self) -> None:
        """End the server."""
        self._server.terminate()
        await asyncio.to_thread(self._server.wait)


def _start(address: str, directory: str) -> "subprocess.Popen[bytes]":
    command = (sys.executable, "-c", SERVER, "--listen", address, "--db-path", directory)
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def _client(uma: Any, url: str) -> Any:
    """A client, as soon as the server answers."""
    for _ in range(ATTEMPTS):
        try:
            client = uma.Client(url)
            await asyncio.to_thread(client.head)
        except (OSError, uma.TransportError):
            await asyncio.sleep(PAUSE)
        else:
            return client
    raise Failure("the server of UmaDB does not answer")
