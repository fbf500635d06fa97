"""Errors of the adapters over HTTP: which status, which code, and when to come back."""

import httpx
import pytest

from adapters.postgres.connection import Overloaded, Unavailable
from adapters.postgres.log.append import KeyReused, VersionConflict
from adapters.postgres.queries.reader import NotBuilt
from adapters.settings import Settings
from api.app import build
from api.http.errors import PROBLEM_JSON

NOWHERE = Settings(postgres_url="x", nats_url="x", valkey_url="x", token_secret="no-server-is-asked")


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (Unavailable("PostgreSQL does not answer"), 503, "unavailable", "1"),
        (Overloaded(TimeoutError("statement timeout")), 503, "overloaded", "1"),
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
