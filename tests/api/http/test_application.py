"""What stands around every request: our middleware, and nothing of the framework outside of it."""

import httpx
import pytest
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import Receive, Scope, Send

from adapters.settings import Settings
from api.app import build
from api.http.fast_path import DashboardFastPath
from api.http.metrics import REQUESTS
from api.http.middleware import RequestMiddleware

NOWHERE = Settings(postgres_url="x", nats_url="x", valkey_url="x", token_secret="no-server-is-asked")


def layers(app: FastAPI) -> list[type]:
    """The outermost layers of the application."""
    layer, found = app.build_middleware_stack(), []
    while type(layer) is not ExceptionMiddleware:
        found.append(type(layer))
        layer = getattr(layer, "app", None) or getattr(layer, "_app")  # noqa: B009 - ours keep it to themselves
    return found


def test_a_request_meets_our_middleware_first() -> None:
    """Before it there are only pages of other origins, where the setting names some."""
    assert layers(build(NOWHERE)) == [RequestMiddleware, DashboardFastPath]
    of_pages = build(NOWHERE.model_copy(update={"api_origins": "https://campus.example"}))
    assert layers(of_pages) == [CORSMiddleware, RequestMiddleware, DashboardFastPath]


async def test_an_unexpected_error_is_answered_and_counted() -> None:
    """By the route's template, with a problem document; nothing is left for the server to report."""
    app = build(NOWHERE)

    @app.get("/falls/{what}")
    async def falls(what: str) -> None:
        raise RuntimeError(what)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://campus") as client:
        answer = await client.get("/falls/down")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    labels = {"route": "/falls/{what}", "method": "GET", "status": "500"}
    counted = [each for metric in REQUESTS.collect() for each in metric.samples if each.labels == labels]
    assert [each.value for each in counted if each.name.endswith("_count")] == [1]


async def test_an_error_in_the_middle_of_an_answer_breaks_it() -> None:
    """Its head is out, so the server has to close the connection: a client must not take a part for the whole."""

    async def half(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("broken off")

    app = build(NOWHERE)
    app.mount("/half", half)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://campus") as client:
        with pytest.raises(RuntimeError, match="broken off"):
            await client.get("/half/")
