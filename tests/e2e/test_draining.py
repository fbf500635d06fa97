"""Processes that drain: what runs is answered, what is new goes elsewhere, and then they end."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from adapters.jwt import claims_of, sign
from adapters.settings import Settings
from tests.support.polling import PATIENCE, wait_until
from tests.support.shapes import twice_behind_a_gateway

pytestmark = [pytest.mark.slow, pytest.mark.processes]


class HalfSent:
    """A command of which half was sent, so that it is under way."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        parts = urlsplit(url)
        self._body = json.dumps({"run_id": "none"}).encode()
        self._socket = socket.create_connection((parts.hostname, parts.port), PATIENCE)
        head = {"host": parts.netloc, "content-type": "application/json", "content-length": str(len(self._body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**head, **headers}.items())
        self._socket.sendall(f"POST /v1/enrollments HTTP/1.1\r\n{lines}\r\n".encode() + self._body[:5])

    def finish(self) -> int:
        """Send the rest; the status of the answer."""
        with self._socket, self._socket.makefile("rb") as answer:
            self._socket.sendall(self._body[5:])
            return int(answer.readline().split()[1])


def code_of(url: str) -> str:
    """The code of a refusal of a process that takes nothing new; empty if it does."""
    with httpx.Client(timeout=PATIENCE) as client:
        answer = client.get(f"{url}/readyz")
    return str(answer.json().get("code", "")) if answer.status_code == 503 else ""


@contextmanager
def drained(process: "subprocess.Popen[bytes]", url: str, headers: dict[str, str]) -> Iterator[None]:
    """Drain a process with a command under way; the block runs before that is answered, and then the process ends."""
    under_way = HalfSent(url, headers)
    with httpx.Client(timeout=PATIENCE) as client:
        wait_until(lambda: "campus_http_under_way 2.0" in client.get(f"{url}/metrics").text)  # that, and this one
    process.send_signal(signal.SIGUSR1)
    wait_until(lambda: code_of(url) == "draining")
    assert httpx.get(f"{url}/healthz", timeout=PATIENCE).status_code == 200, "it lives"
    yield
    assert process.poll() is None, "it waits for what runs"
    assert under_way.finish() == 404
    assert process.wait(PATIENCE) == 0


def test_processes_are_drained(settings: Settings) -> None:
    """An instance, while commands without a key go on through the gateway; then the gateway itself."""
    claims, now = claims_of("ann"), datetime.now(UTC)
    token = sign(claims, settings.token_secret, now=now, lifetime=timedelta(hours=1))
    headers = {"authorization": f"Bearer {token}"}
    with ExitStack() as stack:
        shape, urls = twice_behind_a_gateway(stack, settings)
        client = stack.enter_context(httpx.Client(base_url=shape.url, headers=headers, timeout=PATIENCE))

        def statuses() -> set[int]:
            return {client.post("/v1/enrollments", json={"run_id": "none"}).status_code for _ in range(40)}

        assert statuses() == {404}
        (first, second), (gateway,) = shape.processes["all"], shape.processes["gateway"]
        with drained(first, urls[0], headers):
            assert statuses() == {404}, "none meets the one that drains"
            ready = client.get("/readyz").json()
            assert {url for found in ready["contexts"].values() for url in found} == {urls[1]}
        assert statuses() == {404}
        with drained(gateway, shape.url, headers):
            refused = httpx.get(f"{shape.url}/v1/courses", headers=headers, timeout=PATIENCE)
            assert (refused.status_code, refused.json()["code"]) == (503, "draining")
            assert refused.headers["campus-draining"] == "1"
        assert second.poll() is None
