"""What the gateway sends again, what it does not, and how answers pass through; the instances are scripted here."""

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic

import httpx
import pytest

from adapters.embedded.secrets import free_port
from adapters.nats.instances import InstanceInfo
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from adapters.tls import context_of
from api.app import build
from api.http.contexts import ContextMap
from api.http.door.door import Door
from api.http.door.identity import IdentitySigner
from api.http.gateway import proxy as module
from api.http.gateway.fleet import Fleet
from api.http.gateway.forwarding import Forwarding
from api.http.gateway.proxy import Proxy
from api.http.middleware import RequestMiddleware
from tests.support.certificates import made
from tests.support.polling import until

pytestmark = pytest.mark.processes  # it opens connections

NOWHERE = Settings(
    postgres_url="x",
    nats_url="x",
    valkey_url="x",
    token_secret="no-server-is-asked",
    sign_ins_per_network=0,
    orders_per_user=0,
)
CONTEXTS = ContextMap(build(NOWHERE).routes)
OK = b'HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{"position":7}'
ORDER, COURSES = "/v1/orders", "/v1/courses"

Script = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Scripted:
    """An instance that does with each request what its script says."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.asked: list[bytes] = []
        self.gone = 0
        self._serving: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take requests of one connection, and end it when the script has closed it."""
        self._serving.add(task := _current())
        task.add_done_callback(self._serving.discard)
        try:
            await self._take(reader, writer)
        finally:
            self.gone += 1
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def end(self) -> None:
        """End all connections."""
        await cancel_and_wait(self._serving)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.lower().split(b"\r\n")
                length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
                self.asked.append(head + await reader.readexactly(length))
                await self._script(head, writer)
                await writer.drain()
                if writer.is_closing():
                    break


def _current() -> "asyncio.Task[None]":
    task = asyncio.current_task()
    assert task is not None
    return task


async def answers(_head: bytes, writer: asyncio.StreamWriter) -> None:
    """Accept."""
    writer.write(OK)


async def breaks_off(_head: bytes, writer: asyncio.StreamWriter) -> None:
    """Take the request, and die."""
    writer.close()


async def breaks_off_within(_head: bytes, writer: asyncio.StreamWriter) -> None:
    """Die in the middle of an answer."""
    writer.write(OK[:-5])
    await writer.drain()
    writer.close()


class Gateway:
    """A proxy behind its door, over scripted instances."""

    def __init__(self, authorities: str = "") -> None:
        door = Door(NOWHERE, believes_gateways=False)
        self.fleet = Fleet()
        signing = Forwarding(IdentitySigner(secrets.token_bytes(32), "demo"))
        self.proxy = Proxy(CONTEXTS, self.fleet, signing, door, context_of(authorities))
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(RequestMiddleware(self.proxy, door)), base_url="http://campus.example"
        )

    @asynccontextmanager
    async def instance(self, script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Scripted]:
        """An instance of all contexts."""
        scripted = Scripted(script)
        server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0, ssl=tls)
        self.know(server.sockets[0].getsockname()[1], "http://127.0.0.1" if tls is None else "https://localhost")
        try:
            yield scripted
        finally:
            server.close()
            await scripted.end()

    def know(self, port: int, host: str = "http://127.0.0.1") -> None:
        """Have an instance at a port of this machine."""
        self.fleet.heard(InstanceInfo(f"{host}:{port}", CONTEXTS.names))


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    """A gateway that knows no instance yet."""
    found = Gateway()
    async with found.client:
        yield found
    await found.proxy.close()


