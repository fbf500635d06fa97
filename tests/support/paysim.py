"""paysim for tests: in this process without a socket, or as `campus paysim` runs it; and a receiver of webhooks."""

import json
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import stripe

from adapters.embedded.secrets import free_port
from adapters.payments.paysim import app, control
from adapters.payments.paysim.sim import new_id
from tests.support.polling import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]
KEY = "sk_test_of_these_tests"
SECRET = "whsec_of_these_tests"


class Refused(Exception):
    """A control route has refused."""


class InProcess(stripe.HTTPClient):
    """The SDK's transport, to a paysim in memory."""

    name = "paysim"

    def __init__(self) -> None:
        super().__init__()
        self.sim = app.build(app.Options("http://paysim.test"))

    def request(
        self, method: str, url: str, headers: Any, post_data: Any = None, **_kwargs: Any
    ) -> tuple[str, int, dict[str, str]]:
        """Carry out one request."""
        parts = urlsplit(url)
        named = {name.lower(): value for name, value in (headers or {}).items()}
        key = named.get("idempotency-key")
        call = app.Call(self.sim, method.upper(), parts.path, post_data or parts.query, key, new_id("req"))
        response = call.carry_out(named)
        if isinstance(response, app.Dropped):
            raise stripe.APIConnectionError("the answer was dropped")  # type: ignore[no-untyped-call]
        return bytes(response.body).decode(), response.status_code, dict(response.headers)


class Paysim:
    """paysim in memory: Stripe's client, and the control routes."""

    def __init__(self) -> None:
        self._transport = InProcess()
        self.sim = self._transport.sim
        self.api: Any = stripe.StripeClient(KEY, http_client=self._transport, max_network_retries=0).v1

    def control(self, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
        """The answer of a control route."""
        status, answer = control.handle(self.sim, method, path, {}, body or {})
        if status != 200:
            raise Refused(answer)
        return answer

    def advance(self, **by: float) -> None:
        """Move the clock ahead."""
        self.control("clock/advance", by)

    def events(self, *objects: str) -> list[str]:
        """The types of all events of these objects, the oldest first."""
        found = self.sim.store.find("event")
        return [event["type"] for event in found if event["data"]["object"].get("id") in objects]


@dataclass
class Server:
    """A running `campus paysim`."""

    url: str
    process: "subprocess.Popen[bytes]"

    @property
    def api(self) -> Any:
        """Stripe's client for it."""
        return stripe.StripeClient(KEY, base_addresses={"api": self.url}, max_network_retries=0).v1

    def control(self, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
        """The answer of a control route."""
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(f"{self.url}/_paysim/{path}", data, method=method)  # noqa: S310 - our own
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return json.load(answer)

    def answers(self) -> bool:
        """Whether it is up."""
        assert self.process.poll() is None, "paysim has ended"
        try:
            self.control("health", method="GET")
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)


@contextmanager
def serving(*arguments: str, port: int | None = None) -> Iterator[Server]:
    """Run `campus paysim` until the block ends."""
    port = port or free_port()
    command = [sys.executable, "-P", "-m", "cli.main", "paysim", "--port", str(port), *arguments]
    server = Server(f"http://127.0.0.1:{port}", subprocess.Popen(command, cwd=ROOT))
    try:
        wait_until(server.answers)
        yield server
    finally:
        server.process.terminate()
        server.process.wait(PATIENCE)


@dataclass
class Receiver:
    """A server that takes webhooks, checks them with the SDK, and answers 200, or 400 if it refuses them."""

    url: str = ""
    secrets: list[str] = field(default_factory=lambda: [SECRET])
    refuse: int = 0
    """How many more webhooks get the answer 500."""
    accepted: list[Any] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def take(self, body: bytes, header: str) -> int:
        """The status for a webhook."""
        self.headers.append(header)
        if self.refuse:
            self.refuse -= 1
            return 500
        for secret in self.secrets:
            try:
                event = stripe.Webhook.construct_event(body, header, secret)
            except stripe.SignatureVerificationError as error:
                self.refused.append(str(error))
            else:
                self.accepted.append(event)
                return 200
        return 400

    def of(self, object_id: str) -> list[str]:
        """The types of the events of an object, as they arrived."""
        return [event.type for event in self.accepted if event.data.object.id == object_id]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Take webhooks until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.take(body, self.headers["Stripe-Signature"]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/v1/webhooks/stripe"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
