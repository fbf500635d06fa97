"""
The plain case of a query: a route that takes parts of its path, parameters and what follows from the request alone.

FastAPI's way from a request to the arguments of a function costs a third of a small query, and a page asks up to ten.
So what a route takes is looked up here by the same fields that FastAPI checks; whatever does not fit goes FastAPI's
way, which says what is wrong with it.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction, signature
from typing import Any, NamedTuple, get_type_hints

from fastapi import Request, Response
from fastapi._compat import field_annotation_is_sequence
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, Json

Answer = Callable[[Request], Awaitable[Response | None]]
Call = Callable[..., Awaitable[Any]]
Found = tuple[Any, bool]
"""A value, and whether it fits."""


class _Field(NamedTuple):
    """A parameter: how it is called in the function and in the request, and what checks it."""

    name: str
    alias: str
    validate: Callable[..., tuple[Any, Any]]
    is_needed: bool
    default: Any

    def value(self, text: str | None, place: str) -> Found:
        """What a text stands for; of none the default."""
        if text is None:
            return self.default, not self.is_needed
        value, errors = self.validate(text, {}, loc=(place, self.alias))
        return value, not errors


class _Taken(NamedTuple):
    """
    What a function takes.

    Attributes:
        request: how the request is called in it; empty if it does not take that.
        needs: what other functions give it, by name; None for what is called and not given.
    """

    call: Call
    request: str
    in_path: list[_Field]
    in_query: list[_Field]
    needs: list[tuple[str | None, "_Taken"]]


class _Filled(NamedTuple):
    """A function with its values, but for those that others give it."""

    call: Call
    values: dict[str, Any]
    needs: list[tuple[str | None, "_Filled"]]


def plain_query(route: APIRoute) -> Answer | None:
    """What answers the plain requests of a route, and None to the others; None for a route that takes more."""
    if (route.methods or set()) - {"GET", "HEAD"} or (taken := _taken(route.dependant)) is None:
        return None
    made = get_type_hints(route.endpoint).get("return")
    if not (isinstance(made, type) and issubclass(made, Response)):
        return None  # FastAPI makes an answer of what is none

    async def answer(request: Request) -> Response | None:
        filled = _filled(taken, request)
        if filled is None:
            return None
        response: Response = await _called(filled, {})
        return response

    return answer


def _taken(dependant: Dependant) -> _Taken | None:
    """What a function takes; None where that is more than what is looked up here."""
    call = dependant.call
    in_path, in_query = _fields(dependant.path_params), _fields(dependant.query_params)
    needs = [(each.name, _taken(each)) for each in dependant.dependencies]
    known = [(name, each) for name, each in needs if each is not None]
    if call is None or not iscoroutinefunction(call) or in_path is None or in_query is None or len(known) < len(needs):
        return None
    request = dependant.request_param_name or ""
    names = {each.name for each in (*in_path, *in_query)} | {name for name, _ in known if name} | ({request} - {""})
    if _takes_more(dependant) or names != signature(call).parameters.keys():
        return None
    return _Taken(call, request, in_path, in_query, known)


def _filled(taken: _Taken, request: Request) -> _Filled | None:
    """The function with what the request says; None where something does not fit."""
    values: dict[str, Any] = {taken.request: request} if taken.request else {}
    for each in taken.in_path:
        values[each.name], fits = each.value(request.path_params[each.alias], "path")
        if not fits:
            return None
    if taken.in_query:
        query = request.query_params
        for each in taken.in_query:
            values[each.name], fits = each.value(query.get(each.alias), "query")
            if not fits:
                return None
    needs = list[tuple[str | None, _Filled]]()
    for name, need in taken.needs:
        if (filled := _filled(need, request)) is None:
            return None
        needs.append((name, filled))
    return _Filled(taken.call, values, needs)


async def _called(filled: _Filled, known: dict[Call, Any]) -> Any:
    """What a function answers; each of those that give something is called once for a request."""
    for name, need in filled.needs:
        found = known[need.call] = known[need.call] if need.call in known else await _called(need, known)
        if name is not None:
            filled.values[name] = found
    return await filled.call(**filled.values)


def _fields(params: list[Any]) -> list[_Field] | None:
    """The parameters; None where one is a list, a model, or has a default that would have to be copied or checked."""
    found = []
    for each in params:
        info = each.field_info
        kind, default = info.annotation, None if info.is_required() else each.default
        is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
        is_json = any(type(item) is Json for item in info.metadata)
        if is_model or is_json or field_annotation_is_sequence(kind) or info.validate_default:
            return None
        if not isinstance(default, str | int | float | bool | None):
            return None
        found.append(_Field(each.name, each.alias, each.validate, info.is_required(), default))
    return found


def _takes_more(dependant: Dependant) -> bool:
    """Whether it takes what is neither in the path nor in the query string, or has effects on the answer."""
    others = (
        *dependant.header_params, *dependant.cookie_params, *dependant.body_params,
        dependant.http_connection_param_name, dependant.websocket_param_name, dependant.background_tasks_param_name,
        dependant.response_param_name, dependant.security_scopes_param_name,
    )  # fmt: skip
    return any(each is not None for each in others)
