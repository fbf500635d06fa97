"""
The gate of a process that serves some contexts: what belongs to others is answered 404, with a sentence that says why.

A bulk is served where it is asked for, with all its commands, and so is a page: what they send passes inside.
"""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.contexts import ContextMap
from api.http.errors import NOT_SERVED_HERE, problem
from api.http.inside import INSIDE


class ContextGate:
    """Lets requests for paths of *served* contexts pass."""

    def __init__(self, app: ASGIApp, routes: Sequence[Any], served: frozenset[str]) -> None:
        self._app, self._contexts, self._served = app, ContextMap(routes), served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and INSIDE not in scope:
            found = self._contexts.of(scope["path"])
            if found is not None and found[0] not in self._served:
                sentence = f"this process serves {', '.join(sorted(self._served))}, not {found[0]}: ask the gateway"
                await problem(Request(scope), 404, NOT_SERVED_HERE, sentence)(scope, receive, send)
                return
        await self._app(scope, receive, send)
