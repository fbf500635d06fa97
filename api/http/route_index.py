"""
Which route answers a request, found by how its path begins instead of by trying hundreds of routes one after the other.

Routes whose first two segments and number of segments are the same stand together, in their order, with those that fit
any such path. What none of them answers (nothing is there, another method, a slash too many) is left to the router of
the application, which tries all.
"""

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

ANY = "{"
"""Stands for a segment that is a parameter."""
OPEN = ":path}"
"""How a parameter ends that takes several segments."""

Beginning = tuple[int, str, str]
"""How many segments a path has, and the first two."""


class RouteIndex:
    """The routes of *router* by their beginnings, as they are when this is made."""

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._parts = {
            beginning: APIRouter(routes=routes, redirect_slashes=False, default=router)
            for beginning, routes in _by_beginning(router.routes).items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        part = None
        if scope["type"] == "http" and not scope.get("root_path"):
            part = self._part(scope["path"])
            scope["router"] = self._router
        await (part or self._router)(scope, receive, send)

    def _part(self, path: str) -> APIRouter | None:
        """The routes that can answer a path; None where there are none that are known by their beginning."""
        segments = path.split("/", 3)
        count, first = path.count("/"), segments[1] if len(segments) > 1 else ""
        second = segments[2] if len(segments) > 2 else ""
        for beginning in ((count, first, second), (count, first, ANY), (count, ANY, ANY)):
            if (part := self._parts.get(beginning)) is not None:
                return part
        return None


def _by_beginning(routes: Iterable[BaseRoute]) -> dict[Beginning, list[BaseRoute]]:
    """For each beginning the routes that can answer a path with it, in their order."""
    known = [(route, _beginning(route)) for route in routes]
    beginnings = {beginning for _, beginning in known if beginning is not None}
    return {wanted: [route for route, own in known if own is None or _covers(own, wanted)] for wanted in beginnings}


def _beginning(route: BaseRoute) -> Beginning | None:
    """The beginning of what a route answers; None for any, such as a path of any length."""
    if not isinstance(route, Route) or OPEN in route.path:
        return None
    first, second, *_ = [*(ANY if ANY in each else each for each in route.path.split("/")[1:]), "", ""]
    return route.path.count("/"), first, second


def _covers(own: Beginning, wanted: Beginning) -> bool:
    """Whether a route with this beginning can answer a path that was found by the *wanted* one."""
    pairs = zip(own[1:], wanted[1:], strict=True)
    return own[0] == wanted[0] and all(mine == its or ANY in (mine, its) for mine, its in pairs)
