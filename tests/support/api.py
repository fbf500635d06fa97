"""A campus for the tests of the API: workers in a thread, the application in the test's own loop, a client for both."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import uuid4

import httpx
from fastapi import FastAPI

from adapters.jwt import PROOFS, JwtClaims, sign
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from api.app import build
from projections.engine.projection import Projection
from projections.registry import PROJECTIONS
from tests.support.polling import guard, until
from tests.support.roles import as_process
from workers import projector, reactor, relay

UNITS = [
    {"unit_id": "intro", "kind": "page", "title": "Begin here"},
    {"unit_id": "q1", "kind": "quiz", "title": "Equations", "weight": 4_000, "due_after_days": 14},
    {"unit_id": "q2", "kind": "essay", "title": "Groups", "weight": 6_000, "due_after_days": 28},
]
ITEMS = [
    {"item_id": "i1", "text": "6 x 7?", "options": ["36", "42"]},
    {"item_id": "i2", "text": "6 + 7?", "options": ["13", "42"]},
]


@contextmanager
def workers(settings: Settings, projections: Sequence[Projection] = PROJECTIONS) -> Iterator[None]:
    """Relay, projector and reactor, in a thread with a loop of its own, until the block ends; raises what ended one."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    ended: list[Exception] = []

    async def keep(run: Callable[[], Awaitable[None]]) -> None:
        """Start it again when it ends with an error, as the supervisor does, or the test would wait for ever."""
        while not stop.is_set():
            try:
                await run()
            except Exception as error:  # noqa: BLE001 - raised at the end
                ended.append(error)
                await asyncio.sleep(0.2)  # a pace

    async def run() -> None:
        await asyncio.gather(
            keep(lambda: relay.run(as_process(settings, "relay"), stop)),
            keep(lambda: projector.run(as_process(settings, "projector"), stop, projections)),
            keep(lambda: reactor.run(as_process(settings, "reactor"), stop)),
        )

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
    if ended:
        raise ended[0]


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The application, started, with a client that speaks to it without a socket."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://campus") as client:
            yield client


async def every_read_model(client: httpx.AsyncClient, projections: Sequence[Projection] = PROJECTIONS) -> None:
    """Wait until the projector has made all its tables."""

    async def are_there() -> bool:
        return len((await client.get("/readyz")).json()["projections"]) == len(projections)

    await until(are_there)


def is_behind(answer: httpx.Response) -> bool:
    """Whether a query was not answered because its read model has not reached `min_position`, or is not built yet."""
    return answer.status_code == 503 and answer.json()["code"] in ("position_not_reached", "not_built")


