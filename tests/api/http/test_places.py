"""Places for streams: a limit for all, a limit for each user, and room for requests however many clients are silent."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from adapters import open_files
from adapters.jwt import claims_of, sign
from adapters.settings import Settings
from api.http.places import StreamPlaces, TooManyStreams
from tests.support.api import Campus, Listener
from tests.support.api_process import serving
from tests.support.polling import until

SILENT = 1_400  # connections, more than the server's own limit of concurrency would allow
STREAMS = 10_000
OFFLINE = Settings(name="offline", postgres_url="", nats_url="", valkey_url="", token_secret="0" * 16)
LARGEST = 800_000_000  # bytes resident with so many streams; docs/decisions/0110 has what was measured


def test_places_are_limited_and_given_back() -> None:
    """One user has so many, all users together so many, and a place that was left is free."""
    places = StreamPlaces(3, 2)
    with places.hold("a"), places.hold("a"):
        with pytest.raises(TooManyStreams, match="a has 2 streams open"), places.hold("a"):
            pass
        with (
            places.hold("b"),
            pytest.raises(TooManyStreams, match="this process holds 3 streams"),
            places.hold("c"),
        ):
            pass
        with places.hold("c"):
            pass
    with places.hold("a"), places.hold("a"):
        pass


def test_streams_leave_places_for_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where few files may be open, half of the connections; where many, what the setting says."""
    for files, streams in ((1_024, 384), (20_000, 10_000), (2**20, 10_000)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
        assert open_files.streams(OFFLINE) == streams
        assert open_files.connections(OFFLINE) - streams >= min(384, open_files.FOR_REQUESTS)
        assert open_files.connections(OFFLINE) < files


async def test_one_stream_too_many_is_refused(app: FastAPI, campus: Campus) -> None:
    """With 503 and the time after which to try again; the next one finds the place that was left."""
    headers = await campus.as_user("admin")
    app.state.services.places._most_per_user = 1
    async with Listener(app, "/v1/overview/events", headers):
        refused = await campus.get("/overview/events")
        assert (refused.status_code, refused.json()["code"]) == (503, "too_many_streams")
        assert refused.headers["retry-after"] == "10"
    async with Listener(app, "/v1/overview/events", headers) as again:
        assert again.status == 200


async def test_a_body_that_does_not_come_is_refused(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 408, and no facts."""
    monkeypatch.setattr("api.http.middleware.SLOWEST_BODY", 0.05)

    async def chunks() -> object:
        yield b"{"
        await asyncio.Event().wait()

    headers = await campus.as_user("admin", **{"content-type": "application/json"})
    answer = await campus.client.post("/v1/courses", content=chunks(), headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (408, "body_too_slow")


@contextlib.contextmanager
def connected(url: httpx.URL, count: int) -> Iterator[list[socket.socket]]:
    """So many connections that say nothing."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection((url.host, url.port or 80))) for _ in range(count)]


@pytest.mark.processes
@pytest.mark.slow
async def test_silent_connections_take_no_place_of_a_request(settings: Settings) -> None:
    """The API answers beside more of them than fit into the backlog, and ends them after a while."""
    open_files.raise_limit()
    with serving(settings) as api, connected(httpx.URL(api.url), SILENT) as silent:
        async with httpx.AsyncClient(base_url=api.url) as client:
            assert (await client.get("/healthz")).status_code == 200
        silent[0].settimeout(60 * open_files.SILENCE)
        assert await asyncio.to_thread(silent[0].recv, 1) == b""


@pytest.mark.slow
@pytest.mark.processes
async def test_ten_thousand_streams_are_held_by_one_process(settings: Settings) -> None:
    """Requests are answered beside them, one more is refused, and the memory stays below what is stated."""
    if open_files.raise_limit() < STREAMS + open_files.FOR_REQUESTS:
        pytest.skip(f"a process may open {open_files.raise_limit():,} files here, which is too few for {STREAMS:,}")
    with serving(settings) as api:
        url = httpx.URL(api.url)
        users = [f"learner-{number}" for number in range(STREAMS // 50 + 1)]
        tokens = [_token(settings, user) for user in users]
        streams = [await _stream(url, tokens[number // 50]) for number in range(STREAMS)]
        async with httpx.AsyncClient(base_url=api.url, timeout=60) as client:
            refused = await client.get("/v1/me/events", headers={"authorization": f"Bearer {tokens[-1]}"})
            assert (refused.status_code, refused.json()["code"]) == (503, "too_many_streams")
            for path in ("/healthz", "/readyz", "/metrics"):
                assert (await client.get(path)).status_code == 200
            figures = dict(line.rsplit(" ", 1) for line in (await client.get("/metrics")).text.splitlines())
            assert float(figures["campus_event_streams"]) == STREAMS
            assert float(figures["process_resident_memory_bytes"]) < LARGEST
            for _, writer in streams:
                writer.close()

            async def all_are_gone() -> bool:
                return "campus_event_streams 0.0" in (await client.get("/metrics")).text.splitlines()

            await until(all_are_gone)


async def _stream(url: httpx.URL, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream that has begun."""
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(f"GET /v1/me/events HTTP/1.1\r\nhost: campus\r\nauthorization: Bearer {token}\r\n\r\n".encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    await reader.readuntil(b"listening")
    return reader, writer


def _token(settings: Settings, user: str) -> str:
    return sign(claims_of(user), settings.token_secret, now=datetime.now(UTC), lifetime=timedelta(hours=1))