async def test_a_request_and_its_answer_pass(gateway: Gateway) -> None:
    """Target, host and body as they are; the answer has the request's id once, and what guards browsers."""
    async with gateway.instance(answers) as instance:
        answer = await gateway.client.post(f"{ORDER}?a=%2F%20b", json={"x": "é"}, headers={"x-request-id": "r-1"})
        assert (answer.status_code, answer.json()) == (202, {"position": 7})
        assert answer.headers.get_list("x-request-id") == ["r-1"]
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
        head, _, body = instance.asked[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /v1/orders?a=%2F%20b HTTP/1.1\r\n")
        assert b"host: campus.example" in head
        assert body == '{"x":"é"}'.encode()


@pytest.mark.parametrize("script", [breaks_off, breaks_off_within])
async def test_a_read_is_sent_again(gateway: Gateway, script: Script) -> None:
    """To another instance, also where the answer had begun."""
    async with gateway.instance(script) as broken, gateway.instance(answers):
        for _ in range(4):
            assert (await gateway.client.get(COURSES)).status_code == 202
        assert broken.asked


@pytest.mark.parametrize("script", [breaks_off, breaks_off_within])
async def test_a_command_is_sent_again_with_a_key_only(gateway: Gateway, script: Script) -> None:
    """Without one it may have been carried out: the client learns that. Signing in looks at no key."""
    async with gateway.instance(script), gateway.instance(answers):
        for key in ("k-1", "k-2"):
            answer = await gateway.client.post(ORDER, json={}, headers={"idempotency-key": key})
            assert answer.status_code == 202
    async with gateway.instance(script) as broken:
        for path, headers in ((ORDER, {}), ("/v1/auth/login", {"idempotency-key": "k-3"})):
            broken.asked.clear()
            gateway.fleet.left(next(iter(gateway.fleet)).url)
            for instance in gateway.fleet:
                instance.circuit.succeeded()
            answer = await gateway.client.post(path, json={}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (502, "instance_broke_off"), path
            assert len(broken.asked) == 1


async def test_what_reached_no_instance_is_sent_to_another(gateway: Gateway) -> None:
    """Whatever it is."""
    gateway.know(free_port())
    async with gateway.instance(answers) as instance:
        for _ in range(4):
            assert (await gateway.client.post(ORDER, json={})).status_code == 202
        assert len(instance.asked) == 4


async def test_an_instance_that_is_started_again_is_waited_for(gateway: Gateway) -> None:
    """The request does not fail meanwhile."""
    sent = asyncio.create_task(gateway.client.post(ORDER, json={}))
    await asyncio.sleep(0)
    async with gateway.instance(answers):
        assert (await sent).status_code == 202


async def test_without_any_instance_the_answer_says_what_is_missing(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the time to try again."""
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    answer = await gateway.client.get(COURSES)
    assert (answer.status_code, answer.json()["code"]) == (503, "no_instance")
    assert "serves catalog" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "1"


async def test_a_stream_passes_as_it_comes_and_ends_with_its_client(gateway: Gateway) -> None:
    """Event by event; when the client goes, so does the request to the instance."""
    more = asyncio.Event()

    async def streams(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        writer.write(b"9\r\ndata: 1\n\n\r\n")
        await writer.drain()
        await more.wait()
        with suppress(ConnectionError):
            while True:
                writer.write(b"9\r\ndata: 2\n\n\r\n")
                await writer.drain()
                await asyncio.sleep(0)

    async with gateway.instance(streams) as instance:
        parts: asyncio.Queue[bytes] = asyncio.Queue()
        gone = asyncio.Event()

        async def receive() -> dict[str, object]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.body":
                await parts.put(bytes(message["body"]))  # type: ignore[call-overload]

        scope = {
            "type": "http", "method": "GET", "path": "/v1/me/events", "raw_path": b"/v1/me/events", "query_string": b"",
            "headers": [], "request_id": "r-1", "client": ("127.0.0.1", 1),
        }  # fmt: skip
        asking = asyncio.create_task(gateway.proxy(scope, receive, send))  # type: ignore[arg-type]
        assert await parts.get() == b"data: 1\n\n"
        more.set()
        assert await parts.get() == b"data: 2\n\n"
        gone.set()
        await asking
        await until(lambda: instance.gone == 1)
    assert [each.under_way for each in gateway.fleet] == [0]


async def test_health_closes_a_circuit(gateway: Gateway) -> None:
    """An instance that answers again is asked again."""
    async with gateway.instance(answers):
        (instance,) = gateway.fleet
        for _ in range(5):
            instance.circuit.failed(monotonic())
        assert gateway.fleet.choose("quiz", ()) is None
        await gateway.proxy.alive(instance)
        assert gateway.fleet.choose("quiz", ()) is instance
    gateway.know(port := free_port())
    dead = next(each for each in gateway.fleet if each.url.endswith(str(port)))
    for _ in range(5):
        await gateway.proxy.alive(dead)
    assert not dead.circuit.is_closed(monotonic())


@pytest.mark.parametrize(("authority", "status"), [("own", 202), ("other", 503)])
async def test_an_instance_is_believed_by_its_certificate(
    authority: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of another authority gets no request, and there is no way back to HTTP."""
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    found = {name: made(tmp_path / name) for name in ("own", "other")}
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(found["own"].certificate, found["own"].key)
    gateway = Gateway(str(found[authority].authority))
    async with gateway.client, gateway.instance(answers, tls) as instance:
        answer = await gateway.client.post(ORDER, json={})
        assert (answer.status_code, len(instance.asked)) == (status, 1 if status == 202 else 0)
    await gateway.proxy.close()