class Campus:
    """What tests do over and over: log in, send, wait and look, with ids that no other test uses."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.tag = uuid4().hex[:8]
        self.course, self.run, self.quiz = f"c-{self.tag}", f"r-{self.tag}", f"q-{self.tag}"
        self.learner = f"learner-{self.tag}"
        self._tokens: dict[str, str] = {}

    async def as_user(self, user: str, **headers: str) -> dict[str, str]:
        """The headers of a user who has logged in."""
        if user not in self._tokens:
            answer = await self.client.post("/v1/dev/login", json={"user": user})
            self._tokens[user] = answer.json()["token"]
        return {"authorization": f"Bearer {self._tokens[user]}", **headers}

    def who_teaches(self, settings: Settings) -> str:
        """The campus's learner as an instructor, too: a user to send as."""
        claims = JwtClaims(self.learner, ("learner", "instructor"), self.learner)
        token = sign(claims, settings.token_secret, now=datetime.now(UTC), lifetime=timedelta(hours=1))
        self._tokens["teaching"] = token
        return "teaching"

    def who_analyses(self, settings: Settings) -> str:
        """An analyst with a second factor: a user to send as."""
        claims = JwtClaims("mei", ("learner", "analyst"), "Mei", proofs=PROOFS)
        self._tokens["mei"] = sign(claims, settings.token_secret, now=datetime.now(UTC), lifetime=timedelta(hours=1))
        return "mei"

    async def send(self, path: str, body: dict[str, Any] | None = None, *, user: str = "", key: str = "") -> int:
        """Send a command that is accepted; the position of its last fact."""
        answer = await self.post(path, body, user=user, key=key)
        assert answer.status_code == 202, answer.text
        position: int = answer.json()["position"]
        return position

    async def post(
        self, path: str, body: dict[str, Any] | None = None, *, user: str = "", key: str = ""
    ) -> httpx.Response:
        """Send a command, as the campus's learner if no other user is named."""
        headers = await self.as_user(user or self.learner, **({"idempotency-key": key} if key else {}))
        return await self.client.post(f"/v1{path}", json=body, headers=headers)

    async def get(self, path: str, *, user: str = "admin", **parameters: Any) -> httpx.Response:
        """Ask a query, as the admin if no other user is named."""
        return await self.client.get(f"/v1{path}", params=parameters, headers=await self.as_user(user))

    async def see(self, path: str, position: int, *, user: str = "admin", **parameters: Any) -> Any:
        """The answer to a query once it is true for *position*; the API itself does not wait as long as a test does."""
        answers: list[Any] = []

        async def is_there() -> bool:
            answer = await self.get(path, user=user, min_position=position, **parameters)
            if is_behind(answer):
                return False
            assert answer.status_code == 200, answer.text
            assert int(answer.headers["campus-position"]) >= position
            answers.append(answer.json())
            return True

        await until(is_there)
        return answers[-1]

    async def open_run(self, capacity: int | None = None) -> int:
        """A course of three units and an open run of it, with a quiz in its second unit."""
        await self.send("/courses", {"course_id": self.course, "title": "Algebra"}, user="admin")
        await self.send(f"/courses/{self.course}/versions", {"units": UNITS}, user="admin")
        plan = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z", "capacity": capacity}
        await self.send("/runs", {"run_id": self.run, "course_id": self.course, **plan}, user="admin")
        await self.send(f"/runs/{self.run}/open", user="admin")
        quiz = {"quiz_id": self.quiz, "run_id": self.run, "unit_id": "q1", "title": "Equations", "items": ITEMS}
        limits = {"key": [1, 0], "attempts_allowed": 2, "due_at": "2126-02-15T00:00:00Z"}
        return await self.send("/quizzes", {**quiz, **limits}, user="instructor")

    async def begin(self) -> None:
        """An open run with the campus's own learner on it, whose dashboard says so."""
        await self.open_run()
        await self.see("/me/dashboard", await self.enroll(), user=self.learner)

    async def enroll(self, learner: str = "") -> int:
        """Enroll a learner, the campus's own if no other is named."""
        return await self.send("/enrollments", {"run_id": self.run}, user=learner or self.learner)

    async def until_answer(self, path: str, has: Any, *, user: str = "") -> dict[str, Any]:
        """The answer to a query, once it *has* what is waited for."""
        found: dict[str, Any] = {}

        async def is_there() -> bool:
            found.update((await self.get(path, user=user or self.learner)).json())
            return bool(has(found))

        await until(is_there)
        return found


@asynccontextmanager
async def busy_campus(settings: Settings) -> AsyncIterator[tuple[FastAPI, Campus]]:
    """A campus of its own with workers, every read model, and a learner on a run."""
    app = build(settings)
    with workers(settings):
        async with served(app) as client:
            await every_read_model(client)
            campus = Campus(client)
            await campus.begin()
            yield app, campus


class Listener:
    """A client of server-sent events: the events that have arrived, in order."""

    def __init__(self, app: FastAPI, path: str, headers: dict[str, str], query: str = "") -> None:
        self._app, self._path, self._headers, self._query = app, path, headers, query
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._buffer = b""
        self._gone = asyncio.Event()
        self.status = 0

    async def __aenter__(self) -> Self:
        headers = [(name.encode(), value.encode()) for name, value in self._headers.items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": self._path,
            "raw_path": self._path.encode(),
            "root_path": "",
            "query_string": self._query.encode(),
            "headers": headers,
            "client": ("test", 1),
            "server": ("campus", 80),
        }
        self.task = asyncio.create_task(self._app(scope, self._receive, self._send))
        await self.part()  # the greeting
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gone.set()
        await cancel_and_wait([self.task])

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            await self._chunks.put(message.get("body", b""))

    async def event(self) -> dict[str, str]:
        """The fields of the next event, whatever comments come before it; raises TimeoutError if none comes."""
        async with guard():
            while "data" not in (part := await self.part()):
                pass
        return part

    async def part(self) -> dict[str, str]:
        """The fields of the next event, or of a comment."""
        while b"\n\n" not in self._buffer:
            self._buffer += await self._chunks.get()
        text, _, self._buffer = self._buffer.partition(b"\n\n")
        pairs = (line.partition(": ") for line in text.decode().splitlines())
        return {name: value for name, _, value in pairs}


async def change_of(listener: Listener, projection: str) -> dict[str, str]:
    """The next event that says that a read model has changed."""
    while True:
        event = await listener.event()
        if event.get("event") == "changed" and json.loads(event["data"])["projection"] == projection:
            return event


def position_of(event: dict[str, str]) -> int:
    """The position in the id of an event."""
    return int(event["id"].partition("-")[0])
