"""The route that answers is the one that the router would have found by trying all."""

import re
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Mount, Route

from api.app import ROUTERS
from api.http.route_index import OPEN, RouteIndex
from web.app import PAGES

EVERY = [route for router in (*ROUTERS, *PAGES) for route in router.routes]
PATHS = (
    *("/runs/1", "/runs/new", "/runs/1/", "/runs", "/runs/1/rows", "/other/rows", "/other/2/rows", "/", "/files/a/b/c"),
    *("/files", "/runs/a%2Fb", "/mounted/x", "/nowhere", "/runs/1/rows/9/x", "//", "/runs//rows", "/RUNS/1"),
)


def says(path: str, **more: Any) -> Route:
    """A route that says which one has answered, with what."""

    async def said(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{path} {dict(request.path_params)}")

    return Route(path, said, **more)


async def mounted(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
    """Another application."""
    await PlainTextResponse(f"mounted {scope['path']}")(scope, receive, send)


def application(*, indexed: bool) -> FastAPI:
    """Routes that fit the same paths, in an order that matters."""
    app = FastAPI(openapi_url=None)
    app.router.routes[:] = [
        says("/runs/new", methods=["POST"]),
        says("/runs/{run_id}"),
        says("/runs/new"),
        says("/{kind}/rows"),
        says("/{kind}/{name}/rows"),
        says("/runs/{run_id}/rows"),
        says("/files/{path:path}"),
        says("/{anything}", methods=["DELETE"]),
        says("/"),
        Mount("/mounted", mounted),
    ]
    if indexed:
        app.router.middleware_stack = RouteIndex(_plain(app.router))
    return app


def _plain(router: APIRouter) -> APIRouter:
    """The router without the index around it."""
    return APIRouter(routes=router.routes)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", PATHS)
async def test_the_first_route_that_fits_answers(method: str, path: str) -> None:
    """Also where another one has more of the path in it, where only the method differs, and where nothing fits."""
    answers = []
    for indexed in (False, True):
        transport = httpx.ASGITransport(application(indexed=indexed))
        async with httpx.AsyncClient(transport=transport, base_url="http://campus") as client:
            answer = await client.request(method, path)
            answers.append(
                (answer.status_code, answer.text, answer.headers.get("location"), answer.headers.get("allow"))
            )
    assert answers[0] == answers[1]


def first_of(routes: list[BaseRoute], method: str, path: str) -> BaseRoute | None:
    """The first route that answers."""
    scope = {"type": "http", "method": method, "path": path, "headers": []}
    return next((route for route in routes if route.matches(scope)[0] is Match.FULL), None)


def test_every_route_of_the_campus_is_found() -> None:
    """By its own path, whatever stands in its places; hardly ever among more than a dozen."""
    index, sizes = RouteIndex(APIRouter(routes=EVERY)), list[int]()
    for route in EVERY:
        assert isinstance(route, Route)
        path = re.sub(r"\{[^}]*\}", "x1", route.path)
        part = index._part(path)
        for method in route.methods or ():
            if OPEN in route.path and part is None:
                continue
            assert part is not None
            assert first_of(part.routes, method, path) is first_of(EVERY, method, path) is not None
            sizes.append(len(part.routes))
    assert sorted(sizes)[len(sizes) * 9 // 10] <= 40 < len(EVERY) / 4
