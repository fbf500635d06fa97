"""Browser pages of other origins: let in by the setting, and by nothing else."""

from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.settings import Settings
from api.app import build
from tests.support.api import Campus, every_read_model, served

PAGE = "https://campus.example"
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, idempotency-key",
}


@pytest.fixture
async def open_campus(lively: Settings) -> AsyncIterator[Campus]:
    """A campus that lets two origins in."""
    app = build(lively.model_copy(update={"api_origins": f"{PAGE}/, http://localhost:5173"}))
    async with served(app) as client:
        await every_read_model(client)
        yield Campus(client)


async def ask(client: httpx.AsyncClient, origin: str) -> httpx.Response:
    """Ask, as a browser does before it sends a command, whether it may."""
    return await client.options("/v1/enrollments", headers={"origin": origin, **PREFLIGHT})


async def test_a_page_of_an_allowed_origin_reads_and_sends(open_campus: Campus) -> None:
    """Commands and queries, also those that are refused, and the fast path; the page sees positions and entity tags."""
    campus = open_campus
    allowed = await ask(campus.client, PAGE)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == PAGE
    assert "idempotency-key" in allowed.headers["access-control-allow-headers"].lower()
    await campus.begin()
    headers = await campus.as_user(campus.learner, origin=PAGE)
    for path, status in (("/v1/me/dashboard", 200), ("/v1/runs/no-such-run", 404), ("/v1/overview", 403)):
        answer = await campus.client.get(path, headers=headers)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, PAGE)
        assert "campus-position" in answer.headers["access-control-expose-headers"].lower()
        assert "origin" in answer.headers["vary"].lower()


async def test_another_origin_stays_out(open_campus: Campus) -> None:
    """The browser gets no permission; programs, which send no origin, see no difference."""
    assert (await ask(open_campus.client, "https://elsewhere.example")).status_code == 400
    headers = await open_campus.as_user(open_campus.learner, origin="https://elsewhere.example")
    answer = await open_campus.client.get("/v1/courses", headers=headers)
    assert "access-control-allow-origin" not in answer.headers


async def test_without_the_setting_no_page_is_let_in(campus: Campus) -> None:
    """As before: `OPTIONS` names the methods."""
    answer = await ask(campus.client, PAGE)
    assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (204, False)
