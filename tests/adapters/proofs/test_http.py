"""Requests of notary and witness go where the settings say, and nowhere else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from adapters.proofs.http import LARGEST, ask

pytestmark = pytest.mark.processes


class Odd(BaseHTTPRequestHandler):
    """Sends its clients to a secret place, or answers without an end."""

    seen: list[str]

    def do_GET(self) -> None:
        """Answer by the path."""
        self.seen.append(self.path)
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("location", "/secret")
        self.end_headers()
        if self.path == "/long":
            self.wfile.write(b"a" * (LARGEST + 1_000))

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def odd_server() -> Iterator[tuple[str, list[str]]]:
    """Its address, and the paths that it was asked for."""
    seen: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), type("Serving", (Odd,), {"seen": seen}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_no_redirection_is_followed() -> None:
    """It is an answer like any other that is not the one hoped for."""
    with odd_server() as (url, seen):
        assert (await ask(f"{url}/moved")).status == 302
        assert (await ask(f"{url}/moved", "checkpoint")).status == 501
        assert seen == ["/moved"]


async def test_an_answer_has_a_length() -> None:
    """What is above the limit is not read."""
    with odd_server() as (url, _):
        assert len((await ask(f"{url}/long")).text) == LARGEST


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "no address", "ftp://127.0.0.1:1/keys", "file:///etc/hostname"])
async def test_an_address_that_is_none_has_no_answer(url: str) -> None:
    """The reason is said; files and other schemes are not opened."""
    answer = await ask(url)
    assert answer.status == 0
    assert answer.text
