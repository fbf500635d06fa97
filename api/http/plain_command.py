"""
The plain case of a command: a JSON body that its route takes, and nothing else to be found in the request.

FastAPI's way from a request to the arguments of a function costs a quarter of a command. So a route that takes a body
and the sender of commands, and nothing else, is called directly where its body is in order. Any other request goes
FastAPI's way, which says what is wrong with it.
"""

import json
from collections.abc import Awaitable, Callable
from inspect import signature

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.http.dispatch import command_dispatcher
from api.http.query import JSON

Answer = Callable[[Request], Awaitable[Response | None]]


def plain_command(route: APIRoute) -> Answer | None:
    """What answers the plain requests of a route, and None to the others; None for a route that takes more."""
    takes = route.dependant
    parameters = (*takes.path_params, *takes.query_params, *takes.header_params, *takes.cookie_params)
    if parameters or len(takes.body_params) != 1 or len(takes.dependencies) != 1:
        return None
    body_field, sender = takes.body_params[0], takes.dependencies[0]
    names = {body_field.name, str(sender.name)}
    if sender.call is not command_dispatcher or names != signature(route.endpoint).parameters.keys():
        return None
    endpoint: Callable[..., Awaitable[Response]] = route.endpoint
    body_name, sender_name = body_field.name, str(sender.name)

    async def answer(request: Request) -> Response | None:
        if request.headers.get("content-type") != JSON:
            return None
        try:
            content = json.loads(await request.body())
        except (ValueError, RecursionError):
            return None
        body, errors = body_field.validate(content, loc=("body",))
        if errors:
            return None
        return await endpoint(**{body_name: body, sender_name: await command_dispatcher(request)})

    return answer
