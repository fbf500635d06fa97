"""
What every route of the API has in common beside its own work: it takes what it knows, and refuses the rest.

A name in the query string that the route does not know is refused (a filter with a typo would answer for everything),
but for routes to which others lead (`AnyParametersDep`). So are an `Accept` that fits no answer, and a body that is no
JSON, as it says.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.http.accountability import PARAMETERS
from api.http.dispatch import command_dispatcher
from api.http.errors import NotAcceptable, UnknownParameters, UnsupportedBody
from api.http.negotiation import takes
from api.http.plain_command import plain_command
from api.http.plain_query import plain_query
from api.http.policy.guard import Undecided, authorise
from api.http.query import open_query_context, query_context
from api.http.services import get_services
from api.http.sessions import recognise, recognise_token

QUERIES = {query_context, open_query_context}
"""The dependencies that read `min_position` by hand."""


async def any_parameters() -> None:
    """The dependency of a route whose query string others write, who may say more than it knows."""


AnyParametersDep = Annotated[None, Depends(any_parameters)]
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRoute(APIRoute):
    """A route that refuses what it does not know, and whom the policy refuses (api/http/policy)."""

    def get_route_handler(self) -> Handler:
        """The handler of FastAPI after a look at the head of the request."""
        handle = super().get_route_handler()
        known = _parameters(self.dependant)
        takes_any = any(each.call is any_parameters for each in self.dependant.dependencies)
        produces = _media_types(self)
        takes_json = self.body_field is not None
        plainly, action = plain_command(self) or plain_query(self), operation_id(self)
        if any(each.call is command_dispatcher for each in self.dependant.dependencies):
            self.openapi_extra = {"parameters": PARAMETERS}  # it reads these headers by hand

        async def strict(request: Request) -> Response:
            if request.scope["query_string"] and not takes_any:
                _check_parameters(request, known)
            accept = request.headers.get("accept")
            if accept is not None and accept != "*/*" and not any(takes(accept, each) for each in produces):
                raise NotAcceptable(f"the answer is {' or '.join(produces)}, and Accept does not take it")
            if takes_json:
                _check_body(request)
            if "cookie" in request.headers and "authorization" not in request.headers:
                services = get_services(request)
                await recognise(request, services.people.sessions, services.grants, services.log.clock)
            elif "authorization" in request.headers:
                services = get_services(request)
                if services.tokens.known(request.headers["authorization"]) is None:
                    await recognise_token(request, services.people.tokens, services.grants, services.log.clock)
            check = await authorise(request, action)
            answer = await plainly(request) if plainly is not None else None
            answer = answer if answer is not None else await handle(request)
            if check is not None and check.pending and answer.status_code < 400:
                raise Undecided(f"{action} has answered without asking the policy about what it is")
            return answer

        return strict


def router(tag: str, prefix: str = "") -> APIRouter:
    """A router of such routes; *tag* is the name of its module."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=StrictRoute, generate_unique_id_function=operation_id)


def operation_id(route: APIRoute) -> str:
    """The name of a route's method in a generated client: `get_run` is `getRun`, a query without a verb gets `get`."""
    words = route.name.split("_")
    if "GET" in (route.methods or ()) and words[0] not in {"get", "list", "search", "stream"}:
        words = ["get", *words]
    return words[0] + "".join(word.capitalize() for word in words[1:])


def _parameters(dependant: Dependant) -> frozenset[str]:
    """The names that the query string of a route may have."""
    own = {field.alias for field in dependant.query_params}
    by_hand = {"min_position"} if dependant.call in QUERIES else set()
    return frozenset(own | by_hand).union(*map(_parameters, dependant.dependencies))


def _media_types(route: APIRoute) -> tuple[str, ...]:
    """What a route answers with, by its description."""
    answer = next((route.responses[status] for status in (200, 201, 202) if status in route.responses), {})
    return tuple(answer.get("content", ())) or ("application/json",)


def _check_parameters(request: Request, known: frozenset[str]) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    unknown = sorted(set(names) - known)
    if unknown:
        there_are = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
        raise UnknownParameters(f"no parameter is called {unknown[0][:40]!r} here: {there_are}", parameters=unknown)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnknownParameters(f"the parameter {twice[0]} is there twice: send it once", parameters=twice)


def _check_body(request: Request) -> None:
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"", "identity"}:
        raise UnsupportedBody(f"bodies are taken without a content coding, not as {coding[:40]!r}")
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedBody(f"a body is application/json, not {kind[:40]!r}")
