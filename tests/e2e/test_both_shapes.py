"""The same campus in both of its shapes: in one process, and in several behind gateway and Caddy, which may die."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.auth.admins import Admins
from adapters.command_bus.bus import Bus
from adapters.jwt import claims_of, sign
from adapters.settings import Settings
from api.http.sessions import COOKIE, ENDED
from commands.log import Context
from tests.conftest import migrated
from tests.support.api import Campus, workers
from tests.support.appends import opened
from tests.support.polling import PATIENCE, guard, until
from tests.support.servers import Servers
from tests.support.shapes import Shape, apart, monolith

pytestmark = [pytest.mark.slow, pytest.mark.processes]

LEARNERS, ROUNDS = 8, 60


@pytest.fixture(scope="module")
def lively(servers: Servers) -> Iterator[Settings]:
    """A campus with its workers."""
    settings = migrated(servers)
    with workers(settings):
        yield settings


@pytest.fixture(scope="module", params=["one process", "apart"])
def shape(
    lively: Settings, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shape]:
    """The campus in one shape."""
    folder: Path = tmp_path_factory.mktemp("caddy")
    with monolith(lively) if request.param == "one process" else apart(lively, folder) as found:
        yield found


class SignedCampus(Campus):
    """A campus whose users have tokens of `campus token`: no one logs in by name from outside."""

    def __init__(self, client: httpx.AsyncClient, settings: Settings) -> None:
        super().__init__(client)
        self._settings = settings

    async def as_user(self, user: str, **headers: str) -> dict[str, str]:
        """The headers of a user."""
        token = sign(claims_of(user), self._settings.token_secret, now=datetime.now(UTC), lifetime=timedelta(hours=1))
        return {"authorization": f"Bearer {token}", **headers}


@asynccontextmanager
async def client_of(shape: Shape, settings: Settings) -> AsyncIterator[Campus]:
    """A client of a campus that has all its read models."""
    async with httpx.AsyncClient(base_url=shape.url, timeout=PATIENCE) as client:
        campus = SignedCampus(client, settings)
        for path in ("/me/dashboard", "/courses", "/products", "/overview"):
            await until(lambda path=path: _is_built(campus, path))  # type: ignore[misc]
        yield campus


async def _is_built(campus: Campus, path: str) -> bool:
    return (await campus.get(path)).status_code == 200


@pytest.fixture
async def campus(shape: Shape, lively: Settings) -> AsyncIterator[Campus]:
    """A client of it."""
    async with client_of(shape, lively) as found:
        yield found


async def test_from_a_plan_to_a_grade(campus: Campus) -> None:
    """Courses, enrollment, progress, a quiz, and what everyone sees of it; every context takes part."""
    await campus.begin()
    activity = {"run_id": campus.run, "unit_id": "intro", "kind": "click", "amount": 3}
    await campus.send("/progress/activities", activity)
    position = await campus.send("/progress/units/complete", {"run_id": campus.run, "unit_id": "intro"})
    dashboard = await campus.see("/me/dashboard", position, user=campus.learner)
    assert dashboard["learner_id"] == campus.learner
    assert (await campus.see(f"/runs/{campus.run}", position))["run_id"] == campus.run
    assert (await campus.see(f"/runs/{campus.run}/gradebook", position))["items"] == []
    assert (await campus.get("/products")).status_code == 200
    history = (await campus.get(f"/learners/{campus.learner}/history")).json()["items"]
    assert {fact["meta"]["actor"] for fact in history} >= {campus.learner}


async def test_a_command_with_a_key_is_carried_out_once(campus: Campus) -> None:
    """And answered as before; the same key for something else is refused."""
    await campus.begin()
    activity = {"run_id": campus.run, "unit_id": "intro", "kind": "click", "amount": 3}
    first = await campus.send("/progress/activities", activity, key=f"k-{campus.tag}")
    assert await campus.send("/progress/activities", activity, key=f"k-{campus.tag}") == first
    other = await campus.post("/progress/activities", {**activity, "amount": 4}, key=f"k-{campus.tag}")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_who_may_see_what(campus: Campus) -> None:
    """Without a token, with a learner's, with the admin's; a forged identity is none."""
    assert (await campus.client.get("/v1/overview")).status_code == 401
    assert (await campus.get("/overview", user=campus.learner)).status_code == 403
    assert (await campus.get("/overview")).status_code == 200
    for path in ("/v1/overview", "/v1/me/dashboard"):
        forged = await campus.client.get(path, headers={"campus-identity": "eyJhbGciOiJub25lIn0.e30."})
        assert forged.status_code == 401
    broken = await campus.client.get("/v1/me/dashboard", headers={"authorization": "Bearer none"})
    assert (broken.status_code, broken.headers["www-authenticate"]) == (401, "Bearer")


async def test_errors_and_headers_are_the_same(campus: Campus) -> None:
    """Codes, problem documents, request ids, what guards browsers."""
    for method, path, status in (
        ("GET", "/v1/none", 404),
        ("DELETE", "/v1/courses", 405),
        ("GET", "/v1/courses?none=1", 422),
        ("HEAD", "/v1/courses", 200),
        ("OPTIONS", "/v1/courses", 204),
    ):
        headers = await campus.as_user("admin", **{"x-request-id": "r-1"})
        answer = await campus.client.request(method, path, headers=headers)
        assert (answer.status_code, answer.headers.get_list("x-request-id")) == (status, ["r-1"]), path
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
        assert len(answer.headers.get_list("content-security-policy")) == 1


async def test_a_bulk_reaches_every_context(campus: Campus) -> None:
    """Though it is asked for in one place."""
    await campus.open_run()
    commands = [
        {"path": "/v1/enrollments", "body": {"run_id": campus.run, "learner_id": f"{campus.learner}-{n}"},
         "idempotency_key": f"bulk-{campus.tag}-{n}"}
        for n in range(3)
    ]  # fmt: skip
    answer = await campus.post("/bulk", {"commands": commands}, user="admin")
    assert [item["status"] for item in answer.json()["items"]] == [202] * 3


async def test_events_come_as_they_happen(campus: Campus) -> None:
    """Through gateway and proxy without waiting in either."""
    await campus.begin()
    headers = await campus.as_user(campus.learner)
    async with campus.client.stream("GET", "/v1/me/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert await anext(lines)
        activity = {"run_id": campus.run, "unit_id": "intro", "kind": "click", "amount": 3}
        position = await campus.send("/progress/activities", activity)
        async for line in lines:
            if line.startswith("data:") and json.loads(line[5:])["position"] >= position:
                break


class Visitor:
    """A browser that keeps its cookie also without TLS, and says from where it sends."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client, self.cookie = client, ""

    @property
    def headers(self) -> dict[str, str]:
        """What goes along."""
        return {"sec-fetch-site": "same-origin", **({"cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {})}

    async def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Send, and keep the cookie that comes."""
        answer = await self.client.post(f"/v1{path}", json=body, headers=self.headers)
        if (found := re.match(rf"{COOKIE}=([^;]*);", answer.headers.get("set-cookie", ""))) is not None:
            self.cookie = found[1]
        return answer

    async def get(self, path: str) -> int:
        """Ask; the status."""
        return (await self.client.get(f"/v1{path}", headers=self.headers)).status_code


async def test_a_browser_signs_in_and_out(campus: Campus, lively: Settings) -> None:
    """By cookie, with every context; commands of foreign pages are refused; a stream ends with the session."""
    email, password = f"{campus.tag}@example.org", "seven green herons"
    async with opened(lively) as log:
        made = await Admins(log, Bus(log), lively).create(email, password, Context("operator"))
    await campus.open_run()
    visitor = Visitor(campus.client)
    assert (await visitor.post("/auth/login", {"email": email, "password": "wrong" * 3})).status_code == 403
    signed_in = await visitor.post("/auth/login", {"email": email, "password": password})
    assert signed_in.json()["learner_id"] == made.learner_id, signed_in.text
    enrolled = await visitor.post("/enrollments", {"run_id": campus.run})
    assert enrolled.status_code == 202, enrolled.text
    await campus.see(f"/learners/{made.learner_id}/runs", enrolled.json()["position"])
    for path in ("/me/dashboard", "/courses", "/products", "/auth/sessions", "/me/runs"):
        assert await visitor.get(path) == 200, path
    answer = await campus.client.get("/v1/roles", headers=visitor.headers)
    assert answer.json()["code"] == "second_factor_needed", "the role of an admin needs more than a password"
    foreign = {**visitor.headers, "sec-fetch-site": "cross-site"}
    refused = await campus.client.post("/v1/enrollments", json={"run_id": campus.run}, headers=foreign)
    assert (refused.status_code, refused.json()["code"]) == (403, "cross_site_request")
    async with campus.client.stream("GET", "/v1/me/events", headers=visitor.headers) as events:
        assert events.status_code == 200
        parts = events.aiter_bytes()
        text = await anext(parts)
        assert (await visitor.post("/auth/logout", {})).status_code == 200
        async with guard():
            text += b"".join([part async for part in parts])
        assert text.endswith(ENDED)
    assert await visitor.get("/me/dashboard") == 401


async def test_what_is_not_for_everyone_is_for_the_staff(campus: Campus, shape: Shape) -> None:
    """Caddy has the gateway decide who sees metrics and the description (`forward_auth`)."""
    if shape.url == shape.gateway or not shape.gateway:
        pytest.skip("Caddy is not part of this shape, or not installed")
    for path in ("/metrics", "/docs", "/openapi.json"):
        assert (await campus.client.get(path)).status_code == 401, path
        learner = await campus.client.get(path, headers=await campus.as_user(campus.learner))
        assert learner.status_code == 403, path
        assert (await campus.client.get(path, headers=await campus.as_user("admin"))).status_code == 200, path


class Load:
    """Learners who read and act without a pause until they are stopped."""

    def __init__(self, campus: Campus) -> None:
        self._campus = campus
        self.reads = self.commands = 0
        self.bad: list[tuple[str, int, str]] = []

    async def learner(self, number: int) -> None:
        """One learner: reads of three groups of contexts, and a command with a key."""
        campus, name = self._campus, f"{self._campus.learner}-{number}"
        headers = await campus.as_user(name)
        for turn in range(ROUNDS):
            for path in ("/v1/me/dashboard", "/v1/courses", "/v1/products"):
                self._note(await campus.client.get(path, headers=headers), path, 200)
                self.reads += 1
            activity = {"run_id": campus.run, "unit_id": "intro", "kind": "click", "amount": 1}
            keyed = {**headers, "idempotency-key": f"{name}-{turn}"}
            self._note(
                await campus.client.post("/v1/progress/activities", json=activity, headers=keyed), "command", 202
            )
            self.commands += 1

    def _note(self, answer: httpx.Response, what: str, expected: int) -> None:
        if answer.status_code != expected:
            self.bad.append((what, answer.status_code, answer.text))


async def test_a_process_of_each_context_dies_under_load(settings: Settings, tmp_path: Path) -> None:
    """No read fails, no command fails, and none is carried out twice."""
    with workers(settings), apart(settings, tmp_path) as shape:
        async with client_of(shape, settings) as campus:
            await campus.open_run()
            for number in range(LEARNERS):
                await campus.enroll(f"{campus.learner}-{number}")
            load = Load(campus)
            running = [asyncio.create_task(load.learner(number)) for number in range(LEARNERS)]
            await until(lambda: load.commands >= LEARNERS * ROUNDS // 4)
            await asyncio.to_thread(shape.kill_one_of_each)
            await asyncio.gather(*running)
            assert load.bad == []
            assert (load.reads, load.commands) == (3 * LEARNERS * ROUNDS, LEARNERS * ROUNDS)
            for number in range(LEARNERS):
                assert await _recorded(campus, f"{campus.learner}-{number}") == ROUNDS
            ready: dict[str, Any] = (await campus.client.get(f"{shape.gateway}/readyz")).json()
            assert {len(urls) for urls in ready["contexts"].values()} == {1}


async def _recorded(campus: Campus, learner: str) -> int:
    """How many activities of a learner the log has."""
    history = (await campus.get(f"/learners/{learner}/history", limit=1, count=True)).json()
    return int(history["by_type"]["progress.activity_recorded"])
