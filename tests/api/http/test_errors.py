"""Every error is a problem document: with a status, a code, and where that may help a time to come back."""

import httpx
import pytest
from fastapi import FastAPI

from adapters.postgres.connection import Overloaded, Unavailable
from adapters.postgres.log.append import KeyReused, LifeEnded, VersionConflict
from adapters.postgres.queries.reader import NotBuilt
from adapters.settings import Settings
from api.app import build
from api.http.errors import PROBLEM_JSON
from tests.support.api import Campus, served

NOWHERE = Settings(postgres_url="x", nats_url="x", valkey_url="x", token_secret="no-server-is-asked")


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (Unavailable("PostgreSQL does not answer"), 503, "unavailable", "1"),
        (Overloaded(TimeoutError("statement timeout")), 503, "overloaded", "1"),
        (LifeEnded(), 503, "unavailable", "1"),
        (NotBuilt(), 503, "not_built", "1"),
        (VersionConflict("course-algebra", 3), 409, "version_conflict", "1"),
        (KeyReused("k"), 422, "idempotency_key_reused", None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_an_error_of_an_adapter_is_a_problem(
    error: Exception, status: int, code: str, retry_after: str | None
) -> None:
    """A problem document with a code for programs, and a time to come back where that may help."""
    app = build(NOWHERE)

    @app.get("/fails")
    async def fails() -> None:
        raise error

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://campus") as client:
        answer = await client.get("/fails")
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM_JSON)
    assert answer.json()["code"] == code
    assert answer.headers.get("retry-after") == retry_after


async def test_every_error_is_a_problem_document(campus: Campus) -> None:
    """Also those that no route has raised: no such page, no such method, a body that is no JSON."""
    admin = await campus.as_user("admin", **{"content-type": "application/json"})
    cases = [
        (await campus.get("/none"), 404, "no_such_page"),
        (await campus.client.delete("/v1/courses", headers=admin), 405, "method_not_allowed"),
        (await campus.client.post("/v1/courses", content=b"{", headers=admin), 422, "invalid_request"),
        (await campus.client.post("/v1/courses", content=b"\xff", headers=admin), 400, "bad_request"),
        (await campus.post("/courses", {"course_id": "a b", "title": "x"}, user="admin"), 422, "invalid_request"),
        (await campus.get("/courses", cursor="abc"), 422, "bad_cursor"),
        (await campus.get("/me/dashboard", min_position="x"), 422, "bad_request"),
    ]
    for answer, status, code in cases:
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["status"]) == (status, code, status), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["request_id"] == answer.headers["x-request-id"]
        assert problem["type"] == f"urn:campuslog:problem:{code}"


async def test_an_error_of_the_domain_brings_its_facts(campus: Campus) -> None:
    """So that a program need not read the sentence."""
    problem = (await campus.post("/enrollments", {"run_id": "none"})).json()
    assert (problem["code"], problem["run_id"], problem["detail"]) == (
        "run_not_found",
        "none",
        "there is no course run none",
    )


async def test_what_nobody_expected_is_a_problem_too(app: FastAPI) -> None:
    """The log gets the traceback, the client a request id to ask about."""

    async def fail() -> None:
        raise RuntimeError("secret")

    app.add_api_route("/fail", fail)
    async with served(app) as client:
        answer = await client.get("/fail", headers={"x-request-id": "mine"})
    assert (answer.status_code, answer.json()["code"], answer.json()["request_id"]) == (500, "internal_error", "mine")
    assert "secret" not in answer.text
