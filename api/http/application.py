"""
FastAPI without the layers that it wraps every request in, around the middleware of the application.

There are three, and a look for telemetry: what becomes of an unexpected error, and how large a body may be, is decided
by api/http/middleware.py here; telemetry is off. They took a sixth of the time of a dashboard. Routes are found by how
their paths begin (api/http/route_index.py).
"""

from collections.abc import Coroutine
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.route_index import RouteIndex


class CampusApi(FastAPI):
    """The application; the outermost of its middleware takes requests from the server."""

    def build_middleware_stack(self) -> ASGIApp:
        """The middleware that was added, the handlers of errors, and the routes."""
        app: ASGIApp = ExceptionMiddleware(AsyncExitStackMiddleware(RouteIndex(self.router)), self.exception_handlers)
        for middleware, args, kwargs in reversed(self.user_middleware):
            app = middleware(app, *args, **kwargs)
        return app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Handle one request, or the start and the stop of the server."""
        if scope["type"] != "http" or self.middleware_stack is None:
            return super().__call__(scope, receive, send)
        scope["app"] = self
        return self.middleware_stack(scope, receive, send)  # type: ignore[return-value]
